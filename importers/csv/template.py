"""Writes the documented sheets as an empty form: a folder of CSV files or a workbook."""

from __future__ import annotations

import csv
from pathlib import Path

from app.domain.errors import InvalidInput
from importers.csv.columns import EXAMPLE, SHEETS


def template(target: Path) -> list[Path]:
    """Writes the documented sheets with a small example to replace, into a folder, or as a workbook where the name ends with
    .xlsx; returns the files."""
    filled = {
        sheet: [[str(row.get(name, "")) for name, _, _ in columns] for row in EXAMPLE[sheet]]
        for sheet, (_, columns) in SHEETS.items()
    }
    if target.suffix.casefold() == ".xlsx":
        import xlsxwriter

        with xlsxwriter.Workbook(str(target), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
            for sheet, (_, columns) in SHEETS.items():
                page = book.add_worksheet(sheet)
                for place, (name, _, note) in enumerate(columns):
                    page.write_string(0, place, name)
                    if note:
                        page.write_comment(0, place, note)
                for line, row in enumerate(filled[sheet], 1):
                    for place, cell in enumerate(row):
                        page.write_string(line, place, cell)
        return [target]
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for sheet, (_, columns) in SHEETS.items():
        path = target / f"{sheet}.csv"
        if path.exists():
            raise InvalidInput(f"{path} exists already", field="template")
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([name for name, _, _ in columns])
            writer.writerows(filled[sheet])
        written.append(path)
    return written
