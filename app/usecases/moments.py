"""Moments that a caller states."""

from __future__ import annotations

from datetime import UTC, datetime

from app.domain.errors import InvalidInput


def past_moment(text: str, field: str) -> str:
    """Returns a moment with a zone, not in the time to come, in UTC to the second; "" is now."""
    now = datetime.now(UTC)
    if not text:
        return now.isoformat(timespec="seconds")
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise ValueError
        found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{field}: a time with a zone, like 2026-12-04T09:00:00+01:00", field=field) from None
    if found > now:
        raise InvalidInput(f"{field}: not in the time to come", field=field)
    return found.isoformat(timespec="seconds")
