"""One CI out of the records of several sources: each attribute from the best source that has it, its origin with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.domain.ci_classes import OTHER
from app.domain.identity_spelling import FQDN, HOST, host_of, normalise
from app.domain.json_columns import aliases_text, attributes_text
from app.domain.records import CiRecord
from app.domain.rows import LedgerCi

DEFAULT_PRIORITY = 100
SOURCE_ALIAS = "source id"
SERVICE_CLASS = "business_service"
RATE = ("failures_per_year", "failures_origin", "failures_per_year_low", "failures_per_year_high")
RESTORE = ("repair_hours", "repair_origin", "repair_distribution", "repair_sigma", "repair_hours_low", "repair_hours_high")


@dataclass(frozen=True, slots=True)
class SourceRank:
    """A source and its place in the order of trust: the lower number wins, then the name."""

    source_id: int
    name: str
    priority: int = DEFAULT_PRIORITY


Said = tuple[SourceRank, CiRecord]


def in_order(records: Iterable[Said]) -> list[Said]:
    """Returns records in order of precedence."""
    return sorted(records, key=lambda pair: (pair[0].priority, pair[0].name, pair[1].source_key))


def ci_row(ci_id: int, key: str, records: Sequence[CiRecord], key_aliases: Iterable[str] = ()) -> LedgerCi:
    """Returns the row of noun `ci` from records in order of precedence."""
    best = records[0] if len(records) == 1 else _merged(records)
    has_rate, has_restore = best.failures_per_year is not None, best.repair_hours is not None
    return LedgerCi(
        ci_id,
        key,
        best.name,
        best.ci_class,
        best.raw_class or best.ci_class,
        best.lifecycle or None,
        best.environment or None,
        best.site or None,
        best.team or None,
        best.supplier or None,
        int(best.is_service or best.ci_class == SERVICE_CLASS),
        best.failures_per_year,
        best.failures_origin if has_rate else None,
        best.failures_per_year_low if has_rate else None,
        best.failures_per_year_high if has_rate else None,
        best.repair_hours,
        best.repair_origin if has_restore else None,
        best.repair_distribution if has_restore else None,
        best.repair_sigma if has_restore and best.repair_distribution == "lognormal" else None,
        best.repair_hours_low if has_restore else None,
        best.repair_hours_high if has_restore else None,
        best.unavailability,
        best.failure_on_demand,
        best.level_share,
        best.restart_hours,
        best.restore_pool or None,
        best.starts_without or None,
        best.backup_interval_hours,
        best.transfer_lag_hours,
        _aliases(key, best.name, records, key_aliases),
        attributes_text(best.attributes),
    )


def _merged(records: Sequence[CiRecord]) -> CiRecord:
    """Returns one record out of several: each value from the best record that has one; a class, a rate and a restore time come
    with everything that belongs to them."""
    best = next((r for r in records if r.ci_class), records[0])
    classed = next((r for r in records if r.ci_class not in ("", OTHER)), best)
    rated = next((r for r in records if r.failures_per_year is not None), best)
    restored = next((r for r in records if r.repair_hours is not None), best)
    first = CiRecord(
        *(
            next((value for value in values if value is not None and value != ""), values[0])
            for values in zip(*records, strict=True)
        )
    )
    return first._replace(
        ci_class=classed.ci_class,
        raw_class=classed.raw_class,
        is_service=any(r.is_service for r in records),
        **{name: getattr(rated, name) for name in RATE},
        **{name: getattr(restored, name) for name in RESTORE},
        attributes={name: value for r in reversed(records) for name, value in r.attributes.items()},
    )


def _aliases(key: str, name: str, records: Sequence[CiRecord], key_aliases: Iterable[str]) -> str:
    aliases = {("key", other) for other in key_aliases if other != key}
    for record in records:
        if record.name and record.name != name:
            aliases.add(("name", record.name))
        if not record.ci_class:  # a correction names nothing
            continue
        for pair in record.identifiers:
            identifier = normalise(*pair)
            aliases.add(identifier)
            if identifier[0] == FQDN and "." in identifier[1]:
                host = host_of(identifier[1])
                if host not in (record.name.casefold(), record.source_id.casefold()):
                    aliases.add((HOST, host))  # by which one is found that knows no domain
        aliases.update(record.aliases)
        if record.source_id != name:
            aliases.add((SOURCE_ALIAS, record.source_id))  # what a ticket system or an operator holds: the id in the source
    return aliases_text(aliases)
