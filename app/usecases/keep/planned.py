"""Changes that are kept one by one, and calendars, each kept whole: what is read of a calendar is replaced at once or not at
all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain.errors import InvalidInput, LimitExceeded, NotFound
from app.domain.planned import PlannedEntry, UnreadEntry
from app.ports.documents import Documents
from app.ports.records import Records
from app.usecases.keep import audit

NAME_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")
NAME_LENGTH = 60
CALENDARS_MOST = 200


@dataclass(frozen=True, slots=True)
class KeptCalendar:
    """`records`: of the file; each is an entry or stands among those that were not read."""

    name: str
    format: str
    zone: str
    read_at: str
    caller: str
    bytes: int
    digest: str  # of the file
    records: int
    entries: Sequence[PlannedEntry]
    unread: Sequence[UnreadEntry]


@dataclass(frozen=True, slots=True)
class KeptChange:
    entry: PlannedEntry
    changed_at: str
    caller: str


CALENDARS = Records("calendar", KeptCalendar, "calendar")
CHANGES = Records("planned_change", KeptChange, "change")
Met = Callable[[str], None]  # raises where what is there is not what the caller believes


@dataclass(frozen=True, slots=True)
class Plans:
    """All that is planned, and a tag that changes with every word of it."""

    entries: Sequence[PlannedEntry]
    calendars: Sequence[KeptCalendar]
    tag: str


def checked_name(name: str, field: str) -> str:
    if not name or len(name) > NAME_LENGTH or not set(name) <= NAME_SIGNS:
        raise InvalidInput(f"{field}: 1 to {NAME_LENGTH} of a to z, 0 to 9, -, _ and .", field=field)
    return name


def tag_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def all_plans(documents: Documents) -> Plans:
    """Returns every entry: those of calendars, then those kept one by one, each in order of its key."""
    calendars = [kept.value for kept in CALENDARS.every(documents)]
    changes = [kept.value for kept in CHANGES.every(documents)]
    entries = [entry for calendar in calendars for entry in calendar.entries] + [change.entry for change in changes]
    texts = [f"{one.name} {one.digest} {one.read_at}" for one in calendars] + [CHANGES.text(change) for change in changes]
    return Plans(entries, calendars, tag_of("\n".join(texts)))


def calendar_tag(calendar: KeptCalendar | None) -> str:
    """Returns the tag of a calendar as it is kept; "" where there is none."""
    return "" if calendar is None else tag_of(f"{calendar.name} {calendar.digest} {calendar.read_at}")


def change_tag(change: KeptChange | None) -> str:
    return "" if change is None else tag_of(CHANGES.text(change))


def put_calendar(documents: Documents, calendar: KeptCalendar, met: Met) -> None:
    """Keeps a calendar in place of the one of its name."""
    with documents.together():
        before = CALENDARS.kept(documents, calendar.name)
        met(calendar_tag(before.value if before else None))
        if before is None and len(CALENDARS.page(documents, "", CALENDARS_MOST)) == CALENDARS_MOST:
            raise LimitExceeded(f"at most {CALENDARS_MOST} calendars are kept")
        CALENDARS.put(documents, calendar.name, calendar, before.version if before else 0)
        details = {"entries": len(calendar.entries), "unread": len(calendar.unread), "digest": calendar.digest}
        audit.record(documents, calendar.caller, "calendar read", calendar.name, details)


def drop_calendar(documents: Documents, name: str, caller: str) -> None:
    with documents.together():
        CALENDARS.get(documents, name)
        CALENDARS.delete(documents, name)
        audit.record(documents, caller, "calendar removed", name)


def put_change(documents: Documents, name: str, change: KeptChange, met: Met, most: int) -> None:
    """Keeps a change in place of the one of its id."""
    with documents.together():
        before = CHANGES.kept(documents, name)
        met(change_tag(before.value if before else None))
        if before is None and len(CHANGES.page(documents, "", most)) == most:
            raise LimitExceeded(f"at most {most:,} changes are kept one by one (changes.entries)")
        CHANGES.put(documents, name, change, before.version if before else 0)
        entry = change.entry
        details = {"kind": entry.kind, "state": entry.state, "windows": len(entry.windows), "cis": len(entry.cis)}
        audit.record(documents, change.caller, "change planned", name, details)


def drop_change(documents: Documents, name: str, caller: str) -> None:
    with documents.together():
        CHANGES.get(documents, name)
        CHANGES.delete(documents, name)
        audit.record(documents, caller, "change removed", name)


def entry_named(plans: Plans, name: str) -> PlannedEntry:
    """Returns an entry by its id; NotFound where there is none."""
    for entry in plans.entries:
        if entry.entry == name:
            return entry
    raise NotFound(f"nothing planned has the id {name[:200]!r}")
