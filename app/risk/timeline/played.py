"""What came of a scenario over time: its outcomes, and in each the states of services from hour to hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from app.risk.jit import Array
from app.risk.timeline.parts import NO_FAILS, Asked, Fails, Shares

DOWN, RECOVERING, INTERRUPTED, DEGRADED = "down", "recovering", "interrupted", "degraded"
MOST_COUNTED = 10**15


@dataclass(frozen=True, slots=True)
class Stretch:
    """A service in one state from hour to hour, with the capability it has."""

    start: float
    end: float
    state: str
    capability: float


class Moments(NamedTuple):
    """Hours, ascending, and how many CIs are down and degraded from each of them on."""

    at_hours: Array
    cis_down: Array
    cis_degraded: Array


@dataclass(frozen=True, slots=True)
class Returns:
    """CIs that came back before the next step: position, hour, whether it failed itself, the need it waited for last (-1 none),
    the hour at which its work began, and whether the hour is an upper bound, by a start-up circle."""

    position: Array
    at_hours: Array
    own: Array
    waited_for: Array
    begun_hours: Array
    circle: Array

    def columns(self) -> tuple[Array, ...]:
        return self.position, self.at_hours, self.own, self.waited_for, self.begun_hours, self.circle


@dataclass(slots=True)
class Outcome:
    """One way in which the failovers go: its probability, all answers in the order of asking, services by number."""

    probability: float = 1.0
    fails: Fails = NO_FAILS  # asked to fail
    asked: list[Asked] = field(default_factory=list)  # the answers that might have been otherwise
    answers: list[tuple[int, int, int]] = field(default_factory=list)  # step, group, how
    stretches: dict[int, list[Stretch]] = field(default_factory=dict)
    moments: list[Moments] = field(default_factory=list)  # by step, none of them empty
    returns: list[Returns] = field(default_factory=list)  # by step
    lasting: list[Array] = field(default_factory=list)  # by step: the positions that failed, failovers' interruptions aside
    forced: list[Array] = field(default_factory=list)  # by step: the positions forced down, to ask `outage` again
    end_hours: float = 0.0
    counted: list[int] = field(default_factory=list)  # groups whose switch interrupts its dependent or leaves it down
    never_restored: int = 0

    def every_moment(self) -> Moments:
        if not self.moments:
            return Moments(np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64))
        return Moments(*(np.concatenate(column) for column in zip(*self.moments, strict=True)))


@dataclass(frozen=True, slots=True)
class Timeline:
    """The outcomes that were played, and which of them is the likeliest; `simulated`: they are samples. `shares`: they are some
    of all, which tell every CI's own ones apart; None: they are all."""

    outcomes: Sequence[Outcome]
    likeliest: int
    simulated: bool
    end_hours: float
    shares: Shares | None = None

    @property
    def count(self) -> int:
        """How many outcomes there are, or samples of them; no more than MOST_COUNTED are counted."""
        return min(self.shares.count, MOST_COUNTED) if self.shares else len(self.outcomes)

    @property
    def switches(self) -> int:
        """How many switches at most interrupt or fail in one outcome."""
        return self.shares.switches if self.shares else max(len(one.counted) for one in self.outcomes)
