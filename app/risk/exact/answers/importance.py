"""Importance measures of one service by their pinned names and edge values (model 1.7), from Q, Birnbaum B, q and omega."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.risk.exact.answers.listing import vote_diagram
from app.risk.exact.diagrams.bdd import LIMIT, NO_ROOM, OR, TOO_LONG, Bdd, apply, bdd_of, make_node
from app.risk.exact.formula.tree import ALL, CORE, VOTE, Tree, product_slopes
from app.risk.exact.formula.votes import vote_chance
from app.risk.jit import Array, Floats, Int32s, kernel

FV_STEPS = 20_000_000


@dataclass(frozen=True, slots=True)
class Importance:
    """float64[E] each, in the order of the events. `initiator_share` is NaN where some omega that matters is unknown."""

    birnbaum: Array
    criticality: Array
    conditional: Array  # SCRAM's "DIF"
    raw: Array  # inf where Q = 0 and Q(1) > 0; 1 where both are 0
    rrw: Array  # inf where Q(0) = 0 < Q
    dim_equal: Array
    dim_proportional: Array
    initiator_share: Array  # Barlow-Proschan, stationary


def share_of_total(value: Array) -> Array:
    """Each part of the sum; 0 where the sum is 0, NaN where a part is unknown."""
    total = float(np.sum(value))
    return np.asarray(np.zeros_like(value) if total == 0.0 else value / total)


def importance_of(q_service: float, birnbaum: Array, q: Array, frequency: Array | None = None) -> Importance:
    """All measures that follow from Q, B_i, q_i: Q(1) = Q + (1 - q) B, Q(0) = Q - q B. `frequency`: omega_i, any unit.

    Example by hand (C13): a in series with (b and c): RAW_a = (.0298 + .99 * .98) / .0298 = 33.557.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        failed = np.minimum(1.0, q_service + (1.0 - q) * birnbaum)
        working = np.maximum(0.0, q_service - q * birnbaum)
        working = np.where(working <= 4e-16 * q_service, 0.0, working)  # what is left of a subtraction of equals
        some = q_service > 0.0
        criticality = q * birnbaum / q_service if some else np.zeros_like(q)
        raw = failed / q_service if some else np.where(failed > 0.0, np.inf, 1.0)
        rrw = np.where(working > 0.0, q_service / working, np.inf) if some else np.ones_like(q)
        conditional = q * failed / q_service if some else np.zeros_like(q)
    shares = np.full(len(q), np.nan) if frequency is None else share_of_total(np.where(birnbaum > 0.0, frequency, 0.0) * birnbaum)
    return Importance(
        birnbaum,
        np.minimum(1.0, criticality),
        conditional,
        raw,
        rrw,
        share_of_total(birnbaum),
        share_of_total(q * birnbaum),
        shares,
    )


@kernel
def closure_of(store: Bdd, level: Int32s, low: Int32s, high: Int32s, made: Int32s) -> int:
    """made[n] = "some set of family n has occurred" as a decision diagram; 0 when done, else NO_ROOM or TOO_LONG."""
    for n in range(2, len(level)):
        above = apply(store, OR, made[high[n]], made[low[n]])
        if above < 0:
            return above
        node = make_node(store, level[n], made[low[n]], above)
        if node < 0:
            return node
        made[n] = node
    return 0


@kernel
def with_level(store: Bdd, level: Int32s, low: Int32s, high: Int32s, made: Int32s, k: int, here: Int32s) -> int:
    """ "Some set of the root's family that holds level k has occurred but for k" as a diagram, or NO_ROOM, TOO_LONG."""
    here[0] = 0
    here[1] = 0
    for n in range(2, len(level)):
        if level[n] > k:
            here[n] = 0
        elif level[n] == k:
            here[n] = made[high[n]]
        else:
            above = apply(store, OR, here[high[n]], here[low[n]])
            if above < 0:
                return above
            node = make_node(store, level[n], here[low[n]], above)
            if node < 0:
                return node
            here[n] = node
    return here[len(level) - 1]  # type: ignore[no-any-return]


