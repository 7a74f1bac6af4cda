"""Where the records of one CI say different things: each source's value, which one counts and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.domain.ci_classes import OTHER
from app.domain.precedence import Said
from app.domain.records import CiRecord

FIELDS = (
    "name", "ci_class", "lifecycle", "environment", "site", "team", "supplier",
    "failures_per_year", "repair_hours", "unavailability",
    "failure_on_demand", "level_share", "restart_hours",
    "restore_pool", "starts_without", "backup_interval_hours", "transfer_lag_hours",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SaidValue:
    """One source's value. `record`: class:id in the source."""

    source: str
    record: str
    value: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One attribute. `values` in order of precedence: the first one counts, by `rule`."""

    attribute: str
    values: tuple[SaidValue, ...]
    rule: str


def disagreements(records: Sequence[Said], manual_id: int = 0) -> Iterator[Disagreement]:
    """Returns the attributes on which records (`in_order`) differ, by name.

    Spelling case and outer blanks are no difference, nor is an unknown class.

    >>> from app.domain.precedence import SourceRank
    >>> a, b = SourceRank(1, "a", 10), SourceRank(2, "b", 20)
    >>> one, other = CiRecord("ci", "x", "x", "server", team="ops"), CiRecord("ci", "y", "X", "server", team="dev")
    >>> [found] = disagreements([(a, one), (b, other)])
    >>> found.attribute, [value.value for value in found.values], found.rule
    ('team', ['ops', 'dev'], 'a (priority 10) is believed before b (priority 20)')
    """
    names = [*FIELDS, *sorted({name for _, record in records for name in record.attributes})]
    for name in dict.fromkeys(names):
        values = [(rank, record, value) for rank, record in records if (value := _value(record, name))]
        if len({value.strip().casefold() for _, _, value in values}) < 2:
            continue
        first, second = values[0][0], next(rank for rank, _, value in values if value.casefold() != values[0][2].casefold())
        if first.source_id == manual_id:
            rule = "a person corrected it"
        elif first.priority != second.priority:
            rule = f"{first.name} (priority {first.priority}) is believed before {second.name} (priority {second.priority})"
        elif first.name != second.name:
            rule = f"{first.name} and {second.name} have one priority ({first.priority}): the first by name is believed"
        else:
            rule = f"both are records of {first.name}: the first by key is believed"
        yield Disagreement(name, tuple(SaidValue(rank.name, record.source_key, value) for rank, record, value in values), rule)


def _value(record: CiRecord, name: str) -> str:
    value = getattr(record, name) if name in FIELDS else record.attributes.get(name)
    return "" if value is None or (name == "ci_class" and value == OTHER) else str(value)
