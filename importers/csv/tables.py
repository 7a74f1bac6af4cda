"""Files of tables: a folder of CSV files or one workbook, each sheet a header and numbered rows, within limits."""

from __future__ import annotations

import codecs
import csv
import hashlib
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import compress, islice
from pathlib import Path
from typing import IO, Any, Protocol

import python_calamine

from app.domain.errors import InvalidInput, LimitExceeded, SourceFailed
from app.domain.sentences import count, listed
from importers.csv.odd_cells import cell_name, odd_cells
from importers.csv.rows import Row
from importers.files.spool import has_quotes

CELL_CHARACTERS = 1_000_000
COLUMNS = 2_000
WORKBOOK_BYTES = 64 << 20
WORKBOOK_UNPACKED = 1 << 30
WORKBOOK_RATIO = 200
WORKBOOK_ROWS = 1_048_576
CHUNK = 1 << 22


class Table(Protocol):
    """`place` names a row for people together with its line."""

    place: str

    def header(self) -> Sequence[str]: ...
    def lines(self) -> Iterator[tuple[int, Row]]: ...  # rows below the header with the number of their line; empty rows left out
    def blocks(self, size: int) -> Iterator[tuple[Sequence[int], Sequence[Row]]]: ...  # the same in blocks
    def ended(self) -> bool: ...  # after reading: the last row is whole
    def problem(self) -> str: ...  # after reading: why rows are missing
    def notes(self) -> Sequence[str]: ...  # what a person should know of it
    def checksum(self) -> str: ...


@dataclass(slots=True)
class CsvTable:
    path: Path
    place: str
    encodings: Sequence[str]
    delimiter: str
    several_lines: bool = False  # set while reading: a row spans lines
    unclosed: int = 0  # set while reading: the line in which a quote opens that is never closed
    _encoding: str = ""

    def encoding(self) -> str:
        """The first of the encodings in which the whole file can be read."""
        if not self._encoding:
            with self.path.open("rb") as file:
                if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                    raise SourceFailed(f"{self.path.name} is UTF-16: save it as UTF-8")
            self._encoding = next((name for name in self.encodings if _decodes(self.path, name)), "")
            if not self._encoding:
                raise SourceFailed(f"{self.path.name} is not text in {' or '.join(self.encodings)}")
        return self._encoding

    def header(self) -> Sequence[str]:
        with self._open() as file:
            first = file.readline()
            names = self._cells(first, 1)
        if len(names) > COLUMNS:
            raise LimitExceeded(
                f"{self.path.name} has {len(names):,} columns, of which at most {COLUMNS:,} are read: leave some out"
            )
        return names

    def _cells(self, line: str, number: int) -> list[str]:
        csv.field_size_limit(CELL_CHARACTERS)
        try:
            return next(csv.reader([line], delimiter=self._delimiter(line)), [])
        except csv.Error as error:
            raise InvalidInput(f"{self.place} {number} cannot be read: {error}") from None

    def lines(self) -> Iterator[tuple[int, Row]]:
        csv.field_size_limit(CELL_CHARACTERS)
        with self._open() as file:
            first = file.readline()
            row_text: list[str] = []  # the lines of the row that is read
            reader = csv.reader(_kept(file, row_text), delimiter=self._delimiter(first))
            before = 0
            while True:
                try:
                    for row in reader:
                        line = reader.line_num
                        if line != before + 1:
                            self.several_lines = True
                        if _is_open(row_text):
                            self.unclosed = before + 2
                        if row:
                            yield before + 2, row
                        before = line
                        row_text.clear()
                    return
                except csv.Error:
                    self.unclosed = self.unclosed or before + 2
                    before = reader.line_num
                    row_text.clear()
                    yield before + 1, []

    def blocks(self, size: int) -> Iterator[tuple[Sequence[int], Sequence[Row]]]:
        """The same in blocks; without a quote in the file every line is a row, and no line has to be counted."""
        if has_quotes(self.path):
            yield from _gathered(self.lines(), size)
            return
        csv.field_size_limit(CELL_CHARACTERS)
        with self._open() as file:
            reader = csv.reader(file, delimiter=self._delimiter(file.readline()))
            line = 2
            while rows := self._rows(reader, size, line):
                numbers: Sequence[int] = range(line, line + len(rows))
                line += len(rows)
                if [] in rows:
                    kept = list(map(bool, rows))
                    numbers, rows = list(compress(numbers, kept)), list(compress(rows, kept))
                yield numbers, rows

    def _rows(self, reader: Iterator[list[str]], size: int, line: int) -> list[list[str]]:
        try:
            return list(islice(reader, size))
        except csv.Error as error:
            raise InvalidInput(f"{self.place} {line} or one of the {size:,} below it cannot be read: {error}") from None

    def notes(self) -> Sequence[str]:
        return ()

    def problem(self) -> str:
        """After reading: why its last rows are not all there; "": they are."""
        if not self.unclosed:
            return ""
        return f"a quote opens in line {self.unclosed} and is not closed: what follows was taken for one cell; close it, and import again"

    def ended(self) -> bool:
        """Whether the last line is closed by a line feed, or has as many cells as the header."""
        size = self.path.stat().st_size
        with self.path.open("rb") as file:
            file.seek(max(0, size - 65536))
            tail = file.read()
        if not tail or tail.endswith((b"\n", b"\r")):
            return True
        last = tail.decode(self.encoding(), "replace").splitlines()[-1]
        return len(next(csv.reader([last], delimiter=self.delimiter_in_use()), [])) >= len(self.header())

    def checksum(self) -> str:
        digest = hashlib.sha256()
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    def delimiter_in_use(self) -> str:
        with self._open() as file:
            return self._delimiter(file.readline())

    def _open(self) -> IO[str]:
        return self.path.open(encoding=self.encoding(), newline="", errors="strict")

    def _delimiter(self, header: str) -> str:
        return self.delimiter or max(",;\t", key=header.count)