@kernel
def more_chances(store: Bdd, fails: Floats, works: Floats, up: Floats, start: int) -> int:
    """up[n] of the nodes made since `start`; the next start."""
    for n in range(start, store.state[0]):
        up[n] = fails[store.level[n]] * up[store.high[n]] + works[store.level[n]] * up[store.low[n]]
    return store.state[0]  # type: ignore[no-any-return]


def _core_others(level: Array, low: Array, high: Array, fails: Array, works: Array, nodes: int) -> Array | None:
    """float64[inputs] P(some minimal set with the input has occurred but for the input itself); None beyond the budget.

    The family of minimal sets as a diagram, constants in front; chances by level.
    """
    store = bdd_of(len(fails), max(256, min(nodes, 64 * len(level) * 4)))
    store.state[LIMIT] = FV_STEPS
    made, here = np.zeros(len(level), np.int32), np.zeros(len(level), np.int32)
    made[1] = 1
    if int(closure_of(store, level, low, high, made)) < 0:
        return None
    up = np.zeros(len(store.level))
    up[1] = 1.0
    done = int(more_chances(store, fails, works, up, 2))
    out = np.zeros(len(fails))
    for k in np.unique(level[2:]).tolist():
        root = int(with_level(store, level, low, high, made, k, here))
        if root in (NO_ROOM, TOO_LONG):
            return None
        done = int(more_chances(store, fails, works, up, done))
        out[k] = up[root]
    return out


def _vote_others(fails: Array, works: Array, weight: Array, need: int, nodes: int) -> Array | None:
    """The same for a threshold: need - 1 of the others where weights are equal; None where it takes too long."""
    if (weight != 1).any():
        made = vote_diagram(weight, need)
        if made is None:
            return None
        level, low, high, order = made
        level, low, high = level.astype(np.int32), low.astype(np.int32), high.astype(np.int32)
        by_level = _core_others(level, low, high, fails[order], works[order], nodes)
        return by_level if by_level is None else by_level[np.argsort(order)]
    if len(np.unique(fails)) * len(fails) * need > FV_STEPS * 50:
        return None
    out = np.empty(len(fails))
    seen: dict[float, float] = {}
    for i, q in enumerate(fails.tolist()):
        if q not in seen:
            rest = np.delete(np.arange(len(fails)), i)
            seen[q] = float(vote_chance(fails[rest], works[rest], weight[rest], need - 1)[0])
        out[i] = seen[q]
    return out


def fussell_vesely(sets: Tree, root: int, q_service: float, up: Array, down: Array, nodes: int) -> Array | None:
    """float64[E] P(some minimal cut set with i has occurred) / Q, by its definition; 0 where Q = 0; None beyond the budget.

    `sets`: the tree of minimal sets; up, down float64[E + P] chances of events and parts. Through modules: the cut sets with i in
    part M have occurred if those of M with i have, and of the parent some set with M but for M itself; independent, so factors
    multiply.

    Example by hand (C13): a in series with (b and c): FV_b = .1 * .2 / .0298 = .6711.
    """
    if q_service <= 0.0:
        return np.zeros(sets.events)
    other = np.zeros(len(up))
    other[root] = 1.0
    for p in range(len(sets.kind) - 1, -1, -1):
        first, end = int(sets.ptr[p]), int(sets.ptr[p + 1])
        row = sets.input[first:end]
        fails, works = up[row], down[row]
        factor: Array | None = np.ones(len(row))
        if sets.kind[p] == ALL:
            assert factor is not None
            product_slopes(fails, works, len(row), factor)
        elif sets.kind[p] == VOTE:
            factor = _vote_others(fails, works, sets.weight[first:end], int(sets.need[p]), nodes)
        elif sets.kind[p] == CORE:
            at, ends = slice(int(sets.node_ptr[p]), int(sets.node_ptr[p + 1])), np.array([0, 1], np.int32)
            level, low, high = (np.concatenate([ends, a[at]]) for a in (sets.level, sets.low, sets.high))
            factor = _core_others(level, low, high, fails, works, nodes)
        if factor is None:
            return None
        other[row] = other[sets.events + p] * factor
    return np.minimum(1.0, up[: sets.events] * other[: sets.events] / q_service)
