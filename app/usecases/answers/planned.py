"""What is planned and which calendars were read, as lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from app.domain.change_answers import CalendarPage, CalendarRow, PlannedPage, PlannedRow, TimeSpan, UnreadRow
from app.domain.planned import CHANGE, FREEZE, PEAK, PlannedEntry, moment_text
from app.ports.documents import Documents
from app.usecases import paging
from app.usecases.answers.collisions import unread_of
from app.usecases.keep.planned import CALENDARS, KeptCalendar, all_plans, entry_named

CIS_SHOWN, WINDOWS_SHOWN, UNREAD_SHOWN = 50, 20, 100
NEVER = 2**62


def planned_row(entry: PlannedEntry, now: datetime | None = None) -> PlannedRow:
    """Returns an entry with its windows that have not ended."""
    moment = int((now or datetime.now(UTC)).timestamp())
    ahead = [(start, end) for start, end in entry.windows if end > moment]
    until = "" if entry.known_until is None else moment_text(entry.known_until)
    return PlannedRow(
        entry.entry, entry.kind, entry.title, entry.state, entry.origin, list(entry.cis)[:CIS_SHOWN], len(entry.cis), entry.scope,
        entry.recurs, entry.zone, [TimeSpan(moment_text(start), moment_text(end)) for start, end in ahead[:WINDOWS_SHOWN]],
        len(ahead), until,
    )  # fmt: skip


def planned_page(documents: Documents, limit: int = 100, after: str | None = None, now: datetime | None = None) -> PlannedPage:
    """Returns a page of all entries, those with the next window first, those without one ahead last."""
    offset = paging.decode(after, "offset")["offset"] if after else 0
    moment = int((now or datetime.now(UTC)).timestamp())
    plans = all_plans(documents)

    def next_first(entry: PlannedEntry) -> tuple[int, str]:
        return min((start for start, end in entry.windows if end > moment), default=NEVER), entry.entry

    entries = sorted(plans.entries, key=next_first)
    unread, following = unread_of(plans), offset + limit
    more = following < max(len(entries), len(unread))
    return PlannedPage(
        [planned_row(entry, now) for entry in entries[offset:following]], len(entries), unread[offset:following], len(unread),
        limit, more, paging.encode(offset=following) if more else None,
    )  # fmt: skip


def planned_entry(documents: Documents, name: str) -> PlannedRow:
    return planned_row(entry_named(all_plans(documents), name))


def calendar_row(calendar: KeptCalendar) -> CalendarRow:
    kinds: Sequence[str] = [entry.kind for entry in calendar.entries]
    unread = [UnreadRow(calendar.name, row.record, row.field, row.reason) for row in calendar.unread]
    return CalendarRow(
        calendar.name, calendar.format, calendar.zone, calendar.read_at, calendar.caller, calendar.bytes, calendar.digest,
        calendar.records, len(calendar.entries), kinds.count(CHANGE), kinds.count(FREEZE), kinds.count(PEAK),
        unread[:UNREAD_SHOWN], len(unread),
    )  # fmt: skip


def calendar_page(documents: Documents) -> CalendarPage:
    return CalendarPage([calendar_row(kept.value) for kept in CALENDARS.every(documents)])
