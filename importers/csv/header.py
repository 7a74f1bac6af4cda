"""The header of a sheet: which column holds what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.domain.texts import loosely, one_form
from importers.csv.columns import columns_of
from importers.mapping.cells import PLAIN, Writing

PREFIXES = ("id", "alias", "impact")


class Header:
    """Where each known column is, whatever case and blanks its name is written in, and what the other columns are: attributes,
    `alias:<kind>` or `id:<kind>`."""

    def __init__(
        self,
        kind: str,
        names: Sequence[str],
        column_map: Mapping[str, str],
        empty: Sequence[str],
        separator: str,
        written: Writing = PLAIN,
    ) -> None:
        self.kind, self.spellings = kind, [one_form(name) for name in names]
        known = columns_of(kind)
        renamed = {_folded(name): column for name, column in column_map.items()}
        self.names = [_known_as(renamed.get(_folded(name), name), known) for name in self.spellings]
        self.empty, self.separator, self.written = frozenset(empty), separator, written
        self.at = {name: place for place, name in enumerate(self.names) if name in known}
        self.others = [(name, place) for place, name in enumerate(self.names) if name and name not in known]

    def width(self) -> int:
        return len(self.names)

    def unnamed(self) -> list[int]:
        """Returns columns without a name, counted from 1; columns behind the last name do not count."""
        last = max((place for place, name in enumerate(self.names) if name), default=-1)
        return [place + 1 for place, name in enumerate(self.names[:last]) if not name]

    def alike(self) -> list[tuple[str, str]]:
        """Returns columns that are taken for something else, each with the documented column whose name is nearly the same."""
        free = {loosely(name): name for name in columns_of(self.kind) if name not in self.at}
        return [(name, free[loosely(name)]) for name, _ in self.others if loosely(name) in free]


def _folded(name: str) -> str:
    return one_form(name).casefold()


def _known_as(name: str, known: Sequence[str]) -> str:
    """Returns the documented name where only case, blanks or dashes differ; else the name, its prefix in small letters."""
    word = _folded(name).replace(" ", "_").replace("-", "_")
    if word in known:
        return word
    prefix, colon, rest = name.partition(":")
    return f"{prefix.strip().casefold()}:{rest.strip()}" if colon and prefix.strip().casefold() in PREFIXES else name
