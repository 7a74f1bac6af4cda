"""Small groups exactly, where members are not independent: few repair crews, standbys that rest, failovers that may miss (model 1.6).

A continuous-time Markov chain over the order in which members failed (crews take them first come, first served) and, with a failover, over
which member carries the load. Times to failure and to restore are exponential. Its stationary distribution by the elimination of Grassmann,
Taksar and Heyman (Operations Research 33 (1985) 1107), which never subtracts, so that the rarest state is as accurate as the others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.errors import InvalidInput
from app.risk.jit import Array

MOST = 4  # members; the number of states grows with their factorial


@dataclass(frozen=True, slots=True)
class Takeover:
    """How a standby takes over. `success`: probability that it does; `hours`: mean interruption when it does; `standby_share`: failure
    rate of a resting member as a share of its rate under load (1 hot, 0 cold)."""

    success: float = 1.0
    hours: float = 0.0
    standby_share: float = 1.0


@dataclass(frozen=True, slots=True)
class SmallGroup:
    """In steady state; `frequency_per_hour` of stops, `mean_outage_hours` NaN where it never stops."""

    unavailability: float
    frequency_per_hour: float
    mean_outage_hours: float
    states: int


@dataclass(frozen=True, slots=True)
class _State:
    """`failed`: members in the order they failed; `carries`: who carries the load, -1 nobody; `next_up`: who is about to take over, -1 nobody."""

    failed: tuple[int, ...]
    carries: int = -1
    next_up: int = -1


class _Rules:
    """Checked rates; which states follow a state, and at what rate."""

    def __init__(
        self,
        failures_per_hour: Sequence[float],
        repair_hours: Sequence[float],
        needed: int,
        crews: int,
        takeover: Takeover | None,
    ) -> None:
        self.count = len(failures_per_hour)
        if not 1 <= self.count <= MOST or len(repair_hours) != self.count:
            raise InvalidInput(
                f"a small group has 1 to {MOST} members, each with a failure rate and a restore time", members=self.count
            )
        if not (1 <= needed <= self.count and crews >= 1) or (takeover is not None and needed != 1):
            raise InvalidInput(
                "needed lies between 1 and the members (1 with a takeover), crews are 1 or more", needed=needed, crews=crews
            )
        if any(not 0.0 < rate < math.inf for rate in (*failures_per_hour, *repair_hours)):
            raise InvalidInput("failure rates and restore times are positive", field="failures_per_hour")
        if takeover is not None and not (
            0.0 <= takeover.success <= 1.0 and takeover.hours >= 0.0 and 0.0 <= takeover.standby_share <= 1.0
        ):
            raise InvalidInput("success and standby share lie between 0 and 1, hours are not negative", field="takeover")
        self.rate, self.repair, self.needed, self.crews = (
            failures_per_hour,
            [1.0 / hours for hours in repair_hours],
            needed,
            crews,
        )
        self.takeover = takeover

    def start(self) -> _State:
        return _State((), 0 if self.takeover else -1)

    def up(self, state: _State) -> bool:
        return state.carries >= 0 if self.takeover else self.count - len(state.failed) >= self.needed

    def moves(self, state: _State) -> Iterator[tuple[_State, float]]:
        for member in range(self.count):
            if member not in state.failed:
                yield from self._failure(state, member)
        for member in state.failed[: self.crews]:
            yield self._restored(state, member), self.repair[member]
        if state.next_up >= 0 and self.takeover is not None:
            yield _State(state.failed, state.next_up), 1.0 / self.takeover.hours

    def _failure(self, state: _State, member: int) -> Iterator[tuple[_State, float]]:
        failed = (*state.failed, member)
        if self.takeover is None:
            yield _State(failed), self.rate[member]
        elif member in (state.carries, state.next_up):
            rate = self.rate[member] * (1.0 if member == state.carries else self.takeover.standby_share)
            yield from self._taken_over(failed, rate)
        else:
            yield _State(failed, state.carries, state.next_up), self.rate[member] * self.takeover.standby_share

    def _taken_over(self, failed: tuple[int, ...], rate: float) -> Iterator[tuple[_State, float]]:
        assert self.takeover is not None
        spare = next((member for member in range(self.count) if member not in failed), -1)
        works = self.takeover.success if spare >= 0 else 0.0
        yield (_State(failed, -1, spare) if self.takeover.hours else _State(failed, spare)), rate * works
        yield _State(failed), rate * (1.0 - works)

    def _restored(self, state: _State, member: int) -> _State:
        """Whoever comes back carries the load where nobody does or is about to."""
        failed = tuple(other for other in state.failed if other != member)
        idle = self.takeover is not None and state.carries < 0 and state.next_up < 0
        return _State(failed, member if idle else state.carries, state.next_up)


def small_group(
    failures_per_hour: Sequence[float],
    repair_hours: Sequence[float],
    needed: int = 1,
    crews: int = MOST,
    takeover: Takeover | None = None,
) -> SmallGroup:
    """Unavailability and frequency of stops of a group of which `needed` members suffice, restored by `crews` (each one member at a time).

    failures_per_hour float[n] of up time, repair_hours float[n] means, n <= 4. Exact for exponential times; with as many crews as members and no
    takeover it is the group of independent members. With a takeover the first member starts with the load, the others rest; the load does not
    move back. A takeover that fails leaves the group down until the first member is back. InvalidInput for more members or senseless numbers.

    Example by hand: two alike, one crew, r = failure rate * restore time: Q = 2 r^2 / (1 + 2 r + 2 r^2); r = .1: .02 / 1.22.

    >>> round(small_group([0.01, 0.01], [10, 10], crews=1).unavailability, 12)
    0.016393442623
    """
    rules = _Rules(failures_per_hour, repair_hours, needed, crews, takeover)
    states, rates = _chain(rules)
    share = stationary(rates)
    up = np.asarray([rules.up(state) for state in states])
    down = float(share[~up].sum())
    frequency = float(share[up] @ rates[np.ix_(up, ~up)].sum(axis=1))
    return SmallGroup(down, frequency, down / frequency if frequency else math.nan, len(states))


def _chain(rules: _Rules) -> tuple[list[_State], Array]:
    """The states that can be reached, the first one first, and float64[n, n] the rates between them (1/h)."""
    states, number, moves = [rules.start()], {rules.start(): 0}, list[tuple[int, int, float]]()
    for at, state in enumerate(states):  # grows while it is walked
        for after, rate in rules.moves(state):
            if rate <= 0.0:
                continue
            if after not in number:
                number[after] = len(states)
                states.append(after)
            moves.append((at, number[after], rate))
    rates = np.zeros((len(states), len(states)))
    for one, other, rate in moves:
        rates[one, other] += rate
    return states, rates


def stationary(rates: Array) -> Array:
    """float64[n]: share of time in each state of an irreducible chain with these rates (float64[n, n], the diagonal does not count).

    >>> stationary(np.array([[0.0, 1.0], [4.0, 0.0]])).tolist()
    [0.8, 0.2]
    """
    left = np.array(rates, np.float64)
    np.fill_diagonal(left, 0.0)
    for n in range(len(left) - 1, 0, -1):
        left[:n, n] /= left[n, :n].sum()
        left[:n, :n] += np.outer(left[:n, n], left[n, :n])
        np.fill_diagonal(left, 0.0)
    share = np.ones(len(left))
    for n in range(1, len(left)):
        share[n] = share[:n] @ left[:n, n]
    return np.asarray(share / share.sum())
