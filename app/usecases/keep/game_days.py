"""Game days that are planned: each with its sheet, and with the tests that are its result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.ports.documents import Documents
from app.ports.records import Records


@dataclass(frozen=True, slots=True)
class GameDay:
    """An experiment on a redundancy group at a time, with the sheet as it was when the day was planned.

    `hit`: services that stop if the switch does not work; `stays`: those that stop although it works; `people`: teams, and whom
    to call of them, as they were named; `tests`: the results, by their ids.
    """

    day: str
    group: str
    dependent_key: str
    dependent_name: str
    start_at: str
    hours: float
    title: str
    hypothesis: str
    steps: Sequence[str]
    active: Sequence[str]
    standby: Sequence[str]
    hit: Sequence[str]
    hit_total: int
    stays: Sequence[str]
    customers: float | None
    abort: str
    abort_minutes: float | None
    people: Sequence[str]
    checked_at_revision: int
    author: str
    planned_at: str
    tests: Sequence[str] = ()
    cancelled: bool = False


GAME_DAYS = Records("game_day", GameDay, "game day")


def with_result(documents: Documents, day: str, test: str) -> GameDay:
    """Returns a game day with a test among its results; NotFound where there is no such day."""
    found = GAME_DAYS.get(documents, day)
    return replace(found, tests=[*found.tests, test])
