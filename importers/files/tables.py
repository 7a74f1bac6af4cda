"""What a table in a file is to those who read it: a header and numbered rows, within limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Protocol

Row = Sequence[str]


class Table(Protocol):
    """`place` names a row for people together with its line."""

    place: str

    def header(self) -> Sequence[str]: ...
    def lines(self) -> Iterator[tuple[int, Row]]: ...  # rows below the header with the number of their line; empty rows left out
    def blocks(self, size: int) -> Iterator[tuple[Sequence[int], Sequence[Row]]]: ...  # the same in blocks
    def ended(self) -> bool: ...  # after reading: the last row is whole
    def problem(self) -> str: ...  # after reading: why rows are missing
    def notes(self) -> Sequence[str]: ...  # what a person should know of it
    def checksum(self) -> str: ...


def blocks_of(lines: Iterator[tuple[int, Row]], size: int) -> Iterator[tuple[Sequence[int], Sequence[Row]]]:
    """Numbered rows in blocks of `size`: the numbers of each block, and its rows."""
    while block := list(islice(lines, size)):
        yield [line for line, _ in block], [row for _, row in block]
