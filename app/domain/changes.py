"""Rows on their way into the ledger: which begin and which end, as columns of a noun."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from app.domain.columns import ABSENT, Batch, Columns
from app.domain.nouns import Identity, Noun

Row = tuple[Any, ...]
R = TypeVar("R", bound=Row)


@dataclass(slots=True)
class RowChanges(Generic[R]):
    """Changes of one noun. A row that changes is in `begun`, and its identity in `ended`."""

    noun: Noun[R]
    begun: list[R] = field(default_factory=list)
    ended: list[Identity] = field(default_factory=list)

    def batches(self, size: int) -> Iterable[Batch]:
        """Yields ends first, then beginnings, with at most `size` rows in each batch."""
        for start in range(0, len(self.ended), size):
            yield Batch(self.noun.name, {}, columns_of(self.noun.identity, self.ended[start : start + size]))
        for start in range(0, len(self.begun), size):
            yield Batch(self.noun.name, columns_of(self.noun.names(), self.begun[start : start + size]), {})


def columns_of(names: Sequence[str], rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Returns rows as columns."""
    if not rows:
        return {name: [] for name in names}
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def rows_of(noun: Noun[R], columns: Columns) -> list[R]:
    """Returns rows out of a store's columns, with absent values as None."""
    types = noun.types()
    cells = zip(*(_plain(types[name], columns[name]) for name in noun.names()), strict=True)
    return list(map(partial(tuple.__new__, noun.row), cells))  # what `_make` does, in half the time


def _plain(type_name: str, column: Any) -> Iterable[Any]:
    if type_name == "INTEGER":
        return [None if value == ABSENT else value for value in map(int, column)]
    if type_name == "REAL":
        return [None if value is None or value != value else float(value) for value in column]
    return [column[row] or None for row in range(len(column))]


def same_row(a: Row, b: Row) -> bool:
    """Whether two rows say the same. An absent value may be None or empty text.

    >>> same_row((1, ""), (1, None))
    True
    """
    return a == b or all(x == y or (not x and not y and {x, y} <= {None, ""}) for x, y in zip(a, b, strict=True))


def differences(
    noun: Noun[R], new: Mapping[Identity, R], old: Mapping[Identity, R], retire: bool
) -> tuple[RowChanges[R], int, int, int, int]:
    """Returns the changes from `old` to `new` rows by identity, with how many were added, changed, retired and unchanged."""
    changes = RowChanges(noun)
    added = changed = retired = unchanged = 0
    for identity, row in new.items():
        before = old.get(identity)
        if before is None:
            added += 1
        elif same_row(row, before):
            unchanged += 1
            continue
        else:
            changed += 1
            changes.ended.append(identity)
        changes.begun.append(row)
    if retire:
        for identity in old:
            if identity not in new:
                retired += 1
                changes.ended.append(identity)
    changes.begun.sort(key=lambda row: tuple(map(_sortable, noun.identity_of(row))))
    return changes, added, changed, retired, unchanged


def _sortable(value: Any) -> tuple[int, Any]:
    return (0, value) if isinstance(value, int) else (1, str(value))
