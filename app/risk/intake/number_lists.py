"""JSON lists of whole numbers in a column of texts, read where they lie: a text a list would be made and thrown away again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.domain.columns import Texts
from app.risk.graph.ragged import ptr_of
from app.risk.jit import Array, Int64s, TextBytes, kernel

COMMA, MINUS, ZERO, NINE = 44, 45, 48, 57


def whole_number_lists(column: Texts | Sequence[str]) -> tuple[Array, Array]:
    """N lists as ragged rows: int64[N + 1] and their numbers, int64. An absent list is empty. The texts are those the ledger
    wrote.

    >>> ptr, numbers = whole_number_lists(["[7,12]", "", "[]", "[3]"])
    >>> ptr.tolist(), numbers.tolist()
    ([0, 2, 2, 2, 3], [7, 12, 3])
    """
    if not isinstance(column, Texts):
        raw = [text.encode() for text in column]
        column = Texts(np.frombuffer(b"".join(raw), np.uint8), ptr_of(np.array([len(text) for text in raw], np.int64)))
    blob, offsets = np.asarray(column.blob), np.asarray(column.offsets)
    ptr = ptr_of(_counts(blob, offsets))
    return ptr, _numbers(blob, offsets, int(ptr[-1]))


@kernel
def _counts(blob: TextBytes, offsets: Int64s) -> Array:
    counts = np.zeros(len(offsets) - 1, np.int64)
    for row in range(len(counts)):
        inside = False
        for at in range(offsets[row], offsets[row + 1]):
            digit = ZERO <= blob[at] <= NINE
            counts[row] += digit and not inside
            inside = digit
    return counts


@kernel
def _numbers(blob: TextBytes, offsets: Int64s, total: int) -> Array:
    numbers = np.zeros(total, np.int64)
    done, value, sign, inside = 0, 0, 1, False
    for at in range(offsets[0], offsets[-1]):
        if ZERO <= blob[at] <= NINE:
            value = value * 10 + int(blob[at]) - ZERO
            inside = True
            continue
        if inside:
            numbers[done] = sign * value
            done += 1
        sign = -1 if blob[at] == MINUS else 1
        value, inside = 0, False
    return numbers
