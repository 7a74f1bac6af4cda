"""Which of a million texts hold a few letters: by bytes of whole columns, never text by text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.columns import Texts

UPPER = (65, 90)  # A to Z
TO_LOWER = 32
MANY = 4  # beyond so small a part of the rows, matches are counted rather than looked up


@dataclass(frozen=True, slots=True)
class Folded:
    """A column of texts without case: row i is `blob[offsets[i]:offsets[i + 1]]`."""

    blob: Any  # uint8
    offsets: Any  # int64[N+1]


def folded(column: Texts) -> Folded:
    """Returns a column of texts without case. Only where it holds letters beyond ASCII each text is looked at by itself."""
    blob, offsets = np.asarray(column.blob), np.asarray(column.offsets)
    if not (blob > 127).any():
        low = blob.copy()
        low[(low >= UPPER[0]) & (low <= UPPER[1])] += TO_LOWER
        return Folded(low, offsets)
    texts = [text.casefold().encode() for text in column]
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum([len(text) for text in texts], dtype=np.int64)])
    return Folded(np.frombuffer(b"".join(texts), np.uint8), ends)


def rows_with(column: Folded, text: str) -> Any:
    """Returns which rows (bool[N]) hold a text, case aside.

    >>> names = Texts(np.frombuffer(b"web-1Db-7", np.uint8), np.array([0, 5, 9]))
    >>> rows_with(folded(names), "DB").tolist(), rows_with(folded(names), "1d").tolist()
    ([False, True], [False, False])
    >>> rows_with(folded(names), "-").tolist(), rows_with(folded(names), "b").tolist()
    ([True, True], [True, True])
    """
    letters = text.casefold().encode()
    found = np.zeros(len(column.offsets) - 1, bool)
    if len(letters) > len(column.blob) or not letters:
        return found | (not letters)
    last = len(column.blob) - len(letters) + 1
    places = np.flatnonzero(column.blob[:last] == letters[0])
    for number, letter in enumerate(letters[1:], 1):
        places = places[column.blob[places + number] == letter]
    if len(places) > len(found) // MANY:
        counts = np.zeros(len(column.blob) + 1, np.int32)  # how many matches begin before each byte
        counts[places + 1] = 1
        np.cumsum(counts, out=counts)
        start = column.offsets[:-1]
        return counts[np.maximum(column.offsets[1:] - len(letters) + 1, start)] > counts[start]
    rows = np.searchsorted(column.offsets, places, "right") - 1
    found[rows[places + len(letters) <= column.offsets[rows + 1]]] = True
    return found
