"""What an outage does to services, as the figures that its sentence is worded from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.domain.sentences import Felt
from app.risk.graph.compiled import AT_REST_DOWN, CompiledGraph
from app.risk.graph.dependents import dependents_of
from app.risk.outage.causes import StandingGroups, standing_groups
from app.risk.outage.propagation import Outage, outage
from app.risk.outage.what_if import interruptible
from app.usecases.estate import Estate


def felt_by(
    estate: Estate,
    result: Outage,
    names: Sequence[str],
    down: Sequence[str],
    interrupted: Sequence[str] | None = None,
    groups: StandingGroups | None = None,
) -> Felt:
    """Returns what an outage does.

    `names`: of what is out; `down`: names of the services that stop, in the order in which the sentence lists them. `interrupted`
    (names of services) and `groups` are worked out where the caller does not have them.
    """
    compiled = estate.compiled
    forced = result.down.tolist()
    lasting = [position for position in forced if not compiled.flat.flags[position] & AT_REST_DOWN]
    groups = standing_groups(compiled, result) if groups is None else groups
    return Felt(
        names=names,
        down=down,
        degraded=len(result.services_degraded),
        interrupted=_names(estate, interrupted_services(estate, result)) if interrupted is None else interrupted,
        used_up=len(groups.worn),
        spare=len(groups.touched) - len(groups.worn),
        fallen=len(result.failed) - len(lasting) + len(result.degraded),
        needed=any(_dependents(compiled, position) for position in forced),
        at_rest=_names(estate, _down_above(compiled, [*forced, *result.failed.tolist(), *result.degraded.tolist()])),
        down_already=not lasting,
        all_read=not estate.incomplete_services - frozenset(result.services_down.tolist()),
    )


def interrupted_services(estate: Estate, result: Outage) -> list[int]:
    """Returns the numbers of the services that the failovers of an outage interrupt, and that it neither stops nor degrades for
    as long as it lasts."""
    switching = interruptible(estate.compiled, result, estate.failovers, estate.workspace()).tolist()
    if not switching:
        return []
    while_switching = outage(estate.compiled, [*result.down.tolist(), *switching], estate.workspace())
    lasting = {*result.services_down.tolist(), *result.services_degraded.tolist()}
    return [
        number
        for number in (*while_switching.services_down.tolist(), *while_switching.services_degraded.tolist())
        if number not in lasting
    ]


def _names(estate: Estate, services: Sequence[int]) -> list[str]:
    return [estate.name(int(estate.compiled.service_position[number])) for number in services]


def _dependents(compiled: CompiledGraph, position: int) -> list[int]:
    """Returns the positions of the CIs that need a CI, by any kind of need."""
    flat = compiled.flat
    groups = flat.joined[flat.joined_ptr[position] : flat.joined_ptr[position + 1]]
    return [
        *flat.forward[flat.forward_ptr[position] : flat.forward_ptr[position + 1]].tolist(),
        *flat.soft_forward[flat.soft_forward_ptr[position] : flat.soft_forward_ptr[position + 1]].tolist(),
        *flat.group_dependent[groups].tolist(),
    ]


def _down_above(compiled: CompiledGraph, positions: Sequence[int]) -> list[int]:
    """Returns the numbers, ascending, of the services that are down at rest and depend on these CIs through CIs that are all down
    at rest."""
    if not len(compiled.rest_down):
        return []
    above = dependents_of(compiled, np.asarray(positions, np.int32), AT_REST_DOWN, AT_REST_DOWN)
    services = compiled.flat.service_at[np.setdiff1d(above, positions)]
    return np.sort(services[services >= 0]).tolist()  # type: ignore[no-any-return]
