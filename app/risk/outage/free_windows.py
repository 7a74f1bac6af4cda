"""Where a window of a given length fits between what is blocked, nearest to where it was wanted."""

from __future__ import annotations

from collections.abc import Sequence

from app.risk.outage.collisions import Span, merged

DAY = 86_400


def free_windows(blocked: Sequence[Span], length: int, wanted: int, within: Span, most: int) -> list[int]:
    """Starts of windows of `length` seconds that lie within a span and meet nothing blocked, nearest to `wanted` first: of each
    free time its begin, its end and the moment nearest to the wanted one, and the wanted time of day of every day.

    >>> free_windows([(10, 20), (40, 90)], 10, 12, (0, 100), 5)
    [20, 0, 30, 90]
    """
    starts: set[int] = set()
    at = within[0]
    for begin, end in [*merged(blocked), (within[1], within[1])]:
        last = min(begin, within[1]) - length
        if at <= last:
            starts |= {at, last, min(max(wanted, at), last)}
            first_day = -((wanted - at) // DAY)
            starts |= {wanted + day * DAY for day in range(first_day, (last - wanted) // DAY + 1)}
        at = max(at, end)
    return sorted(starts, key=lambda start: (abs(start - wanted), start))[:most]
