"""Service level objectives of OpenSLO files as they were read: goals, and what could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.goals import Goal


@dataclass(frozen=True, slots=True)
class SloRead:
    """A goal of a service, by the name that the file gives the service. `record`: the document that states it."""

    record: str
    service: str
    goal: Goal


@dataclass(frozen=True, slots=True)
class SloUnread:
    """A document, or a part of one, that became no goal: in which field, why, and what to do."""

    record: str
    field: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class SloFile:
    read: Sequence[SloRead]
    unread: Sequence[SloUnread]
    documents: int


@dataclass(frozen=True, slots=True)
class SloGoal:
    """A goal that was taken from a file."""

    record: str
    key: str
    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class SloReport:
    """What became of a file: `documents` in it, the goals that were set, and what could not be read."""

    file: str
    documents: int
    items: Sequence[SloGoal]
    unread: Sequence[SloUnread]
