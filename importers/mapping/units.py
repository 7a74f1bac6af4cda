"""Numbers and spans of time in the units that sources write them in."""

from __future__ import annotations

import re
from datetime import datetime

from importers.mapping.cells import BadCell, number

UNITS = ("number", "percent", "seconds", "minutes", "hours", "days", "span")
HOURS = {"seconds": 1 / 3600, "minutes": 1 / 60, "hours": 1.0, "days": 24.0}
WORDS = {"mo": 730.5, "w": 168.0, "d": 24.0, "h": 1.0, "mi": 1 / 60, "m": 1 / 60, "s": 1 / 3600}


def hours_or_number(field: str, text: str, unit: str) -> float:
    """Returns a cell as a plain number, a share, or hours, whichever unit the rule names.

    >>> hours_or_number("rto_hours", "90", "minutes"), hours_or_number("mbco_share", "60%", "percent")
    (1.5, 0.6)
    """
    if unit == "span":
        return span_hours(field, text)
    if unit == "percent":
        return number(field, text.rstrip("% ")) / 100
    return number(field, text) * HOURS.get(unit, 1.0)


def span_hours(field: str, text: str) -> float:
    """Returns the hours of a span written as `4 hours 30 minutes`, `1 day 02:00:00`, `02:30:00`, or as the moment that long after
    the start of 1970.

    >>> span_hours("rto_hours", "1970-01-01 04:30:00"), span_hours("rto_hours", "1 Day 2 Hours")
    (4.5, 26.0)
    >>> span_hours("rto_hours", "00:45:00")
    0.75
    """
    try:
        return (datetime.fromisoformat(text) - datetime(1970, 1, 1)).total_seconds() / 3600
    except (ValueError, TypeError):
        pass
    clock = re.search(r"(\d+):(\d\d)(?::(\d\d))?", text)
    hours = 0.0
    if clock:
        hours = int(clock[1]) + int(clock[2]) / 60 + int(clock[3] or 0) / 3600
        text = text[: clock.start()]
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*(mo|mi|[wdhms])", text.casefold())
    if not parts and not clock:
        raise BadCell(field, f"'{text[:40]}' is not a span of time", "write it as 4 hours 30 minutes")
    return hours + sum(float(count) * WORDS[word] for count, word in parts)
