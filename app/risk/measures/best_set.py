"""The set of measures that takes most loss away within a budget, and a proven bound on what any set could (model 1.20).

Sets are valued together, never as sums, so measures that help the same CIs are not counted twice, and measures that help only
together are found. Branch and bound: K measures, each taken or left; of a set, what further measures could take away beyond it is
at most the loss of the CIs that each of them touches, filled into the money left by loss per money (a fraction of the last one
counts). That holds whatever the measures do to each other, as no CI loses less than nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.risk.jit import Array

EVEN = 1e-12  # a relative difference below that is rounding


class SetValue(NamedTuple):
    """What a set takes away a year; `reach` float64[K]: the loss of what each measure touches, with this set taken; `all_reach`:
    the loss of what any of those measures touches that are not in the set."""

    less: float
    reach: Array
    all_reach: float


@dataclass(frozen=True, slots=True)
class BestSet:
    chosen: tuple[int, ...]
    less: float
    cost: float
    bound: float  # no set within the budget takes more away
    tried: int  # sets valued

    @property
    def exact(self) -> bool:
        return self.bound <= self.less


class _Node(NamedTuple):
    """Measures up to `at` (in the order of search) are decided; `most`: what any set below can take away."""

    at: int
    chosen: tuple[int, ...]
    money: float
    value: SetValue
    most: float


def best_set(
    costs: Sequence[float], budget: float, value: Callable[[tuple[int, ...]], SetValue], go_on: Callable[[], bool] = lambda: True
) -> BestSet:
    """The best set of measures with these costs. `value` of a set, by ascending numbers; asked again, its bounds may be
    tighter by what was asked meanwhile. `go_on` False ends the search: the bound then covers what was not looked at.

    Example by hand: costs 3, 2, 2 and gains 5, 3, 3 that add up, budget 4: the second and third, 6, not the first, 5.
    """
    known: dict[tuple[int, ...], SetValue] = {}

    def valued(chosen: tuple[int, ...]) -> SetValue:
        if chosen not in known:
            known[chosen] = value(chosen)
        return known[chosen]

    def tightened(node: _Node) -> _Node:
        """The same with what is known by now of the sets below."""
        now = value(node.chosen)
        return node._replace(value=now, most=min(node.most, _most(now, order[node.at :], costs, node.money)))

    nothing = valued(())
    affordable = [m for m in range(len(costs)) if costs[m] <= budget]
    alone = {m: valued((m,)).less for m in affordable if go_on()}
    order = sorted(affordable, key=lambda m: (-_worth(alone.get(m, 0.0), costs[m]), m))
    best: tuple[int, ...] = ()
    for measure in alone:
        best = _better(best, (measure,), costs, known)
    best = _better(best, _greedy(order, costs, budget, valued, go_on), costs, known)
    stack = [_Node(0, (), budget, nothing, _most(nothing, order, costs, budget))]
    left = 0.0
    while stack:
        node = stack.pop()
        least = known[best].less
        if node.most > least + EVEN * abs(least) and node.at < len(order):
            node = tightened(node)
        if node.most <= least + EVEN * abs(least) or node.at == len(order):
            continue
        if not go_on():
            left = max(left, node.most, *(tightened(other).most for other in stack))
            break
        measure, rest = order[node.at], order[node.at + 1 :]
        stack.append(_Node(node.at + 1, node.chosen, node.money, node.value, _most(node.value, rest, costs, node.money)))
        if costs[measure] <= node.money:
            chosen = tuple(sorted((*node.chosen, measure)))
            found = valued(chosen)
            best = _better(best, chosen, costs, known)
            money = node.money - costs[measure]
            stack.append(_Node(node.at + 1, chosen, money, found, _most(found, rest, costs, money)))
    less = known[best].less
    return BestSet(best, less, _cost(best, costs), max(less, left), len(known))


def _worth(less: float, cost: float) -> float:
    return less / cost if cost > 0 else float("inf") if less > 0 else 0.0


def _cost(chosen: Sequence[int], costs: Sequence[float]) -> float:
    return float(sum(costs[m] for m in chosen))


def _better(
    best: tuple[int, ...], other: tuple[int, ...], costs: Sequence[float], known: dict[tuple[int, ...], SetValue]
) -> tuple[int, ...]:
    """What takes more away; of sets that do as much the cheaper one, then the smaller one."""
    a, b = known[best].less, known[other].less
    even = EVEN * max(abs(a), abs(b))
    if b > a + even:
        return other
    if b < a - even:
        return best
    return min(best, other, key=lambda chosen: (_cost(chosen, costs), len(chosen), chosen))


def _greedy(
    order: Sequence[int], costs: Sequence[float], budget: float, valued: Callable[[tuple[int, ...]], SetValue],
    go_on: Callable[[], bool],
) -> tuple[int, ...]:  # fmt: skip
    """By loss taken away per money, each as long as it helps beside those taken before."""
    chosen: tuple[int, ...] = ()
    money = budget
    for measure in order:
        if costs[measure] > money or not go_on():
            continue
        more = tuple(sorted((*chosen, measure)))
        if valued(more).less > valued(chosen).less:
            chosen, money = more, money - costs[measure]
    return chosen


def _most(value: SetValue, rest: Sequence[int], costs: Sequence[float], money: float) -> float:
    """What a set can take away with measures out of `rest` within `money`: the least of two bounds.

    >>> import numpy as np
    >>> value = SetValue(10.0, np.asarray([8.0, 6.0, 1.0]), 9.0)
    >>> _most(value, [0, 1, 2], [4.0, 2.0, 0.0], 4.0)  # 1 free, 6 for 2, half of 8 for 2: 11, and no more than 9 in all
    19.0
    >>> _most(value, [0], [4.0, 2.0, 0.0], 2.0)  # too dear
    10.0
    """
    more = 0.0
    fitting = [m for m in rest if costs[m] <= money]
    for measure in sorted(fitting, key=lambda m: -_worth(float(value.reach[m]), costs[m])):
        reach, cost = float(value.reach[measure]), costs[measure]
        if cost <= money:
            more, money = more + reach, money - cost
            continue
        more += reach * money / cost
        break
    return value.less + min(more, value.all_reach)
