"""The audit trail as people read it: the newest first, of one person, one action, one time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.domain.errors import InvalidInput
from app.ports.documents import Document, Documents
from app.usecases.keep import audit

EXAMINED = 20_000  # entries looked at for one page; a page of a rare filter may end before it is full, with its `next`
BLOCK = 500


@dataclass(frozen=True, slots=True)
class TrailQuestion:
    """Which entries are wanted: whose caller and action hold these texts, whatever their case, between two times (UTC, the later
    one left out)."""

    caller: str = ""
    action: str = ""
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class TrailEntry:
    entry: int
    at: str
    caller: str
    action: str
    subject: str
    details: Mapping[str, Any]
    readable: bool = True


@dataclass(frozen=True, slots=True)
class TrailPage:
    items: Sequence[TrailEntry]
    total: int  # of all entries
    examined: int
    next: str | None


def trail_page(documents: Documents, question: TrailQuestion, limit: int, after: str = "") -> TrailPage:
    """Returns entries that fit, the newest first, from behind the cursor on."""
    found: list[TrailEntry] = []
    examined, place, more = 0, after, True
    while more and examined < EXAMINED and len(found) < limit:
        block = audit.entries(documents, place, BLOCK)
        more = len(block) == BLOCK
        for row in block:
            examined, place = examined + 1, row.key
            entry = _entry(row)
            if question.since and entry.readable and _time(entry.at) < question.since:
                more = False
                break
            if _fits(entry, question):
                found.append(entry)
                if len(found) == limit:
                    more = True
                    break
    more = more and bool(audit.entries(documents, place, 1))
    return TrailPage(found, documents.kinds().get(audit.KIND, 0), examined, place if more else None)


def moment_of(text: str, field: str) -> datetime | None:
    """Returns a time that was typed, in UTC where it says no zone; None for "". InvalidInput names the field."""
    if not text.strip():
        return None
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(f"{field}: {text[:50]!r} is no time; 2026-11-30 or 2026-11-30T14:00", field=field) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _entry(row: Document) -> TrailEntry:
    try:
        body = json.loads(row.body)
        at, caller, action, subject = (str(body[name]) for name in ("at", "caller", "action", "subject"))
        _time(at)
        details = {name: value for name, value in (body.get("details") or {}).items() if value not in ("", None)}
        return TrailEntry(int(row.key), at, caller, action, subject, details)
    except (ValueError, TypeError, KeyError, AttributeError):
        number = int(row.key) if row.key.isdecimal() else 0
        return TrailEntry(number, "", "", "cannot be read", "", {}, readable=False)


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _fits(entry: TrailEntry, question: TrailQuestion) -> bool:
    if not entry.readable:
        return not (question.caller or question.action)
    if question.before and _time(entry.at) >= question.before:
        return False
    return question.caller.casefold() in entry.caller.casefold() and question.action.casefold() in entry.action.casefold()
