"""Puts a store's answers together from blocks as columns, and cuts, orders and hashes them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from app.domain.columns import ABSENT, Categorical, Columns, Texts
from app.domain.errors import InvalidInput
from app.domain.nouns import NOUNS, Noun
from app.risk.intake.carry_forward import carry_forward
from app.storage.checked import categories, integers

FEW = 20  # a part this many times smaller is merged into the other row by row, without sorting


def noun_of(name: str) -> Noun[Any]:
    if name not in NOUNS:
        raise InvalidInput(f"unknown noun {name!r}", field="noun")
    return NOUNS[name]


def wanted_columns(noun: Noun[Any], names: Sequence[str] | None) -> tuple[str, ...]:
    """Returns the columns to hand over, in the noun's order."""
    if names is None:
        return noun.names()
    unknown = [name for name in names if name not in noun.types()]
    if unknown:
        raise InvalidInput(f"{noun.name}: unknown column {unknown[0]!r}", field=unknown[0])
    return tuple(name for name in noun.names() if name in set(names))


def texts_of_bytes(parts: Sequence[bytes]) -> Texts:
    offsets = np.zeros(len(parts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)), out=offsets[1:])
    return Texts(np.frombuffer(b"".join(parts), np.uint8), offsets)


def texts_of(parts: Iterable[str]) -> Texts:
    return texts_of_bytes([part.encode() for part in parts])


def categorical_of_codes(codes: Any, values: Sequence[str], first: int = 1) -> Categorical:
    """Returns a column with a sorted dictionary of its own, from codes of a dictionary that many columns share (code `first` is
    `values[0]`, a lower one is absent)."""
    used = np.flatnonzero(np.bincount(codes, minlength=1)) if len(codes) else np.zeros(0, np.int64)
    own = sorted((values[int(code) - first], int(code)) for code in used if code >= first)
    renumber = np.full(int(used[-1]) + 1 if len(used) else 1, -1, np.int32)
    for position, (_, code) in enumerate(own):
        renumber[code] = position
    return Categorical(renumber[codes] if len(codes) else np.zeros(0, np.int32), tuple(value for value, _ in own))


def empty(noun: Noun[Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: join_columns(noun.types()[name], []) for name in names}


def join_columns(kind: str, blocks: Sequence[Any]) -> Any:
    if kind == "TEXT":
        if len(blocks) == 1:
            return blocks[0]
        starts = np.cumsum([0] + [len(block.blob) for block in blocks])
        offsets = [block.offsets[:-1] + start for block, start in zip(blocks, starts, strict=False)]
        blob = np.concatenate([block.blob for block in blocks]) if blocks else np.zeros(0, np.uint8)
        return Texts(blob, np.concatenate([*offsets, starts[-1:]]).astype(np.int64))
    if kind == "CATEGORY":
        return _join_categoricals(blocks)
    dtype = np.int64 if kind == "INTEGER" else np.float64
    return np.concatenate([np.zeros(0, dtype), *blocks])


def _join_categoricals(blocks: Sequence[Categorical]) -> Categorical:
    values = tuple(sorted({value for block in blocks for value in block.values}))
    place = {value: code for code, value in enumerate(values)}
    codes = [np.array([place[value] for value in block.values] + [-1], np.int32)[block.codes] for block in blocks]
    return Categorical(np.concatenate([np.zeros(0, np.int32), *codes]), values)


def take(columns: Columns, rows: Any) -> dict[str, Any]:
    """Returns the rows at these positions."""
    return {name: take_column(column, rows) for name, column in columns.items()}


def take_column(column: Any, rows: Any) -> Any:
    if isinstance(column, Categorical):
        return Categorical(column.codes[rows], column.values)
    if isinstance(column, Texts):
        lengths = np.diff(column.offsets)[rows]
        offsets = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        shift = np.repeat(column.offsets[:-1][rows] - offsets[:-1], lengths)
        return Texts(column.blob[np.arange(offsets[-1]) + shift], offsets)
    return column[rows]


def rank(column: Any) -> Any:
    """Returns numbers that order as the column does, texts by code point."""
    if isinstance(column, Categorical):
        order = sorted(range(len(column.values)), key=column.values.__getitem__)
        place = np.full(len(order) + 1, -1, np.int64)
        place[order] = np.arange(len(order))
        return place[column.codes]
    if isinstance(column, Texts):
        return np.unique(np.array(list(column), dtype=object), return_inverse=True)[1] if len(column) else np.zeros(0, np.int64)
    return column


def in_order(noun: Noun[Any], columns: dict[str, Any]) -> dict[str, Any]:
    """Returns the rows in order of identity; columns that are in order already are returned as they are."""
    ranks = [rank(columns[name]) for name in noun.identity]
    if len(ranks[0]) < 2:
        return columns
    ordered = np.zeros(len(ranks[0]) - 1, bool)
    tied = np.ones(len(ranks[0]) - 1, bool)
    for values in ranks:
        step = np.diff(values)
        ordered |= tied & (step > 0)
        tied &= step == 0
    if ordered.all():
        return columns
    return take(columns, np.lexsort(ranks[::-1]))


def digest(columns: Mapping[str, Any]) -> str:
    """Returns one hash of a bulk answer, equal for equal rows however a store codes its categories."""
    total = hashlib.blake2b(digest_size=16)
    for name in sorted(columns):
        column = columns[name]
        total.update(name.encode())
        if isinstance(column, Texts):
            total.update(np.ascontiguousarray(column.offsets).tobytes())
            total.update(np.ascontiguousarray(column.blob).tobytes())
        elif isinstance(column, Categorical):
            used = categorical_of_codes(column.codes + 1, column.values)
            total.update("\0".join(used.values).encode())
            total.update(used.codes.tobytes())
        else:
            array = np.where(np.isnan(column), np.nan, column) if column.dtype.kind == "f" else column
            total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def column_of(kind: str, values: Sequence[Any]) -> Any:
    """Returns a column of plain values; None is absent."""
    if kind == "TEXT":
        return texts_of([value or "" for value in values])
    if kind == "CATEGORY":
        return categories("", values)
    if kind == "INTEGER":
        return integers("", list(values))
    return np.array(values, np.float64)


def repeated(kind: str, value: Any, size: int) -> Any:
    """Returns a column that repeats one value; None is absent."""
    if kind == "TEXT":
        return texts_of([value or ""] * size)
    if kind == "CATEGORY":
        return Categorical(np.full(size, 0 if value else -1, np.int32), (value,) if value else ())
    if kind == "INTEGER":
        return np.full(size, ABSENT if value is None else value, np.int64)
    return np.full(size, np.nan if value is None else value, np.float64)


def override(noun: Noun[Any], parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Returns the rows of all parts in order of identity; where two have the same identity, that of the later part."""
    filled = [part for part in parts if len(part[noun.identity[0]])] or [parts[0]]
    if len(filled) == 1:
        return in_order(noun, filled[0])
    if len(filled) == 2 and len(filled[1][noun.identity[0]]) * FEW < len(filled[0][noun.identity[0]]):
        many, few = (in_order(noun, part) for part in filled)
        return carry_forward(noun, many, few, few)
    types = noun.types()
    columns = {name: join_columns(types[name], [part[name] for part in filled]) for name in filled[0]}
    ranks = [rank(columns[name]) for name in noun.identity]
    position = np.arange(len(ranks[0]))
    order = np.lexsort([position, *ranks[::-1]])
    last = np.ones(len(order), bool)
    same = np.ones(len(order) - 1, bool)
    for values in ranks:
        same &= values[order][1:] == values[order][:-1]
    last[:-1] = ~same
    return take(columns, order[last])
