"""A common cause as rows of the estate: what its members keep, what it has itself, and the hard needs on it.

It has no record: its key says what it is, its number lies above all numbers of the ledger and follows from the group's key, so
that a later revision finds the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import Any

import numpy as np

from app.domain.columns import Categorical, Texts
from app.domain.graph import DECLARED, HARD, UNKNOWN, CiColumns, DependencyColumns, DependencyGraph
from app.domain.sentences import common_cause_of
from app.risk.jit import Array

FIRST_ID = 1 << 62  # ledger numbers are counted up from 1
NO_DATA = {"backup_interval_hours": np.nan, "backup_origin": UNKNOWN, "transfer_lag_hours": np.nan}
WORDS = ("ci_class", "site", "team", "supplier")  # a common cause has them where all members agree
RATES = ("failures_per_year", "failures_per_year_low", "failures_per_year_high")
REPAIRS = ("repair_hours", "repair_hours_low", "repair_hours_high", "repair_sigma")


@dataclass(frozen=True, slots=True)
class Cause:
    """What takes the CIs in `rows` (of CiColumns, ascending) at once. `share`: beta, 0 none; `stated`: its unavailability, NaN:
    by beta."""

    key: str  # of the first group that states it
    groups: int  # that state it of these members
    rows: Array
    share: float
    stated: float

    @property
    def ci_id(self) -> int:
        return cause_id(self.key)

    @property
    def name(self) -> str:
        return common_cause_of(self.key)


def cause_id(group_key: str) -> int:
    """The number of a common cause: of the same group the same for ever.

    >>> cause_id("cmdb:web-pair") > FIRST_ID, cause_id("cmdb:web-pair") == cause_id("cmdb:web-pair")
    (True, True)
    """
    return FIRST_ID + (int.from_bytes(blake2b(group_key.encode(), digest_size=8).digest(), "little") >> 2)


def all_one(values: Array) -> bool:
    """All the same, or all unknown."""
    return bool((values == values[0]).all() or np.isnan(values).all())


def with_rows(cis: CiColumns, causes: Sequence[Cause]) -> CiColumns:
    """Members with what is left to them, then one row for each cause."""
    left = np.ones(len(cis.ci_id))
    for cause in causes:
        left[cause.rows] -= cause.share
    left = np.maximum(left, 0.0)
    columns: dict[str, Any] = {}
    first = [int(cause.rows[0]) for cause in causes]
    names = [cause.name for cause in causes]
    for entry in fields(CiColumns):
        column = getattr(cis, entry.name)
        if column is None:
            columns[entry.name] = None
        elif isinstance(column, Texts):
            columns[entry.name] = _texts(column, names)
        elif isinstance(column, Categorical):
            columns[entry.name] = _words(column, causes, entry.name)
        else:
            kept = column * left if entry.name in (*RATES, "unavailability") else column
            columns[entry.name] = np.concatenate([kept, np.asarray(_figures(cis, entry.name, causes), column.dtype)])
    columns["ci_id"] = np.concatenate([cis.ci_id, np.asarray([cause.ci_id for cause in causes], np.int64)])
    columns["observed_years"][-len(causes) :] = np.where(_evidence_is_shared(cis, causes), cis.observed_years[first], 0.0)
    columns["observed_incidents"][-len(causes) :] = np.where(_evidence_is_shared(cis, causes), cis.observed_incidents[first], 0)
    if cis.observed_doubtful is not None:
        columns["observed_doubtful"][-len(causes) :] = 0
    return CiColumns(**columns)


def _evidence_is_shared(cis: CiColumns, causes: Sequence[Cause]) -> Array:
    return np.asarray([np.isnan(cause.stated) and bool((cis.observed_years[cause.rows] > 0).all()) for cause in causes])


def _figures(cis: CiColumns, name: str, causes: Sequence[Cause]) -> list[Any]:
    """The column's value of each cause."""
    return [_figure(cis, name, cause) for cause in causes]


def _figure(cis: CiColumns, name: str, cause: Cause) -> Any:
    """Rates and unavailabilities by beta or as stated; a restore time that all members have in common, else unknown."""
    values = getattr(cis, name)[cause.rows]
    stated = not np.isnan(cause.stated)
    if name == "unavailability":
        return cause.stated if stated else cause.share * values[0]
    if name in RATES:
        return np.nan if stated or not all_one(values) else cause.share * values[0]
    if name in REPAIRS:
        return values[0] if all_one(values) and all_one(cis.repair_hours[cause.rows]) else np.nan
    plain = {"assessed": True, "failure_on_demand": 0.0, "level_share": 1.0, "restart_hours": 0.0} | NO_DATA
    if name in plain:
        return plain[name]
    if name == "repair_distribution":
        return values.min()
    if name == "failures_origin" and stated:
        return DECLARED
    return values.max()  # of origins the least trusted; evidence is set later


def _texts(column: Texts, more: Sequence[str]) -> Texts:
    raw = [text.encode() for text in more]
    ends = int(column.offsets[-1]) + np.cumsum([len(text) for text in raw])
    blob = np.concatenate([column.blob[: int(column.offsets[-1])], np.frombuffer(b"".join(raw), np.uint8)])
    return Texts(blob, np.concatenate([column.offsets, ends]).astype(np.int64))


def _words(column: Categorical, causes: Sequence[Cause], name: str) -> Categorical:
    more = []
    for cause in causes:
        codes = np.asarray(column.codes)[cause.rows]
        more.append(int(codes[0]) if name in WORDS and (codes == codes[0]).all() else -1)
    return Categorical(np.concatenate([column.codes, np.asarray(more, np.int32)]), column.values)


def needs_of(graph: DependencyGraph, causes: Sequence[Cause]) -> DependencyColumns:
    rows = graph.dependencies
    members = [graph.cis.ci_id[cause.rows] for cause in causes]
    count = sum(map(len, members))
    provider = np.repeat([cause.ci_id for cause in causes], [len(part) for part in members])
    return DependencyColumns(
        np.concatenate([rows.dependent_id, *members]), np.concatenate([rows.provider_id, provider.astype(np.int64)]),
        np.concatenate([rows.kind, np.full(count, HARD, np.int8)]), np.concatenate([rows.weight, np.full(count, np.nan)]),
    )  # fmt: skip
