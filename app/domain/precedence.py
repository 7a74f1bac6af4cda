"""One CI out of the records of several sources: each attribute from the best source that has it, its origin with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring as quoted
from typing import Any

from app.domain.ci_classes import OTHER
from app.domain.identity_spelling import FQDN, HOST, host_of, normalise
from app.domain.payloads import canonical
from app.domain.records import CiRecord

DEFAULT_PRIORITY = 100
SOURCE_ALIAS = "source id"
SERVICE_CLASS = "business_service"


@dataclass(frozen=True, slots=True)
class SourceRank:
    """A source and its place in the order of trust: the lower number wins, then the name."""

    source_id: int
    name: str
    priority: int = DEFAULT_PRIORITY


Said = tuple[SourceRank, CiRecord]


def in_order(said: Iterable[Said]) -> list[Said]:
    return sorted(said, key=lambda pair: (pair[0].priority, pair[0].name, pair[1].source_key))


def ci_row(ci_id: int, key: str, records: Sequence[CiRecord], key_aliases: Iterable[str] = ()) -> tuple[Any, ...]:
    """The row of noun `ci` (columns in the noun's order) from records in order of precedence."""
    best = next((r for r in records if r.ci_class), records[0])
    if len(records) == 1:
        classed, rated, restored, attributes = best, best, best, best.attributes
    else:
        classed = next((r for r in records if r.ci_class not in ("", OTHER)), best)
        rated = next((r for r in records if r.failures_per_year is not None), best)
        restored = next((r for r in records if r.repair_hours is not None), best)
        attributes = {name: value for r in reversed(records) for name, value in r.attributes.items()}
    has_rate, has_restore = rated.failures_per_year is not None, restored.repair_hours is not None
    lognormal = has_restore and restored.repair_distribution == "lognormal"
    return (
        ci_id,
        key,
        _first(records, "name") or "",
        classed.ci_class,
        classed.raw_class or classed.ci_class,
        _first(records, "lifecycle"),
        _first(records, "environment"),
        _first(records, "site"),
        _first(records, "team"),
        _first(records, "supplier"),
        int(classed.ci_class == SERVICE_CLASS or any(r.is_service for r in records)),
        rated.failures_per_year,
        rated.failures_origin if has_rate else None,
        rated.failures_per_year_low if has_rate else None,
        rated.failures_per_year_high if has_rate else None,
        restored.repair_hours,
        restored.repair_origin if has_restore else None,
        restored.repair_distribution if has_restore else None,
        restored.repair_sigma if lognormal else None,
        restored.repair_hours_low if has_restore else None,
        restored.repair_hours_high if has_restore else None,
        _first(records, "unavailability"),
        _first(records, "failure_on_demand"),
        _first(records, "level_share"),
        _first(records, "restart_hours"),
        _aliases(key, records, key_aliases),
        canonical(attributes) if attributes else "",
    )


def _first(records: Sequence[CiRecord], name: str) -> Any:
    """The value of the best record that has one; what no record has stays absent."""
    if len(records) == 1:
        value = getattr(records[0], name)
        return None if value == "" else value
    for record in records:
        value = getattr(record, name)
        if value is not None and value != "":
            return value
    return None


def _aliases(key: str, records: Sequence[CiRecord], key_aliases: Iterable[str]) -> str:
    name, others = _first(records, "name"), [("key", other) for other in key_aliases if other != key]
    found = {*others, *(("name", record.name) for record in records if record.name and record.name != name)}
    for record in records:
        if not record.ci_class:  # a correction names nothing
            continue
        for pair in record.identifiers:
            identifier = normalise(*pair)
            found.add(identifier)
            if identifier[0] == FQDN and "." in identifier[1]:
                host = host_of(identifier[1])
                if host not in (record.name.casefold(), record.source_id.casefold()):
                    found.add((HOST, host))  # by which one is found that knows no domain
        found.update(record.aliases)
        if record.source_id != name:
            found.add((SOURCE_ALIAS, record.source_id))  # what a ticket system or an operator holds: the id in the source
    return "[" + ",".join([f"[{quoted(kind)},{quoted(value)}]" for kind, value in sorted(found)]) + "]"
