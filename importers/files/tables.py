"""A table in a file as its readers see it: a header and numbered rows, within limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Protocol

Row = Sequence[str]


class Table(Protocol):
    """A table in a file. `place` together with the number of a line names a row for people."""

    place: str

    def header(self) -> Sequence[str]: ...
    def lines(self) -> Iterator[tuple[int, Row]]: ...  # rows below the header with the number of their line; empty rows left out
    def blocks(self, size: int) -> Iterator[tuple[Sequence[int], Sequence[Row]]]: ...  # the same in blocks
    def ended(self) -> bool: ...  # after reading: the last row is whole
    def problem(self) -> str: ...  # after reading: why rows are missing
    def notes(self) -> Sequence[str]: ...  # what a person should know of it
    def checksum(self) -> str: ...


def blocks_of(lines: Iterator[tuple[int, Row]], size: int) -> Iterator[tuple[Sequence[int], Sequence[Row]]]:
    """Yields numbered rows in blocks of `size`: the numbers of each block, and its rows."""
    while block := list(islice(lines, size)):
        yield [line for line, _ in block], [row for _, row in block]