def _kept(file: Iterable[str], kept: list[str]) -> Iterator[str]:
    for line in file:
        kept.append(line)
        yield line


def _is_open(lines: Sequence[str]) -> bool:
    """Whether a quote of a row is not closed: the reader ends such a row at the end of the file without a word."""
    return sum(line.count('"') for line in lines) % 2 == 1


def _gathered(lines: Iterator[tuple[int, Row]], size: int) -> Iterator[tuple[Sequence[int], Sequence[Row]]]:
    while block := list(islice(lines, size)):
        yield [line for line, _ in block], [row for _, row in block]


def _decodes(path: Path, encoding: str) -> bool:
    try:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                if not (chunk.isascii() and encoding.startswith(("utf-8", "windows", "cp12"))):
                    decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


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
        found = []
        if self.without_value:
            found.append(
                f"{sheet}: {count(len(self.without_value), 'formula')} without a stored value ({listed(self.without_value, 5)}), read as empty: "
                "open the workbook in a spreadsheet program, let it calculate, and save it"
            )
        if self.errors:
            found.append(
                f"{sheet}: {count(len(self.errors), 'cell')} with an error value such as #N/A ({listed(self.errors, 5)}), read as empty: mend the formulas"
            )
        if self.merged:
            found.append(f"{sheet}: the header has merged cells ({listed(self.merged, 5)}): give each column a name of its own")
        return found

    def header(self) -> Sequence[str]:
        return [cell_text(cell, self.decimal) for cell in self.rows[0]] if self.rows else []

    def lines(self) -> Iterator[tuple[int, Row]]:
        for line, cells in enumerate(self.rows[1:], start=2):
            row = [cell_text(cell, self.decimal) for cell in cells]
            if any(row):
                yield line, row

    def blocks(self, size: int) -> Iterator[tuple[Sequence[int], Sequence[Row]]]:
        yield from _gathered(self.lines(), size)

    def ended(self) -> bool:
        return True

    def checksum(self) -> str:
        return ""


def cell_text(cell: Any, decimal: str = ".") -> str:
    """A cell as the same cell of a CSV file would be: a number with the source's decimal sign, a time without zone where it has none.

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
    """All sheets by name. A workbook is small on disk and large in memory, so its limits stand before it is read."""
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
        found: dict[str, SheetTable] = {}
        for name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(name)
            if sheet.total_height > WORKBOOK_ROWS or sheet.total_height * max(sheet.total_width, 1) > 20 * WORKBOOK_ROWS:
                raise LimitExceeded(f"{path.name}: sheet {name} has more cells than are read: export it as CSV")
            empty, errors = cells.get(name, ((), ()))
            rows = sheet.to_python(skip_empty_area=False)
            merged = [cell_name(low[0], low[1]) for low, high in sheet.merged_cell_ranges or () if low[0] == 0 and high != low]
            found[name] = SheetTable(f"{path.name} sheet {name} row", rows, decimal, merged, empty, errors)
    except python_calamine.CalamineError as error:
        raise InvalidInput(f"{path.name} cannot be read: {error}") from error
    return found
