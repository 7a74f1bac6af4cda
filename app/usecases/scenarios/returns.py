"""When CIs come back in a scenario, and what each waited for."""

from __future__ import annotations

from collections.abc import Sequence
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
        self._last: dict[int, Recovered | None] = {}
        self._steps: dict[int, CriticalStep] = {}

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

    def critical_path(self, position: int) -> list[CriticalStep]:
        """Returns what a CI waited for before it was back the last time, the first that was restored first."""
        path: dict[int, CriticalStep] = {}
        while position not in path and len(path) < PATH_SHOWN:
            one = self._last_of(position)
            if one is None:
                break
            if position not in self._steps:
                key, name = self._played.estate.key(position), self._played.estate.name(position)
                self._steps[position] = CriticalStep(key, name, one.begun_hours, one.at_hours, one.circle)
            path[position] = self._steps[position]
            position = one.waited_for
        return list(reversed(path.values()))

    def _last_of(self, position: int) -> Recovered | None:
        if position not in self._last:
            self._last[position] = self._look(position)
        return self._last[position]

    def _look(self, position: int) -> Recovered | None:
        for one in reversed(self._by_step):
            place = int(np.searchsorted(one.position, np.int32(position)))
            if place < len(one.position) and int(one.position[place]) == position:
                return _recovered(one.columns(), place)
        return None


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
