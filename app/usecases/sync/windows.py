"""Windows of observation that come to a scope in a run beside those it has: a union, as where one source states several."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.changes import Row, RowChanges
from app.domain.observations import Window, numbered_scope, scope_of, union


def add_windows(part: RowChanges, held: Iterable[Row], source_id: int, scope: str, windows: Iterable[Window]) -> None:
    """Enter them into the changes of noun `observation`; `held`: rows of the ledger.

    >>> from app.domain.nouns import OBSERVATION
    >>> part = RowChanges(OBSERVATION)
    >>> add_windows(part, [(1, "ci:a", 10, 20)], 1, "ci:a", [(15, 30), (50, 60)])
    >>> part.ended, part.begun
    ([(1, 'ci:a')], [(1, 'ci:a', 10, 30), (1, '2 ci:a', 50, 60)])
    """
    gone = set(part.ended)
    old = [row for row in held if (row[0], scope_of(str(row[1]))) == (source_id, scope) and row[:2] not in gone]
    fresh = [row for row in part.begun if (row[0], scope_of(str(row[1]))) == (source_id, scope)]
    told = union([*((row[2], row[3]) for row in (*old, *fresh)), *windows])
    new = [(source_id, numbered_scope(scope, number), *piece) for number, piece in enumerate(told, 1)]
    part.begun[:] = [row for row in part.begun if row not in fresh]
    part.ended.extend(row[:2] for row in old if row not in new)
    part.begun.extend(row for row in new if row not in old)
