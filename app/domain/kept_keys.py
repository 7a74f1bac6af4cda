"""Which CI goes on when records are grouped anew: its key stays, the others get or keep one of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.domain.identity import Claim, Place


def keep_keys(groups: Sequence[Sequence[Claim]], held: Mapping[Place, int], founders: Mapping[int, Place]) -> list[int | None]:
    """Returns which existing CI each group goes on as; None for a new one.

    `held`: the CI that each record belonged to; `founders`: the record from which the key of a CI was minted. A merge keeps the
    oldest CI (the lowest id); where a split leaves several groups that could go on as one CI, the group with its founding record
    does, else the first in order.
    """
    wishes: list[list[int]] = [sorted({held[c.place] for c in group if c.place in held}) for group in groups]
    order = sorted(range(len(groups)), key=lambda g: min(claim.place for claim in groups[g]))
    wishing: dict[int, list[int]] = {}
    for group in order:
        for ci_id in wishes[group]:
            wishing.setdefault(ci_id, []).append(group)
    chosen: dict[int, int] = {}
    for ci_id, wished in sorted(wishing.items()):
        able = [group for group in wished if group not in chosen]
        if able:
            founding = [g for g in able if any(claim.place == founders.get(ci_id) for claim in groups[g])]
            chosen[(founding or able)[0]] = ci_id
    return [chosen.get(g) for g in range(len(groups))]
