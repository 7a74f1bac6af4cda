"""How likely a service is back within its RTO, when restore times are random (model 1.11, 1.13).

A draw gives every CI that is down a restore time of its own distribution (exponential, or lognormal with its spread; keyed by
seed, CI and number of the draw), and the time of the service is exact, without crews, or that of the list schedule.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.risk.graph.compiled import CompiledGraph, Flat
from app.risk.jit import Array, Floats, Int32s, Int64s, UInt64, kernel
from app.risk.recovery.crews import Crews, crew_schedule
from app.risk.recovery.restore_times import restoration, restore_plan
from app.risk.sampling.intervals import wilson
from app.risk.sampling.renewal import Renewal, restore_time
from app.risk.sampling.streams import seed_word

RECOVERY_BLOCK = 2**28 - 1  # a block of the restore stream beyond those of simulated years


class Chance(NamedTuple):
    """A probability out of `draws`, with the ends of its 95 % interval."""

    share: float
    low: float
    high: float
    draws: int


@kernel
def drawn_hours(
    key: Int64s, rate: Floats, mean: Floats, sigma: Floats, p_down: Floats, random: Int32s, seed: UInt64, number: int, out: Floats
) -> None:
    """Put restore times of draw `number` of the CIs at `random` (int32 positions) into out float64[N]; the others stay.

    Example by hand: a fixed time (sigma 0) is drawn as itself.
    """
    renewal = Renewal(key, rate, mean, sigma, p_down)
    for i in range(len(random)):
        v = random[i]
        out[v] = restore_time(renewal, seed, RECOVERY_BLOCK, v, number)


class Restoring(NamedTuple):
    """What is down, how long each takes (float64[N] hours), and which of them (int32 positions) take a random time."""

    down: Array
    hours: Array
    random: Array


def chance_in_time(
    compiled: CompiledGraph, what: Restoring, target: int, within_hours: float, draws: int, seed: int, crews: Crews | None = None,
    starting: Flat | None = None,
) -> Chance:  # fmt: skip
    """Return the probability that `target` is back within some hours; with `crews`, when the list schedule is followed.

    Example by hand: one CI with an exponential restore time of 4 h is back within 4 h with probability 1 - 1/e = .632.
    """
    none = np.zeros(len(compiled))
    sigma = np.ascontiguousarray(compiled.repair_sigma)
    hours, plan, word = what.hours.copy(), restore_plan(compiled), seed_word(seed)
    random = np.ascontiguousarray(what.random[~np.isnan(compiled.repair_hours[what.random])], np.int32)
    hits = 0
    for number in range(draws):
        drawn_hours(compiled.ci_id, none, compiled.repair_hours, sigma, none, random, word, number, hours)
        times = restoration(compiled, hours, what.down, plan, starting)
        back = times.finish[times.at(target)]
        if crews is not None and back <= within_hours:
            back = crew_schedule(compiled, hours, times, plan, crews, np.array([target], np.int32), starting).back[target]
        hits += bool(back <= within_hours)
    low, high = wilson(np.array(hits), np.array(draws))
    return Chance(hits / draws, float(low), float(high), draws)
