"""iTop's clock: iTop gives local times without a zone; stamps here are UTC, as text in order of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.domain.errors import InvalidInput

LOCAL, STAMP = "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"
OVERLAP = timedelta(minutes=5)


def zone_of(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(f"itop: zone {name!r} is no time zone as Europe/Zurich", field="zone") from None


def stamp_of(at: datetime) -> str:
    return at.astimezone(UTC).strftime(STAMP)


def time_of(stamp: str) -> datetime:
    return datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)


def local_since(stamp: str, now: datetime, zone: ZoneInfo) -> str:
    """Returns the local time from which on a change may be later than a stamp. Where the clock was set back since, the hour that
    came twice counts from its beginning.

    >>> zone = ZoneInfo("Europe/Zurich")
    >>> local_since("2026-11-20T09:00:00Z", time_of("2026-11-20T12:00:00Z"), zone)
    '2026-11-20 10:00:00'
    >>> local_since("2026-10-25T00:45:00Z", time_of("2026-10-25T03:00:00Z"), zone)
    '2026-10-25 01:45:00'
    """
    at = time_of(stamp)
    offsets = [moment.astimezone(zone).utcoffset() or timedelta() for moment in (at, now)]
    return (at + min(offsets)).strftime(LOCAL)


def local_now(now: datetime, zone: ZoneInfo) -> str:
    return (now + OVERLAP).astimezone(zone).strftime(LOCAL)
