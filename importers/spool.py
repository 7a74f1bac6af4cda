"""Which lines of a file came, went or stayed since another version of it: 64-bit hashes of lines, sorted, with their places.

Order is irrelevant; a line that stands there several times counts once, its repetitions are named apart. Two different lines with one hash
(one chance in 10^6 for 6 million lines) would pass as one.
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
    """Hash of every line below the header in the order of the file, and where each begins (the last: the end). `quotes`: some line has
    a quote, so a row might span lines; `header`: the first line. Line n (from 0) is line n + 2 for people."""

    hashes: Hashes
    offsets: Ints
    quotes: bool
    header: bytes


def lines_of(path: Path) -> Lines:
    hashes: list[Hashes] = []
    lengths: list[Ints] = []
    quotes = False
    with path.open("rb") as file:
        header = file.readline()
        while block := file.readlines(CHUNK):
            if not block[-1].endswith(b"\n"):  # the last line without its line feed is the same row
                block[-1] += b"\n"
            hashes.append(np.fromiter(map(xxh3_64_intdigest, block), np.uint64, len(block)))
            lengths.append(np.fromiter(map(len, block), np.int64, len(block)))
            quotes = quotes or any(b'"' in line for line in block)
    offsets = np.zeros(sum(map(len, lengths)) + 1, np.int64)
    if lengths:
        np.cumsum(np.concatenate(lengths), out=offsets[1:])
    offsets += len(header)
    return Lines(np.concatenate(hashes) if hashes else np.empty(0, np.uint64), offsets, quotes, header)


def save(lines: Lines, not_plain: Collection[int], stem: Path) -> None:
    """Keep hashes, places and the hashes of lines that were not plainly accepted (`not_plain`: lines for people)."""
    first = _first_of_each(lines.hashes)
    rows = np.array(sorted(line - 2 for line in not_plain), np.int64)
    rows = rows[(rows >= 0) & (rows < len(lines.hashes))]
    rows = rows[first[rows]]
    np.save(stem.with_suffix(".hashes.npy"), lines.hashes)
    np.save(stem.with_suffix(".offsets.npy"), lines.offsets)
    np.save(stem.with_suffix(".open.npy"), np.unique(lines.hashes[rows]))


@dataclass(frozen=True, slots=True)
class LineDifference:
    """Line indexes from 0: `examine` of the new file, `gone` of the old one; `untouched`: lines that stayed and were accepted."""

    examine: Ints
    gone: Ints
    untouched: int


def compare(stem: Path, new: Lines) -> LineDifference:
    old_hashes = np.load(stem.with_suffix(".hashes.npy"))
    not_plain = np.load(stem.with_suffix(".open.npy"))
    new_first, old_first = _first_of_each(new.hashes), _first_of_each(old_hashes)
    came = ~_member(new.hashes, old_hashes)
    examine = came | ~new_first
    if len(not_plain):
        examine |= _member(new.hashes, not_plain)
    went = ~_member(old_hashes, new.hashes) & old_first
    if len(not_plain):
        went &= ~_member(old_hashes, not_plain)
    picked = np.flatnonzero(examine)
    return LineDifference(picked, np.flatnonzero(went), len(new.hashes) - len(picked))


def untouched_lines(new: Lines, examine: Ints) -> npt.NDArray[np.bool_]:
    stays = np.ones(len(new.hashes), bool)
    stays[examine] = False
    return stays


def texts_at(path: Path, offsets: Any, rows: Ints) -> Iterator[tuple[int, bytes]]:
    """The named lines of a file with their index."""
    with path.open("rb") as file:
        for row in rows.tolist():
            start, stop = int(offsets[row]), int(offsets[row + 1])
            file.seek(start)
            yield row, file.read(stop - start)


def kept_offsets(stem: Path) -> Any:
    return np.load(stem.with_suffix(".offsets.npy"), mmap_mode="r")


def _member(values: Hashes, others: Hashes) -> npt.NDArray[np.bool_]:
    if not len(others) or not len(values):
        return np.zeros(len(values), bool)
    ordered = np.sort(others)
    order = np.argsort(values)
    ranked = values[order]
    spot = np.searchsorted(ordered, ranked)
    spot[spot == len(ordered)] = len(ordered) - 1
    found = np.empty(len(values), bool)
    found[order] = ordered[spot] == ranked
    return found


def _first_of_each(hashes: Hashes) -> npt.NDArray[np.bool_]:
    first = np.zeros(len(hashes), bool)
    first[np.unique(hashes, return_index=True)[1]] = True
    return first
