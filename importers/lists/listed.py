"""The CiSource made of lists of raw rows: it keeps rows in a mirror, asks only for what changed next time, and finds what
went."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.domain.completeness import PAGES, Evidence
from app.ports.ci_source import SourceDifference, SourceSnapshot
from importers.lists.difference import ChangedRows, difference
from importers.lists.mirror import FORM, SHIFT, Mirror, Stored, known_rows
from importers.lists.raw_lists import Lists
from importers.lists.reading import read_all
from importers.lists.rows import UNKNOWN, Rows


class WholeRows(Rows):
    """All rows of a mirror."""

    def __init__(self, lists: Lists, mirror: Mirror, evidence: Evidence, notes: Sequence[str]) -> None:
        super().__init__(lists, evidence, notes)
        self.mirror = mirror

    def _stored(self, kind: str) -> Iterator[tuple[Stored, Collection[int] | None]]:
        self.counts.given.pop(kind, None)
        for name in (kind, UNKNOWN) if kind == "dependency" else (kind,):
            self.counts.ignored.pop(name, None)
        names = [raw.name for raw in self._lists.lists() if kind in raw.gives]
        return ((row, None) for row in self.mirror.rows(names))

    def where(self, place: str, position: int) -> str:
        row = self.mirror.at(position >> SHIFT)
        return f"{row[1]} {row[2]}" if row else f"{place} {position}"


@dataclass(slots=True)
class Listed:
    """A CiSource of lists. `full_hours`: how long a difference is trusted; after that everything is read."""

    lists: Lists
    full_hours: float = 168.0
    _fresh: WholeRows | None = None
    _changed: ChangedRows | None = None

    def check(self) -> Sequence[str]:
        return self.lists.check()

    def read(self, folder: Path) -> SourceSnapshot:
        self._forget()
        mirror = Mirror(folder / "reading.db", fresh=True)
        try:
            parts, notes = read_all(
                self.lists, mirror, known_rows(folder / "mirror.db", [raw.name for raw in self.lists.lists()])
            )
        except BaseException:
            mirror.drop()
            raise
        self._fresh = WholeRows(self.lists, mirror, Evidence(PAGES, tuple(parts)), notes)
        return self._fresh

    def difference(self, folder: Path) -> SourceDifference | None:
        self._forget()
        self._changed = difference(self.lists, folder / "mirror.db", self._print(), self.full_hours)
        return self._changed

    def keep(self, folder: Path, facts: str, not_plain: Mapping[str, Collection[int]]) -> None:
        if self._fresh is not None:
            kept = {"facts": facts, "print": self._print(), "full_at": str(time.time())}
            self._fresh.mirror.seal(folder / "mirror.db", kept, self._fresh.counts, not_plain)
        elif self._changed is not None:
            self._changed.keep(facts, not_plain)
        self._fresh = self._changed = None

    def _print(self) -> str:
        return json.dumps([FORM, self.lists.fingerprint(), [str(raw) for raw in self.lists.lists()]])

    def _forget(self) -> None:
        """Drops what an earlier attempt of this run read: it is not applied."""
        if self._fresh is not None:
            self._fresh.mirror.drop()
        if self._changed is not None:
            with suppress(Exception):
                self._changed.mirror.close()
        self._fresh = self._changed = None
