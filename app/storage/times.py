"""Times in a store: UTC texts of fixed width, so that they order as times do."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def time_text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@lru_cache(maxsize=1024)
def time_of(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
