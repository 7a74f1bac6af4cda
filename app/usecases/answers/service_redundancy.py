"""The redundancy that a service rests on: which groups, how much of each is left, and which hold on paper only."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from app.domain.results import ServiceGroup
from app.domain.stability_tests import NEVER_TESTED
from app.risk.first_order.paper_redundancy import paper_redundancy
from app.risk.graph.compiled import AT_REST_DOWN
from app.risk.graph.subestate import subestate_of
from app.usecases.assess import Assessed

SHOWN = 20
SECONDS = 0.3  # for the search of CIs that take a whole group; most services need a hundredth of it


def redundancy_of(assessment: Assessed, number: int) -> tuple[list[ServiceGroup], int, bool]:
    """Returns the groups behind a service, those with the least left first, how many there are, and whether all CIs behind it
    were tried. Made once for an assessment."""
    name = f"redundancy {number}"
    if name not in assessment.found:
        assessment.found[name] = _made(assessment, number)
    found: tuple[list[ServiceGroup], int, bool] = assessment.found[name]
    return found


def _made(assessment: Assessed, number: int) -> tuple[list[ServiceGroup], int, bool]:
    estate = assessment.estate
    cut = subestate_of(estate.compiled, int(estate.compiled.service_position[number]))
    flat = cut.compiled.flat
    sizes = np.diff(flat.member_ptr)
    if not len(sizes):
        return [], 0, True
    standing = flat.flags[flat.member] & AT_REST_DOWN == 0
    left = np.add.reduceat(standing.astype(np.int64), flat.member_ptr[:-1]) if len(flat.member) else np.zeros(len(sizes), int)
    paper = paper_redundancy(cut.compiled, SECONDS)
    takes = defaultdict[int, list[int]](list)
    for group, local in zip(paper.group.tolist(), paper.shared.tolist(), strict=True):
        position = int(cut.positions[local])
        if position not in estate.causes:  # common causes are stated, not overlooked
            takes[group].append(position)
    spare = left - flat.group_needed
    on_paper = np.array([group in takes for group in range(len(sizes))])
    rows = []
    for group in np.lexsort((np.arange(len(sizes)), spare, ~on_paper))[:SHOWN].tolist():
        dependent = int(cut.positions[flat.group_dependent[group]])
        needed, members, standing_now = int(flat.group_needed[group]), int(sizes[group]), int(left[group])
        shared = takes.get(group, [])
        rows.append(
            ServiceGroup(
                key=cut.compiled.group_key(group),
                dependent_key=estate.key(dependent),
                dependent_name=estate.name(dependent),
                needed=needed,
                members=members,
                left=standing_now,
                state=group_state(standing_now, needed, members),
                taken_by_key=estate.key(shared[0]) if shared else "",
                taken_by_name=estate.name(shared[0]) if shared else "",
                taken_by_total=len(shared),
                evidence=NEVER_TESTED,
            )
        )
    return rows, len(sizes), paper.examined >= len(cut.compiled)


def group_state(left: int, needed: int, members: int) -> str:
    """Returns what holds of a group of which some members stand.

    >>> [group_state(left, 2, 4) for left in (4, 3, 2, 1)], group_state(2, 2, 2)
    (['whole', 'worn', 'used up', 'failed'], 'used up')
    """
    return "failed" if left < needed else "used up" if left == needed else "worn" if left < members else "whole"
