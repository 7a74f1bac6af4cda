"""Calendars as iCalendar files (RFC 5545): events as the icalendar library reads them, each stated or refused with its reason.

CIs are named by X-FORESTAY-CI, repeated or apart by commas, and by lines "CI: a, b" of the description; kind and scope by
X-FORESTAY-KIND and X-FORESTAY-SCOPE, by lines "Kind:" and "Scope:", or the kind by a category FREEZE or PEAK.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from app.domain.errors import InvalidInput, LimitExceeded
from app.domain.planned import CANCELLED, CHANGE, FREEZE, PEAK, PLANNED, UnreadEntry
from app.usecases.calendars.entries import Stated
from app.usecases.calendars.windows import Moment, Timing, zone_of

BEGIN = re.compile(rb"^BEGIN:VEVENT[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
SAID = re.compile(r"^[ \t]*(CIs?|Kind|Scope)[ \t]*:[ \t]*(.*?)[ \t]*$", re.IGNORECASE | re.MULTILINE)
MATTERS = {
    "DTSTART",
    "DTEND",
    "DURATION",
    "RRULE",
    "RDATE",
    "EXDATE",
    "RECURRENCE-ID",
    "STATUS",
    "UID",
    "DESCRIPTION",
    "CATEGORIES",
}
MATTERS |= {"X-FORESTAY-CI", "X-FORESTAY-KIND", "X-FORESTAY-SCOPE"}
ONCE = ("DTSTART", "DTEND", "DURATION", "RRULE", "UID", "RECURRENCE-ID", "STATUS", "X-FORESTAY-KIND", "X-FORESTAY-SCOPE")
Read = tuple[str, Stated | UnreadEntry]


def ical_events(body: bytes, zone: str, most: int) -> Iterator[Read]:
    """The events of a file, each with its name, stated or refused; InvalidInput where the file as a whole cannot be read."""
    from icalendar import Calendar

    expected = len(BEGIN.findall(body))
    if expected > most:
        raise LimitExceeded("the calendar has more entries than changes.entries allows")
    try:
        calendars = Calendar.from_ical(body, multiple=True)
        events = [(calendar, event) for calendar in calendars for event in calendar.walk("VEVENT")]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError) as error:
        raise InvalidInput(f"the file is no iCalendar file: {str(error)[:200]}") from None
    if not calendars or len(events) != expected:
        raise InvalidInput(f"the file is no whole iCalendar file: {expected} events begin, {len(events)} end")
    moved: dict[str, list[Moment]] = defaultdict(list)
    for _, event in events:
        if isinstance(getattr(event.get("RECURRENCE-ID"), "dt", None), date):
            moved[str(event.get("UID"))].append(event["RECURRENCE-ID"].dt)
    for number, (calendar, event) in enumerate(events, 1):
        name = f"event {number} ({str(event.get('UID', 'no UID'))[:100]})"
        try:
            default = zone_of(str(calendar.get("X-WR-TIMEZONE", ""))) or zone_of(zone)
            yield name, _stated(event, default, moved)
        except InvalidInput as error:
            yield name, UnreadEntry(name, str(error.details.get("field", "")), error.message)


def _stated(event: Any, default: tzinfo | None, moved: Mapping[str, Sequence[Moment]]) -> Stated:
    for field, why in event.errors:
        if not field or str(field).upper() in MATTERS:
            raise InvalidInput(f"it cannot be read: {str(why)[:200]}", field=str(field or "a line"))
    for field in ONCE:
        if isinstance(event.get(field), list):
            raise InvalidInput("it is given more than once", field=field)
    uid = str(event.get("UID", ""))
    if not uid:
        raise InvalidInput("an event has a UID", field="UID")
    if "EXRULE" in event:
        raise InvalidInput("rules of exception are not read: name the days as EXDATE", field="EXRULE")
    one = event.get("RECURRENCE-ID")
    if one is not None and "RANGE" in one.params:
        raise InvalidInput("a change of all later events is not read: give them a UID of their own", field="RECURRENCE-ID")
    starts = _moment(event, "DTSTART")
    own = starts.tzinfo if isinstance(starts, datetime) and starts.tzinfo else default
    rule = event["RRULE"].to_ical().decode() if "RRULE" in event else ""
    if one is not None and rule:
        raise InvalidInput("a single event of a series does not recur itself", field="RRULE")
    timing = Timing(
        starts, _ends(event, starts), own, rule, _listed(event, "RDATE"),
        [*_listed(event, "EXDATE"), *(moved.get(uid, ()) if one is None else ())],
    )  # fmt: skip
    said: dict[str, list[str]] = defaultdict(list)
    for word, text in SAID.findall(str(event.get("DESCRIPTION", ""))):
        said[word.casefold()[:2]].append(text)
    named = event.get("X-FORESTAY-CI", [])
    texts = [str(text) for text in (named if isinstance(named, list) else [named])] + said["ci"]
    cis = [part.strip() for text in texts for part in text.split(",")]
    kind = str(event.get("X-FORESTAY-KIND", "")) or (said["ki"] or [_kind(event)])[0]
    scope = str(event.get("X-FORESTAY-SCOPE", "")) or (said["sc"] or [""])[0]
    state = CANCELLED if str(event.get("STATUS", "")).upper() == "CANCELLED" else PLANNED
    name = uid if one is None else f"{uid}@{one.to_ical().decode()}"
    return Stated(name, timing, kind, str(event.get("SUMMARY", "")), cis, scope, state)


def _kind(event: Any) -> str:
    rows = event.get("CATEGORIES", [])
    words = {str(word).strip().casefold() for row in (rows if isinstance(rows, list) else [rows]) for word in row.cats}
    return FREEZE if FREEZE in words else PEAK if PEAK in words else CHANGE


def _moment(event: Any, field: str) -> Moment:
    value = event.get(field)
    if value is None or not hasattr(value, "dt"):
        raise InvalidInput("it is missing", field=field)
    return _known(value.dt, value.params, field)


def _known(moment: Any, params: Mapping[str, str], field: str) -> Moment:
    if isinstance(moment, datetime) and moment.tzinfo is None and params.get("TZID"):
        raise InvalidInput(
            f"nothing is known of the zone {params['TZID'][:80]!r}: the file defines no such VTIMEZONE", field=field
        )
    if isinstance(moment, timedelta) or not hasattr(moment, "year"):
        raise InvalidInput("it is no date and no time", field=field)
    return moment  # type: ignore[no-any-return]


def _ends(event: Any, starts: Moment) -> Moment:
    if "DTEND" in event:
        return _moment(event, "DTEND")
    if "DURATION" in event:
        length = event["DURATION"].dt
        if not isinstance(length, timedelta):
            raise InvalidInput("it is no length of time", field="DURATION")
        return _after(starts, length)
    if isinstance(starts, datetime):
        raise InvalidInput("an event without end or duration takes no time", field="DTEND")
    return _after(starts, timedelta(days=1))


def _after(starts: Moment, length: timedelta) -> Moment:
    """Exact time later, where the zone is known; days later for a whole day."""
    try:
        if not isinstance(starts, datetime) or starts.tzinfo is None:
            return starts + length
        return (starts.astimezone(UTC) + length).astimezone(starts.tzinfo)
    except OverflowError:
        raise InvalidInput("it lasts too long", field="DURATION") from None


def _listed(event: Any, field: str) -> list[Any]:
    """Moments of EXDATE or RDATE; periods as pairs."""
    rows = event.get(field, [])
    found: list[Any] = []
    for row in rows if isinstance(rows, list) else [rows]:
        for one in row.dts:
            if isinstance(one.dt, tuple):
                start, end = one.dt
                start = _known(start, row.params, field)
                found.append((start, _after(start, end) if isinstance(end, timedelta) else end))
            else:
                found.append(_known(one.dt, row.params, field))
    return found
