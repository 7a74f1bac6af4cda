"""E[c] of one service with every CI at its unavailability (model 1.4): exact where its cone lets it, refused where it does not.

Independent factors multiply by their means. Factors that share a CI are taken together: the needs below them are walked depth
first with the joint distribution of all values still to be read (variable elimination), so that a cause they share is counted
once. A cone with cycles is enumerated while few CIs can fail in it. Beyond the number of states allowed the answer is a reason,
and the caller simulates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from app.risk.graph.compiled import AT_REST_DOWN, IN_CYCLE, CompiledGraph
from app.risk.graph.needs import needs_of
from app.risk.jit import Array
from app.risk.outage.propagation import outage

STATES = 20_000  # joint values held at once
CONE = 20_000  # CIs of a cone that is looked at
ENUMERATED = 12  # CIs that can fail in a cone with cycles
WORK = 400_000  # joint values in all steps of all walks of one cone
TOO_MANY = f"its degradations have more than {STATES:,} joint values"
TOO_LONG = f"its degradations take more than {WORK:,} joint values in all"

State = tuple[Any, ...]
Factor = tuple[str, int, float]  # hard: provider; soft: provider, weight; group: its number


class TooManyStates(Exception):
    """The joint distribution outgrew its budget."""


@dataclass(frozen=True, slots=True)
class ExpectedCapability:
    """`capability` E[c] and `lost_share` = c at rest - E[c], both NaN with a `reason` where it was not exact."""

    capability: float
    lost_share: float
    reason: str = ""


def expected_capability(
    compiled: CompiledGraph, target: int, unavailability: Array | None = None, forced: Sequence[int] = (),
    rule: Literal["product", "worst"] = "product",
) -> ExpectedCapability:  # fmt: skip
    """E[c] of the CI at `target`, all CIs independent and down with probability `unavailability` (float64[N], default the
    estate's).

    Example by hand (C21): S hard on A (.01), soft .3 on B (.1) and .5 on C (.2): .99 * .97 * .90, so .13573 of S is lost.
    """
    q = np.array(compiled.unavailability if unavailability is None else unavailability, np.float64)
    q[np.isnan(q)] = 0.0
    q[np.asarray(forced, np.int64)] = 1.0
    cone = needs_of(compiled.flat, target)
    rest = float(compiled.flat.rest_capability[target])
    if len(cone) > CONE:
        return ExpectedCapability(math.nan, math.nan, f"its cone holds {len(cone):,} CIs, more than {CONE:,}")
    try:
        if (compiled.flat.flags[cone] & IN_CYCLE).any():
            if rule == "worst" and (compiled.flat.rest_capability[cone] % 1.0 > 0.0).any():
                raise TooManyStates(
                    "its needs run in cycles and some are degraded at rest, which the compiled estate knows by the product rule"
                )
            mean = _enumerated(compiled, target, cone, q, rule)
        else:
            mean = _Cone(compiled, cone, q, rule).mean(target)
            if rule == "worst":
                rest = _Cone(compiled, cone, np.zeros(len(q)), rule).mean(target)
    except TooManyStates as reason:
        return ExpectedCapability(math.nan, math.nan, str(reason))
    return ExpectedCapability(mean, rest - mean)


def _enumerated(compiled: CompiledGraph, target: int, cone: Array, q: Array, rule: Literal["product", "worst"]) -> float:
    certain = cone[q[cone] >= 1.0]
    unsure = cone[(q[cone] > 0.0) & (q[cone] < 1.0)]
    if len(unsure) > ENUMERATED:
        raise TooManyStates(f"its needs run in cycles and {len(unsure):,} CIs can fail, more than {ENUMERATED}")
    number = int(compiled.flat.service_at[target])
    total = 0.0
    for bits in range(1 << len(unsure)):
        down = ((bits >> np.arange(len(unsure))) & 1).astype(bool)
        weight = float(np.prod(np.where(down, q[unsure], 1.0 - q[unsure])))
        total += weight * _capability(compiled, target, number, np.concatenate([certain, unsure[down]]), rule)
    return total


def _capability(compiled: CompiledGraph, target: int, number: int, down: Array, rule: Literal["product", "worst"]) -> float:
    state = outage(compiled, down, rule=rule)
    if number in state.services_down:
        return 0.0
    at = np.flatnonzero(state.services_degraded == number)
    return float(state.service_capability[at[0]]) if len(at) else float(compiled.flat.rest_capability[target])


class _Cone:
    """A cone without cycles: needs of each CI as factors, and below each the CIs that can fail (as bits)."""

    def __init__(self, compiled: CompiledGraph, cone: Array, q: Array, rule: str) -> None:
        self.flat, self.q, self.worst = compiled.flat, q, rule == "worst"
        self.factors: dict[int, list[Factor]] = {}
        self.below: dict[int, int] = {}
        self.means: dict[int, float] = {}
        self.work = 0
        for bit, v in enumerate(cone.tolist()):
            self.factors[v] = [] if self.surely_down(v) else self._factors_of(v)
            random = 0 if self.surely_down(v) or q[v] == 0.0 else 1 << bit
            self.below[v] = random | self._support(self.factors[v])

    def surely_down(self, v: int) -> bool:
        return bool(self.flat.flags[v] & AT_REST_DOWN) or self.q[v] >= 1.0

    def _factors_of(self, v: int) -> list[Factor]:
        flat = self.flat
        hard = [("hard", int(u), 1.0) for u in flat.reverse[flat.reverse_ptr[v] : flat.reverse_ptr[v + 1]]]
        first, last = int(flat.soft_reverse_ptr[v]), int(flat.soft_reverse_ptr[v + 1])
        soft = [("soft", int(flat.soft_reverse[e]), float(flat.soft_weight[e])) for e in range(first, last)]
        return [*hard, *soft, *(("group", g, 0.0) for g in range(int(flat.group_ptr[v]), int(flat.group_ptr[v + 1])))]

    def members(self, g: int) -> list[tuple[int, float]]:
        first, last = int(self.flat.member_ptr[g]), int(self.flat.member_ptr[g + 1])
        return [(int(self.flat.member[e]), float(self.flat.member_share[e])) for e in range(first, last)]

    def read_by(self, factor: Factor) -> list[int]:
        """CIs whose capability a factor reads."""
        return [u for u, _ in self.members(factor[1])] if factor[0] == "group" else [factor[1]]

    def _support(self, factors: Sequence[Factor]) -> int:
        bits = 0
        for factor in factors:
            for u in self.read_by(factor):
                bits |= self.below[u]
        return bits

    def _clusters(self, factors: Sequence[Factor]) -> list[tuple[int, list[Factor]]]:
        """Factors that share a CI that can fail, taken together; all hard needs are one factor (a minimum), under "worst" all
        are."""
        found: list[tuple[int, list[Factor]]] = []
        hard = [factor for factor in factors if self.worst or factor[0] == "hard"]
        for part in ([hard] if hard else []) + [[factor] for factor in factors if factor not in hard]:
            bits, merged = self._support(part), list(part)
            apart = []
            for other, members in found:
                if other & bits:
                    bits, merged = bits | other, members + merged
                else:
                    apart.append((other, members))
            found = [*apart, (bits, merged)]
        return found

    def mean(self, target: int) -> float:
        """E[c] of a CI; those it multiplies by come first, providers before dependents, so that a long chain needs no
        recursion."""
        wanted, stack = {target}, [target]
        while stack:
            for _, factors in self._clusters(self.factors[stack.pop()]):
                for kind, u, _ in factors:
                    if kind != "group" and u not in wanted and (len(factors) == 1 or kind == "hard"):
                        wanted.add(u)
                        stack.append(u)
        for v in sorted(wanted):
            try:
                self.means[v] = self._mean_at(v)
            except TooManyStates:
                if v == target:
                    raise
        return self.means[target]

    def _mean_at(self, v: int) -> float:
        if self.surely_down(v):
            return 0.0
        product = 1.0
        for _, factors in self._clusters(self.factors[v]):
            product *= self._mean_of(factors, float(self.flat.level[v]) if self.worst else 1.0)
        level = 1.0 if self.worst and self.factors[v] else float(self.flat.level[v])
        return (1.0 - float(self.q[v])) * level * product

    def _known_mean(self, u: int) -> float:
        if u not in self.means:
            raise TooManyStates(TOO_MANY)
        return self.means[u]

    def _mean_of(self, factors: list[Factor], cap: float) -> float:
        if len(factors) == 1 and not self.worst:
            kind, u, weight = factors[0]
            if kind == "hard":
                return self._known_mean(u)
            if kind == "soft":
                return 1.0 - weight * (1.0 - self._known_mean(u))
        if not self.worst and all(kind == "hard" for kind, _, _ in factors):
            return self._mean_of_least(factors)
        return sum(min(cap, value) * p for value, p in self._values(factors).items())

    def _mean_of_least(self, factors: list[Factor]) -> float:
        """The expected minimum over hard needs. Needs that work in full or not at all only multiply it."""
        parts: list[tuple[int, list[Factor]]] = []
        for factor in factors:
            bits, merged = self.below[factor[1]], [factor]
            apart = []
            for other, members in parts:
                if other & bits:
                    bits, merged = bits | other, members + merged
                else:
                    apart.append((other, members))
            parts = [*apart, (bits, merged)]
        works, partial = 1.0, []
        for _, members in parts:
            if all(self._all_or_nothing(u) for _, u, _ in members):
                works *= self._values(members).get(1.0, 0.0)
            else:
                partial.append(members)
        if not partial:
            return works
        if len(partial) == 1 and len(partial[0]) == 1:
            return works * self._known_mean(partial[0][0][1])
        joint = {1.0: 1.0}
        for members in partial:
            values, least = self._values(members), dict[float, float]()
            for a, p in joint.items():
                for b, r in values.items():
                    least[min(a, b)] = least.get(min(a, b), 0.0) + p * r
            joint = least
        return works * sum(value * p for value, p in joint.items())

    def _all_or_nothing(self, top: int) -> bool:
        """Whether a CI is always up or down, never degraded: it has no soft need, share or level below it."""
        seen, stack = {top}, [top]
        while stack:
            v = stack.pop()
            if self.surely_down(v):
                continue
            if self.flat.level[v] < 1.0:
                return False
            for factor in self.factors[v]:
                if factor[0] == "soft" or (factor[0] == "group" and self.flat.group_shared[factor[1]]):
                    return False
                for u in self.read_by(factor):
                    if u not in seen:
                        seen.add(u)
                        stack.append(u)
        return True

    def _values(self, factors: Sequence[Factor]) -> dict[float, float]:
        """Distribution of the product (or minimum) of some factors."""
        return {state[0]: p for state, p in _Walk(self, factors).run().items()}


class _Walk:
    """One walk over the needs of some factors, depth first. A state holds, slot by slot, what was read so far: of a CI under way
    the least of its hard needs and the product of the rest, of a group under way its best members (or capacity and members up),
    of a finished CI its value."""

    def __init__(self, cone: _Cone, factors: Sequence[Factor]) -> None:
        self.cone, self.top = cone, factors
        self.slots: list[object] = []
        self.states: dict[State, float] = {(): 1.0}
        self.left: dict[int, int] = {}
        stack, seen = list(factors), set[int]()
        while stack:
            for u in cone.read_by(stack.pop()):
                self.left[u] = self.left.get(u, 0) + 1
                if u not in seen:
                    seen.add(u)
                    stack.extend(cone.factors[u])

    def run(self) -> dict[State, float]:
        """Walk all needs; the states that are left have one slot, the value of the factors together."""
        work: list[Iterator[Any]] = [self._steps(-1, self.top)]
        while work:  # instead of recursion: a chain of needs may be long
            below = next(work[-1], None)
            if below is None:
                work.pop()
            else:
                work.append(below)
        return self.states

    def _steps(self, v: int, factors: Sequence[Factor]) -> Iterator[Any]:
        """Open a CI, read its needs one after the other (each not yet known is walked first), close it."""
        self._push(("open", v), (1.0, 1.0))
        for factor in factors:
            if factor[0] == "group":
                self._push(("group", factor[1]), (0.0, 0) if self.cone.flat.group_shared[factor[1]] else ())
                for u, share in self.cone.members(factor[1]):
                    if u not in self.slots:
                        yield self._steps(u, self.cone.factors[u])
                    self._fold(u, self._into_group(factor[1], share))
                self._close_group(v, factor[1])
            else:
                if factor[1] not in self.slots:
                    yield self._steps(factor[1], self.cone.factors[factor[1]])
                self._fold(factor[1], self._into(factor))
        self._close(v)

    def _push(self, name: object, value: Any) -> None:
        self.slots.append(name)
        self.states = {(*state, value): p for state, p in self.states.items()}

    def _fold(self, u: int, into: Callable[[Any, float], Any]) -> None:
        """Read the value of CI u into the slot under way; forget it after its last reader."""
        at = self.slots.index(u)
        self.left[u] -= 1
        forget = self.left[u] == 0
        target = max(place for place, name in enumerate(self.slots) if isinstance(name, tuple))
        found: dict[State, float] = {}
        for state, p in self.states.items():
            changed = [*state]
            changed[target] = into(state[target], state[at])
            if forget:
                del changed[at]
            key = tuple(changed)
            found[key] = found.get(key, 0.0) + p
        if forget:
            del self.slots[at]
        self._keep(found)

    def _into(self, factor: Factor) -> Callable[[Any, float], Any]:
        kind, _, weight = factor
        if self.cone.worst or kind == "hard":
            return lambda held, c: (min(held[0], c if kind == "hard" else 1.0 - weight * (1.0 - c)), held[1])
        return lambda held, c: (held[0], held[1] * (1.0 - weight * (1.0 - c)))

    def _into_group(self, g: int, share: float) -> Callable[[Any, float], Any]:
        need = int(self.cone.flat.group_needed[g])
        if self.cone.flat.group_shared[g]:
            return lambda held, c: (held[0] + share * c, min(need, held[1] + (c > 0.0)))
        return lambda held, c: tuple(sorted((*held, c), reverse=True)[:need])

    def _close_group(self, v: int, g: int) -> None:
        need, shared = int(self.cone.flat.group_needed[g]), self.cone.flat.group_shared[g]
        at, reader = self.slots.index(("group", g)), self.slots.index(("open", v))
        del self.slots[at]
        found: dict[State, float] = {}
        for state, p in self.states.items():
            held = state[at]
            factor = (min(1.0, held[0]) if held[1] >= need else 0.0) if shared else held[need - 1]
            least, product = state[reader]
            changed = [*state]
            changed[reader] = (min(least, factor), product) if self.cone.worst else (least, product * factor)
            del changed[at]
            key = tuple(changed)
            found[key] = found.get(key, 0.0) + p
        self._keep(found)

    def _close(self, v: int) -> None:
        """The value of CI v (-1: of the factors asked about); by itself it is down with probability q."""
        at = self.slots.index(("open", v))
        self.slots[at] = v
        cone, found = self.cone, dict[State, float]()
        fails = 0.0 if v < 0 else 1.0 if cone.surely_down(v) else float(cone.q[v])
        level = 1.0 if v < 0 else float(cone.flat.level[v])
        for state, p in self.states.items():
            least, product = state[at]
            value = min(level, least) if cone.worst else level * least * product
            for c, weight in ((value, 1.0 - fails), (0.0, fails)):
                if weight > 0.0:
                    key = (*state[:at], c, *state[at + 1 :])
                    found[key] = found.get(key, 0.0) + p * weight
        self._keep(found)

    def _keep(self, found: dict[State, float]) -> None:
        self.cone.work += len(found)
        if len(found) > STATES:
            raise TooManyStates(TOO_MANY)
        if self.cone.work > WORK:
            raise TooManyStates(TOO_LONG)
        self.states = found
