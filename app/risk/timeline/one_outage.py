"""A single outage of a set of CIs for a duration: the timeline of one step (model 1.10), failovers by expected value over their
outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.risk.graph.compiled import CompiledGraph
from app.risk.jit import Array
from app.risk.outage.propagation import Outage, Workspace, outage, workspace
from app.risk.outage.what_if import Rule
from app.risk.timeline.losses import Story, losses_over_time
from app.risk.timeline.question import Fail, Question, Step
from app.risk.timeline.timeline import timeline


@dataclass(frozen=True, slots=True)
class WhatIf:
    """`lasting`: the state until d in the likeliest outcome; `at_hours` the times at which the stories say the money so far;
    `end_hours`: when all is back."""

    lasting: Outage
    stories: Sequence[Story]  # by service number
    switches: int
    outcomes: int
    simulated: bool
    at_hours: Array
    end_hours: float
    money_error: float  # standard error of the known money where outcomes were sampled, else 0


def what_if(
    compiled: CompiledGraph, down_positions: Array | Sequence[int], duration_hours: float, at_hours: Sequence[float] = (),
    rule: Rule = "product",
    space: Workspace | None = None,
) -> WhatIf:  # fmt: skip
    """Loss over time of an outage of `down_positions` for `duration_hours` (> 0); money is asked at `at_hours` and at the end.

    Example by hand: S hard on a, 100 a hour; a down for 2 h: down 2 h, money 200, 100 after 1 h. With a group of a and b (1
    needed, failover 0.5 h, success .9) instead: .9 * 50 + .1 * 200 = 65.
    """
    space = space or workspace(compiled)
    down = np.unique(np.asarray(down_positions, np.int32))
    step = Step(0.0, (Fail(down, float(duration_hours)),))
    played = timeline(compiled, Question([step], restarts=False, rule=rule), space)
    losses = losses_over_time(compiled, played, at_hours)
    likeliest = played.outcomes[played.likeliest]
    error = float(np.std(losses.paid, ddof=1) / np.sqrt(len(losses.paid))) if played.simulated else 0.0
    return WhatIf(
        outage(compiled, likeliest.forced[0], space, rule),
        losses.stories,
        played.switches,
        played.count,
        played.simulated,
        losses.at_hours,
        played.end_hours,
        error,
    )
