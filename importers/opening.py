"""What opening a source needs whatever its kind: checks its settings, loads its mapping, makes its client.

The registry imports this module for every command that names the kinds, so what is heavy is imported where a source is opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from app.domain.errors import InvalidInput

if TYPE_CHECKING:
    from importers.http.client import Client
    from importers.http.outbound import Outbound
    from importers.http.sign_in import SignIn
    from importers.mapping.rules import RuleSet


def known(kind: str, settings: Mapping[str, Any], *names: str) -> None:
    unknown = sorted(set(settings) - set(names))
    if unknown:
        raise InvalidInput(f"{kind}: unknown setting {unknown[0]}; known: {', '.join(names) or 'none'}", field=unknown[0])


def number_of(kind: str, settings: Mapping[str, Any], name: str, usual: int, low: int = 1, high: int = 10_000) -> int:
    try:
        number = int(settings.get(name, usual))
    except (TypeError, ValueError):
        number = low - 1
    if not low <= number <= high:
        raise InvalidInput(f"{kind}: {name} is a number from {low} to {high}", field=name)
    return number


def hours_of(settings: Mapping[str, Any]) -> float:
    """Returns after how many hours everything is read again, although only what changed would do."""
    try:
        return float(settings.get("full_after_hours", 168))
    except (TypeError, ValueError):
        raise InvalidInput("full_after_hours is a number of hours", field="full_after_hours") from None


def mapping_of(kind: str, folder: str, settings: Mapping[str, Any]) -> RuleSet:
    """Returns the mapping shipped in importers/<folder>, with the admin's own laid over it."""
    from importers.mapping.rules import load_mapping

    shipped = files(f"importers.{folder}").joinpath("mapping.toml").read_text("utf-8")
    return load_mapping(kind, shipped, str(settings.get("mapping", "")))


def client_of(location: str, settings: Mapping[str, Any], outbound: Outbound, sign_in: SignIn) -> Client:
    """Returns the guarded client of a source behind a URL, with the authorities of its setting `ca_file`."""
    from importers.http.client import Client

    return Client(location, outbound, sign_in=sign_in, ca_file=str(settings.get("ca_file", "")))
