"""Answers of the page What if: where things stand at a few hours, what it costs over time, what only the combination breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.results import Stamp
from app.domain.timeline import TimelineAnswer

HOURS_ASKED = (0.0, 1.0, 4.0, 24.0)


@dataclass(frozen=True, slots=True)
class AtHour:
    """What holds an hour after the first failure, in the likeliest outcome of the failovers. `money`: lost until then, expected;
    None: unknown in every service that loses any."""

    hours: float
    cis_down: int
    services_down: int
    services_interrupted: int
    services_degraded: int
    customers: float | None
    money: float | None


@dataclass(frozen=True, slots=True)
class OutagePart:
    """One of the things that fail together, by itself."""

    kind: str  # of its selector: ci, site, team, ...
    name: str
    cis: int
    services_down: int
    services_degraded: int


@dataclass(frozen=True, slots=True)
class OnlyTogether:
    """A service that loses more by the combination than by the worst of its parts alone; shares of its work."""

    key: str
    name: str
    state: str
    lost_share: float
    worst_alone_share: float


@dataclass(frozen=True, slots=True)
class Together:
    """All parts at once against each by itself, as it lasts (switches that are under way aside). `services`: the first of them;
    `cis_total`: CIs that no part alone takes down."""

    parts: Sequence[OutagePart]
    services: Sequence[OnlyTogether]
    services_total: int
    stopped_total: int  # of these, that stop
    cis_total: int


@dataclass(frozen=True, slots=True)
class WhatIfAnswer:
    """`money_over_time`: hours and the money lost until then. `together`: None where it is not several failures at one time;
    `together_note`: why it is not known."""

    stamp: Stamp
    timeline: TimelineAnswer
    at: Sequence[AtHour]
    money_over_time: Sequence[Sequence[float]]
    together: Together | None
    together_note: str
