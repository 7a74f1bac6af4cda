"""When something planned takes place: its times in its zone, its recurrence, and the windows that these come to.

Recurrence is counted on the wall clock of the zone, as people plan; each window becomes UTC by the rules of the zone on its day.
A time that a change of the clock leaves out is taken as if the clock had not changed yet; of a time that comes twice the first is
meant (RFC 5545).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from app.domain.errors import InvalidInput
from app.settings import ChangeSettings

Moment = date | datetime
FIXED_DAYS = {"DAILY", "WEEKLY"}  # with these a rule that matches no day would be searched for to the end of time
ALLOWED = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYHOUR", "BYMINUTE", "BYSECOND", "WKST"}
FREQUENCIES = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
FIRST_YEAR, LAST_YEAR = 1990, 2200
LONGEST_INTERVAL = 1_000
STARTS = 50_000  # of a rule that are counted through


@dataclass(frozen=True, slots=True)
class Timing:
    """Dates last whole days; times without a zone are of `zone`."""

    starts: Moment
    ends: Moment
    zone: tzinfo | None
    rule: str = ""  # an RRULE
    further: Sequence[Moment | tuple[Moment, Moment]] = ()  # RDATE
    without: Sequence[Moment] = ()  # EXDATE


@dataclass(frozen=True, slots=True)
class Windows:
    """Unix seconds, ascending; `known_until`: starts from then on may be missing; None: they are all here."""

    windows: Sequence[tuple[int, int]]
    known_until: int | None


def zone_of(name: str) -> tzinfo | None:
    """Returns the zone of a name of the IANA data base, None for "".

    >>> zone_of("Europe/Berlin").key
    'Europe/Berlin'
    """
    if not name:
        return None
    with suppress(ValueError, OSError, KeyError):  # no such zone, a folder, a name with dots
        return ZoneInfo(name)
    raise InvalidInput(f"no zone is called {name[:80]!r}; write one like Europe/Berlin or UTC", field="zone")


def windows_of(timing: Timing, settings: ChangeSettings, now: datetime) -> Windows:
    """Returns the windows that end after `now` less `settings.past_days` and begin within its horizon, at most
    `settings.windows_each`. InvalidInput names the field that is wrong."""
    first = _wall(timing.starts, timing.zone, "start")
    if isinstance(timing.ends, datetime) != isinstance(timing.starts, datetime):
        raise InvalidInput("start and end are both dates or both times", field="end")
    length = _utc(_wall(timing.ends, timing.zone, "end"), timing) - _utc(first, timing)
    if length <= timedelta(0):
        raise InvalidInput("the end does not lie after the start", field="end")
    if length > timedelta(days=settings.longest_days):
        raise InvalidInput(f"it lasts longer than {settings.longest_days:g} days (changes.longest_days)", field="end")
    horizon = (now + timedelta(days=settings.horizon_days)).timestamp()
    past = (now - timedelta(days=settings.past_days)).timestamp()
    left_out = {_wall(moment, timing.zone, "exdates") for moment in timing.without}
    found: set[tuple[int, int]] = set()
    known_until: int | None = None
    for start in _starts(timing, first):
        begins = int(_utc(start, timing).timestamp())
        if timing.rule and (begins >= horizon or len(found) >= settings.windows_each):
            known_until = begins
            break
        ends = int(_end(start, first, length, timing).timestamp())
        if start not in left_out and ends > past:
            found.add((begins, ends))
    for extra in timing.further:
        window = _further(extra, first, length, timing)
        if window[1] > past and _wall(extra[0] if isinstance(extra, tuple) else extra, timing.zone, "rdate") not in left_out:
            found.add(window)
    if len(found) > settings.windows_each:
        raise InvalidInput(f"more than {settings.windows_each:,} windows (changes.windows_each)", field="start")
    return Windows(sorted(found), known_until)


def _starts(timing: Timing, first: datetime) -> Iterator[datetime]:
    """The start itself, which is one of them by definition, then those of the rule."""
    yield first
    if timing.rule:
        for start in _rule(timing.rule, timing, first):
            if start != first:
                yield start


def _rule(text: str, timing: Timing, first: datetime) -> Iterator[datetime]:
    from dateutil.rrule import rrulestr

    parts = dict(part.partition("=")[::2] for part in text.upper().removeprefix("RRULE:").strip(";").split(";"))
    frequency = parts.get("FREQ", "")
    if frequency not in FREQUENCIES:
        raise InvalidInput(
            f"a rule recurs {', '.join(sorted(FREQUENCIES))}, not {frequency[:20] or 'without FREQ'}", field="rrule"
        )
    until = parts.pop("UNTIL", "")
    days = {part for part in parts if part not in ALLOWED}
    if frequency in FIXED_DAYS and (days or ("BYDAY" in parts and parts.get("INTERVAL", "1") != "1" and frequency == "DAILY")):
        raise InvalidInput(f"FREQ={frequency} goes with BYDAY alone; write other rules as MONTHLY or YEARLY", field="rrule")
    if not parts.get("INTERVAL", "1").isdecimal() or not 1 <= int(parts.get("INTERVAL", "1")) <= LONGEST_INTERVAL:
        raise InvalidInput(f"INTERVAL is a number from 1 to {LONGEST_INTERVAL}", field="rrule")
    try:
        last = _until(until, timing) if until else None
        rule = rrulestr("RRULE:" + ";".join(f"{name}={value}" for name, value in parts.items()), dtstart=first)
        for examined, start in enumerate(rule):
            if last is not None and start > last:
                return
            if examined == STARTS:
                raise InvalidInput(f"it recurs more than {STARTS:,} times up to the horizon: let it begin later", field="rrule")
            yield start
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"the rule {text[:120]!r} cannot be read: {str(error)[:120]}", field="rrule") from None


def _until(text: str, timing: Timing) -> datetime:
    """The end of a rule on the wall clock; a date means its whole day."""
    if len(text) == 8:
        return datetime.combine(datetime.strptime(text, "%Y%m%d").date(), time.max)
    if text.endswith("Z"):
        return _wall(datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC), timing.zone, "rrule")
    return datetime.strptime(text, "%Y%m%dT%H%M%S")


def _wall(moment: Moment, zone: tzinfo | None, field: str) -> datetime:
    """A moment on the wall clock of the zone, without the zone; InvalidInput where it has none."""
    year = moment.year
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InvalidInput(f"the year {year} is no year of a plan", field=field)
    if zone is None:
        raise InvalidInput("neither the time nor the calendar has a zone: name one like Europe/Berlin", field="zone")
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time())
    return moment if moment.tzinfo is None else moment.astimezone(zone).replace(tzinfo=None)


def _utc(wall: datetime, timing: Timing) -> datetime:
    """A time of the wall clock in UTC; one that a change of the clock leaves out by the clock before it."""
    moment = wall.replace(tzinfo=timing.zone)
    found = moment.astimezone(UTC)
    if found.astimezone(timing.zone).replace(tzinfo=None) == wall:
        return found
    before = (moment - timedelta(hours=3)).utcoffset() or timedelta(0)
    return (wall - before).replace(tzinfo=UTC)


def _end(start: datetime, first: datetime, length: timedelta, timing: Timing) -> datetime:
    """Whole days end at midnight, whatever the clock does. Times last as long as the first one by the clock on the wall or by the
    one that does not change, whichever ends later: on the night of the change people mean now this, now that."""
    on_the_wall = _wall(timing.ends, timing.zone, "end") - first
    by_the_wall = _utc(start + on_the_wall, timing)
    if start == first or not isinstance(timing.starts, datetime):
        return by_the_wall if start != first else _utc(first, timing) + length
    return max(by_the_wall, _utc(start, timing) + on_the_wall)


def _further(extra: Moment | tuple[Moment, Moment], first: datetime, length: timedelta, timing: Timing) -> tuple[int, int]:
    if isinstance(extra, tuple):
        start, end = (_utc(_wall(moment, timing.zone, "rdate"), timing) for moment in extra)
        if end <= start:
            raise InvalidInput("a further window ends before it begins", field="rdate")
    else:
        wall = _wall(extra, timing.zone, "rdate")
        start, end = _utc(wall, timing), _end(wall, first, length, timing)
    return int(start.timestamp()), int(end.timestamp())
