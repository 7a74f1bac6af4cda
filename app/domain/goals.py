"""Goals of a business service: availability, error rate, time to repair; and the windows of time over which they are judged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from app.domain.errors import InvalidInput
from app.domain.observations import Window

AVAILABILITY, ERROR_RATE, TIME_TO_REPAIR = "availability", "error_rate", "time_to_repair"
GOAL_KINDS = (AVAILABILITY, ERROR_RATE, TIME_TO_REPAIR)
MONTH = "month"
ROLLING = re.compile(r"([1-9]\d{0,3})d")
LONGEST_DAYS, LONGEST_REPAIR_HOURS = 1096, 8766.0
DAY = 86400
ZONE_SIGNS = 80


@dataclass(frozen=True, slots=True)
class Terms:
    """How a goal is judged. `window`: "30d" (the last 30 times 24 hours) or "month" (of the calendar in `zone`, an IANA name).
    `maintenance_counts`: whether time of planned maintenance counts as any other; else it is left out of everything."""

    window: str = "30d"
    zone: str = "UTC"
    maintenance_counts: bool = True


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal with who set it, why and when. `target`: the least availability or the highest error rate (0 to 1), or the longest
    mean time to repair in hours; None for availability: the ledger holds it, at the service's exposure. `set_to`: what its author
    set that to; where the ledger holds another by now, someone else said so since. `origin`: by hand, or the file it came
    from."""

    kind: str
    target: float | None
    terms: Terms = Terms()
    by: str = ""
    reason: str = ""
    at: str = ""
    origin: str = ""
    set_to: float | None = None


def checked_target(kind: str, target: float) -> float:
    """Returns the target of a goal; InvalidInput where it can be none.

    >>> checked_target("availability", 0.999), checked_target("time_to_repair", 4)
    (0.999, 4.0)
    """
    if kind not in GOAL_KINDS:
        raise InvalidInput(f"kind: one of {', '.join(GOAL_KINDS)}", field="kind")
    if kind == TIME_TO_REPAIR:
        if not 0.0 < target <= LONGEST_REPAIR_HOURS:
            raise InvalidInput(f"target: hours above 0, at most {LONGEST_REPAIR_HOURS:g}", field="target")
    elif not 0.0 <= target <= 1.0:
        raise InvalidInput("target: a share from 0 to 1, like 0.999", field="target")
    return float(target)


def checked_terms(terms: Terms) -> Terms:
    """Returns the terms; InvalidInput where the window or the zone is none."""
    rolling = ROLLING.fullmatch(terms.window)
    if terms.window != MONTH and (rolling is None or int(rolling[1]) > LONGEST_DAYS):
        raise InvalidInput(f"window: month, or days like 30d (1d to {LONGEST_DAYS}d)", field="window")
    zone_of(terms.zone)
    return terms


def zone_of(name: str) -> ZoneInfo:
    """Returns a time zone by its IANA name; InvalidInput where there is none of this name."""
    try:
        if not name or len(name) > ZONE_SIGNS or not name.isascii():
            raise ValueError
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found, no such form, a folder
        raise InvalidInput("zone: an IANA time zone, like Europe/Berlin", field="zone") from None


def window_at(terms: Terms, moment: int) -> Window:
    """Returns the window of the terms at a moment (unix seconds): the days that end there, or the whole calendar month that holds
    it. A month begins at its first midnight, where a change of the clock leaves that out at the change itself.

    >>> begin, end = window_at(Terms("month", "Europe/Berlin"), 1774000000)  # in March 2026, when the clock goes forward
    >>> (end - begin) / 3600  # 31 * 24 - 1
    743.0
    >>> window_at(Terms("1d"), 1774000000)
    (1773913600, 1774000000)
    """
    if terms.window != MONTH:
        return moment - int(terms.window[:-1]) * DAY, moment
    zone = zone_of(terms.zone)
    day = datetime.fromtimestamp(moment, UTC).astimezone(zone)
    months = 12 * day.year + day.month - 1
    return _month(months, zone), _month(months + 1, zone)


def window_before(terms: Terms, window: Window) -> Window:
    """Returns the window before one; of months it is the month before, of days as many days before."""
    return window_at(terms, window[0] - 1) if terms.window == MONTH else window_at(terms, window[0])


def _month(months: int, zone: ZoneInfo) -> int:
    """Returns when a month (12 * year + month - 1) begins in a zone, unix seconds."""
    return int(datetime(months // 12, months % 12 + 1, 1, tzinfo=zone).timestamp())


def target_text(kind: str, target: float) -> str:
    """
    >>> target_text("availability", 0.999), target_text("error_rate", 0.01), target_text("time_to_repair", 4.0)
    ('at least 99.9%', 'at most 1%', 'at most 4 h')
    """
    if kind == TIME_TO_REPAIR:
        return f"at most {target:g} h"
    return f"{'at least' if kind == AVAILABILITY else 'at most'} {exact_percent(target)}"


def exact_percent(share: float) -> str:
    """Returns a share with all the digits that tell it from a whole.

    >>> exact_percent(0.99995), exact_percent(1.0), exact_percent(0.0)
    ('99.995%', '100%', '0%')
    """
    return f"{float(f'{100 * share:.7f}'):.12g}%"


def window_text(terms: Terms) -> str:
    """
    >>> window_text(Terms("30d")), window_text(Terms("month", "Europe/Berlin", maintenance_counts=False))
    ('the last 30 days', 'the calendar month in Europe/Berlin, without planned maintenance')
    """
    over = f"the calendar month in {terms.zone}" if terms.window == MONTH else f"the last {terms.window[:-1]} days"
    return over if terms.maintenance_counts else f"{over}, without planned maintenance"
