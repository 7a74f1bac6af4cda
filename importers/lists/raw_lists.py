"""What an importer of lists writes: which lists of raw rows the source has, how they are read, what one row means
(importers/README.md)."""

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
    """What an importer writes; subclass it to have the defaults."""

    def check(self) -> Sequence[str]:
        """Returns one sentence for each thing found; raises when the source cannot be reached or read."""
        ...

    def lists(self) -> Sequence[RawList]:
        """Returns the lists in the order in which they are read."""
        ...

    def fingerprint(self) -> str:
        """Returns a text that differs where the same source would give other rows, or the same rows other records: place,
        settings, mapping."""
        ...

    def read(self, name: str, since: str) -> Iterator[Sequence[Row]]:
        """Yields pages of rows to the end of the list: all of it, or the rows stamped `since` or later. Raises what the client
        raises, and SourceFailed where the end is not reached."""
        ...

    def records(self, name: str, key: str, body: Any) -> Iterable[Mapped]:
        """Returns what one row means, and nothing but this row."""
        ...

    def latest(self, name: str) -> str:
        """Returns the newest stamp in a list; "" where it has none, so that the list is always read whole."""
        return ""

    def earlier(self, stamp: str) -> str:
        """Returns a stamp some minutes before (5 or more): the overlap of two runs."""
        return stamp

    def total(self, name: str, after: str, upto: str) -> int | None:
        """Returns how many rows the source has with after < key <= upto (an empty `upto` sets no end); None where it does not
        say."""
        return None

    def gone(self, name: str, since: str) -> Iterable[str]:
        """Yields keys that the source's own record of deletes names since a stamp. It is called only where the numbers differ,
        and believed only where they agree afterwards."""
        return ()

    def keys(self, name: str, after: str, upto: str) -> Iterator[str]:
        """Yields the keys of the rows with after < key <= upto."""
        return (key for page in self.read(name, "") for key, _, _ in page if after < key and (not upto or key <= upto))

    def warnings(self) -> Sequence[str]:
        """Returns sentences about what was read that people should know."""
        return ()
