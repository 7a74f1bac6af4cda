"""Redundancy only on paper: what single thing takes a group, and what that is expected to cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.domain.quality import Finding, PaperShared
from app.risk.first_order.data_quality import row_codes
from app.risk.first_order.paper_redundancy import PaperRedundancy, in_one_place
from app.usecases.answers.quality.weighing import EXAMPLES, Scale

PLACES = ("site", "supplier")
ADVICE = {
    "ci": "give the members providers of their own, or count the group as one: its redundancy does not hold against this CI",
    "site": "put a member elsewhere, or say in the CMDB where it really stands",
    "supplier": "have a second supplier for a member, or plan for this one's failure",
}


def paper_groups(scale: Scale, paper: PaperRedundancy, limit: int) -> tuple[list[PaperShared], int, list[Finding], int]:
    """Returns the first `limit` shared things, how many there are, a finding for each sort, and how many groups one CI takes. The
    things are CIs first, the costliest first, then sites and suppliers by the number of groups."""
    estate = scale.assessment.estate
    real = ~np.isin(paper.shared, sorted(estate.causes))  # common causes are stated, not overlooked
    paper = PaperRedundancy(paper.group[real], paper.shared[real], paper.lost[real], paper.members[real], paper.examined)
    shared, counts = np.unique(paper.shared, return_counts=True)
    order = np.lexsort((-counts, -np.nan_to_num(scale.values[shared], nan=-1.0)))
    rows = [_by_ci(scale, paper, int(shared[place]), int(counts[place])) for place in order[:limit]]
    total, findings = len(shared), [_ci_finding(scale, paper)]
    for place in PLACES:
        groups, codes = in_one_place(estate.compiled, _codes(scale, place))
        by_code, numbers = np.unique(codes, return_counts=True)
        for at in np.argsort(-numbers, kind="stable")[: max(limit - len(rows), 0)]:
            rows.append(_by_place(scale, place, int(by_code[at]), groups[codes == by_code[at]]))
        total += len(by_code)
        findings.append(_place_finding(scale, place, groups))
    return rows, total, findings, len(np.unique(paper.group))


def _codes(scale: Scale, place: str) -> Any:
    return row_codes(scale.assessment.estate.compiled, getattr(scale.assessment.estate.graph.cis, place).codes)


def redundant_groups(scale: Scale) -> int:
    return int((scale.assessment.estate.compiled.flat.group_left > 1).sum())


def _by_ci(scale: Scale, found: PaperRedundancy, shared: int, count: int) -> PaperShared:
    estate, worth = scale.assessment.estate, float(scale.values[shared])
    rows = np.flatnonzero(found.shared == shared)[:EXAMPLES]
    examples = [_told(scale, int(found.group[row]), int(found.lost[row])) for row in rows]
    return PaperShared("ci", estate.key(shared), estate.name(shared), None if worth != worth else worth, count, examples)


def _by_place(scale: Scale, place: str, code: int, groups: Any) -> PaperShared:
    flat, codes = scale.assessment.estate.compiled.flat, _codes(scale, place)
    value = getattr(scale.assessment.estate.graph.cis, place).values[code]
    examples = []
    for group in groups[:EXAMPLES].tolist():
        members = flat.member[int(flat.member_ptr[group]) : int(flat.member_ptr[group + 1])]
        examples.append(_told(scale, group, int((codes[members] == code).sum())))
    return PaperShared(place, value, value, None, len(groups), examples)


def _told(scale: Scale, group: int, lost: int) -> str:
    compiled = scale.assessment.estate.compiled
    members = int(compiled.flat.member_ptr[group + 1]) - int(compiled.flat.member_ptr[group])
    return f"{compiled.group_key(group)}: {lost} of {members} members, {int(compiled.flat.group_needed[group])} needed"


def _ci_finding(scale: Scale, found: PaperRedundancy) -> Finding:
    shared = np.unique(found.shared)
    impact = scale.impact(shared)
    effect = "the outage of one CI takes more members than the group can lose: the ranking counts it, the architecture does not"
    return Finding(
        "redundancy on paper: one CI",
        len(np.unique(found.group)),
        redundant_groups(scale),
        impact,
        scale.share(impact),
        effect,
        ADVICE["ci"],
        scale.examples(shared),
    )


def _place_finding(scale: Scale, place: str, groups: Any) -> Finding:
    keys: Sequence[str] = [scale.assessment.estate.compiled.group_key(int(group)) for group in np.unique(groups)[:EXAMPLES]]
    effect = (
        f"one {place} holds more members than the group can lose; nobody gives a {place} a rate, so the ranking does not count it"
    )
    return Finding(
        f"redundancy on paper: one {place}",
        len(np.unique(groups)),
        redundant_groups(scale),
        None,
        None,
        effect,
        ADVICE[place],
        keys,
    )
