"""Read a calendar, plan a change by itself, and take either away."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.domain.change_answers import CalendarRow, PlannedRow
from app.usecases.answers.planned import calendar_row, planned_row
from app.usecases.calendars.entries import entry_of
from app.usecases.calendars.read import read_calendar
from app.usecases.calendars.tables import stated_of
from app.usecases.keep import planned as keep
from app.usecases.tools import Tools


def import_calendar(
    tools: Tools, name: str, file_format: str, body: bytes, zone: str, caller: str, met: keep.Met, now: datetime | None = None
) -> CalendarRow:
    """Reads a calendar and keeps it in place of the one of its name. What cannot be read of it is listed; a file that cannot be
    read as a whole changes nothing."""
    moment = now or datetime.now(UTC)
    keep.checked_name(name, "name")
    read = read_calendar(name, file_format, body, zone, tools.settings.changes, moment)
    records, digest = len(read.entries) + len(read.unread), hashlib.sha256(body).hexdigest()
    calendar = keep.KeptCalendar(
        name, file_format, zone, moment.isoformat(), caller, len(body), digest, records, read.entries, read.unread
    )
    keep.put_calendar(tools.documents, calendar, met)
    return calendar_row(calendar)


def plan_change(
    tools: Tools, name: str, said: Mapping[str, Any], caller: str, met: keep.Met, now: datetime | None = None
) -> PlannedRow:
    """Keeps a change, freeze or demand peak under its id; the fields are those of a calendar in json."""
    moment = now or datetime.now(UTC)
    settings = tools.settings.changes
    stated = stated_of({**said, "id": keep.checked_name(name, "id")}, "")
    entry = entry_of(stated, "", f"api:{caller}", settings, moment)
    keep.put_change(tools.documents, name, keep.KeptChange(entry, moment.isoformat(), caller), met, settings.entries)
    return planned_row(entry, moment)
