"""The gate above both stores: what one of them could not keep exactly is refused here, so that both keep the same.

It takes whole numbers of 64 bits (SQLite fails at 2^63, and so does the Neo4j driver), finite floats (NaN means absent; -0.0
becomes 0.0), valid Unicode without NUL, keys and aliases no longer than both can index, and columns that are all there and of one
length.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.columns import ABSENT, Batch, Categorical
from app.domain.errors import InvalidInput
from app.domain.nouns import KEY_BYTES, NOUNS, Noun
from app.storage.aliases import folded_values

INDEXED = {"ci": ("key", "name"), "redundancy_group": ("key",), "incident": ("incident_key",), "observation": ("scope",)}
INDEXED |= {"source_record": ("source_key",), "open_need": ("need_key",)}


@dataclass(frozen=True, slots=True)
class CheckedBatch:
    """A batch as both stores take it: INTEGER and REAL columns as arrays, CATEGORY as `Categorical`, TEXT as a list. `folded`
    holds what each CI answers to."""

    noun: Noun[Any]
    begun: Mapping[str, Any]
    ended: Mapping[str, Any]
    begun_rows: int
    ended_rows: int
    folded: Sequence[list[str]] = ()

    def parts(self, rows: int) -> list[CheckedBatch]:
        """Cuts the batch into pieces of at most so many rows, all ends before all beginnings. An empty batch gives one empty
        piece."""
        pieces = [self._piece(start, min(start + rows, self.ended_rows), 0, 0) for start in range(0, self.ended_rows, rows)]
        pieces += [self._piece(0, 0, start, min(start + rows, self.begun_rows)) for start in range(0, self.begun_rows, rows)]
        if len(pieces) == 2 and self.begun_rows + self.ended_rows <= rows:
            return [self]
        return pieces or [self]

    def _piece(self, ended_from: int, ended_to: int, begun_from: int, begun_to: int) -> CheckedBatch:
        return CheckedBatch(
            self.noun,
            {name: cut(column, begun_from, begun_to) for name, column in self.begun.items()},
            {name: cut(column, ended_from, ended_to) for name, column in self.ended.items()},
            begun_to - begun_from,
            ended_to - ended_from,
            self.folded[begun_from:begun_to],
        )


def cut(column: Any, start: int, stop: int) -> Any:
    if isinstance(column, Categorical):
        return Categorical(column.codes[start:stop], column.values)
    return column[start:stop]


def checked_batch(batch: Batch) -> CheckedBatch:
    noun = NOUNS.get(batch.noun)
    if noun is None:
        raise InvalidInput(f"unknown noun {batch.noun!r}", field="noun")
    begun = _checked_columns(noun, batch.begun, noun.names())
    ended = _checked_columns(noun, batch.ended, noun.identity)
    folded: list[list[str]] = []
    if noun.name == "ci" and begun:
        folded = folded_values(begun["key"], begun["name"], begun["aliases"])
        check_texts("aliases", [value for values in folded for value in values], KEY_BYTES)
    return CheckedBatch(noun, begun, ended, _length(begun), _length(ended), folded)


def _length(columns: Mapping[str, Any]) -> int:
    return len(next(iter(columns.values()))) if columns else 0


def _checked_columns(noun: Noun[Any], columns: Mapping[str, Sequence[Any]], wanted: tuple[str, ...]) -> dict[str, Any]:
    if not columns:
        return {}
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise InvalidInput(f"{noun.name}: column {missing[0]!r} is missing", field=missing[0])
    unknown = sorted(set(columns) - set(noun.names()))
    if unknown:
        raise InvalidInput(f"{noun.name}: unknown column {unknown[0]!r}", field=unknown[0])
    types = noun.types()
    limits = INDEXED.get(noun.name, ())
    checked = {name: _checked(name, types[name], columns[name], name in limits) for name in wanted}
    if len({len(column) for column in checked.values()}) > 1:
        raise InvalidInput(f"{noun.name}: columns of different length", field="batch")
    for name in (*noun.identity, *(("key",) if noun.name == "ci" and "key" in checked else ())):
        _check_identity(noun, name, types[name], checked[name])
    return checked


def _checked(name: str, kind: str, column: Sequence[Any], indexed: bool) -> Any:
    if kind == "INTEGER":
        return integers(name, column)
    if kind == "REAL":
        return reals(name, column)
    if kind == "CATEGORY":
        return categories(name, column)
    texts = [text or "" for text in column] if isinstance(column, list) and None in column else list(column)
    check_texts(name, texts, KEY_BYTES if indexed else None)
    return texts


def _check_identity(noun: Noun[Any], name: str, kind: str, column: Any) -> None:
    if not len(column):
        return
    if kind == "INTEGER":
        bad = bool((column < 0).any())
    elif kind == "CATEGORY":
        bad = bool((column.codes < 0).any())
    else:
        bad = "" in column
    if bad:
        raise InvalidInput(f"{noun.name}.{name} belongs to the identity and can't be absent", field=name)


def integers(name: str, column: Sequence[Any]) -> np.ndarray[Any, np.dtype[np.int64]]:
    if isinstance(column, list) and None in column:
        column = [ABSENT if value is None else value for value in column]
    try:
        array = np.asarray(column)
        if not array.size:
            return np.zeros(0, np.int64)
        if array.dtype.kind == "f":
            array = np.where(np.isnan(array), ABSENT, array)
            if (array != np.floor(array)).any() or (abs(array) >= 2.0**53).any():
                raise InvalidInput(f"{name}: not a whole number", field=name)
        elif array.dtype.kind == "u" and (array > np.iinfo(np.int64).max).any():
            raise OverflowError
        elif array.dtype.kind not in "iub":
            raise OverflowError if all(isinstance(value, int) for value in column) else TypeError
        return array.astype(np.int64, copy=False)
    except OverflowError as error:
        raise InvalidInput(f"{name}: a whole number beyond 64 bits", field=name) from error
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{name}: not a whole number", field=name) from error


def reals(name: str, column: Sequence[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    try:
        array = np.asarray(column, dtype=np.float64) + 0.0  # -0.0 becomes 0.0
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"{name}: not a number", field=name) from error
    if np.isinf(array).any():
        raise InvalidInput(f"{name}: not a finite number", field=name)
    return array


def categories(name: str, column: Any) -> Categorical:
    """Returns the column as categories; an empty text is an absent value."""
    if isinstance(column, Categorical):
        check_texts(name, column.values, KEY_BYTES)
        codes = np.asarray(column.codes, dtype=np.int32)
        if len(codes) and (int(codes.max()) >= len(column.values) or int(codes.min()) < -1):
            raise InvalidInput(f"{name}: a code without value", field=name)
        if "" in column.values:
            empty = np.array([value == "" for value in column.values] + [False])
            codes = np.where(empty[codes], np.int32(-1), codes)
        return Categorical(codes, column.values)
    try:
        values = sorted(set(column) - {None, ""})
    except TypeError as error:
        raise InvalidInput(f"{name}: not a text", field=name) from error
    check_texts(name, values, KEY_BYTES)
    code_of: dict[str | None, int] = {value: code for code, value in enumerate(values)}
    code_of[None] = code_of[""] = -1
    return Categorical(np.fromiter(map(code_of.__getitem__, column), np.int32, len(column)), tuple(values))


def check_texts(name: str, texts: Sequence[str], longest: int | None = None) -> None:
    """Raises InvalidInput where a text has a NUL, a lone surrogate or more bytes than `longest`."""
    try:
        joined = "".join(texts)
    except TypeError as error:
        raise InvalidInput(f"{name}: not a text", field=name) from error
    if "\0" in joined:
        raise InvalidInput(f"{name}: a text holds a NUL character", field=name)
    try:
        joined.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"{name}: a text is not valid Unicode", field=name) from error
    if longest is None or not texts:
        return
    if max(map(len, texts)) > longest // 4 and max(len(text.encode()) for text in _long(texts, longest // 4)) > longest:
        raise InvalidInput(f"{name}: a text of more than {longest} bytes", field=name)


def _long(texts: Iterable[str], length: int) -> Iterable[str]:
    return (text for text in texts if len(text) > length)


def check_document(kind: str, key: str, body: str) -> None:
    check_texts("kind", [kind], KEY_BYTES)
    check_texts("key", [key], KEY_BYTES)
    check_texts("body", [body])
