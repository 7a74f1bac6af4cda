"""Read what gauges measure, from where the last reading came to its end, and keep what it comes to. A reading that fails keeps
nothing and moves nothing: its time stays missing until it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from app.domain.errors import ForestayError, NotFound, StoreUnavailable
from app.domain.observations import Window
from app.domain.spans import together, without
from app.ports.range_reader import RangeReader
from app.risk.measures.service_levels import HOUR
from app.usecases.keep.lease import alone, holding
from app.usecases.keep.readings import (
    DAY,
    GAUGES,
    READ_HEALTH,
    READINGS,
    DayRead,
    Gauge,
    HourRead,
    ReadHealth,
    day_key,
    forget_days,
    gauges,
)
from app.usecases.tools import Tools

LEASE_SECONDS = 300.0


def read_gauges(tools: Tools, holder: str, now: datetime | None = None) -> int:
    """Reads every gauge as far as it goes; returns how many days (or parts of one) were kept. One that fails keeps no other from
    being read."""
    read = 0
    for gauge in gauges(tools.documents):
        with alone(tools.documents, f"reading:{gauge.uid}", holder, LEASE_SECONDS) as lease:
            if lease is None:
                continue
            moment = now or datetime.now(UTC)
            try:
                reader = tools.prometheus.open(gauge.settings)
                while part := _next_part(tools, gauge, moment):
                    day = _read(reader, gauge, part)
                    with tools.documents.together():
                        holding(tools.documents, lease)
                        _keep(tools, gauge, day, moment)
                    read += 1
            except (StoreUnavailable, NotFound):
                raise
            except ForestayError as error:
                health = READ_HEALTH.find(tools.documents, gauge.uid) or ReadHealth()
                failed = replace(health, failed_at=moment.isoformat(timespec="seconds"), error=error.message)
                if GAUGES.find(tools.documents, gauge.service) == gauge:
                    READ_HEALTH.put(tools.documents, gauge.uid, failed)
    return read


def _next_part(tools: Tools, gauge: Gauge, now: datetime) -> Window | None:
    """Returns what is read next, within one day of UTC: from where the last reading ended until what has settled; None where that
    is nothing. The first reading begins `goals.first_days` ago, or at the gauge's `since`, at a step."""
    settings, step = tools.settings.goals, gauge.step_seconds
    health = READ_HEALTH.find(tools.documents, gauge.uid) or ReadHealth()
    since = datetime.fromisoformat(gauge.since).timestamp() if gauge.since else 0.0
    oldest = max(now.timestamp() - settings.kept_days * DAY, since)
    first = max(oldest, since or now.timestamp() - settings.first_days * DAY)
    begin = health.read_to or int(-(-first // step) * step)
    end = min(int((now.timestamp() - settings.settle_seconds) // step * step), begin - begin % DAY + DAY)
    return (begin, end) if end > begin else None


def _read(reader: RangeReader, gauge: Gauge, part: Window) -> DayRead:
    """Reads a part of a day. A sample speaks for the step that ends at it: functions over a range look back."""
    step, (begin, end) = gauge.step_seconds, part
    down: list[Window] = []
    missing: list[Window] = [part] if not gauge.up_query else []
    if gauge.up_query:
        known = reader.values(gauge.up_query, begin + step, end, step)
        down = together((at - step, at) for at, value in known if value < gauge.up_from)
        missing = without([part], together((at - step, at) for at, _ in known))
    hours: list[HourRead] = []
    if gauge.requests_query:
        came = dict(reader.values(gauge.requests_query, begin + step, end, step))
        failed = dict(reader.values(gauge.errors_query, begin + step, end, step))
        hours = _by_hour(came, failed, step)
    return DayRead(begin, end, down, missing, hours)


def _by_hour(came: Mapping[int, float], failed: Mapping[int, float], step: int) -> list[HourRead]:
    """Returns requests and failed ones by the hour, of the steps in which both are known. A counter of failures that has no
    sample is not known to stand still: a query says that by `or vector(0)`."""
    sums: dict[int, tuple[float, float, int]] = {}
    for at in sorted(came.keys() & failed.keys()):
        hour = (at - step) // HOUR * HOUR
        requests, errors, known = sums.get(hour, (0.0, 0.0, 0))
        number = max(came[at], 0.0)
        sums[hour] = (requests + number, errors + min(max(failed[at], 0.0), number), known + step)
    return [HourRead(hour, *values) for hour, values in sorted(sums.items())]


def _keep(tools: Tools, gauge: Gauge, part: DayRead, now: datetime) -> None:
    """Adds a part to its day, moves on where the next reading begins, and forgets days that are too old."""
    documents = tools.documents
    key = day_key(gauge.uid, part.begin)
    before = READINGS.find(documents, key)
    READINGS.put(documents, key, part if before is None else _added(before, part))
    told = now.isoformat(timespec="seconds")
    READ_HEALTH.put(documents, gauge.uid, ReadHealth(part.end, told, "", ""))
    forget_days(documents, gauge.uid, int(now.timestamp() - tools.settings.goals.kept_days * DAY))


def _added(day: DayRead, part: DayRead) -> DayRead:
    hours = {hour.hour: hour for hour in day.hours}
    for more in part.hours:
        one = hours.get(more.hour)
        hours[more.hour] = (
            more
            if one is None
            else HourRead(more.hour, one.requests + more.requests, one.errors + more.errors, one.seconds + more.seconds)
        )
    return DayRead(
        day.begin, part.end, together(day.down, part.down), together(day.missing, part.missing),
        [hours[hour] for hour in sorted(hours)],
    )  # fmt: skip
