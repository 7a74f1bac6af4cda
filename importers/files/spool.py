"""Finds which lines of a file came, went or stayed since another version of it: 64-bit hashes of lines, sorted, with their
places.

Order is irrelevant. A line that occurs several times counts once; its repetitions are listed apart. Two different lines with one
hash (one chance in 10^6 for 6 million lines) would pass as one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from xxhash import xxh3_64_intdigest

Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
CHUNK = 1 << 24


@dataclass(frozen=True, slots=True)
class Lines:
    """Hashes of the lines below the header, sorted, with the line of each (from 0, equal ones in the order of the file), and
    where each line begins (the last: the end). `quotes`: a row might not be a line; `header`: the first
    line. Line n is line n + 2 for people."""

    hashes: Hashes
    order: Ints
    offsets: Ints
    quotes: bool
    header: bytes

    def first(self) -> npt.NDArray[np.bool_]:
        """Returns which of the sorted hashes is the first of its equals."""
        return np.concatenate([np.ones(min(1, len(self.hashes)), bool), self.hashes[1:] != self.hashes[:-1]])


def lines_of(path: Path) -> Lines:
    hashes: list[Hashes] = []
    ends: list[Ints] = []
    quotes = False
    with path.open("rb") as file:
        header = file.readline()
        start = len(header)
        while block := file.read(CHUNK):
            block += file.readline()
            whole = block if block.endswith(b"\n") else block + b"\n"  # the last line without its line feed is the same row
            rows = whole.split(b"\n")[:-1]
            hashes.append(np.fromiter(map(xxh3_64_intdigest, rows), np.uint64, len(rows)))
            ends.append(np.cumsum(np.fromiter(map(len, rows), np.int64, len(rows)) + 1) + start)
            quotes = quotes or _has_quotes(block)
            start += len(block)
    joined = np.concatenate(hashes) if hashes else np.empty(0, np.uint64)
    order = np.argsort(joined, kind="stable")
    offsets = np.concatenate([np.array([len(header)], np.int64), *ends])
    return Lines(joined[order], order, offsets, quotes or _has_quotes(header), header)


def has_quotes(path: Path) -> bool:
    """Returns whether a row might not be a line: a quote, or a carriage return without its line feed."""
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            if _has_quotes(block + file.readline()):
                return True
    return False


def _has_quotes(text: bytes) -> bool:
    return b'"' in text or (b"\r" in text and text.count(b"\r") > text.count(b"\r\n"))


def save(lines: Lines, not_plain: Collection[int], stem: Path) -> None:
    """Keeps hashes, places and the hashes of lines that were not plainly accepted (`not_plain`: lines as people count them)."""
    special = np.empty(0, np.uint64)
    if not_plain:
        marked = np.zeros(len(lines.hashes) + 2, bool)
        marked[[line for line in not_plain if 2 <= line < len(marked)]] = True
        special = lines.hashes[marked[lines.order + 2] & lines.first()]
    np.save(stem.with_suffix(".hashes.npy"), lines.hashes)
    np.save(stem.with_suffix(".order.npy"), lines.order)
    np.save(stem.with_suffix(".offsets.npy"), lines.offsets)
    np.save(stem.with_suffix(".open.npy"), special)


@dataclass(frozen=True, slots=True)
class LineDifference:
    """Lines, counted from 0: `examine` of the new file, `gone` of the old one; `untouched`: how many stayed and were accepted."""

    examine: Ints
    gone: Ints
    untouched: int


def compare(stem: Path, new: Lines) -> LineDifference:
    old_hashes, old_order = np.load(stem.with_suffix(".hashes.npy")), np.load(stem.with_suffix(".order.npy"))
    special = np.load(stem.with_suffix(".open.npy"))
    old = Lines(old_hashes, old_order, new.offsets, False, b"")
    examine = ~_member(new.hashes, old_hashes) | ~new.first() | _member(new.hashes, special)
    gone = ~_member(old_hashes, new.hashes) & old.first() & ~_member(old_hashes, special)
    picked = np.sort(new.order[examine])
    return LineDifference(picked, np.sort(old_order[gone]), len(new.hashes) - len(picked))


def untouched_lines(new: Lines, examine: Ints) -> npt.NDArray[np.bool_]:
    stays = np.ones(len(new.hashes), bool)
    stays[examine] = False
    return stays


def texts_at(path: Path, offsets: Any, rows: Ints) -> Iterator[tuple[int, bytes]]:
    """Yields the named lines of a file with their index."""
    with path.open("rb") as file:
        for row in rows.tolist():
            start, stop = int(offsets[row]), int(offsets[row + 1])
            file.seek(start)
            yield row, file.read(stop - start)


def kept_offsets(stem: Path) -> Any:
    return np.load(stem.with_suffix(".offsets.npy"), mmap_mode="r")


def _member(values: Hashes, others: Hashes) -> npt.NDArray[np.bool_]:
    """Returns which of some sorted hashes are among others, which are sorted too."""
    if not len(others) or not len(values):
        return np.zeros(len(values), bool)
    spot = np.minimum(np.searchsorted(others, values), len(others) - 1)
    mask: npt.NDArray[np.bool_] = others[spot] == values
    return mask
