"""How likely a service is back within its RTO, when restore times are random: after its longest single outage, and when all
that it needs is down (model 1.11)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.domain.recovery import RecoveryChance
from app.risk.graph.compiled import CompiledGraph, Flat
from app.risk.graph.subestate import Subestate, subestate_of
from app.risk.measures.loss import survival
from app.risk.outage.propagation import outage
from app.risk.recovery.crews import Crews
from app.risk.recovery.start_needs import start_needs
from app.risk.services.recovery_chance import Restoring, chance_in_time
from app.usecases.answers.paths import known
from app.usecases.answers.recovery_figures import Recovery

SEED = 16
MOST_RESTORED, FEWEST_DRAWS = 2_000_000, 20  # CIs restored in all draws of one question; fewer draws say nothing


@dataclass(frozen=True)
class _Cone:
    """A service with all that it needs, as an estate of its own."""

    part: Subestate
    starting: Flat | None
    crews: Crews | None  # None: nobody names a pool
    draws: int

    @property
    def compiled(self) -> CompiledGraph:
        return self.part.compiled


def service_chances(recovery: Recovery, number: int, draws: int) -> list[RecoveryChance]:
    """Returns the chances of a service; the same seed each time, so the same numbers."""
    compiled = recovery.estate.compiled
    cone = _cone(recovery, int(compiled.service_position[number]), draws)
    within = known(compiled.rto_hours[number])
    within = None if within is None else within - recovery.terms.before_hours
    cis, hours = recovery.pairs(number)
    found = []
    if len(cis) and not np.isnan(hours[0]):
        first = int(cis[0])
        [local] = cone.part.local([first])
        fallen = outage(cone.compiled, [int(local)]).failed
        restart = cone.compiled.restart_hours.copy()
        restart[local] = cone.compiled.repair_hours[local]
        outage_of = f"outage of {recovery.estate.name(first)}"
        if cone.starting is None:
            found.append(_exact(outage_of, recovery, first, float(hours[0]), number))
        else:
            what = Restoring(fallen, restart, np.array([local], np.int32))
            found.append(_chance(outage_of, cone, what, within, None))
    every = np.arange(len(cone.compiled), dtype=np.int32)
    what = Restoring(every, cone.compiled.repair_hours, every)
    found.append(_chance("all down", cone, what, within, None))
    if cone.crews is not None:
        found.append(_chance("all down", cone, what, within, cone.crews))
    return found


def _exact(what: str, recovery: Recovery, position: int, hours: float, number: int) -> RecoveryChance:
    """All that falls with one CI waits for it, so the service is back a fixed time after it: no draws are needed."""
    compiled = recovery.estate.compiled
    mean, rto = float(compiled.repair_hours[position]), known(compiled.rto_hours[number])
    if rto is None:
        return RecoveryChance(what, False, None, None, None, 0)
    left = rto - (hours - mean)
    share = 0.0 if left < 0.0 else 1.0 - survival(mean, float(compiled.repair_sigma[position]), left)
    return RecoveryChance(what, False, share, share, share, 0)


def _cone(recovery: Recovery, position: int, draws: int) -> _Cone:
    part, terms = subestate_of(recovery.estate.compiled, position), recovery.terms
    local = np.full(len(recovery.estate.compiled), -1, np.int32)
    local[part.positions] = np.arange(len(part.positions), dtype=np.int32)
    dependent, provider = local[terms.without.dependent], local[terms.without.provider]
    inside = dependent >= 0
    starting = start_needs(part.compiled, dependent[inside], provider[inside]) if inside.any() else None
    crews = terms.crews(1)
    pool = crews.pool[part.positions]
    fitting = min(draws, MOST_RESTORED // len(part.positions))
    return _Cone(part, starting, Crews(pool, crews.places) if (pool >= 0).any() else None, fitting)


def _chance(what: str, cone: _Cone, restoring: Restoring, within: float | None, crews: Crews | None) -> RecoveryChance:
    unknown = bool(np.isnan(restoring.hours[restoring.down]).any())
    if within is None or unknown or cone.draws < FEWEST_DRAWS or not (restoring.down == cone.part.target).any():
        return RecoveryChance(what, crews is not None, None, None, None, 0)
    chance = chance_in_time(
        cone.compiled, restoring, cone.part.target, within, cone.draws, SEED, crews, cone.starting
    )  # fmt: skip
    return RecoveryChance(what, crews is not None, chance.share, chance.low, chance.high, chance.draws)
