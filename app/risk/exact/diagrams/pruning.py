"""Fewer nodes for the diagrams at hand: lower or upper bounds of the functions they stand for (model 1.8, certified interval).

A node may be skipped: its event is taken to work (lower bound) or to have failed (upper bound). Sound whatever was given up
before: let g >= f with f monotone, and in g a node (x, low, high) become `high`. In a state that comes there with x working, the
new g is what g says with x failed, which is at least f with x failed, hence at least f. Or it becomes a constant. Chances only
steer the choice.
"""

from __future__ import annotations

import numpy as np

from app.risk.exact.diagrams.bdd import COUNT, STEPS, Bdd, bdd_of, make_node
from app.risk.jit import Array, Floats, Int8s, Int32s, kernel

DEAD, KEPT, SKIPPED, ENDED = -1, 0, 1, 2


@kernel
def chances_of(store: Bdd, fails: Floats) -> Array:
    """float64[nodes] P(true); fails: by level."""
    up = np.zeros(store.state[COUNT])
    up[1] = 1.0
    for n in range(2, len(up)):
        q = fails[store.level[n]]
        up[n] = q * up[store.high[n]] + (1.0 - q) * up[store.low[n]]
    return up


@kernel
def choose(
    store: Bdd, made: Int32s, value: Floats, fails: Floats, up: Floats, most: float, growing: bool, choice: Int8s, cost: Floats
) -> int:
    """choice[n], parents first, of the nodes that the roots `made` reach: what costs at most `most` is not kept; how many are
    kept.

    value: how much a root matters. A skipped node hands its whole chance to be reached on to the child that it becomes, so that
    this child is judged with it and costs add up.
    """
    count = store.state[COUNT]
    reach = np.zeros(count)
    for g in range(len(made)):
        if made[g] >= 2:
            reach[made[g]] += value[g] + 1e-300
    kept = 0
    for n in range(count - 1, 1, -1):
        choice[n] = DEAD
        cost[n] = np.inf
        if reach[n] == 0.0:
            continue
        q = fails[store.level[n]]
        high, low = store.high[n], store.low[n]
        skipping = reach[n] * abs(up[high] - up[low]) * (1.0 - q if growing else q)
        ending = reach[n] * (1.0 - up[n] if growing else up[n])
        cost[n] = min(skipping, ending)
        if cost[n] > most:
            choice[n] = KEPT
            kept += 1
            reach[high] += reach[n] * q
            reach[low] += reach[n] * (1.0 - q)
        elif skipping <= ending:
            choice[n] = SKIPPED
            reach[high if growing else low] += reach[n]
        else:
            choice[n] = ENDED
    return kept


@kernel
def give_up(store: Bdd, into: Bdd, choice: Int8s, growing: bool, place: Int32s) -> None:
    """Copy what is kept; place[n]: the new node of n."""
    place[0] = 0
    place[1] = 1
    for n in range(2, store.state[COUNT]):
        if choice[n] == KEPT:
            place[n] = make_node(into, store.level[n], place[store.low[n]], place[store.high[n]])
        elif choice[n] == SKIPPED:
            place[n] = place[store.high[n]] if growing else place[store.low[n]]
        elif choice[n] == ENDED:
            place[n] = 1 if growing else 0


def pruned(store: Bdd, made: Array, value: Array, fails: Array, target: int, room: int, growing: bool) -> Bdd:
    """A manager with that room and the diagrams of `made` (int32, changed in place), in at most `target` nodes.

    Example by hand: x0 or (x1 and x2) with q .1, .001, .001 in one node: from below x0, from above x0 too or "always" in place of
    x1.
    """
    count = int(store.state[COUNT])
    choice, cost, up = np.empty(count, np.int8), np.full(count, np.inf), chances_of(store, fails)
    kept = int(choose(store, made, value, fails, up, -1.0, growing, choice, cost))
    most = -1.0
    while kept > target:
        again = float(np.partition(cost, kept - target - 1)[kept - target - 1])
        most = max(again, 4.0 * most, 1e-300)
        kept = int(choose(store, made, value, fails, up, most, growing, choice, cost))
        cost[choice != KEPT] = np.inf
    into = bdd_of(len(store.stack) - 3, max(room, target + 2))
    into.state[STEPS:] = store.state[STEPS:]
    place = np.zeros(count, np.int32)
    give_up(store, into, choice, growing, place)
    real = made >= 2
    made[real] = place[made[real]]
    return into
