"""The settings of a CSV source: how its files are written and what its headers are called."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import available_timezones

from app.domain.errors import InvalidInput
from importers.mapping.cells import EMPTY

FORM = 4  # raised when the same lines would give other records


@dataclass(frozen=True, slots=True)
class CsvSettings:
    """The checked settings. `columns`: sheet -> header of the file -> documented column; `files`: sheet -> name of its file,
    where it is another."""

    encodings: Sequence[str] = ("utf-8-sig", "windows-1252")
    delimiter: str = ""
    empty: Sequence[str] = EMPTY
    list_separator: str = "|"
    decimal: str = ""
    thousands: str = ""
    zone: str = ""
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def fingerprint(self) -> str:
        return json.dumps(
            [
                FORM,
                self.delimiter,
                list(self.empty),
                self.list_separator,
                self.decimal,
                self.thousands,
                self.zone,
                self.columns,
                self.files,
            ],
            sort_keys=True,
            default=dict,
        )


def csv_settings(given: Mapping[str, Any]) -> CsvSettings:
    known = set(CsvSettings.__slots__)
    unknown = sorted(set(given) - known)
    if unknown:
        raise InvalidInput(f"csv: unknown setting {unknown[0]}; known: {', '.join(sorted(known))}", field=unknown[0])
    values = dict(given)
    for name in ("encodings", "empty"):
        if isinstance(values.get(name), str):
            values[name] = tuple(values[name].split(","))
    for name in ("columns", "files"):
        if not isinstance(values.get(name, {}), Mapping):
            raise InvalidInput(f"csv: {name} is a table of names", field=name)
    for name, allowed in (("decimal", ("", ".", ",")), ("thousands", ("", ".", ",", " ", "'"))):
        if values.get(name, "") not in allowed:
            raise InvalidInput(f"csv: {name} is one of {' '.join(repr(sign) for sign in allowed if sign)}", field=name)
    if values.get("thousands") and values["thousands"] == (values.get("decimal") or "."):
        raise InvalidInput("csv: decimal and thousands are the same sign", field="thousands")
    if (zone := values.get("zone")) and zone not in available_timezones():
        raise InvalidInput(f"csv: {zone!r} is no time zone; write one as Europe/Berlin, or UTC", field="zone")
    return CsvSettings(**values)
