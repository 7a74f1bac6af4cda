"""What is planned: changes, freezes and demand peaks, each with its windows; and what of a calendar could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain.errors import InvalidInput
from app.domain.scope import scope_of

CHANGE, FREEZE, PEAK = "change", "freeze", "peak"
ENTRY_KINDS = (CHANGE, FREEZE, PEAK)
PLANNED, CANCELLED = "planned", "cancelled"
ENTRY_STATES = (PLANNED, CANCELLED)
EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class PlannedEntry:
    """A change, a freeze or a demand peak.

    `cis`: as they were named (of a change); `scope`: everything, or service=, site=, team= and a name (of the others). `windows`:
    unix seconds, from and to before which, ascending. `recurs`: the rule, for people; its windows are known for starts before
    `known_until`, None where they are all here.
    """

    entry: str
    kind: str
    title: str
    cis: Sequence[str]
    scope: str
    windows: Sequence[tuple[int, int]]
    recurs: str
    zone: str
    known_until: int | None
    state: str
    origin: str  # calendar:NAME or api:CALLER


@dataclass(frozen=True, slots=True)
class UnreadEntry:
    """A record of a calendar that could not be read: which one, in which field, why."""

    record: str
    field: str
    reason: str


def checked_scope(text: str) -> str:
    """Returns a scope in one form; InvalidInput where it is none.

    >>> checked_scope(""), checked_scope("Everything"), checked_scope("site= North")
    ('everything', 'everything', 'site=North')
    """
    text = text.strip()
    return EVERYTHING if text.casefold() in ("", EVERYTHING) else scope_of(text).text()


def moment_text(seconds: int) -> str:
    """
    >>> moment_text(0)
    '1970-01-01T00:00:00+00:00'
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def moment_of(text: str, field: str) -> int:
    """Returns unix seconds of a time with a zone; InvalidInput names the field."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
        return int(moment.timestamp())
    except (ValueError, OverflowError):
        raise InvalidInput(f"{field} is a time with a zone, like 2026-11-20T03:00:00Z", field=field) from None
