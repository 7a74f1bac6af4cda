"""Finds cells of a workbook that a reader of values sees as empty: formulas that were never calculated, and error values."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from html import unescape
from pathlib import Path

MOST = 1_000  # of each sheet
_CELL = re.compile(rb"<c\b([^>]*[^/>])>(.*?)</c>", re.DOTALL)
_NAME = re.compile(rb"\br=\"([A-Z]+[0-9]+)\"")
_VALUE = re.compile(rb"<v>[^<]+</v>|<is>")
_SHEET = re.compile(r"<sheet\b[^>]*>")
_RELATION = re.compile(r"<Relationship\b[^>]*>")

OddCells = tuple[Sequence[str], Sequence[str]]  # cells whose formula has no value, cells with an error


def odd_cells(path: Path) -> Mapping[str, OddCells]:
    """Returns the cells by name of sheet; nothing for workbooks in another form than Office Open XML."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: _of_sheet(archive.read(part)) for name, part in _parts(archive).items()}
    except KeyError:
        return {}


def _parts(archive: zipfile.ZipFile) -> Mapping[str, str]:
    """Returns, by the name of each sheet, the file in the archive that holds it."""
    relations = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
    targets = {_attribute(tag, "Id"): _attribute(tag, "Target") for tag in _RELATION.findall(relations)}
    sheets = _SHEET.findall(archive.read("xl/workbook.xml").decode("utf-8", "replace"))
    names = set(archive.namelist())
    parts = {}
    for tag in sheets:
        target = targets.get(_attribute(tag, "r:id"), "")
        part = target[1:] if target.startswith("/") else f"xl/{target}"
        if part in names and part.endswith(".xml"):
            parts[_attribute(tag, "name")] = part
    return parts


def _attribute(tag: str, name: str) -> str:
    match = re.search(rf"\b{re.escape(name)}=\"([^\"]*)\"", tag)
    return unescape(match.group(1)) if match else ""


def _of_sheet(xml: bytes) -> OddCells:
    without_value, errors = list[str](), list[str]()
    if b"<f" not in xml and b't="e"' not in xml:
        return without_value, errors
    for cell in _CELL.finditer(xml):
        named, inner = _NAME.search(cell.group(1)), cell.group(2)
        if named is None:
            continue
        if b't="e"' in cell.group(1):
            errors.append(named.group(1).decode())
        elif b"<f" in inner and not _VALUE.search(inner):
            without_value.append(named.group(1).decode())
        if len(errors) + len(without_value) >= MOST:
            break
    return without_value, errors


def cell_name(row: int, column: int) -> str:
    """
    >>> cell_name(0, 0), cell_name(4, 27)
    ('A1', 'AB5')
    """
    letters, number = "", column + 1
    while number:
        number, place = divmod(number - 1, 26)
        letters = chr(65 + place) + letters
    return f"{letters}{row + 1}"
