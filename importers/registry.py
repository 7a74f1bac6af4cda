"""Which importers there are; each is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from app.domain.errors import InvalidInput
from app.ports.ci_source import CiSource
from importers.client import Client, Outbound
from importers.secrets import secret
from importers.sign_in import FixedHeaders

KINDS = ("csv", "json", "callgraph", "archimate", "netbox")


class OutboundLike(Protocol):
    @property
    def hosts(self) -> list[str]: ...
    @property
    def private_hosts(self) -> bool: ...


def open_source(kind: str, location: str, settings: Mapping[str, Any], outbound: OutboundLike | None = None) -> CiSource:
    """The source of a kind; InvalidInput for an unknown kind or settings it does not have."""
    if kind not in KINDS:
        raise InvalidInput(f"unknown kind of source {kind!r}; known: {', '.join(KINDS)}", field="kind")
    if not location:
        raise InvalidInput("location: a folder, a file or a URL", field="location")
    return _OPENERS[kind](location, settings, Outbound(tuple(outbound.hosts), outbound.private_hosts) if outbound else Outbound())


def write_template(kind: str, target: Path) -> list[Path]:
    """Write an empty form to fill in; only for csv, as a folder or a workbook (.xlsx)."""
    if kind != "csv":
        raise InvalidInput(f"{kind} has no template; csv has", field="kind")
    from importers.csv.source import template

    return template(target)


def _known(kind: str, settings: Mapping[str, Any], *names: str) -> None:
    unknown = sorted(set(settings) - set(names))
    if unknown:
        raise InvalidInput(f"{kind}: unknown setting {unknown[0]}; known: {', '.join(names) or 'none'}", field=unknown[0])


def _csv(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    from importers.csv.source import CsvSource, csv_settings

    return CsvSource(Path(location), csv_settings(settings))


def _json(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    from importers.json.source import open_json

    _known("json", settings, "mapping")
    source: CiSource = open_json(Path(location), settings)
    return source


def _callgraph(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    from importers.callgraph.source import CallCsv, JaegerCalls

    _known("callgraph", settings, "lookback_hours")
    if "://" in location:
        return JaegerCalls(Client(location, outbound), float(settings.get("lookback_hours", 24)))
    return CallCsv(Path(location))


def _archimate(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    from importers.archimate.source import ArchimateSource

    _known("archimate", settings)
    return ArchimateSource(Path(location))


def _netbox(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    from importers.netbox.source import DumpSource, RestSource

    _known("netbox", settings, "token_env", "page_size", "ca_file")
    ca_file = str(settings.get("ca_file", ""))
    if "://" not in location:
        return DumpSource(Path(location))
    token = secret("netbox", settings, "token_env", "NETBOX_TOKEN")
    scheme = "Bearer" if token.startswith("nbt_") else "Token"
    client = Client(location, outbound, sign_in=FixedHeaders({"Authorization": f"{scheme} {token}"}), ca_file=ca_file)
    return RestSource(client, int(settings.get("page_size", 500)))


_OPENERS: Mapping[str, Callable[[str, Mapping[str, Any], Outbound], CiSource]] = {
    "csv": _csv,
    "json": _json,
    "callgraph": _callgraph,
    "archimate": _archimate,
    "netbox": _netbox,
}
