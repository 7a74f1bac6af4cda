"""Times that sources state: unix seconds from 1990 until tomorrow.

A number outside is something else, mostly a date or milliseconds.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

EARLIEST = 631_152_000  # 1990-01-01
DAY = 86_400
MARGIN = DAY + DAY // 2  # tomorrow, in every zone
ADVICE = "write ISO 8601 with a zone, as in 2026-03-10T08:00:00Z, or unix seconds"
Fault = tuple[str, str, str]


def time_fault(field: str, seconds: int, ahead: bool = False) -> Fault | None:
    """Returns why a time cannot be one, or None. `ahead`: it may lie in the future, as the end of a plan does.

    >>> time_fault("started_at", 20260310)
    ('started_at', '20260310 looks like a date', 'write 2026-03-10T00:00:00Z, with the right time and zone')
    >>> time_fault("started_at", 1773136800000)[1]
    '1773136800000 looks like milliseconds'
    >>> time_fault("started_at", 1773136800)
    """
    latest = time.time() + (30 * 366 * DAY if ahead else MARGIN)
    if EARLIEST <= seconds <= latest:
        return None
    text = str(seconds)
    if len(text) == 8 and (day := _day(text)):
        return field, f"{text} looks like a date", f"write {day}T00:00:00Z, with the right time and zone"
    for unit, factor in (("milliseconds", 1_000), ("microseconds", 1_000_000), ("nanoseconds", 1_000_000_000)):
        if EARLIEST <= seconds / factor <= latest:
            return (
                field,
                f"{text} looks like {unit}",
                f"divide by {factor:,}: unix seconds are asked for; or write ISO 8601 with a zone",
            )
    if 32_874 <= seconds <= 73_050:  # 1990 to 2099 in days of a spreadsheet
        return field, f"{text} looks like a spreadsheet's day number", f"format the cell as text; {ADVICE}"
    if 0 <= seconds <= 253_402_300_799:
        moment = datetime.fromtimestamp(seconds, UTC)
        where = "before 1990" if seconds < EARLIEST else "in the future" if not ahead else "too far in the future"
        return field, f"{moment:%Y-%m-%dT%H:%M:%SZ} lies {where}", "correct the time"
    return field, f"{text} is not a time", ADVICE


def _day(text: str) -> str:
    try:
        return datetime.strptime(text, "%Y%m%d").date().isoformat()
    except ValueError:
        return ""
