"""A calendar file becomes entries; what cannot be read is listed, and the rest goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from app.domain.errors import InvalidInput, LimitExceeded
from app.domain.planned import PlannedEntry, UnreadEntry
from app.settings import ChangeSettings
from app.usecases.calendars.entries import Stated, entry_of
from app.usecases.calendars.ical import Read, ical_events
from app.usecases.calendars.tables import csv_rows, json_rows, stated_of

FORMATS = ("csv", "json", "ics")


@dataclass(frozen=True, slots=True)
class ReadCalendar:
    """`entries` and `unread` together are all records of the file."""

    entries: list[PlannedEntry]
    unread: list[UnreadEntry]


def read_calendar(name: str, file_format: str, body: bytes, zone: str, settings: ChangeSettings, now: datetime) -> ReadCalendar:
    """Returns the entries of a calendar called `name`. `zone`: of times and days for which the file names none. InvalidInput or
    LimitExceeded where the file as a whole cannot be read."""
    if len(body) > settings.file_bytes:
        raise LimitExceeded(f"the calendar is larger than {settings.file_bytes:,} bytes (changes.file_bytes)")
    if file_format not in FORMATS:
        raise InvalidInput(f"a calendar is {', '.join(FORMATS)}, not {file_format[:20]!r}", field="format")
    until, windows = time.monotonic() + settings.read_seconds, 0
    entries: dict[str, PlannedEntry] = {}
    unread: list[UnreadEntry] = []
    for record, stated in _records(file_format, body, zone, settings.entries):
        if time.monotonic() > until:
            raise LimitExceeded(f"reading the calendar takes longer than {settings.read_seconds:g} s (changes.read_seconds)")
        if isinstance(stated, UnreadEntry):
            unread.append(stated)
            continue
        try:
            entry = entry_of(stated, f"{name}:", f"calendar:{name}", settings, now)
            if entry.entry in entries:
                raise InvalidInput(f"another record has the id {stated.name[:100]!r}", field="id")
        except InvalidInput as error:
            unread.append(UnreadEntry(record, str(error.details.get("field", "")), error.message))
            continue
        windows += len(entry.windows)
        if windows > settings.windows:
            raise LimitExceeded(f"the calendar has more than {settings.windows:,} windows (changes.windows)")
        entries[entry.entry] = entry
    return ReadCalendar(list(entries.values()), unread)


def _records(file_format: str, body: bytes, zone: str, most: int) -> Iterator[Read]:
    if file_format == "ics":
        yield from ical_events(body, zone, most)
        return
    rows = csv_rows(body, most) if file_format == "csv" else json_rows(body, most)
    for record, row in rows:
        try:
            stated: Stated | UnreadEntry = stated_of(row, zone)
        except InvalidInput as error:
            stated = UnreadEntry(record, str(error.details.get("field", "")), error.message)
        yield record, stated
