"""The estate with a member more or less in one of its redundancy groups, compiled again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from app.domain.errors import NotFound
from app.domain.graph import DependencyGraph, GroupColumns


def group_number(groups: GroupColumns, key: str) -> int:
    """Returns the row of a group by its key, with or without the name of its source; NotFound where there is none or several."""
    found = [n for n, known in enumerate(groups.key) if known == key] or [
        n for n, known in enumerate(groups.key) if known.partition(":")[2] == key
    ]
    if len(found) != 1:
        raise NotFound(f"{len(found) or 'no'} redundancy groups have the key {key!r}; it stands in the answers as `group`")
    return found[0]


def with_member(graph: DependencyGraph, group: int, ci_ids: Any) -> DependencyGraph:
    """Returns the graph with these CIs as last members of a group, standbys; with shares, each the mean of the others."""
    groups = graph.groups
    first, last = int(groups.member_offsets[group]), int(groups.member_offsets[group + 1])
    held = groups.member_id[first:last]
    fresh = np.asarray([ci for ci in ci_ids if ci not in held and ci != groups.dependent_id[group]], np.int64)
    share = np.full(len(fresh), np.mean(groups.share[first:last]))
    return _with_rows(graph, group, np.concatenate([held, fresh]), np.concatenate([groups.share[first:last], share]))


def without_member(graph: DependencyGraph, group: int, ci_ids: Any) -> tuple[DependencyGraph, bool]:
    """Returns the graph with these CIs out of a group, and whether enough members are left; where not, the group is as it was."""
    groups = graph.groups
    first, last = int(groups.member_offsets[group]), int(groups.member_offsets[group + 1])
    stays = ~np.isin(groups.member_id[first:last], ci_ids)
    if int(stays.sum()) < max(int(groups.needed[group]), 1):
        return graph, False
    return _with_rows(graph, group, groups.member_id[first:last][stays], groups.share[first:last][stays]), True


def _with_rows(graph: DependencyGraph, group: int, members: Any, shares: Any) -> DependencyGraph:
    groups = graph.groups
    first, last = int(groups.member_offsets[group]), int(groups.member_offsets[group + 1])
    offsets = groups.member_offsets.copy()
    offsets[group + 1 :] += len(members) - (last - first)
    made = replace(
        groups,
        member_offsets=offsets,
        member_id=np.concatenate([groups.member_id[:first], members, groups.member_id[last:]]),
        share=np.concatenate([groups.share[:first], shares, groups.share[last:]]),
    )
    return replace(graph, groups=made)
