"""Bring loaded columns forward by the changes between two revisions, without reading the store again.

Columns of a noun are sorted by identity (integers first, categories and texts by value). Ended rows are found by identity, begun
rows are put where they belong. The result equals `load_columns` at the later revision, row for row (a test holds it). Cost: one
copy of the columns, plus the changes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.domain.columns import Categorical, Texts
from app.domain.nouns import Noun


def carry_forward(
    noun: Noun[Any], columns: Mapping[str, Any], begun: Mapping[str, Any], ended: Mapping[str, Any]
) -> dict[str, Any]:
    """Columns at the earlier revision plus begun, minus ended rows: columns at the later one.

    `columns` may hold a part of the noun's columns, identity included; all three have the same names. N rows + B begun - D ended.
    """
    names = [name for name in noun.names() if name in columns]
    old, new, gone = (_Identities([part[name] for name in noun.identity]) for part in (columns, begun, ended))
    keep = np.ones(len(old), bool)
    for identity in gone:
        row = old.place(identity)
        if row < len(old) and old[row] == identity:
            keep[row] = False
    order_new = sorted(range(len(new)), key=lambda row: new[row])
    kept_before = np.concatenate([np.zeros(1, np.int64), np.cumsum(keep)])
    places = kept_before[np.asarray([old.place(new[row]) for row in order_new], np.int64)]
    chosen = np.asarray(order_new, dtype=np.int64)
    return {name: _merged(columns[name], keep, places, begun[name], chosen) for name in names}


class _Identities(Sequence[Any]):
    """Identity tuples in order, made one at a time: a million are never held. The first column holds numbers."""

    def __init__(self, columns: Sequence[Any]) -> None:
        self._columns = columns

    def __len__(self) -> int:
        return len(self._columns[0])

    def __getitem__(self, row: Any) -> Any:
        return tuple(_plain(column[row]) for column in self._columns)

    def place(self, identity: Any) -> int:
        """The first row that is not before the identity."""
        first = np.asarray(self._columns[0])
        low, high = np.searchsorted(first, identity[0], "left"), np.searchsorted(first, identity[0], "right")
        return bisect_left(self, identity, int(low), int(high))


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else int(value)


def _merged(column: Any, keep: Any, places: Any, begun: Any, chosen: Any) -> Any:
    if isinstance(column, Categorical):
        values = list(column.values)
        index = {value: code for code, value in enumerate(values)}
        fresh = np.full(len(chosen), -1, np.int32)
        for position, row in enumerate(chosen.tolist()):
            value = begun[row]
            if value is not None:
                if value not in index:
                    index[value] = len(values)
                    values.append(value)
                fresh[position] = index[value]
        return Categorical(np.insert(column.codes[keep], places, fresh), tuple(values))
    if isinstance(column, Texts):
        return _merged_texts(column, keep, places, [begun[row] for row in chosen.tolist()])
    return np.insert(column[keep], places, np.asarray(begun)[chosen] if len(chosen) else np.empty(0, column.dtype))


def _merged_texts(column: Texts, keep: Any, places: Any, fresh: list[str]) -> Texts:
    lengths = np.diff(np.asarray(column.offsets))
    raw = [text.encode() for text in fresh]
    new_lengths = np.insert(lengths[keep], places, np.asarray([len(text) for text in raw], lengths.dtype))
    offsets = np.zeros(len(new_lengths) + 1, np.int64)
    np.cumsum(new_lengths, out=offsets[1:])
    starts = np.asarray(column.offsets)[:-1][keep]
    # the kept rows form runs that are copied whole: cut where a row was dropped or one is put in
    blob, out = np.asarray(column.blob), np.empty(int(offsets[-1]), np.uint8)
    kept_ends = starts + lengths[keep]
    breaks = np.flatnonzero(kept_ends[:-1] != starts[1:]) + 1 if len(starts) > 1 else np.empty(0, np.int64)
    cuts = np.unique(np.concatenate([np.asarray([0, len(starts)], np.int64), breaks, np.asarray(places, np.int64)]))
    position, waiting = 0, 0
    for low, high in zip(cuts[:-1].tolist() or [0], cuts[1:].tolist() or [0], strict=True):
        while waiting < len(raw) and places[waiting] == low:
            out[position : position + len(raw[waiting])] = np.frombuffer(raw[waiting], np.uint8)
            position += len(raw[waiting])
            waiting += 1
        if high > low:
            size = int(kept_ends[high - 1] - starts[low])
            out[position : position + size] = blob[int(starts[low]) : int(starts[low]) + size]
            position += size
    for text in raw[waiting:]:
        out[position : position + len(text)] = np.frombuffer(text, np.uint8)
        position += len(text)
    return Texts(out, offsets)
