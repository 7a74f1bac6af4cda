"""Bulk and small reads, exact at a revision, as columns. Long answers are read in short blocks, without a transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.domain.columns import Columns, Texts
from app.domain.errors import InvalidInput
from app.domain.nouns import FOREVER, Noun
from app.ports.graph_store import Changes
from app.storage.shared import ReadColumns
from app.storage.sqlite.categories import Categories
from app.storage.sqlite.connection import Connected
from app.storage.statements import sql
from app.storage.tables import (
    categorical_of_codes,
    empty,
    in_order,
    join_columns,
    noun_of,
    texts_of_bytes,
    wanted_columns,
)

BLOCK = 100_000
TEXT_BLOCK = 25_000
ANY_SOURCE = (-(1 << 63), (1 << 63) - 1)
DTYPES = {"INTEGER": "i8", "REAL": "f8", "CATEGORY": "i8", "TEXT": "O"}


class Reading(ReadColumns, Connected):
    _categories: Categories

    def load_columns(self, revision: int, noun: str, names: Sequence[str] | None = None, source_id: int | None = None) -> Columns:
        self.check_readable(revision)
        kind = noun_of(noun)
        wanted = wanted_columns(kind, names)
        if source_id is not None and "source_id" not in kind.types():
            raise InvalidInput(f"{noun} has no source_id", field="source_id")
        low, high = ANY_SOURCE if source_id is None else (source_id, source_id)
        size = TEXT_BLOCK if any(kind.types()[name] == "TEXT" for name in wanted) else BLOCK
        parameters = {"revision": revision, "limit": size, "low": low, "high": high}
        after = _start(kind, source_id)
        blocks = []
        while True:
            block = self._block(kind, "load", wanted, parameters | {f"a{i}": value for i, value in enumerate(after)})
            if len(block):
                blocks.append(block)
            if len(block) < size:
                return self._columns(kind, wanted, blocks)
            after = [block[name][-1:].tolist()[0] for name in kind.identity] + [FOREVER]

    def _between(self, noun: Noun[Any], a: int, b: int) -> Changes:
        names, span = noun.names(), {"a": a, "b": b}
        begun, ended = (self._columns(noun, names, [self._block(noun, verb, names, span)]) for verb in ("begun", "ended"))
        return Changes(in_order(noun, begun), in_order(noun, ended))

    def ids_of_keys(self, revision: int, keys: Sequence[str]) -> Mapping[str, int]:
        self.check_readable(revision)
        values = json.dumps([[key, key.casefold()] for key in dict.fromkeys(keys)])
        return dict(sorted(self.select("ci", "ids_of_keys", {"values": values, "revision": revision})))

    def _rows_by(self, revision: int, noun: str, column: str, values: Sequence[int | str]) -> Columns:
        self.check_readable(revision)
        kind = noun_of(noun)
        listed = json.dumps([value if isinstance(value, str) else int(value) for value in values])
        parameters = {"revision": revision, "values": listed}
        return in_order(
            kind, self._columns(kind, kind.names(), [self._block(kind, f"rows_by_{column}", kind.names(), parameters)])
        )

    def _block(self, noun: Noun[Any], verb: str, wanted: Sequence[str], parameters: Mapping[str, Any]) -> Any:
        """Returns one answer as a structured array: identity, then the other columns that are wanted."""
        types = noun.types()
        others = [name for name in wanted if name not in noun.identity]
        columns = "".join(f", {_selected(name, types[name])}" for name in others)
        fields = [(name, DTYPES[types[name]]) for name in (*noun.identity, *others)]
        with self._errors():
            cursor = self.connection.execute(sql(noun.name, verb).replace("{columns}", columns), parameters)
            return np.fromiter(cursor, np.dtype(fields))

    def _columns(self, noun: Noun[Any], wanted: Sequence[str], blocks: Sequence[Any]) -> dict[str, Any]:
        if not blocks:
            return empty(noun, wanted)
        types = noun.types()
        parts = {name: [block[name] for block in blocks] for name in {*wanted, *noun.identity}}
        columns = {
            name: self._column(types[name], parts[name])
            for name in (*noun.identity, *(n for n in wanted if n not in noun.identity))
        }
        if noun.name == "dependency":  # rows are clustered by the code of their kind, not by its word
            columns = in_order(noun, columns)
        return {name: columns[name] for name in wanted}

    def _column(self, kind: str, parts: Sequence[Any]) -> Any:
        if kind == "TEXT":
            return join_columns(kind, [_texts(part.tolist()) for part in parts])
        if kind == "CATEGORY":
            codes = np.concatenate(parts)
            return categorical_of_codes(codes, self._categories.values(int(codes.max()) if len(codes) else 0))
        return np.ascontiguousarray(np.concatenate(parts))


def _start(noun: Noun[Any], source_id: int | None) -> list[Any]:
    """Returns an identity and a revision before all rows (of a source, where the identity begins with it)."""
    start: list[Any] = ["" if noun.types()[name] == "TEXT" else -1 for name in noun.identity]
    if source_id is not None and noun.identity[0] == "source_id":
        start[0] = source_id
    return [*start, -1]


def _selected(name: str, kind: str) -> str:
    """Returns the SQL of a column: an absent whole number is -1, and texts come as bytes, which is what `Texts` holds."""
    return f"ifnull({name}, -1)" if kind == "INTEGER" else f"CAST({name} AS BLOB)" if kind == "TEXT" else name


def _texts(values: list[Any]) -> Texts:
    """Returns a column of texts. Identities come as text, since the next block is asked for with one; everything else comes as
    bytes."""
    return texts_of_bytes(values if values and isinstance(values[0], bytes) else [value.encode() for value in values])
