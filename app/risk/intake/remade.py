"""The estate as measures would leave it: a graph before common causes and compile, from another (model 1.20).

Rates and restore times change first, then needs go, then twins come: a twin is equal to what its CI is by then. So the order in
which measures are named changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from app.domain.columns import Categorical, Texts
from app.domain.errors import InvalidInput, NotFound
from app.domain.graph import (
    HARD,
    ORDINARY_GROUP,
    SOFT,
    SUPPLY_GROUP,
    CiColumns,
    DependencyColumns,
    DependencyGraph,
    GroupColumns,
    OpenNeedColumns,
)
from app.risk.jit import Array
from app.risk.measures.reliability import rate_of_unavailability


@dataclass(frozen=True, slots=True)
class Restored:
    """A CI is back in `hours` (mean), or in `share` of its time."""

    ci_id: int
    hours: float | None
    share: float | None


@dataclass(frozen=True, slots=True)
class Rarer:
    """A CI fails `share` as often."""

    ci_id: int
    share: float


@dataclass(frozen=True, slots=True)
class Switched:
    """A group, by its row, switches in `hours`, with the chance `success`."""

    group: int
    hours: float
    success: float


@dataclass(frozen=True, slots=True)
class Removed:
    dependent_id: int
    provider_id: int


@dataclass(frozen=True, slots=True)
class Twinned:
    """A twin of a CI; `share`: beta of the common cause of both; `supplier`: of the twin, "" the same."""

    ci_id: int
    share: float
    supplier: str = ""


Change = Restored | Rarer | Switched | Removed | Twinned


def remade(graph: DependencyGraph, changes: Sequence[Change]) -> DependencyGraph:
    """The graph with all changes; the one given stays as it is. NotFound, InvalidInput where one cannot be made.

    Example by hand: S needs a, a fails once a year for 4 h. A twin with a share of .1: S needs 1 of a and its twin; first order,
    S is down .1 * 4 h a year. With the restore time halved as well: .1 * 2 h.
    """
    cis, groups, needs = graph.cis, graph.groups, graph.dependencies
    restores = [one for one in changes if isinstance(one, Restored)]
    if restores:
        cis = _all_restored(graph, restores)
    cis = _all_rarer(graph, cis, [one for one in changes if isinstance(one, Rarer)])
    for group in sorted({one.group for one in changes if isinstance(one, Switched)}):
        groups = _switched(groups, group, [one for one in changes if isinstance(one, Switched) and one.group == group])
    for removed in [one for one in changes if isinstance(one, Removed)]:
        needs = _removed(needs, removed)
    if cis is not graph.cis or groups is not graph.groups or needs is not graph.dependencies:
        graph = replace(graph, cis=cis, groups=groups, dependencies=needs)
    for twinned in sorted(
        (one for one in changes if isinstance(one, Twinned)), key=lambda one: (one.ci_id, one.share, one.supplier)
    ):
        graph = _twinned(graph, twinned)
    return graph


def reaching(graph: DependencyGraph, changes: Sequence[Change]) -> Array:
    """ci_ids: an outage that reaches none of these runs in `remade(graph, changes)` as it does in `graph`, rates and restore
    times aside. Of a twin: its CI, and the members of groups that it joins; of a need that goes: the provider; of a switch: the
    members of its group.

    Example by hand: S needs a and b, a has a twin: an outage of b stops S as before; only what reaches a is another.
    """
    groups, found = graph.groups, list[Array]()
    members = np.asarray(groups.member_id)
    number = np.repeat(np.arange(len(groups.key)), np.diff(groups.member_offsets))
    for change in changes:
        if isinstance(change, Removed):
            found.append(np.asarray([change.provider_id], np.int64))
        elif isinstance(change, Switched):
            found.append(members[number == change.group])
        elif isinstance(change, Twinned):
            joined = np.zeros(len(groups.key), np.bool_)
            joined[number[members == change.ci_id]] = True
            found += [np.asarray([change.ci_id], np.int64), members[joined[number]]]
    return np.unique(np.concatenate([np.zeros(0, np.int64), *found]))


def row_of(cis: CiColumns, ci_id: int) -> int:
    row = int(np.searchsorted(cis.ci_id, ci_id))
    if row == len(cis.ci_id) or int(cis.ci_id[row]) != ci_id:
        raise NotFound(f"no CI {ci_id}", ci_id=ci_id)
    return row


def _set(column: Array, row: int, value: float) -> Array:
    changed = np.array(column, np.float64)
    changed[row] = value
    return changed


def sharing(graph: DependencyGraph, ci_id: int) -> list[int]:
    """The CI and those that share failures with it by a common cause, directly or through others. A common cause has one restore
    time and one rate with all its members, so they are restored alike, and fail less alike."""
    groups = graph.groups
    shared: Array = np.zeros(len(groups.key), np.bool_)
    for column in (groups.common_cause_share, groups.common_cause_unavailability):
        if column is not None:
            shared |= np.asarray(column) > 0.0
    found, fresh = {ci_id}, {ci_id}
    members, number = np.asarray(groups.member_id), np.repeat(np.arange(len(groups.key)), np.diff(groups.member_offsets))
    while fresh and shared.any():
        hit = np.zeros(len(groups.key), np.bool_)
        hit[number[np.isin(members, list(fresh))]] = True
        fresh = set(members[(hit & shared)[number]].tolist()) - found
        found |= fresh
    return sorted(found)


def _all_restored(graph: DependencyGraph, changes: Sequence[Restored]) -> CiColumns:
    """Of several changes of one CI the shortest time holds."""
    wanted: dict[int, float] = {}
    for change in changes:
        for ci_id in sharing(graph, change.ci_id):
            before = float(graph.cis.repair_hours[row_of(graph.cis, ci_id)])
            after = change.hours if change.hours is not None else before * (0.5 if change.share is None else change.share)
            wanted[ci_id] = min(after, wanted.get(ci_id, after))
    cis = graph.cis
    for ci_id, hours in sorted(wanted.items()):
        cis = _restored(cis, ci_id, hours)
    return cis


def _restored(cis: CiColumns, ci_id: int, after: float) -> CiColumns:
    """The mean restore time and its range, the form of its distribution kept; a stated unavailability becomes the rate that it
    meant."""
    row = row_of(cis, ci_id)
    before, rate = float(cis.repair_hours[row]), float(cis.failures_per_year[row])
    if not before > 0.0:
        raise InvalidInput("nobody knows how long its restore takes, so nobody knows what a shorter one would be", field="ci")
    columns: dict[str, Any] = {"repair_hours": _set(cis.repair_hours, row, after)}
    given = float(cis.unavailability[row])
    if not np.isnan(given):
        if given >= 1.0:
            raise InvalidInput("it is down for good", field="ci")
        rate = float(rate_of_unavailability(np.asarray([given]), np.asarray([before]))[0])
        columns |= {
            "unavailability": _set(cis.unavailability, row, np.nan),
            "failures_per_year": _set(cis.failures_per_year, row, rate),
        }
    for name in ("repair_hours_low", "repair_hours_high"):
        if getattr(cis, name) is not None:
            columns[name] = _set(getattr(cis, name), row, float(getattr(cis, name)[row]) * after / before)
    return replace(cis, **columns)


def _all_rarer(graph: DependencyGraph, cis: CiColumns, changes: Sequence[Rarer]) -> CiColumns:
    """Of several changes of one CI the rarest failures hold. A stated unavailability becomes that of the rate that it meant."""
    wanted: dict[int, float] = {}
    for change in changes:
        for ci_id in sharing(graph, change.ci_id):
            wanted[ci_id] = min(change.share, wanted.get(ci_id, change.share))
    for ci_id, share in sorted(wanted.items()):
        row = row_of(cis, ci_id)
        columns: dict[str, Any] = {}
        for name in ("failures_per_year", "failures_per_year_low", "failures_per_year_high"):
            if getattr(cis, name) is not None:
                columns[name] = _set(getattr(cis, name), row, share * float(getattr(cis, name)[row]))
        given = float(cis.unavailability[row])
        if not np.isnan(given):  # odds of being down are the rate times the restore time
            if given >= 1.0:
                raise InvalidInput("it is down for good", field="ci")
            odds = share * given / (1.0 - given)
            columns["unavailability"] = _set(cis.unavailability, row, odds / (1.0 + odds))
        cis = replace(cis, **columns)
    return cis


def _switched(groups: GroupColumns, group: int, changes: Sequence[Switched]) -> GroupColumns:
    """Of several the quickest time and the best chance hold."""
    return replace(
        groups,
        failover_minutes=_set(groups.failover_minutes, group, min(one.hours for one in changes) * 60.0),
        failover_success=_set(groups.failover_success, group, max(one.success for one in changes)),
    )


def _removed(needs: DependencyColumns, change: Removed) -> DependencyColumns:
    gone = (np.asarray(needs.dependent_id) == change.dependent_id) & (np.asarray(needs.provider_id) == change.provider_id)
    return _needs(needs, ~gone)


def _needs(needs: DependencyColumns, keep: Array, more: tuple[Array, ...] | None = None) -> DependencyColumns:
    columns = [np.asarray(getattr(needs, entry.name))[keep] for entry in fields(DependencyColumns)]
    if more is not None:
        columns = [np.concatenate([column, extra]) for column, extra in zip(columns, more, strict=True)]
    return DependencyColumns(*columns)


def has_need(graph: DependencyGraph, dependent_id: int, provider_id: int) -> bool:
    """Whether a CI needs another by itself, not as a member of a group."""
    needs = graph.dependencies
    return bool(((np.asarray(needs.dependent_id) == dependent_id) & (np.asarray(needs.provider_id) == provider_id)).any())


def _twinned(graph: DependencyGraph, change: Twinned) -> DependencyGraph:
    """Who needs the CI (hard or supply) needs one of both; where it is a member of a group the twin joins; the twin needs what
    the CI needs. Soft needs stay on the CI."""
    if any(service.ci_id == change.ci_id for service in graph.services):
        raise InvalidInput("a service has no twin: twin what it needs", field="ci")
    row = row_of(graph.cis, change.ci_id)
    twin = int(graph.cis.ci_id[-1]) + 1
    needs, groups = graph.dependencies, graph.groups
    dependents, providers, kinds = (np.asarray(column) for column in (needs.dependent_id, needs.provider_id, needs.kind))
    own = dependents == change.ci_id
    moved = (providers == change.ci_id) & (kinds != SOFT) & ~own
    copied = (np.full(int(own.sum()), twin, np.int64), providers[own], kinds[own], np.asarray(needs.weight)[own])
    pairs = sorted(set(zip(dependents[moved].tolist(), kinds[moved].tolist(), strict=True)))
    made = [
        _Group(f"{graph.cis.key[row]}~{twin}>{dependent}:{kind}", dependent, ORDINARY_GROUP if kind == HARD else SUPPLY_GROUP, 1,
               [change.ci_id, twin], [np.nan, np.nan], np.nan, np.nan, change.share or np.nan, np.nan)
        for dependent, kind in pairs
    ]  # fmt: skip
    joined = _joined(groups, change.ci_id, twin)
    made += [
        replace(_group(joined, g), key=f"{joined.key[g]}~{twin}", dependent_id=twin)
        for g in np.flatnonzero(np.asarray(groups.dependent_id) == change.ci_id).tolist()
    ]
    need = graph.open_needs
    if need is not None:
        mine = np.asarray(need.dependent_id) == change.ci_id
        need = OpenNeedColumns(
            np.concatenate([need.dependent_id, np.full(int(mine.sum()), twin, np.int64)]),
            np.concatenate([need.needs, np.asarray(need.needs)[mine]]),
        )
    return replace(
        graph,
        cis=_with_twin(graph.cis, row, twin, change.supplier),
        dependencies=_needs(needs, ~moved, copied),
        groups=_with(joined, made),
        open_needs=need,
    )


@dataclass(frozen=True, slots=True)
class _Group:
    key: str
    dependent_id: int
    kind: int
    needed: int
    members: list[int]
    shares: list[float]
    minutes: float
    success: float
    cause_share: float
    cause_unavailability: float


def _group(groups: GroupColumns, g: int) -> _Group:
    low, high = int(groups.member_offsets[g]), int(groups.member_offsets[g + 1])
    return _Group(
        groups.key[g], int(groups.dependent_id[g]), int(groups.kind[g]), int(groups.needed[g]),
        np.asarray(groups.member_id[low:high]).tolist(), np.asarray(groups.share[low:high]).tolist(),
        float(groups.failover_minutes[g]), float(groups.failover_success[g]),
        np.nan if groups.common_cause_share is None else float(groups.common_cause_share[g]),
        np.nan if groups.common_cause_unavailability is None else float(groups.common_cause_unavailability[g]),
    )  # fmt: skip


def _joined(groups: GroupColumns, ci_id: int, twin: int) -> GroupColumns:
    """The twin stands behind all members there are: a group that switches has it as a further standby."""
    members, offsets = np.asarray(groups.member_id), np.asarray(groups.member_offsets)
    at = np.flatnonzero(members == ci_id)
    inside, first = np.unique(np.searchsorted(offsets, at, "right") - 1, return_index=True)
    ends = offsets[inside + 1]
    more = np.zeros(len(offsets), np.int64)
    more[inside + 1] = 1
    return replace(
        groups,
        member_offsets=offsets + np.cumsum(more),
        member_id=np.insert(members, ends, twin),
        share=np.insert(np.asarray(groups.share), ends, np.asarray(groups.share)[at[first]]),
    )


def _with(groups: GroupColumns, made: Sequence[_Group]) -> GroupColumns:
    sizes = np.cumsum([len(one.members) for one in made], dtype=np.int64)
    nothing = np.full(len(groups.key), np.nan)
    cause = nothing if groups.common_cause_share is None else groups.common_cause_share
    stated = nothing if groups.common_cause_unavailability is None else groups.common_cause_unavailability

    def more(column: Any, values: Sequence[float]) -> Any:
        return np.append(column, np.asarray(values, np.asarray(column).dtype))

    return GroupColumns(
        key=[*groups.key, *(one.key for one in made)],
        dependent_id=more(groups.dependent_id, [one.dependent_id for one in made]),
        kind=more(groups.kind, [one.kind for one in made]),
        needed=more(groups.needed, [one.needed for one in made]),
        member_offsets=np.append(groups.member_offsets, groups.member_offsets[-1] + sizes),
        member_id=more(groups.member_id, [member for one in made for member in one.members]),
        share=more(groups.share, [share for one in made for share in one.shares]),
        failover_minutes=more(groups.failover_minutes, [one.minutes for one in made]),
        failover_success=more(groups.failover_success, [one.success for one in made]),
        common_cause_share=more(cause, [one.cause_share for one in made]),
        common_cause_unavailability=more(stated, [one.cause_unavailability for one in made]),
    )


def _with_twin(cis: CiColumns, row: int, twin: int, supplier: str) -> CiColumns:
    columns: dict[str, Any] = {}
    for entry in fields(CiColumns):
        column = getattr(cis, entry.name)
        if column is None:
            columns[entry.name] = None
        elif isinstance(column, Texts):
            text = f"{column[row]}~{twin}" if entry.name == "key" else f"{column[row] or cis.key[row]} (twin)"
            columns[entry.name] = _longer(column, text)
        elif isinstance(column, Categorical):
            names, code = column.values, int(column.codes[row])
            if entry.name == "supplier" and supplier:
                names = names if supplier in names else (*names, supplier)
                code = names.index(supplier)
            columns[entry.name] = Categorical(np.append(column.codes, np.int32(code)), names)
        else:
            columns[entry.name] = np.append(column, np.asarray(column)[row])
    columns["ci_id"] = np.append(cis.ci_id, np.int64(twin))
    return CiColumns(**columns)


def _longer(column: Texts, text: str) -> Texts:
    raw = np.frombuffer(text.encode(), np.uint8)
    return Texts(np.concatenate([column.blob, raw]), np.append(column.offsets, column.offsets[-1] + len(raw)))
