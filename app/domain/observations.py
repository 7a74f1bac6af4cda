"""Windows of observation: several of one scope are a union, kept as rows that do not overlap.

The ledger knows one row for each scope of a source. The first window has the scope itself, the second one "2 " before it, and so
on: no scope starts with a digit.
"""

from __future__ import annotations

from collections.abc import Iterable

Window = tuple[int, int]  # from, until


def union(windows: Iterable[Window]) -> list[Window]:
    """Returns windows that do not overlap or touch, in order. A window that ends before it begins counts as none.

    >>> union([(5, 9), (1, 3), (3, 4), (7, 12), (20, 15)])
    [(1, 4), (5, 12)]
    """
    pieces: list[Window] = []
    for begin, end in sorted(windows):
        if end <= begin:
            continue
        if pieces and begin <= pieces[-1][1]:
            pieces[-1] = (pieces[-1][0], max(pieces[-1][1], end))
        else:
            pieces.append((begin, end))
    return pieces


def numbered_scope(scope: str, number: int) -> str:
    """Returns the text under which a window of a scope is stored.

    >>> numbered_scope("*", 1), numbered_scope("class:server", 2)
    ('*', '2 class:server')
    """
    return scope if number == 1 else f"{number} {scope}"


def scope_of(text: str) -> str:
    """Returns the scope of a stored row.

    >>> scope_of("2 class:server"), scope_of("ci:a 2"), scope_of("*")
    ('class:server', 'ci:a 2', '*')
    """
    number, blank, scope = text.partition(" ")
    return scope if blank and number.isdecimal() else text
