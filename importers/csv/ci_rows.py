"""Turns a row of the sheet of CIs into a record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.ci_classes import OTHER, class_of
from app.domain.records import CiRecord
from importers.csv.columns import IDENTIFIERS
from importers.csv.header import Header
from importers.files.source_class import SOURCE_CLASS
from importers.files.tables import Row
from importers.mapping.cells import BadCell, cell, is_error, number, yes
from importers.mapping.figures import mean_from_median, rate_from_calendar

TEXTS = ("site", "team", "supplier", "restore_pool", "starts_without", "failures_origin", "repair_origin", "repair_distribution")
NUMBERS = (
    "failures_per_year",
    "failures_per_calendar_year",
    "failures_per_year_low",
    "failures_per_year_high",
    "repair_hours",
    "repair_median_hours",
    "repair_sigma",
    "repair_hours_low",
    "repair_hours_high",
    "unavailability",
    "failure_on_demand",
    "level_share",
    "restart_hours",
    "backup_interval_hours",
    "transfer_lag_hours",
)
WORDS = ("environment", "lifecycle")  # in small letters
CONVERTED = {"failures_per_calendar_year", "repair_median_hours", "repair_sigma"}
Places = Sequence[tuple[str, int]]  # name of a value, place of its cell


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a header has the values of a CI, by their names in the record."""

    texts: Places
    words: Places
    numbers: Places
    identifiers: Places
    aliases: Places
    attributes: Places


def _columns_of(header: Header) -> Columns:
    def known(names: Sequence[str]) -> Places:
        return [(name, header.at[name]) for name in names if name in header.at]

    def others(prefix: str) -> Places:
        return [(name[len(prefix) :], place) for name, place in header.others if name.startswith(prefix)]

    plain = [(name, place) for name, place in header.others if not name.startswith(("id:", "alias:"))]
    identifiers = [*known(tuple(IDENTIFIERS)), *others("id:")]
    return Columns(known(TEXTS), known(WORDS), known(NUMBERS), identifiers, others("alias:"), plain)


def ci_builder(header: Header) -> Callable[[Row, list[BadCell]], CiRecord]:
    """Returns a builder of records. Cells that cannot be used and are not needed go to the list that it is given; BadCell for a
    row that gives no record."""
    empty, written, columns = header.empty, header.written, _columns_of(header)
    key_at, name_at, class_at, service_at = (header.at.get(name) for name in ("key", "name", "class", "service"))
    assert key_at is not None
    texts, numbers, words = columns.texts, columns.numbers, columns.words
    identifiers, aliases, attributes = columns.identifiers, columns.aliases, columns.attributes
    converted = not CONVERTED.isdisjoint(header.at)
    classes: dict[str, tuple[str, str]] = {}

    def stated(row: Row, places: Places) -> list[tuple[str, str]]:
        return [(name, text) for name, place in places if (text := row[place].strip()) not in empty]

    def build(row: Row, lost: list[BadCell]) -> CiRecord:
        key = row[key_at].strip()
        if key in empty:
            raise BadCell("key", "is empty", "give each CI a key that never changes")
        if errors := [place for place, text in enumerate(row) if text[:1] == "#" and is_error(text.strip())]:
            row = _without_errors(header, row, errors, lost)
        values: dict[str, Any] = {name: text for name, place in texts if (text := row[place].strip()) not in empty}
        for name, place in numbers:
            if (text := row[place].strip()) not in empty:
                try:
                    values[name] = number(name, text, written)
                except BadCell as bad:
                    lost.append(bad)
        if converted:
            _convert(values, lost)
        raw = "" if class_at is None else row[class_at].strip()
        if raw not in classes:
            classes[raw] = _class(raw, empty)
        values["ci_class"], values["raw_class"] = classes[raw]
        for name, place in words:
            if (text := row[place].strip()) not in empty:
                values[name] = text.casefold()
        if service_at is not None and (text := row[service_at].strip()) not in empty:
            values["is_service"] = bool(cell(yes, "service", text, lost))
        if identifiers:
            values["identifiers"] = tuple(stated(row, identifiers))
        if aliases:
            values["aliases"] = tuple(stated(row, aliases))
        if attributes:
            values["attributes"] = {name: text for name, place in attributes if (text := row[place].strip()) not in empty}
        shown = "" if name_at is None else row[name_at].strip()
        return CiRecord(SOURCE_CLASS, key, key if shown in empty else shown, **values)

    return build


def _class(raw: str, empty: frozenset[str]) -> tuple[str, str]:
    """Returns our class for a source's word, and the word itself where it says more."""
    word = OTHER if raw in empty else class_of(raw)
    return word or OTHER, "" if raw in empty or raw == word else raw


def _convert(values: dict[str, Any], lost: list[BadCell]) -> None:
    """Turns median and calendar count into the mean and the rate per year of up time."""
    sigma = values.get("repair_sigma")
    if sigma is not None:
        values.setdefault("repair_distribution", "lognormal")
    median = values.pop("repair_median_hours", None)
    if median is not None and "repair_hours" not in values:
        try:
            values["repair_hours"] = mean_from_median(median, sigma)
        except BadCell as bad:
            lost.append(bad)
    count = values.pop("failures_per_calendar_year", None)
    if count is not None and "failures_per_year" not in values:
        try:
            values["failures_per_year"] = rate_from_calendar(count, values.get("repair_hours"))
        except BadCell as bad:
            lost.append(bad)


def _without_errors(header: Header, row: Row, places: Sequence[int], lost: list[BadCell]) -> list[str]:
    """Returns the row with a spreadsheet's error values as empty cells; BadCell where the key is one."""
    cells = list(row)
    for place in places:
        name = header.names[place] if place < len(header.names) else f"column {place + 1}"
        bad = BadCell(name, f"'{cells[place].strip()}' is an error value of a spreadsheet", "mend its formula at the source")
        if name == "key":
            raise bad
        lost.append(bad)
        cells[place] = ""
    return cells
