"""Common causes of redundancy groups by the beta factor: arrays before compile, kernels see nothing but CIs and hard needs (model 1.2).

A group that states beta says that this share of each member's failures takes all members at once. So each member keeps (1 - beta) of its rate (or
unavailability), and a CI that exists only in the model has beta of it, with a hard need from each member. Such a CI has no record: its key says
what it is, its number lies above all numbers of the ledger and follows from the group's key, so that a later revision finds the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from hashlib import blake2b
from typing import Any

import numpy as np

from app.domain.columns import Categorical, Texts
from app.domain.graph import DECLARED, HARD, CiColumns, DependencyColumns, DependencyGraph
from app.domain.sentences import common_cause_of, listed
from app.risk.compiled import CompiledGraph
from app.risk.jit import Array

FIRST_ID = 1 << 62  # ledger numbers are counted up from 1
SHOWN = 5
WORDS = ("ci_class", "site", "team", "supplier")  # a common cause has them where all members agree
RATES = ("failures_per_year", "failures_per_year_low", "failures_per_year_high")
REPAIRS = ("repair_hours", "repair_hours_low", "repair_hours_high", "repair_sigma")


@dataclass(frozen=True, slots=True)
class Cause:
    """What takes the CIs in `rows` (of CiColumns, ascending) at once. `share`: beta, 0 none; `stated`: its unavailability, NaN: by beta."""

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


@dataclass(frozen=True, slots=True)
class Expanded:
    """The graph with its common causes as CIs, in the last rows; what was refused is said in `warnings`."""

    graph: DependencyGraph
    causes: Sequence[Cause] = ()
    warnings: tuple[str, ...] = ()


def cause_id(group_key: str) -> int:
    """The number of a common cause: of the same group the same for ever.

    >>> cause_id("cmdb:web-pair") > FIRST_ID, cause_id("cmdb:web-pair") == cause_id("cmdb:web-pair")
    (True, True)
    """
    return FIRST_ID + (int.from_bytes(blake2b(group_key.encode(), digest_size=8).digest(), "little") >> 2)


def is_cause(ci_id: Any) -> Any:
    """Whether numbers of CIs are those of common causes.

    >>> is_cause(np.array([7, FIRST_ID + 5])).tolist()
    [False, True]
    """
    return ci_id >= FIRST_ID


def positions_of_causes(compiled: CompiledGraph) -> Array:
    """int32 positions of the common causes of a compiled estate, ascending."""
    return np.sort(compiled.sorted_position[int(np.searchsorted(compiled.sorted_ci_id, FIRST_ID)) :])


def with_common_causes(graph: DependencyGraph, before: tuple[DependencyGraph, Expanded] | None = None) -> Expanded:
    """The graph made ready for compile. `before`: an earlier graph and what came of it: its needs are taken over where they are the same,
    so that `recompiled` sees that nothing of the structure changed.

    Example by hand (C11): S needs 1 of a and b, q = .1 each, beta = .1: a and b keep .09, the common cause has .01; Q = .01 + .99 * .09^2.
    """
    found, warnings = _stated(graph)
    causes, refused = _like(graph.cis, found)
    causes, crowded = _fitting(causes)
    said = [*warnings, *_refusals(refused, crowded)]
    if not causes:
        return Expanded(graph, (), tuple(said))
    causes = sorted(causes, key=lambda cause: cause.ci_id)
    cis = _with_rows(graph.cis, causes)
    needs = _needs(graph, causes)
    if before is not None and _same_needs(graph, causes, *before):
        needs = before[1].graph.dependencies
    return Expanded(replace(graph, cis=cis, dependencies=needs), causes, tuple(said))


def _stated(graph: DependencyGraph) -> tuple[list[Cause], list[str]]:
    """One cause for each set of members, however many groups state it, in order of the first group's key; groups without two assessed members
    or with a dependent that is not assessed state none. Where they differ the larger figure is taken."""
    groups, cis = graph.groups, graph.cis
    share, stated = (
        _column(groups.common_cause_share, len(groups.key)),
        _column(groups.common_cause_unavailability, len(groups.key)),
    )
    by_members: dict[tuple[int, ...], list[int]] = {}
    for group in np.flatnonzero((share > 0.0) | (stated > 0.0)).tolist():
        members = groups.member_id[int(groups.member_offsets[group]) : int(groups.member_offsets[group + 1])]
        rows = _rows(cis, np.unique(members))
        if len(rows) >= 2 and len(_rows(cis, np.asarray(groups.dependent_id[group : group + 1]))):
            by_members.setdefault(tuple(rows.tolist()), []).append(group)
    causes: list[Cause] = []
    differ: list[str] = []
    for members, stating in by_members.items():
        keys = sorted(groups.key[group] for group in stating)
        shares, figures = np.nan_to_num(share[stating]), stated[stating]
        if len(set(shares.tolist())) > 1 or len(set(np.nan_to_num(figures, nan=-1.0).tolist())) > 1:
            differ.append(keys[0])
        figure = float(np.nan if np.isnan(figures).all() else np.nanmax(figures))
        causes.append(Cause(keys[0], len(keys), np.asarray(members, np.int64), float(shares.max()), figure))
    said = [
        f"groups of the same members state different common causes, the largest figures are used: {listed(sorted(differ), SHOWN)}"
    ]
    return sorted(causes, key=lambda cause: cause.key), said if differ else []


def _column(values: Any, count: int) -> Array:
    return np.full(count, np.nan) if values is None else np.asarray(values, np.float64)


def _rows(cis: CiColumns, ci_ids: Array) -> Array:
    """Rows of those that are known and assessed, ascending as the ids are."""
    at = np.searchsorted(cis.ci_id, ci_ids)
    inside = at < len(cis.ci_id)
    at = at[inside]
    return np.asarray(at[(cis.ci_id[at] == ci_ids[inside]) & np.asarray(cis.assessed)[at]])


def _like(cis: CiColumns, causes: Sequence[Cause]) -> tuple[list[Cause], list[str]]:
    """Those whose members are alike or whose unavailability is stated; the keys of the others."""
    good: list[Cause] = []
    refused: list[Cause] = []
    for cause in causes:
        (good if not np.isnan(cause.stated) or _alike(cis, cause.rows) else refused).append(cause)
    return good, [cause.key for cause in refused]


def _alike(cis: CiColumns, rows: Array) -> bool:
    """One known unavailability, or one known rate with one restore time."""
    given = cis.unavailability[rows]
    if not np.isnan(given).all():
        return bool((given == given[0]).all())
    rate = cis.failures_per_year[rows]
    return bool((rate == rate[0]).all()) and all(_one(getattr(cis, name)[rows]) for name in ("repair_hours", "repair_sigma"))


def _one(values: Array) -> bool:
    """All the same, or all unknown."""
    return bool((values == values[0]).all() or np.isnan(values).all())


def _fitting(causes: Sequence[Cause]) -> tuple[list[Cause], list[str]]:
    """A CI in several groups shares out its failures among several causes: those that would take more than all of them are refused."""
    taken: dict[int, float] = {}
    good, crowded = [], []
    for cause in causes:
        rows = cause.rows.tolist()
        if max(taken.get(row, 0.0) for row in rows) + cause.share > 1.0 + 1e-12:
            crowded.append(cause.key)
            continue
        good.append(cause)
        for row in rows:
            taken[row] = taken.get(row, 0.0) + cause.share
    return good, crowded


def _refusals(unlike: Sequence[str], crowded: Sequence[str]) -> list[str]:
    said = []
    if unlike:
        said.append(
            f"common_cause_share is not used where members are unlike (their rates, restore times or unavailabilities differ): state "
            f"common_cause_unavailability for {listed(unlike, SHOWN)}"
        )
    if crowded:
        said.append(
            f"common causes that share a member would take more than all of its failures, these are not used: {listed(crowded, SHOWN)}"
        )
    return said


def _with_rows(cis: CiColumns, causes: Sequence[Cause]) -> CiColumns:
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
        return np.nan if stated or not _one(values) else cause.share * values[0]
    if name in REPAIRS:
        return values[0] if _one(values) and _one(cis.repair_hours[cause.rows]) else np.nan
    plain = {"assessed": True, "failure_on_demand": 0.0, "level_share": 1.0, "restart_hours": 0.0}
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


def _needs(graph: DependencyGraph, causes: Sequence[Cause]) -> DependencyColumns:
    rows = graph.dependencies
    members = [graph.cis.ci_id[cause.rows] for cause in causes]
    count = sum(map(len, members))
    provider = np.repeat([cause.ci_id for cause in causes], [len(part) for part in members])
    return DependencyColumns(
        np.concatenate([rows.dependent_id, *members]), np.concatenate([rows.provider_id, provider.astype(np.int64)]),
        np.concatenate([rows.kind, np.full(count, HARD, np.int8)]), np.concatenate([rows.weight, np.full(count, np.nan)]),
    )  # fmt: skip


def _same_needs(graph: DependencyGraph, causes: Sequence[Cause], plain: DependencyGraph, old: Expanded) -> bool:
    """Whether needs and causes are those of the earlier graph."""
    if graph.dependencies is not plain.dependencies or len(causes) != len(old.causes):
        return False
    return all(
        a.ci_id == b.ci_id and np.array_equal(graph.cis.ci_id[a.rows], plain.cis.ci_id[b.rows])
        for a, b in zip(causes, old.causes, strict=True)
    )
