"""Estates that never were: the structure of one time with the evidence or the exposure of another (docs/model.md, "Why a number
changed").

Structure: which CIs, dependencies and groups there are. Evidence: rates, restore times and all else that was observed or assumed
of them. Exposure: customers, money and deadlines of services. A CI that only one of the times knows keeps what that time says.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from app.domain.columns import Categorical, Texts
from app.domain.graph import CiColumns, DependencyGraph, GroupColumns, ServiceExposure
from app.risk.graph.ragged import spans
from app.risk.jit import Array

STRUCTURE = {
    "ci_id", "key", "name", "ci_class", "site", "team", "supplier", "lifecycle", "environment", "assessed", "level_share",
    "restore_pool", "starts_without",
}  # fmt: skip
OF_CIS = tuple(field.name for field in fields(CiColumns) if field.name not in STRUCTURE)
OF_GROUPS = ("failover_minutes", "failover_success", "common_cause_share", "common_cause_unavailability")


def with_evidence(graph: DependencyGraph, evidence: DependencyGraph) -> DependencyGraph:
    """The CIs and groups of `graph` with what `evidence` says of those that it knows too; `graph` itself where it says the
    same.

    Example by hand: a fails 2 times a year in one and 3 in the other, which has no b: the result has a with 3, and b as it was.
    """
    cis, groups = _cis(graph.cis, evidence.cis), _groups(graph.groups, evidence.groups)
    return graph if cis is graph.cis and groups is graph.groups else replace(graph, cis=cis, groups=groups)


def with_exposure(graph: DependencyGraph, exposure: DependencyGraph) -> DependencyGraph:
    """`graph` with the services of `exposure` that have a CI in it, and its own services whose CIs `exposure` does not know.

    Example by hand: S has 10 customers in one and 20 in the other, which knows no T: the result has S with 20, and T as it was.
    """
    here, there = _known(graph.cis.ci_id), _known(exposure.cis.ci_id)
    services: dict[int, ServiceExposure] = {one.ci_id: one for one in graph.services if one.ci_id not in there}
    services |= {one.ci_id: one for one in exposure.services if one.ci_id in here}
    ordered = [services[ci_id] for ci_id in sorted(services)]
    return graph if ordered == list(graph.services) else replace(graph, services=ordered)


def same_structure(graph: DependencyGraph, other: DependencyGraph) -> bool:
    """Whether two times know the same CIs, dependencies and groups, whatever they say of them.

    Example by hand: a fails 2 times a year in one and 3 in the other: the same; one has no b: not.
    """
    parts: tuple[tuple[Any, Any, set[str]], ...] = (
        (graph.cis, other.cis, set(OF_CIS)), (graph.dependencies, other.dependencies, set()),
        (graph.groups, other.groups, {*OF_GROUPS, "share"}), (graph.open_needs, other.open_needs, set()),
    )  # fmt: skip
    return all(_alike(one, two, left_out) for one, two, left_out in parts)


def _alike(one: Any, two: Any, left_out: set[str]) -> bool:
    """Whether two sets of columns are equal, but for those that are left out."""
    if one is two or one is None or two is None:
        return one is two
    return all(_equal(getattr(one, field.name), getattr(two, field.name)) for field in fields(one) if field.name not in left_out)


def _equal(one: Any, two: Any) -> bool:
    if one is two or one is None or two is None:
        return one is two
    if isinstance(one, Categorical):
        return list(one.values) == list(two.values) and np.array_equal(one.codes, two.codes)
    if isinstance(one, Texts):
        return np.array_equal(one.offsets, two.offsets) and np.array_equal(one.blob, two.blob)
    if isinstance(one, np.ndarray):
        return np.array_equal(one, two, equal_nan=one.dtype.kind == "f")
    return list(one) == list(two)


def _known(ci_ids: Array) -> set[int]:
    return set(np.asarray(ci_ids).tolist())


def _cis(cis: CiColumns, others: CiColumns) -> CiColumns:
    here, there = _same_rows(np.asarray(cis.ci_id), np.asarray(others.ci_id))
    changed: dict[str, Any] = {}
    for name in OF_CIS:
        column, other = getattr(cis, name), getattr(others, name)
        if column is None and other is None:
            continue
        kind = column if column is not None else other
        merged = _filled(column, len(cis.ci_id), kind).copy()
        before = merged[here]
        merged[here] = _filled(other, len(others.ci_id), kind)[there]
        if not np.array_equal(before, merged[here], equal_nan=merged.dtype.kind == "f"):
            changed[name] = merged
    return replace(cis, **changed) if changed else cis


def _filled(column: Any, count: int, kind: Any) -> Array:
    """A column, or one of unknowns of the same kind where nobody says any."""
    if column is not None:
        return np.asarray(column)
    dtype = np.asarray(kind).dtype
    return np.full(count, np.nan if dtype.kind == "f" else 0, dtype)


def _same_rows(ids: Array, others: Array) -> tuple[Array, Array]:
    """The rows of the CIs that both know, in each; ids ascend."""
    _, here, there = np.intersect1d(ids, others, assume_unique=True, return_indices=True)
    return here, there


def _groups(groups: GroupColumns, others: GroupColumns) -> GroupColumns:
    here, there = _same_groups(groups, others)
    if not len(here):
        return groups
    changed: dict[str, Any] = {}
    for name in OF_GROUPS:
        column, other = getattr(groups, name), getattr(others, name)
        if column is None and other is None:
            continue
        merged = _filled(column, len(groups.key), np.zeros(0)).copy()
        before = merged[here]
        merged[here] = _filled(other, len(others.key), np.zeros(0))[there]
        if not np.array_equal(before, merged[here], equal_nan=True):
            changed[name] = merged
    share = np.array(groups.share, np.float64)
    mine, theirs = _same_members(groups, here, others, there)
    share[mine] = np.asarray(others.share)[theirs]
    if not np.array_equal(share, groups.share, equal_nan=True):
        changed["share"] = share
    return replace(groups, **changed) if changed else groups


def _same_groups(groups: GroupColumns, others: GroupColumns) -> tuple[Array, Array]:
    """The rows of the groups that both know, in each."""
    if _equal(groups.key, others.key):
        return np.arange(len(groups.key)), np.arange(len(groups.key))
    row_of = {key: row for row, key in enumerate(others.key)}
    pairs = [(row, row_of[key]) for row, key in enumerate(groups.key) if key in row_of]
    here, there = np.asarray(pairs, np.int64).reshape(-1, 2).T
    return here, there


def _same_members(groups: GroupColumns, here: Array, others: GroupColumns, there: Array) -> tuple[Array, Array]:
    """The places of the members, in each, of those of these groups that have the same members: their shares are of these."""
    mine, theirs = np.asarray(groups.member_offsets), np.asarray(others.member_offsets)
    sizes = mine[here + 1] - mine[here]
    alike = sizes == theirs[there + 1] - theirs[there]
    here, there, sizes = here[alike], there[alike], sizes[alike]
    my_places, their_places = spans(mine[here], sizes), spans(theirs[there], sizes)
    differ = np.asarray(groups.member_id)[my_places] != np.asarray(others.member_id)[their_places]
    of = np.repeat(np.arange(len(sizes)), sizes)
    same = (np.bincount(of, differ, minlength=len(sizes)) == 0.0)[of]
    return my_places[same], their_places[same]
