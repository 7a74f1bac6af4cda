"""What one outage does, in words: services hit with the path to each, and groups with nothing left to lose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from app.domain.results import ServiceHit, Step, UsedUpGroup
from app.domain.sentences import group_failed
from app.risk.first_order.populations import customers_hit, said_of
from app.risk.graph.compiled import CompiledGraph
from app.risk.graph.ragged import holds
from app.risk.measures.loss import LossCurve
from app.risk.outage.causes import Cause, Causes, worn_group
from app.risk.outage.propagation import Outage
from app.usecases.estate import Estate

WHY = {
    "out": "is out",
    "at a part": "works at a part",
    "hard": "needs it",
    "supply": "is fed by it",
    "soft": "works at a part without it",
    "supply loop": "was fed by a loop that lost its source",
}


class Paths:
    """The paths of one outage, with names and one sentence for each step; what they share is worded once."""

    def __init__(self, estate: Estate, tree: Causes) -> None:
        self._estate, self._tree = estate, tree
        self._worded: dict[int, Step] = {}

    def to(self, position: int) -> list[Step]:
        """Returns the path from the CI that failed first to `position`. NotFound where that CI did not fail."""
        return [self._worded.get(at) or self._word(at) for at in self._tree.places(position)]

    def reach(self, position: int) -> bool:
        """Whether the CI is down for as long as the outage lasts (not only interrupted)."""
        return holds(self._tree.node, position)

    def _word(self, at: int) -> Step:
        estate, cause = self._estate, self._tree.step(self._estate.compiled, at)
        key, name = estate.key(cause.position), estate.name(cause.position)
        made = Step(key, name, estate.text("ci_class", cause.position), cause.why, _sentence(estate, name, cause))
        self._worded[at] = made
        return made


def _sentence(estate: Estate, name: str, cause: Cause) -> str:
    if cause.group >= 0:
        return f"{name} {group_failed(estate.compiled.group_key(cause.group), cause.members_failed, cause.members, cause.needed)}"
    return f"{name} {WHY[cause.why]}"


def known(value: Any) -> float | None:
    """Returns a number of the risk room, with NaN as None."""
    number = float(value)
    return None if math.isnan(number) else number


def hour_money(compiled: CompiledGraph, service: int) -> float | None:
    """Returns the money of the first hour of a full outage: money per hour, or the curve at one hour; None where it is
    unknown."""
    if compiled.curve_ptr[service] == compiled.curve_ptr[service + 1]:
        return known(compiled.money_per_hour[service])
    low, high = int(compiled.curve_ptr[service]), int(compiled.curve_ptr[service + 1])
    return LossCurve(compiled.curve_hours[low:high], compiled.curve_loss[low:high]).at(1.0)


def service_hits(estate: Estate, result: Outage, tree: Causes | None) -> list[ServiceHit]:
    """Returns the services hit: those down first, then by customers, then by key; with the path where a tree is given."""
    compiled = estate.compiled
    rest = compiled.flat.rest_capability
    lost = [(int(number), "down", float(rest[int(compiled.service_position[number])])) for number in result.services_down]
    for number, capability in zip(result.services_degraded.tolist(), result.service_capability.tolist(), strict=True):
        lost.append((number, "degraded", float(rest[int(compiled.service_position[number])]) - capability))
    hits = []
    paths = Paths(estate, tree) if tree is not None else None
    for number, state, share in lost:
        position = int(compiled.service_position[number])
        path = paths.to(position) if paths is not None else []
        hits.append(
            ServiceHit(
                estate.key(position),
                estate.name(position),
                state,
                share,
                known(compiled.customers[number]),
                hour_money(compiled, number),
                known(compiled.mtpd_hours[number]),
                path,
                estate.open_needs(position),
            )
        )
    return sorted(hits, key=lambda hit: (hit.state != "down", -(hit.customers or 0.0), hit.key))


def left_incomplete(estate: Estate, hit: Sequence[int]) -> tuple[int, int]:
    """Returns how many needs were not read, and how many services depend on some of them and are not among those (numbers) that
    stop: they may stop, for all that is known."""
    left = len(estate.incomplete_services - frozenset(hit))
    return (estate.needs_not_read if left else 0), left


def used_up(estate: Estate, result: Outage, groups: Sequence[int]) -> list[UsedUpGroup]:
    rows = []
    for number in groups:
        worn = worn_group(estate.compiled, result, int(number))
        rows.append(
            UsedUpGroup(
                estate.compiled.group_key(worn.group),
                estate.key(worn.dependent),
                estate.name(worn.dependent),
                [estate.key(p) for p in worn.lost[:50]],
                [estate.key(p) for p in worn.left[:50]],
                worn.needed,
                [estate.key(p) for p in worn.left if estate.text("lifecycle", p) == "maintenance"],
                [estate.name(p) for p in worn.left[:50]],
            )
        )
    return rows


def down_customers(estate: Estate, numbers: Sequence[int]) -> tuple[float | None, int, str]:
    """Returns the customers of these services, with those they share counted once; how many services have unknown ones; and what
    the number rests on. None where all are unknown."""
    total, unknown = counted_customers(estate, np.asarray(numbers, np.int64))
    return total, unknown, said_of(estate.populations, numbers)


def counted_customers(estate: Estate, numbers: Any) -> tuple[float | None, int]:
    """Returns the first two of these alone: of services by number (int64), each once."""
    populations = estate.populations
    known_ones = numbers[~np.isnan(populations.customers[numbers])]
    total = customers_hit(populations, known_ones) if len(known_ones) or not len(numbers) else None
    return total, len(numbers) - len(known_ones)


def customers_by_share(estate: Estate, result: Outage, of_down: float | None) -> float | None:
    """Returns the customers of the services hit, of degraded ones by the share they lose, with those they share counted once.

    None where all are unknown. `of_down`: customers of the services that stop, which are all where none is degraded, now or
    before.
    """
    compiled, populations = estate.compiled, estate.populations
    rest = compiled.flat.rest_capability
    if not len(result.services_degraded) and (rest[compiled.service_position[result.services_down]] == 1.0).all():
        return of_down
    share = {int(s): float(rest[compiled.service_position[s]]) for s in result.services_down}
    for s, left in zip(result.services_degraded.tolist(), result.service_capability.tolist(), strict=True):
        share[s] = float(rest[compiled.service_position[s]]) - left
    if share and all(known(populations.customers[s]) is None for s in share):
        return None
    return customers_hit(populations, list(share), np.asarray(list(share.values())))


def totals(hits: Sequence[ServiceHit]) -> tuple[float | None, int]:
    """Returns the money per hour of the services hit, of degraded ones the share they lose, and of how many it is unknown.

    None, not 0, where all are unknown.
    """
    money = [hit.lost_share * hit.money_per_hour for hit in hits if hit.money_per_hour is not None]
    return (
        sum(money) if money or not hits else None,
        len(hits) - len(money),
    )
