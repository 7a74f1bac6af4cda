"""Reads a folder of CSV files or a workbook: finds its sheets, checks headers, streams and counts rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from app.domain.completeness import MANIFEST as BY_MANIFEST
from app.domain.completeness import SAID, Evidence, Part
from app.domain.errors import InvalidInput, SourceFailed
from app.ports.ci_source import CiBlock, DependencyBlock, SmallBlock, SourceSnapshot
from importers.csv.blocks import BLOCK, Lines, ci_blocks, dependency_blocks, small_blocks
from importers.csv.columns import MANIFEST, SHEET_OF, needed_of
from importers.csv.header import Header
from importers.csv.header_faults import SHOWN, header_fault, header_notes, named
from importers.csv.settings import CsvSettings
from importers.files import spool
from importers.files.csv_table import CsvTable
from importers.files.workbook import SheetTable, workbook_sheets
from importers.mapping.cells import Writing

Block = TypeVar("Block", CiBlock, DependencyBlock, SmallBlock)
WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


class CsvSnapshot(SourceSnapshot):
    """The sheets found, their headers checked; rows are counted while they are streamed."""

    def __init__(self, location: Path, settings: CsvSettings) -> None:
        self.settings, self.location = settings, location
        self.notes: list[str] = []
        self.rows: dict[str, int] = {}
        self.lines: dict[str, spool.Lines] = {}  # by kind, once hashed
        if not location.exists():
            raise SourceFailed(f"{location} does not exist")
        sheets = self._folder() if location.is_dir() else self._workbook() if location.suffix.casefold() in WORKBOOKS else None
        if sheets is None:
            raise InvalidInput(f"{location.name} is neither a folder nor a workbook", field="location")
        self.tables = {kind: sheets[name] for kind, name in SHEET_OF.items() if name in sheets}
        self.manifest = _manifest(sheets.get(MANIFEST))
        self.headers = {kind: self._header(kind) for kind in self.tables}

    def _names(self) -> dict[str, str]:
        return {self.settings.files.get(name, name).casefold(): name for name in (*SHEET_OF.values(), MANIFEST)}

    def _folder(self) -> dict[str, CsvTable | SheetTable]:
        names, tables = self._names(), dict[str, CsvTable | SheetTable]()
        for path in sorted(self.location.glob("*.csv")):
            name = names.get(path.stem.casefold()) or names.get(path.name.casefold())
            if name:
                tables[name] = CsvTable(path, f"{path.name} line", self.settings.encodings, self.settings.delimiter)
            else:
                self.notes.append(f"{path.name} is not one of the documented files and was not read")
        if not tables:
            raise SourceFailed(f"{self.location} holds none of {', '.join(f'{n}.csv' for n in SHEET_OF.values())}")
        return tables

    def _workbook(self) -> dict[str, CsvTable | SheetTable]:
        names, tables, unread = self._names(), dict[str, CsvTable | SheetTable](), list[str]()
        for sheet, table in workbook_sheets(self.location, self.settings.decimal or ".").items():
            name = names.get(sheet.strip().casefold())
            if name:
                tables[name] = table
            else:
                unread.append(sheet)
        if unread:
            self.notes.append(f"{len(unread)} sheets are not of the documented form and were not read: {', '.join(unread[:10])}")
        if not tables:
            self.notes.append(f"0 records: no sheet is named {', '.join(SHEET_OF.values())}")
        return tables

    def _header(self, kind: str) -> Header:
        table = self.tables[kind]
        sheet, place = SHEET_OF[kind], table.place.rsplit(" ", 1)[0]
        columns, settings = self.settings.columns.get(sheet, {}), self.settings
        header = Header(kind, table.header(), columns, settings.empty, settings.list_separator, self._written(table))
        missing = [name for name in needed_of(kind) if name not in header.at]
        if missing and (header.names != [] or isinstance(table, CsvTable)):
            raise InvalidInput(f"{place}: {header_fault(table, header, sheet, missing)}", field=missing[0])
        twice = sorted(name for name, times in Counter(header.names).items() if name and times > 1)
        if twice:
            spellings = [name for name, known in zip(header.spellings, header.names, strict=True) if known == twice[0]]
            raise InvalidInput(
                f"{place}: the header names {twice[0][:SHOWN]} twice ({named(spellings)})",
                field=twice[0],
            )
        self.notes += [f"{place}: {text}" for text in header_notes(header, sheet)]
        self.notes += table.notes()
        return header

    def _written(self, table: CsvTable | SheetTable) -> Writing:
        """Returns how numbers and times are written. A semicolon between cells is how spreadsheets write where the decimal sign
        is a comma."""
        settings = self.settings
        unsure = not settings.decimal and isinstance(table, CsvTable) and table.delimiter_in_use() == ";"
        return Writing(settings.decimal or ".", settings.thousands, settings.zone, unsure)

    def _counted(self, kind: str, blocks: Callable[[Header, Iterator[Lines], str], Iterator[Block]]) -> Iterator[Block]:
        self.rows[kind] = 0
        table = self.tables.get(kind)
        if table is None or not self.headers[kind].at:
            return
        for block in blocks(self.headers[kind], table.blocks(BLOCK), table.place):
            self.rows[kind] += len(block.positions) + block.left_out.rows()
            yield block

    def cis(self) -> Iterator[CiBlock]:
        return self._counted("ci", ci_blocks)

    def dependencies(self) -> Iterator[DependencyBlock]:
        return self._counted("dependency", dependency_blocks)

    def small(self, kind: str) -> Iterator[SmallBlock]:
        return self._counted(kind, small_blocks)

    def evidence(self) -> Evidence:
        """Returns the evidence of the sheets read so far."""
        parts = []
        for kind, rows in self.rows.items():
            table = self.tables.get(kind)
            listed = self.manifest.get(SHEET_OF[kind])
            if table is None:
                if listed is not None and listed[0]:
                    parts.append(Part(SHEET_OF[kind], 0, listed[0]))
                continue
            checksum = table.checksum() if listed is not None and listed[1] else ""
            expected = None if listed is None else listed[0]
            wanted = listed[1] if listed and checksum else ""
            parts.append(Part(SHEET_OF[kind], rows, expected, table.ended(), checksum, wanted, problem=table.problem()))
        return Evidence(BY_MANIFEST if self.manifest else SAID, tuple(parts))

    def warnings(self) -> Sequence[str]:
        notes = [
            *self.notes,
            *(f"{table.place.rsplit(' ', 1)[0]}: {problem}" for table in self.tables.values() if (problem := table.problem())),
        ]
        if self.tables and not any(self.rows.values()):
            notes.append(
                f"0 records: the sheets {', '.join(SHEET_OF[kind] for kind in self.tables)} hold no rows below their headers"
            )
        return notes


def _manifest(table: CsvTable | SheetTable | None) -> dict[str, tuple[int, str]]:
    """Returns sheet -> rows and checksum, from a manifest with the columns file, rows and sha256."""
    if table is None:
        return {}
    names = [name.strip().casefold() for name in table.header()]
    if "file" not in names or "rows" not in names:
        raise InvalidInput("manifest: the header must name file and rows", field="manifest")
    rows_by_file = {}
    for line, row in table.lines():
        cells = dict(zip(names, (cell.strip() for cell in row), strict=False))
        if not (cells.get("rows", "").isascii() and cells["rows"].isdigit() and len(cells["rows"]) < 19):
            raise InvalidInput(f"manifest line {line}: rows is not a number", field="rows")
        rows_by_file[cells["file"].removesuffix(".csv").casefold()] = (int(cells["rows"]), cells.get("sha256", ""))
    return rows_by_file
