"""Cells of tables: texts to numbers, times and lists, with the refusal that names the field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from math import isfinite
from typing import TypeVar

T = TypeVar("T")
EMPTY = ("", "?", "N/A", "n/a", "-")


class BadCell(Exception):
    """One cell cannot be used: a needed one refuses its record, any other is left out of it."""

    def __init__(self, field: str, reason: str, advice: str = "correct the cell, or leave it empty where unknown") -> None:
        super().__init__(f"{field} {reason}")
        self.field, self.reason, self.advice = field, reason, advice


def cell(read: Callable[[str, str], T], field: str, text: str, lost: list[BadCell]) -> T | None:
    """What a cell that is not needed says; None where it cannot be used, which goes to `lost`."""
    try:
        return read(field, text)
    except BadCell as bad:
        lost.append(bad)
        return None


def number(field: str, text: str) -> float:
    """A finite number; `nan`, `inf` and what overflows are refused.

    >>> number("repair_hours", "1.5")
    1.5
    """
    try:
        value = float(text)
    except ValueError:
        raise BadCell(field, f"'{text[:40]}' is not a number") from None
    if not isfinite(value) or "_" in text:
        raise BadCell(field, f"'{text[:40]}' is not a finite number")
    return value


def whole(field: str, text: str) -> int:
    value = number(field, text)
    if value != int(value) or abs(value) >= 2**53:
        raise BadCell(field, f"'{text[:40]}' is not a whole number")
    return int(value)


def yes(field: str, text: str) -> bool:
    word = text.casefold()
    if word in ("1", "1.0", "true", "yes", "y", "x"):
        return True
    if word in ("0", "0.0", "false", "no", "n"):
        return False
    raise BadCell(field, f"'{text[:40]}' is neither yes nor no")


def unix_seconds(field: str, text: str) -> int:
    """Unix seconds of a time: given as such, or in ISO 8601 with its zone.

    >>> unix_seconds("started_at", "2026-11-20T10:00:00+01:00")
    1795165200
    """
    try:
        return whole(field, text)
    except BadCell:
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadCell(field, f"'{text[:40]}' is not a time", "write ISO 8601 with a zone, or unix seconds") from None
    if at.tzinfo is None:
        raise BadCell(field, f"'{text[:40]}' has no zone", "write the zone, as in 2026-11-20T10:00:00Z")
    return int(at.astimezone(UTC).timestamp())


def curve(field: str, text: str) -> tuple[tuple[float, float], ...]:
    """An impact curve `hours:loss|hours:loss`.

    >>> curve("impact:money", "0:0|4:1000")
    ((0.0, 0.0), (4.0, 1000.0))
    """
    points = []
    for part in text.split("|"):
        hours, colon, loss = part.partition(":")
        if not colon:
            raise BadCell(field, f"'{part[:40]}' is not hours:loss")
        points.append((number(field, hours), number(field, loss)))
    return tuple(points)
