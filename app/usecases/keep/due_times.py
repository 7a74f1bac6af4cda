"""When a schedule is due: a cron line in UTC, or `every 15m` (s, m, h, d), counted from midnight UTC so that no process's start
matters."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from app.domain.errors import InvalidInput

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

EVERY = re.compile(r"^every\s+(\d{1,6})\s*([smhd])$")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
SHORTEST_SECONDS = 10
MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)
MANY = 1000


def trigger_of(schedule: str, jitter_seconds: int = 0) -> BaseTrigger:
    """Returns the trigger of a schedule. InvalidInput for a text that is none; jitter starts a run up to so many seconds late."""
    from apscheduler.triggers.cron import CronTrigger
    from apscheduler.triggers.interval import IntervalTrigger

    text = schedule.strip()
    every = EVERY.match(text)
    try:
        if every:
            seconds = int(every[1]) * SECONDS[every[2]]
            if seconds < SHORTEST_SECONDS:
                raise ValueError(f"shorter than {SHORTEST_SECONDS} s")
            return IntervalTrigger(seconds=seconds, start_date=MIDNIGHT, timezone=UTC, jitter=jitter_seconds or None)
        trigger = CronTrigger.from_crontab(text, timezone=UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"schedule {schedule!r}: {error}; for example 0 3 * * * or every 15m", field="schedule") from None
    trigger.jitter = jitter_seconds or None
    return trigger


def due_times(schedule: str, after: datetime, until: datetime) -> list[datetime]:
    """Returns the times after < t <= until at which a schedule is due, ascending; of very many the last 1,000.

    >>> day = datetime(2026, 11, 24, tzinfo=UTC)
    >>> [f"{at:%d %H:%M}" for at in due_times("0 3 * * *", day, day + timedelta(days=2))]
    ['24 03:00', '25 03:00']
    """
    trigger, times, at = trigger_of(schedule), list[datetime](), after
    while (following := trigger.get_next_fire_time(None, at + timedelta(microseconds=1))) is not None and following <= until:
        times.append(following)
        at = following
        if len(times) > 2 * MANY:
            del times[:MANY]
    return times[-MANY:]


def next_times(schedule: str, after: datetime, number: int = 3) -> list[datetime]:
    """Returns the next times at which a schedule is due, none for one by hand.

    >>> [f"{at:%d %H:%M}" for at in next_times("every 8h", datetime(2026, 11, 24, 12, tzinfo=UTC))]
    ['24 16:00', '25 00:00', '25 08:00']
    """
    times: list[datetime] = []
    while schedule and len(times) < number and (following := next_due(schedule, times[-1] if times else after)) is not None:
        times.append(following)
    return times


def next_due(schedule: str, after: datetime) -> datetime | None:
    """Returns the first time after a moment; None where there is none."""
    first: datetime | None = trigger_of(schedule).get_next_fire_time(None, after + timedelta(microseconds=1))
    return first
