"""A workbook as tables, one a sheet, its cells as the same cells of a CSV file would be."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import python_calamine

from app.domain.errors import InvalidInput, LimitExceeded, SourceFailed
from app.domain.sentences import count, listed
from importers.files.odd_cells import cell_name, odd_cells
from importers.files.tables import Row, blocks_of

WORKBOOK_BYTES = 64 << 20
WORKBOOK_UNPACKED = 1 << 30
WORKBOOK_RATIO = 200
WORKBOOK_ROWS = 1_048_576


@dataclass(slots=True)
class SheetTable:
    """A sheet of a workbook, its cells as texts; formulas give their stored values."""

    place: str
    rows: Sequence[Sequence[Any]]
    decimal: str = "."
    merged: Sequence[str] = ()  # cells of the header that span others
    without_value: Sequence[str] = ()  # cells whose formula has no stored value
    errors: Sequence[str] = ()  # cells that hold an error value
    several_lines: bool = field(default=True)

    def problem(self) -> str:
        return ""

    def notes(self) -> Sequence[str]:
        sheet = self.place.removesuffix(" row")
        notes = []
        if self.without_value:
            notes.append(
                f"{sheet}: {count(len(self.without_value), 'formula')} without a stored value "
                f"({listed(self.without_value, 5)}), read as empty: open the workbook in a spreadsheet program, let it "
                "calculate, and save it"
            )
        if self.errors:
            notes.append(
                f"{sheet}: {count(len(self.errors), 'cell')} with an error value such as #N/A ({listed(self.errors, 5)}), read "
                "as empty: mend the formulas"
            )
        if self.merged:
            notes.append(f"{sheet}: the header has merged cells ({listed(self.merged, 5)}): give each column a name of its own")
        return notes

    def header(self) -> Sequence[str]:
        return [cell_text(cell, self.decimal) for cell in self.rows[0]] if self.rows else []

    def lines(self) -> Iterator[tuple[int, Row]]:
        for line, cells in enumerate(self.rows[1:], start=2):
            row = [cell_text(cell, self.decimal) for cell in cells]
            if any(row):
                yield line, row

    def blocks(self, size: int) -> Iterator[tuple[Sequence[int], Sequence[Row]]]:
        yield from blocks_of(self.lines(), size)

    def ended(self) -> bool:
        return True

    def checksum(self) -> str:
        return ""


def cell_text(cell: Any, decimal: str = ".") -> str:
    """Returns a cell as the same cell of a CSV file: a number with the source's decimal sign, a time without zone where it has
    none.

    >>> cell_text(3.0), cell_text(True), cell_text(2.5), cell_text(datetime(2026, 3, 10, 8))
    ('3', '1', '2.5', '2026-03-10T08:00:00')
    """
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, float):
        return str(cell).replace(".", decimal)
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, date):
        return f"{cell.isoformat()}T00:00:00"
    return str(cell)


def workbook_sheets(path: Path, decimal: str = ".") -> Mapping[str, SheetTable]:
    """Returns all sheets by name. A workbook is small on disk and large in memory, so limits are checked before it is read."""
    if path.stat().st_size > WORKBOOK_BYTES:
        raise LimitExceeded(f"{path.name} is larger than {WORKBOOK_BYTES >> 20} MiB: export the sheets as CSV")
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise SourceFailed(f"{path.name} is not a workbook: {error}") from error
    if unpacked > WORKBOOK_UNPACKED or unpacked > WORKBOOK_RATIO * max(path.stat().st_size, 1 << 16):
        raise LimitExceeded(f"{path.name} unpacks to {unpacked >> 20} MiB: export the sheets as CSV")
    try:
        cells = odd_cells(path)
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
        sheets: dict[str, SheetTable] = {}
        for name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(name)
            if sheet.total_height > WORKBOOK_ROWS or sheet.total_height * max(sheet.total_width, 1) > 20 * WORKBOOK_ROWS:
                raise LimitExceeded(f"{path.name}: sheet {name} has more cells than are read: export it as CSV")
            empty, errors = cells.get(name, ((), ()))
            rows = sheet.to_python(skip_empty_area=False)
            merged = [cell_name(low[0], low[1]) for low, high in sheet.merged_cell_ranges or () if low[0] == 0 and high != low]
            sheets[name] = SheetTable(f"{path.name} sheet {name} row", rows, decimal, merged, empty, errors)
    except python_calamine.CalamineError as error:
        raise InvalidInput(f"{path.name} cannot be read: {error}") from error
    return sheets
