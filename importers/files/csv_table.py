"""A CSV file as a table: its encoding and delimiter found, rows over several lines, quotes that are never closed."""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, islice
from pathlib import Path
from typing import IO

from app.domain.errors import InvalidInput, LimitExceeded, SourceFailed
from importers.files.spool import has_quotes
from importers.files.tables import Row, blocks_of

CELL_CHARACTERS = 1_000_000
COLUMNS = 2_000
CHUNK = 1 << 22


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
        """Returns the first of the encodings in which the whole file can be read."""
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
        """Yields the rows in blocks. Without a quote in the file every line is a row, so no line has to be counted."""
        if has_quotes(self.path):
            yield from blocks_of(self.lines(), size)
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
        """Returns, after reading, why its last rows are not all there; "" where they are."""
        if not self.unclosed:
            return ""
        return (
            f"a quote opens in line {self.unclosed} and is not closed: what follows was taken for one cell; close it, and "
            "import again"
        )

    def ended(self) -> bool:
        """Returns whether the last line is closed by a line feed, or has as many cells as the header."""
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
    """Returns whether a quote of a row is not closed: the reader ends such a row at the end of the file without an error."""
    return sum(line.count('"') for line in lines) % 2 == 1


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
