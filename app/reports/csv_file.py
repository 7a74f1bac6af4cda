"""A table as CSV (RFC 4180, UTF-8 with a byte order mark, which spreadsheets ask for)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from app.domain.report import Table

FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute


def write_csv(table: Table, path: Path) -> int:
    """Writes a table with a line of heads and returns how many rows it has; an unknown is an empty cell."""
    with path.open("w", newline="", encoding="utf-8-sig", errors="backslashreplace") as file:
        writer = csv.writer(file)
        writer.writerow([column.head for column in table.columns])
        return sum(_written(writer, row) for row in table.rows)


def _written(writer: Any, row: Iterable[Any]) -> int:
    writer.writerow(cells(row))
    return 1


def cells(row: Iterable[Any]) -> Sequence[Any]:
    """Returns a row as cells: a text that a spreadsheet would take for a formula has an apostrophe before it.

    >>> cells(["web", "=1+1", 2.5, None])
    ['web', "'=1+1", 2.5, '']
    """
    return [_cell(value) for value in row]


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value
