"""Common causes of redundancy groups by the beta factor: arrays before compile, kernels see nothing but CIs and hard needs (model
1.2).

A group that states beta says that this share of each member's failures takes all members at once. So each member keeps (1 - beta)
of its rate (or unavailability), and a CI that exists only in the model has beta of it, with a hard need from each member
(`cause_rows`). Here: which causes there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from app.domain.graph import CiColumns, DependencyGraph
from app.domain.sentences import listed
from app.risk.graph.compiled import CompiledGraph
from app.risk.intake.cause_rows import FIRST_ID, Cause, all_one, needs_of, with_rows
from app.risk.jit import Array

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Expanded:
    """The graph with its common causes as CIs, in the last rows; `warnings` names what was refused."""

    graph: DependencyGraph
    causes: Sequence[Cause] = ()
    warnings: tuple[str, ...] = ()


def positions_of_causes(compiled: CompiledGraph) -> Array:
    """int32 positions of the common causes of a compiled estate, ascending."""
    return np.sort(compiled.sorted_position[int(np.searchsorted(compiled.sorted_ci_id, FIRST_ID)) :])


def with_common_causes(graph: DependencyGraph, before: tuple[DependencyGraph, Expanded] | None = None) -> Expanded:
    """The graph made ready for compile. `before`: an earlier graph and what came of it: its needs are taken over where they are
    the same, so that `recompiled` sees that nothing of the structure changed.

    Example by hand (C11): S needs 1 of a and b, q = .1 each, beta = .1: a and b keep .09, the common cause has .01; Q = .01 + .99
    * .09^2.
    """
    found, warnings = _stated(graph)
    causes, refused = _like(graph.cis, found)
    causes, crowded = _fitting(causes)
    notes = [*warnings, *_refusals(refused, crowded)]
    if not causes:
        return Expanded(graph, (), tuple(notes))
    causes = sorted(causes, key=lambda cause: cause.ci_id)
    cis = with_rows(graph.cis, causes)
    needs = needs_of(graph, causes)
    if before is not None and _same_needs(graph, causes, *before):
        needs = before[1].graph.dependencies
    return Expanded(replace(graph, cis=cis, dependencies=needs), causes, tuple(notes))


def _stated(graph: DependencyGraph) -> tuple[list[Cause], list[str]]:
    """One cause for each set of members, however many groups state it, in order of the first group's key; groups without two
    assessed members or with a dependent that is not assessed state none. Where they differ the larger figure is taken."""
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
    notes = [
        f"groups of the same members state different common causes, the largest figures are used: {listed(sorted(differ), SHOWN)}"
    ]
    return sorted(causes, key=lambda cause: cause.key), notes if differ else []


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
    return bool((rate == rate[0]).all()) and all(all_one(getattr(cis, name)[rows]) for name in ("repair_hours", "repair_sigma"))


def _fitting(causes: Sequence[Cause]) -> tuple[list[Cause], list[str]]:
    """A CI in several groups shares out its failures among several causes: those that would take more than all of them are
    refused."""
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
    notes = []
    if unlike:
        notes.append(
            "common_cause_share is not used where members are unlike (their rates, restore times or unavailabilities differ): "
            f"state common_cause_unavailability for {listed(unlike, SHOWN)}"
        )
    if crowded:
        notes.append(
            "common causes that share a member would take more than all of its failures, these are not used: "
            + listed(crowded, SHOWN)
        )
    return notes


def _same_needs(graph: DependencyGraph, causes: Sequence[Cause], plain: DependencyGraph, old: Expanded) -> bool:
    """Whether needs and causes are those of the earlier graph."""
    if graph.dependencies is not plain.dependencies or len(causes) != len(old.causes):
        return False
    return all(
        a.ci_id == b.ci_id and np.array_equal(graph.cis.ci_id[a.rows], plain.cis.ci_id[b.rows])
        for a, b in zip(causes, old.causes, strict=True)
    )
