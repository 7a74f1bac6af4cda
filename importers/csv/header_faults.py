"""Finds what is wrong with a header, in words that name it and say what to do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice

from app.domain.sentences import listed
from app.domain.texts import loosely, one_form
from importers.csv.columns import needed_of
from importers.csv.header import Header
from importers.files.tables import Table

SHOWN, NAMED = 80, 30  # characters of a name that are shown, and names
LOOKED_AT = 20  # rows in which a header may stand below a title


def named(names: Sequence[str]) -> str:
    """Returns names as a header gives them; of very many or very long ones the beginning."""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return (", ".join(name[:SHOWN] for name in names[:NAMED]) + more) or "nothing"


def header_fault(table: Table, header: Header, sheet: str, missing: Sequence[str]) -> str:
    """Returns why a row without needed columns is no header."""
    first = [name[:SHOWN] for name in header.spellings if name]
    if first and first[0].casefold().startswith("sep=") and len(first) == 1:
        return f"line 1 is a spreadsheet's '{first[0]}' line, not the header: remove it; the separator is found by itself"
    needed = [loosely(name) for name in needed_of(header.kind)]
    for line, row in islice(table.lines(), LOOKED_AT):
        words = {loosely(cell) for cell in row}
        if all(name in words for name in needed):
            title = listed([f"'{name}'" for name in first], NAMED) if first else "empty"
            return f"line 1 ({title}) is a title: the header stands in line {line}; remove the lines above it"
    if len(first) < len(header.spellings) and first:
        columns = listed([str(place) for place, name in enumerate(header.spellings, 1) if not name], 5)
        merged = f"; column {columns} has no name: are cells of the header merged? Give each column its own"
    else:
        merged = ""
    what = f"it has {named(first)}"
    example = json.dumps({sheet: {first[0] if first else "Name of your column": missing[0]}}, ensure_ascii=False)
    return (
        f"the header misses {', '.join(missing)}; {what}{merged}. Where a column is called otherwise, say which: --set "
        f"columns='{example}'"
    )


def header_notes(header: Header, sheet: str) -> list[str]:
    """Returns notes on columns that are not read as their writer may have meant."""
    notes = []
    if places := header.unnamed():
        columns = listed([str(place) for place in places], NAMED)
        notes.append(f"column {columns} has no name and was not read: are cells of the header merged?")
    for name, known in header.alike():
        remedy = json.dumps({sheet: {name: known}}, ensure_ascii=False)
        notes.append(f"column '{name}' was not read as {known}; if it is, say so: --set columns='{remedy}'")
    if header.kind != "ci":
        others = [one_form(name[:SHOWN]) for name, _ in header.others if not name.startswith("impact:")]
        if others:
            notes.append(f"columns that are not documented were not read: {listed(others, 10)}")
    return notes
