"""Stretches of time in whole seconds: lists of (from, until), in order, that neither overlap nor touch (`observations.union`
makes them). Only lengths are ever added, so figures of them are exact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.domain.observations import Window, union

Spans = Sequence[Window]


def seconds(spans: Iterable[Window]) -> int:
    """
    >>> seconds([(0, 60), (100, 130)])
    90
    """
    return sum(end - begin for begin, end in spans)


def within(spans: Spans, others: Spans) -> list[Window]:
    """Returns what lies in both.

    >>> within([(0, 10), (20, 30)], [(5, 25)])
    [(5, 10), (20, 25)]
    """
    found, a, b = list[Window](), 0, 0
    while a < len(spans) and b < len(others):
        begin, end = max(spans[a][0], others[b][0]), min(spans[a][1], others[b][1])
        if begin < end:
            found.append((begin, end))
        if spans[a][1] <= others[b][1]:
            a += 1
        else:
            b += 1
    return found


def without(spans: Spans, others: Spans) -> list[Window]:
    """Returns what lies in the first and not in the second.

    >>> without([(0, 10), (20, 30)], [(5, 25)]), without([(0, 10)], [(2, 3), (4, 5)])
    ([(0, 5), (25, 30)], [(0, 2), (3, 4), (5, 10)])
    """
    found = list[Window]()
    for begin, end in spans:
        for gone_from, gone_until in others:
            if gone_until <= begin:
                continue
            if gone_from >= end:
                break
            if gone_from > begin:
                found.append((begin, gone_from))
            begin = gone_until
        if begin < end:
            found.append((begin, end))
    return found


def together(*spans: Iterable[Window]) -> list[Window]:
    """Returns what lies in any.

    >>> together([(0, 5)], [(5, 7), (9, 10)])
    [(0, 7), (9, 10)]
    """
    return union(window for each in spans for window in each)
