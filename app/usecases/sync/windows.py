"""Windows of observation that a run adds to those that a scope has: a union, as where one source states several."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.changes import RowChanges
from app.domain.nouns import OBSERVATION
from app.domain.observations import Window, numbered_scope, scope_of, union
from app.domain.rows import LedgerObservation


def add_windows(
    part: RowChanges[LedgerObservation], held: Iterable[LedgerObservation], source_id: int, scope: str, windows: Iterable[Window]
) -> None:
    """Enters windows of a scope into the changes of noun `observation`; `held` are rows of the ledger.

    >>> part = RowChanges(OBSERVATION)
    >>> add_windows(part, [LedgerObservation(1, "ci:a", 10, 20)], 1, "ci:a", [(15, 30), (50, 60)])
    >>> part.ended, [tuple(row) for row in part.begun]
    ([(1, 'ci:a')], [(1, 'ci:a', 10, 30), (1, '2 ci:a', 50, 60)])
    """

    def is_of_scope(row: LedgerObservation) -> bool:
        return row.source_id == source_id and scope_of(row.scope) == scope

    gone = set(part.ended)
    old = [row for row in held if is_of_scope(row) and OBSERVATION.identity_of(row) not in gone]
    fresh = [row for row in part.begun if is_of_scope(row)]
    pieces = union([*((row.observed_from, row.observed_until) for row in (*old, *fresh)), *windows])
    new = [LedgerObservation(source_id, numbered_scope(scope, number), *piece) for number, piece in enumerate(pieces, 1)]
    part.begun[:] = [row for row in part.begun if row not in fresh]
    part.ended.extend(OBSERVATION.identity_of(row) for row in old if row not in new)
    part.begun.extend(row for row in new if row not in old)
