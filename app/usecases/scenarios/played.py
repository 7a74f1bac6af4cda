"""A scenario with what the engine says of it, and the outage behind each of its steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from app.risk.graph.ragged import ascending
from app.risk.outage.propagation import Outage, outage
from app.risk.timeline.losses import Losses
from app.risk.timeline.played import DEGRADED, DOWN, INTERRUPTED, RECOVERING, Moments, Outcome, Timeline
from app.usecases.estate import Estate
from app.usecases.scenarios.document import Scenario, ScenarioStep

STATES = (DOWN, RECOVERING, INTERRUPTED, DEGRADED)  # the worst first


@dataclass(frozen=True)
class Played:
    """A scenario with what the engine says of it. `acts`: by step of the document what it did, in words."""

    estate: Estate
    scenario: Scenario
    rule: Literal["product", "worst"]
    steps: Sequence[tuple[ScenarioStep, Any]]
    timeline: Timeline
    losses: Losses
    warnings: Sequence[str]
    outages: dict[int, Outage] = field(default_factory=dict)  # by step played, once asked for

    @property
    def outcome(self) -> Outcome:
        return self.timeline.outcomes[self.timeline.likeliest]

    @cached_property
    def failed_themselves(self) -> Any:
        """Positions (ascending) of the CIs that a step fails."""
        named = [positions for step, positions in self.steps if step.do == "fail"]
        return ascending(np.concatenate([np.zeros(0, np.int32), *named]))

    @cached_property
    def moments(self) -> Moments:
        """The instants at which something changes in the likeliest outcome."""
        return self.outcome.every_moment()

    @cached_property
    def modelled(self) -> Any:
        """Positions (ascending) of the CIs that come back as the recovery model says."""
        named = [p for step, p in self.steps if step.do == "fail" and step.hours is None and step.back == "modelled"]
        return ascending(np.concatenate([np.zeros(0, np.int32), *named]))

    @cached_property
    def states(self) -> dict[int, str]:
        """By service number the worst state that it goes through; one that stops in an unlikely outcome alone counts as down."""
        out = {}
        for story in self.losses.stories:
            found = {stretch.state for stretch in story.stretches}
            otherwise = DOWN if story.p_down > 0 else DEGRADED
            out[story.service] = next((state for state in STATES if state in found), otherwise)
        return out

    @cached_property
    def down_services(self) -> list[int]:
        return [story.service for story in self.losses.stories if story.first_down_at < math.inf]


def hours_of_steps(played: Played) -> list[float]:
    """The hour of each step the engine played, in order; one for all acts of an hour, and one where a degradation ends."""
    times = {step.at_hours for step, _ in played.steps}
    times |= {s.at_hours + s.hours for s, _ in played.steps if s.do == "degrade" and s.hours is not None and s.share}
    return sorted(times)


def worst_step(played: Played) -> float:
    """The hour of the step behind which most CIs are down."""
    times = hours_of_steps(played)
    sizes = [len(failed) for failed in played.outcome.lasting]
    return times[int(np.argmax(sizes))]


def outage_at(played: Played, at_hours: float) -> Outage:
    """What is down for as long as it lasts, from the step of an hour on, in the untouched estate's groups."""
    place = hours_of_steps(played).index(at_hours)
    if place not in played.outages:
        forced, space = played.outcome.forced[place], played.estate.workspace()
        edited = any(step.do in ("add", "remove") for step, _ in played.steps)
        fallen = None if edited else played.outcome.lasting[place]
        played.outages[place] = outage(played.estate.compiled, forced, space, played.rule, fallen)
    return played.outages[place]
