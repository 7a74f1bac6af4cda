"""Which pairs of CI and service each of some measures can change the loss of, and what no set of them takes away (model 1.20).

A pair (i, s) loses what the outage of CI i costs service s. A measure can change it where the rate or the restore time of i
changes, or where the outage reaches what the measure changes and s lies above that. So the loss of a pair is a function of the
measures that touch it alone, and pairs that the same measures touch are taken together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.risk.first_order.sweep import desk_of, sweep_rows
from app.risk.graph.compiled import CompiledGraph
from app.risk.graph.dependents import dependents_of
from app.risk.graph.needs import needed_by
from app.risk.jit import Array
from app.risk.outage.failover import failovers_of
from app.risk.outage.rates_and_exposures import rates_and_exposures_of


@dataclass(frozen=True, slots=True)
class Touching:
    """N CIs and S services of the estate as it is; bit m: measure m (64 at most)."""

    own: Array  # uint64[N] rate or restore time of the CI changes
    through: Array  # uint64[N] an outage of the CI reaches what changes
    above: Array  # uint64[S] the service lies above what changes

    def of(self, ci: Array, service: Array) -> Array:
        """uint64 of each pair: the measures that touch it."""
        return np.asarray(self.own[ci] | (self.through[ci] & self.above[service]))


def touching(compiled: CompiledGraph, own: Sequence[Array], reached: Sequence[Array], changed: Sequence[Array]) -> Touching:
    """Of K measures, by positions: `own` bool[N]; `reached`: an outage that reaches none of these runs as before; `changed`:
    whatever is another by the measure lies above these.

    Example by hand: S needs a, T needs a and b, a twin of b: b through, T above; the pair (b, T) is touched, (a, T) is not.
    """
    size, services = len(compiled), len(compiled.service_position)
    found = Touching(np.zeros(size, np.uint64), np.zeros(size, np.uint64), np.zeros(services, np.uint64))
    for m in range(len(own)):
        bit = np.uint64(1 << m)
        found.own[own[m]] |= bit
        found.through[needed_by(compiled.flat, reached[m].astype(np.int32), True)] |= bit
        found.above[_services_above(compiled, changed[m])] |= bit
    return found


def _services_above(compiled: CompiledGraph, positions: Array) -> Array:
    """Numbers of the services that lean on these CIs by any path, or are among them."""
    number = compiled.flat.service_at[dependents_of(compiled, positions)]
    return np.asarray(number[number >= 0])


def classes_of(compiled: CompiledGraph, found: Touching) -> Array:
    """uint64, ascending: each set of measures that touches some pair together, whether or not the pair loses anything today."""
    sets = list[Array]()
    touched = np.flatnonzero(found.own | found.through)
    words = np.stack([found.own[touched], found.through[touched]], axis=1)
    kinds, of_kind = np.unique(words, axis=0, return_inverse=True)
    for kind, (own, through) in enumerate(kinds):
        above = _services_above(compiled, touched[of_kind.reshape(-1) == kind])
        sets.append(own | (through & found.above[above]))
    every = np.unique(np.concatenate([np.zeros(0, np.uint64), *sets]))
    return np.asarray(every[every != 0])


def sure_losses(compiled: CompiledGraph, cis: Array) -> tuple[Array, Array, Array, Array]:
    """(row, service, hours, money) of the services that the outage of each of `cis` (int32 positions) stops whatever switches do:
    what they lose a year at least, without a minute of any interruption.

    Example by hand: S needs a and 1 of b and c; a and b fail once a year for 4 h, c never: (a, S) loses 4 h, (b, S) nothing.
    """
    inputs = rates_and_exposures_of(compiled)._replace(failovers=failovers_of(compiled, np.zeros(0, np.int64)))
    _, point_ptr, point_service, pairs = sweep_rows(compiled, inputs, cis, desk_of(compiled, inputs))
    services = np.int64(max(1, len(compiled.service_position)))
    every = np.arange(len(cis))
    stopped = np.repeat(every, np.diff(point_ptr)) * services + point_service
    row = np.repeat(every, np.diff(pairs.ptr))
    sure = np.isin(row * services + pairs.service, stopped)
    return row[sure], pairs.service[sure], pairs.hours[sure], pairs.money[sure]
