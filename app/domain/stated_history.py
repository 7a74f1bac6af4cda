"""Improvements and accepted risks as a document states them that is handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.domain.measures import Measure


@dataclass(frozen=True, slots=True)
class StatedStep:
    step: str
    at: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class StatedImprovement:
    """All times have a zone."""

    title: str
    owner: str
    hypothesis: str
    measures: Sequence[Measure]
    due_on: str
    watched: Sequence[str]
    planned_at: str
    steps: Sequence[StatedStep]


@dataclass(frozen=True, slots=True)
class StatedAcceptance:
    ci: str
    reason: str
    expires_on: str
    grows: float
    accepted_at: str


@dataclass(frozen=True, slots=True)
class StatedHistory:
    improvements: Sequence[StatedImprovement] = field(default_factory=list)
    acceptances: Sequence[StatedAcceptance] = field(default_factory=list)
