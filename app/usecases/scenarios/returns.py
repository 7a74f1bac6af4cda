"""When CIs come back in a scenario, and what each waited for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.timeline import CriticalStep, RecoveredCi
from app.risk.graph.ragged import holds
from app.risk.timeline.played import Returns
from app.usecases.answers.paths import known
from app.usecases.scenarios.played import Played

PATH_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Recovered:
    """One return of a CI, by position; hours, and the need that it waited for last (-1 none)."""

    position: int
    at_hours: float
    own: bool
    waited_for: int
    begun_hours: float
    circle: bool


class Comebacks:
    """Every return of a CI in the likeliest outcome."""

    def __init__(self, played: Played) -> None:
        self._played = played
        self._by_step = [_by_position(one) for one in played.outcome.returns if len(one.position)]

    def __len__(self) -> int:
        return sum(len(one.position) for one in self._by_step)

    @property
    def in_circles(self) -> bool:
        """Whether some hour is an upper bound."""
        return any(one.circle.any() for one in self._by_step)

    def rows(self, wanted: slice) -> list[RecoveredCi]:
        """Returns some of them, those that come first first."""
        made = [np.concatenate(column) for column in zip(*(one.columns() for one in self._by_step), strict=True)]
        if not made:
            return []
        position, at_hours = made[0], made[1]
        first = _first(at_hours, position, min(wanted.stop, len(position)))
        return [self._row(_recovered(made, place)) for place in first[wanted].tolist()]

    def _row(self, one: Recovered) -> RecoveredCi:
        estate, modelled = self._played.estate, self._played.modelled
        return RecoveredCi(
            estate.key(one.position),
            estate.name(one.position),
            estate.text("team", one.position),
            one.at_hours,
            one.own,
            estate.key(one.waited_for) if one.waited_for >= 0 else "",
            known(estate.compiled.repair_hours[one.position]) if one.own and holds(modelled, one.position) else None,
            one.circle,
        )


def critical_paths(played: Played, positions: Sequence[int]) -> list[list[CriticalStep]]:
    """Returns what each of some CIs waited for before it was back the last time, the first that was restored first."""
    by_step = [_by_position(one) for one in reversed(played.outcome.returns) if len(one.position)]
    steps, waited_for = dict[int, CriticalStep](), dict[int, int]()
    wanted = set(positions)
    for _ in range(PATH_SHOWN):
        if not wanted:
            break
        found = _last_returns(by_step, np.asarray(sorted(wanted), np.int32))
        rows = played.estate.compiled.row[found.position]
        told = zip(
            found.position.tolist(), played.estate.graph.cis.key.at(rows), played.estate.graph.cis.name.at(rows),
            found.begun_hours.tolist(), found.at_hours.tolist(), found.circle.tolist(), strict=True,
        )  # fmt: skip
        steps |= {place: CriticalStep(key, name or key, *times) for place, key, name, *times in told}
        waited_for |= zip(found.position.tolist(), found.waited_for.tolist(), strict=True)
        wanted = {need for need in found.waited_for.tolist() if need >= 0} - waited_for.keys() - wanted
    return [[steps[place] for place in reversed(_chain(waited_for, position))] for position in positions]


def _last_returns(by_step: Sequence[Returns], wanted: Any) -> Returns:
    """Returns the last return of each CI of `wanted` (int32, ascending) that came back; `by_step`: the last step first."""
    parts = []
    for one in by_step:
        at = np.minimum(np.searchsorted(one.position, wanted), len(one.position) - 1)
        here = one.position[at] == wanted
        parts.append([column[at[here]] for column in one.columns()])
        wanted = wanted[~here]
    together = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Returns(*together) if together else Returns(*(np.zeros(0, np.int32),) * 6)


def _chain(waited_for: Mapping[int, int], position: int) -> list[int]:
    """Returns a CI, the one that it waited for, and so on; CIs of a start-up circle wait for each other."""
    chain: dict[int, None] = {}
    while position in waited_for and position not in chain and len(chain) < PATH_SHOWN:
        chain[position] = None
        position = waited_for[position]
    return list(chain)


def _recovered(columns: Sequence[Any], place: int) -> Recovered:
    return Recovered(*(column[place].item() for column in columns))


def _by_position(returns: Returns) -> Returns:
    """Returns the same in ascending order of positions, in which an edited estate may not have them."""
    if (np.diff(returns.position) > 0).all():
        return returns
    order = np.argsort(returns.position, kind="stable")
    return Returns(*(column[order] for column in returns.columns()))


def _first(at_hours: Any, position: Any, count: int) -> Any:
    """Returns the places of the `count` returns that come first, in order of hour and position."""
    latest = np.partition(at_hours, count - 1)[count - 1]
    before, at_once = np.flatnonzero(at_hours < latest), np.flatnonzero(at_hours == latest)
    at_once = at_once[np.argsort(position[at_once], kind="stable")][: count - len(before)]
    places = np.concatenate([before, at_once])
    return places[np.lexsort((position[places], at_hours[places]))]
