"""Tables as a workbook: a sheet that says what it rests on, then a sheet for each table. No cell is a formula or a link."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.domain.report import COUNT, NUMBER, SHARE, TEXT, TIME, Basis, Column, Table

SHEET_ROWS = 1_048_575  # rows of a sheet below its head; the rest goes on in another one
CELL_SIGNS = 32_767
FORMATS = {TEXT: {}, COUNT: {"num_format": "#,##0"}, NUMBER: {"num_format": "#,##0.##"}, SHARE: {"num_format": "0.0%"},
           TIME: {"num_format": "yyyy-mm-dd hh:mm"}}  # fmt: skip
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML cannot hold them
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "in_memory": False,
}


def write_workbook(basis: Basis, tables: Iterable[Table], path: Path, scratch: Path) -> dict[str, int]:
    """Writes a workbook and returns how many rows each table has; `scratch`: a folder for its parts while it is written."""
    from xlsxwriter import Workbook  # late: only reports write workbooks

    rows: dict[str, int] = {}
    with Workbook(str(path), {**OPTIONS, "tmpdir": str(scratch)}) as book:
        made = datetime.fromisoformat(basis.stamp.revision_at).astimezone(UTC).replace(tzinfo=None)
        book.set_properties({"title": f"Forestay, revision {basis.stamp.revision}", "author": "Forestay", "created": made})
        looks = {kind: book.add_format(look) for kind, look in FORMATS.items()}
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        _write_basis(book, basis, head)
        for table in tables:
            rows[table.name] = _write_table(book, table, head, looks)
    return rows


def _write_basis(book: Any, basis: Basis, head: Any) -> None:
    sheet = book.add_worksheet("About")
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 100)
    stamp, wrapped = basis.stamp, book.add_format({"text_wrap": True, "valign": "top"})
    lines = [
        ("Revision", f"{stamp.revision} of {stamp.revision_at}"),
        ("Made", basis.made_at),
        ("Model", f"{stamp.model_version}, settings {stamp.settings}"),
        ("Currency", stamp.currency),
        *(("Source", f"{source.name}, read last {source.synced_at or 'never'}") for source in stamp.sources),
        *(("Not assessed", f"{count} CIs ({why})") for why, count in stamp.left_out.items()),
        *(("Method", sentence) for sentence in basis.method),
        *(("Warning", warning) for warning in stamp.warnings),
    ]
    for number, (name, text) in enumerate(lines):
        sheet.write_string(number, 0, name, head)
        sheet.write_string(number, 1, _text(text), wrapped)


def _write_table(book: Any, table: Table, head: Any, looks: dict[str, Any]) -> int:
    sheet: Any = None
    count = 0
    for row in table.rows:
        place = count % SHEET_ROWS
        if place == 0:
            sheet = _sheet(book, table, head, looks, 1 + count // SHEET_ROWS)
        for number, (column, value) in enumerate(zip(table.columns, row, strict=True)):
            _write_cell(sheet, place + 1, number, column, value)
        count += 1
    if sheet is None:
        _sheet(book, table, head, looks, 1)
    return count


def _sheet(book: Any, table: Table, head: Any, looks: dict[str, Any], part: int) -> Any:
    name = re.sub(r"[\[\]:*?/\\]", " ", table.title)[:28]
    sheet = book.add_worksheet(name if part == 1 else f"{name} {part}")
    sheet.freeze_panes(1, 0)
    for number, column in enumerate(table.columns):
        sheet.set_column(number, number, _width(column), looks[column.kind])
        sheet.write_string(0, number, column.head, head)
    sheet.autofilter(0, 0, max(min(table.total_rows - (part - 1) * SHEET_ROWS, SHEET_ROWS), 1), len(table.columns) - 1)
    return sheet


def _width(column: Column) -> float:
    return 28.0 if column.kind == TEXT else 18.0


def _write_cell(sheet: Any, row: int, number: int, column: Column, value: Any) -> None:
    if value is None:
        return
    if column.kind == TEXT or (isinstance(value, str) and column.kind != TIME):
        sheet.write_string(row, number, _text(str(value)))
    elif column.kind == TIME:
        sheet.write_datetime(row, number, datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None))
    elif value in (float("inf"), float("-inf")):
        sheet.write_string(row, number, "infinite")
    else:
        sheet.write_number(row, number, value)


def _text(text: str) -> str:
    """Returns a text as a cell can hold it: signs that XML cannot hold become their names, and it is cut at a cell's size."""
    return CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)[:CELL_SIGNS]
