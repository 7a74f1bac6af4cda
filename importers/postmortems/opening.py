"""Opens a folder of post-mortems from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.domain.errors import InvalidInput
from app.ports.ci_source import CiSource
from importers.http.outbound import Outbound
from importers.mapping.cells import BadCell, unix_seconds
from importers.opening import known
from importers.postmortems.source import PostMortems

SETTINGS: tuple[str, ...] = ("cis", "watched_from", "watched_until")


def open_source(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    """`cis`: which CI failed in a post-mortem of each category, as "Kubernetes=cluster-1; Observability=logs"; `watched_from` and
    `watched_until`: between when each outage of these CIs got a post-mortem."""
    known("postmortems", settings, *SETTINGS)
    pairs = [part.partition("=") for part in str(settings.get("cis", "")).split(";") if part.strip()]
    cis = {category.strip().casefold(): ci.strip() for category, _, ci in pairs}
    if not cis or not all(cis.values()):
        raise InvalidInput(
            "cis: CATEGORY=CI, several by semicolon: the CI that failed in post-mortems of a category", field="cis"
        )
    window = None
    if settings.get("watched_from") or settings.get("watched_until"):
        window = (_moment(settings, "watched_from"), _moment(settings, "watched_until"))
        if window[1] <= window[0]:
            raise InvalidInput("watched_until: after watched_from", field="watched_until")
    return PostMortems(Path(location), cis, window)


def _moment(settings: Mapping[str, Any], name: str) -> int:
    try:
        return unix_seconds(name, str(settings.get(name, "")))
    except BadCell as error:
        raise InvalidInput(f"{name}: a time in ISO 8601 with its zone", field=name) from error
