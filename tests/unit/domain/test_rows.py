"""The classes of rows say what the nouns say: the same columns in the same order, of the types that a store gives."""

from __future__ import annotations

from types import NoneType
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest

from app.domain.changes import rows_of
from app.domain.columns import ABSENT, Categorical
from app.domain.nouns import NOUNS, REDUNDANCY_GROUP, Noun
from app.domain.rows import LedgerGroup

PYTHON = {"INTEGER": int, "REAL": float, "CATEGORY": str, "TEXT": str}
every_noun = pytest.mark.parametrize("noun", NOUNS.values(), ids=lambda noun: noun.name)


@every_noun
def test_a_row_has_the_columns_of_its_noun(noun: Noun[Any]) -> None:
    assert noun.row._fields == noun.names()
    assert noun.names()[: len(noun.identity)] == noun.identity


@every_noun
def test_a_field_is_of_the_type_of_its_column(noun: Noun[Any]) -> None:
    hints = get_type_hints(noun.row)
    for name, kind in noun.columns:
        types = set(get_args(hints[name]) or (hints[name],))
        assert types - {NoneType} == {PYTHON[kind]}, name
        assert name not in noun.identity or NoneType not in types, name


def test_rows_are_read_by_name() -> None:
    def column(kind: str, value: Any) -> Any:
        if kind == "CATEGORY":
            return Categorical(np.asarray([0, -1], np.int32), ("word",))
        return np.asarray([value, ABSENT], np.int64) if kind == "INTEGER" else [value, None]

    values = {"INTEGER": 7, "REAL": 0.5, "CATEGORY": "word", "TEXT": "[3]"}
    columns = {name: column(kind, values[kind]) for name, kind in REDUNDANCY_GROUP.columns}
    full, empty = rows_of(REDUNDANCY_GROUP, columns)
    assert isinstance(full, LedgerGroup)
    assert (full.group_id, full.kind, full.members, full.failover_minutes) == (7, "word", "[3]", 0.5)
    assert set(empty) == {None}
    assert REDUNDANCY_GROUP.by_identity([full]) == {(7,): full}
