"""Staging: the local file in which a sync keeps what it read until it is known what to do with it, and the lock around a sync."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from app.domain.identity_spelling import Identifier
from app.ports.comparison import Comparison

# number in the roster, source key, payload, cells of its CI after id and key
StagedRecord = tuple[int, str, str, tuple[Any, ...]]


class Staging(Protocol):
    def put(self, rows: Sequence[StagedRecord]) -> None: ...  # new and changed records
    def records(self) -> Iterator[StagedRecord]: ...  # in order of key
    def payloads(self, numbers: Sequence[int]) -> Mapping[int, str]: ...
    def put_identifiers(self, rows: Iterable[tuple[Identifier, int]]) -> None: ...
    def index_identifiers(self) -> None: ...  # before the first `holders`
    def holders(self, identifiers: Sequence[Identifier]) -> Mapping[Identifier, Sequence[int]]: ...
    def spill(self, chunk: Any) -> None: ...  # tuples and lists of plain values
    def spilled(self) -> Iterator[Any]: ...  # in the order spilled, any number of times
    def close(self) -> None: ...


class Workbench(Protocol):
    """What a sync needs of the machine on which it runs."""

    @property
    def compare(self) -> Comparison: ...
    def staging(self, path: Path) -> Staging: ...
    def one_at_a_time(self, folder: Path) -> AbstractContextManager[object]:
        """Returns what is held while a sync runs; the operating system frees it when the process dies.

        Conflict when another process holds it.
        """
        ...
