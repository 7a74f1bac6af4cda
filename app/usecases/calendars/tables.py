"""Calendars as rows of csv or objects of json: columns and fields have the same names (docs/importing.md)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from app.domain.errors import InvalidInput, LimitExceeded
from app.domain.strict_json import strict_json
from app.usecases.calendars.entries import Stated
from app.usecases.calendars.windows import Timing, zone_of

FIELDS = ("id", "kind", "title", "cis", "scope", "start", "end", "duration_hours", "zone", "rrule", "rdates", "exdates", "state")
LISTS = ("cis", "rdates", "exdates")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
JSON_DEPTH, CELL = 6, 131_072


def csv_rows(body: bytes, most: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The rows of a csv file, each with how it is called; InvalidInput where the file as a whole is no table of entries."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput("the file is not UTF-8") from None
    csv.field_size_limit(CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        heads = [head.strip().casefold() for head in next(reader, [])]
        unknown = [head for head in heads if head not in FIELDS]
        if unknown or len(set(heads)) < len(heads) or "start" not in heads:
            what = f"unknown: {', '.join(unknown)[:200]}" if unknown else "start is missing, or a column comes twice"
            raise InvalidInput(f"the columns are {', '.join(FIELDS)}; {what}")
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            most -= 1
            if most < 0:
                raise LimitExceeded("the calendar has more entries than changes.entries allows")
            name = f"line {reader.line_num}"
            if len(cells) != len(heads):
                yield name, {"": f"{len(cells)} cells under {len(heads)} columns"}
                continue
            row: dict[str, Any] = dict(zip(heads, cells, strict=True))
            for column in LISTS:
                row[column] = [part.strip() for part in row.get(column, "").split("|") if part.strip()]
            yield name, row
    except csv.Error as error:
        raise InvalidInput(f"line {reader.line_num}: {error}") from None


def json_rows(body: bytes, most: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects of a json file: {"entries": [...]}."""
    document = strict_json(body, "the file", JSON_DEPTH, finite=True)
    entries = document.get("entries") if isinstance(document, dict) and set(document) == {"entries"} else None
    if not isinstance(entries, list):
        raise InvalidInput('the file is {"entries": [...]}')
    if len(entries) > most:
        raise LimitExceeded("the calendar has more entries than changes.entries allows")
    for number, entry in enumerate(entries, 1):
        yield f"entry {number}", entry if isinstance(entry, dict) else {"": "an entry is an object"}


def stated_of(row: Mapping[str, Any], zone: str) -> Stated:
    """Returns what a row states; InvalidInput names the field that is wrong."""
    for field, value in row.items():
        if field == "":
            raise InvalidInput(str(value), field="entry")
        if field not in FIELDS:
            raise InvalidInput(f"unknown field {field[:40]!r}; the fields are {', '.join(FIELDS)}", field=field[:40])
        texts = value if field in LISTS and isinstance(value, list | tuple) else [value]
        plain = all(isinstance(text, str) for text in texts) or (field == "duration_hours" and type(value) in (int, float))
        if value is not None and (not plain or (field in LISTS) != isinstance(value, list | tuple)):
            raise InvalidInput(f"{'a list of texts' if field in LISTS else 'a text'} is asked for", field=field)
    text = {field: str(row.get(field) or "").strip() for field in FIELDS if field not in LISTS}
    lists: dict[str, Sequence[str]] = {field: row.get(field) or () for field in LISTS}
    starts, own = _moment(text["start"], "start"), text["zone"] or zone
    if not own and isinstance(starts, datetime) and starts.tzinfo is not None:
        own = "UTC"  # the offset says when; it does not say where, so a rule recurs by UTC
    if text["end"]:
        ends = _moment(text["end"], "end")
        if text["duration_hours"]:
            raise InvalidInput("end or duration_hours, not both", field="duration_hours")
    elif text["duration_hours"]:
        ends = _later(starts, text["duration_hours"])
    elif isinstance(starts, datetime):
        raise InvalidInput("end or duration_hours is missing", field="end")
    else:
        ends = starts + timedelta(days=1)
    timing = Timing(
        starts, ends, zone_of(own), text["rrule"],
        [_moment(one, "rdates") for one in lists["rdates"]], [_moment(one, "exdates") for one in lists["exdates"]],
    )  # fmt: skip
    return Stated(text["id"], timing, text["kind"], text["title"], lists["cis"], text["scope"], text["state"])


def _later(starts: date | datetime, text: str) -> datetime:
    if not isinstance(starts, datetime):
        raise InvalidInput("a whole day has an end, no duration_hours", field="duration_hours")
    try:
        return starts + timedelta(hours=float(text))
    except (ValueError, OverflowError):
        raise InvalidInput("duration_hours is a number above 0", field="duration_hours") from None


def _moment(text: str, field: str) -> date | datetime:
    try:
        if DAY.fullmatch(text):
            return date.fromisoformat(text)
        return datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{text[:40]!r} is no date and no time; write 2026-11-20 or 2026-11-20T22:00", field=field) from None
