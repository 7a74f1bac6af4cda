"""What hangs on a redundancy group: the expected loss with another chance that it switches, everything else as it is.

A counterfactual of the first order: only outages that the group may answer are swept again. Nothing is written.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from app.risk.first_order import switched
from app.risk.first_order.totals import totals_of
from app.usecases.assess import Assessed
from app.usecases.estate import Estate


def group_number(base: Assessed, key: str) -> int | None:
    """Returns the number of a group, by its key in the ledger, in the compiled estate; None where it plays no part there.

    Groups that are equal are one in the estate, so it is found by what it is: dependent, members and need.
    """
    estate = base.estate
    groups, flat = estate.graph.groups, estate.compiled.flat
    if "group numbers" not in base.found:
        base.found["group numbers"] = {estate.compiled.group_key(group): group for group in range(len(flat.group_kind))}
    if key in base.found["group numbers"]:
        return int(base.found["group numbers"][key])
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


def losses(base: Assessed) -> dict[str, float]:
    """Returns the loss of the whole estate a year in each measure that is known."""
    sums = totals_of(base.estate.compiled, base.first).sums()
    return {name: value for name in switched.COLUMNS if (value := sums[name]) is not None}


def losses_with(base: Assessed, success: Mapping[int, float]) -> dict[str, float]:
    """Returns the same with these chances of a switch, by number of the group."""
    return switching(base).losses_with(success)


def switching(base: Assessed) -> switched.Switching:
    """Returns the estate on which other chances are tried, of this thread."""
    kept = base.found.setdefault("switching", threading.local())
    if not hasattr(kept, "tried"):
        kept.tried = switched.Switching(base.estate.compiled, base.first)
    return kept.tried  # type: ignore[no-any-return]


def success_now(base: Assessed, group: int) -> float:
    """Returns the chance with which a group switches, as it is compiled (without the standbys' failure on demand)."""
    given = float(base.estate.compiled.failover_success[group])
    return 1.0 if np.isnan(given) else given


def minutes_now(base: Assessed, group: int) -> float | None:
    hours = float(base.estate.compiled.failover_hours[group])
    return None if np.isnan(hours) else hours * 60.0


def at_stake(base: Assessed, group: int, now: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Returns by measure what is lost a year more than `now` if the group never switches, and between never and always.

    The loss is linear in the chance c that the group switches, so that one counterfactual gives both: never - always =
    (never - now) / c.
    """
    chance = success_now(base, group)
    if chance > 0.0:
        never = losses_with(base, {group: 0.0})
        more = {name: never[name] - value for name, value in now.items()}
        return more, {name: value / chance for name, value in more.items()}
    always = losses_with(base, {group: 1.0})
    return dict.fromkeys(now, 0.0), {name: value - always[name] for name, value in now.items()}


def weight_of_groups(base: Assessed, measure: str) -> Any:
    """float64[G]: about what hangs on each group, to begin with those that matter: the failures of its active members, times what
    one outage of its dependent costs."""
    compiled, flat = base.estate.compiled, base.estate.compiled.flat
    rate, loss = compiled.failures_per_year, np.nan_to_num(getattr(base.first, switched.COLUMNS.get(measure, "service_hours")))
    each = np.where(np.nan_to_num(rate) > 0, loss / np.where(np.nan_to_num(rate) > 0, rate, 1.0), 0.0)
    sizes = np.diff(flat.member_ptr)
    group_of = np.repeat(np.arange(len(sizes)), sizes)
    active = np.arange(len(flat.member)) - flat.member_ptr[group_of] < flat.group_needed[group_of]
    failures = np.nan_to_num(rate[flat.member[active]])
    return each[flat.group_dependent] * np.bincount(group_of[active], failures, minlength=len(sizes))


def active_and_standby(estate: Estate, group: int) -> tuple[list[int], list[int]]:
    """Returns the positions of the members that are active and of those that stand by, in their order."""
    flat = estate.compiled.flat
    members: list[Any] = flat.member[flat.member_ptr[group] : flat.member_ptr[group + 1]].tolist()
    needed = int(flat.group_needed[group])
    return members[:needed], members[needed:]
