"""What an importer of lists writes: which lists of raw rows the source has, how they are read, and what one row means (README.md
of importers)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.domain.completeness import CI_CLASS
from importers.lists.mirror import Row
from importers.mapping.mapped import Mapped


@dataclass(frozen=True, slots=True)
class RawList:
    """One list of the source. `gives`: kinds of records its rows map to; `classes`: source classes of its CIs; `ordered`: its
    rows come in order of their key, as SQLite compares texts; `besides`: earlier lists whose rows it holds as well (they count
    there); `optional`: a source need not have it, and a refusal is a warning as long as none of its rows are known."""

    name: str
    gives: tuple[str, ...]
    classes: tuple[str, ...] = ()
    ordered: bool = True
    besides: tuple[str, ...] = ()
    optional: bool = False

    def proves(self) -> tuple[str, ...]:
        return (*(f"{CI_CLASS}{name}" for name in self.classes), *(kind for kind in self.gives if kind != "ci"))


class Lists(Protocol):
    """What an importer writes; subclass it for the defaults."""

    def check(self) -> Sequence[str]:
        """One sentence for each thing found; raises when the source cannot be reached or read."""
        ...

    def lists(self) -> Sequence[RawList]:
        """In the order in which they are read."""
        ...

    def fingerprint(self) -> str:
        """Another text where the same source would give other rows, or the same rows other records: place, settings, mapping."""
        ...

    def read(self, name: str, since: str) -> Iterator[Sequence[Row]]:
        """Pages of rows to the end of the list, all of it or those stamped `since` or later. Raises what the client raises, and
        SourceFailed where the end is not reached."""
        ...

    def records(self, name: str, key: str, body: Any) -> Iterable[Mapped]:
        """What one row means, and nothing but this row."""
        ...

    def latest(self, name: str) -> str:
        """The newest stamp in a list; "": it has none, so the list is always read whole."""
        return ""

    def earlier(self, stamp: str) -> str:
        """A stamp some minutes before (5 or more): the overlap of two runs."""
        return stamp

    def total(self, name: str, after: str, upto: str) -> int | None:
        """How many rows the source has with after < key <= upto ("": without end); None: it does not say."""
        return None

    def gone(self, name: str, since: str) -> Iterable[str]:
        """Keys that a record of deletes says went since a stamp, where the source keeps one; asked only where the numbers differ,
        and believed only where they agree afterwards."""
        return ()

    def keys(self, name: str, after: str, upto: str) -> Iterator[str]:
        """Keys of the rows with after < key <= upto."""
        return (key for page in self.read(name, "") for key, _, _ in page if after < key and (not upto or key <= upto))

    def warnings(self) -> Sequence[str]:
        """What is worth saying about what was read."""
        return ()
