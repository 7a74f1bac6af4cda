"""What hangs on a redundancy group: the expected loss with another chance that it switches, everything else as it is.

A counterfactual of the first order: only the outages that this group answers are swept again. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from app.risk.first_order import switched
from app.usecases.assess import Assessed, altered
from app.usecases.estate import Estate


def group_number(estate: Estate, key: str) -> int | None:
    """Returns the number of a group, by its key in the ledger, in the compiled estate; None where it plays no part there.

    Groups that are equal are one in the estate, so it is found by what it is: dependent, members and need.
    """
    groups, flat = estate.graph.groups, estate.compiled.flat
    row = next((row for row, name in enumerate(groups.key) if name == key), None)
    if row is None:
        return None
    place = np.flatnonzero(np.asarray(estate.compiled.ci_id) == int(groups.dependent_id[row]))
    if not len(place):
        return None
    first, last = int(groups.member_offsets[row]), int(groups.member_offsets[row + 1])
    members = set(np.asarray(groups.member_id)[first:last].tolist())
    dependent = int(place[0])
    for group in range(int(flat.group_ptr[dependent]), int(flat.group_ptr[dependent + 1])):
        ids = estate.compiled.ci_id[flat.member[flat.member_ptr[group] : flat.member_ptr[group + 1]]]
        if set(ids.tolist()) <= members and len(ids):
            return group
    return None


def with_success(base: Assessed, success: Mapping[int, float]) -> Assessed:
    """Returns the assessment with these chances of a switch (by number of the group), standbys that fail on demand aside."""
    changed = switched.with_success(base.estate.compiled, success)
    return altered(base, replace(base.estate, compiled=changed, needs_counted={}, called={}, coded={}))


def losses_of(assessment: Assessed) -> dict[str, float]:
    """Returns the loss of the whole estate a year in each measure that is known."""
    return {name: value for name, value in assessment.totals.sums().items() if value is not None and name != "services_hit"}


def success_now(base: Assessed, group: int) -> float:
    """Returns the chance with which a group switches, as it is compiled (without the standbys' failure on demand)."""
    given = float(base.estate.compiled.failover_success[group])
    return 1.0 if np.isnan(given) else given


def minutes_now(base: Assessed, group: int) -> float | None:
    hours = float(base.estate.compiled.failover_hours[group])
    return None if np.isnan(hours) else hours * 60.0


def at_stake(base: Assessed, group: int) -> tuple[dict[str, float], dict[str, float]]:
    """Returns by measure what is lost a year more than today if the group never switches, and between never and always."""
    now, never, always = (
        losses_of(base),
        losses_of(with_success(base, {group: 0.0})),
        losses_of(with_success(base, {group: 1.0})),
    )
    return (
        {name: never.get(name, 0.0) - value for name, value in now.items()},
        {name: never.get(name, 0.0) - always.get(name, 0.0) for name in now},
    )


def active_and_standby(estate: Estate, group: int) -> tuple[list[int], list[int]]:
    """Returns the positions of the members that are active and of those that stand by, in their order."""
    flat = estate.compiled.flat
    members: list[Any] = flat.member[flat.member_ptr[group] : flat.member_ptr[group + 1]].tolist()
    needed = int(flat.group_needed[group])
    return members[:needed], members[needed:]
