"""Columns brought forward by changes equal columns loaded at the later revision."""

import random

import numpy as np
import pytest

from app.domain.columns import Categorical, Texts
from app.domain.nouns import NOUNS, Noun
from app.risk.intake.carry_forward import carry_forward

Row = tuple[object, ...]


def as_columns(noun: Noun, rows: list[Row], rng: random.Random) -> dict[str, object]:
    columns: dict[str, object] = {}
    for index, (name, kind) in enumerate(noun.columns):
        values = [row[index] for row in rows]
        if kind == "INTEGER":
            columns[name] = np.asarray(values, np.int64)
        elif kind == "REAL":
            columns[name] = np.asarray(values, float)
        elif kind == "CATEGORY":
            known = sorted({value for value in values if value is not None})
            rng.shuffle(known)
            codes = [-1 if value is None else known.index(value) for value in values]
            columns[name] = Categorical(np.asarray(codes, np.int32), tuple(known))
        else:
            raw = [value.encode() for value in values]
            offsets = np.zeros(len(raw) + 1, np.int64)
            offsets[1:] = np.cumsum([len(text) for text in raw])
            columns[name] = Texts(np.frombuffer(b"".join(raw), np.uint8), offsets)
    return columns


def as_rows(noun: Noun, columns: dict[str, object]) -> list[Row]:
    count = len(columns[noun.identity[0]])
    return [
        tuple(columns[name][row] if kind in ("CATEGORY", "TEXT") else columns[name][row].item() for name, kind in noun.columns)
        for row in range(count)
    ]


def some_row(noun: Noun, rng: random.Random) -> Row:
    makers = {
        "INTEGER": lambda identity: rng.randrange(12),
        "REAL": lambda identity: rng.random(),
        "CATEGORY": lambda identity: rng.choice(["a", "b", "c"] if identity else ["a", "b", "c", None]),
        "TEXT": lambda identity: rng.choice(["", "x", "ü", "a longer text"]) + str(rng.randrange(30)),
    }
    return tuple(makers[kind](name in noun.identity) for name, kind in noun.columns)


@pytest.mark.parametrize("noun", NOUNS.values(), ids=lambda noun: noun.name)
def test_brought_forward_equals_loaded(noun: Noun) -> None:
    rng = random.Random(noun.name)
    width = len(noun.identity)
    for _ in range(200):
        before = {row[:width]: row for row in (some_row(noun, rng) for _ in range(rng.randrange(15)))}
        ended = {key: row for key, row in before.items() if rng.random() < 0.3}
        fresh = {row[:width]: row for row in (some_row(noun, rng) for _ in range(rng.randrange(6)))}
        begun = {key: row for key, row in fresh.items() if key not in before or key in ended}
        after = {**{key: row for key, row in before.items() if key not in ended}, **begun}
        parts = [as_columns(noun, [rows[key] for key in sorted(rows)], rng) for rows in (before, begun, ended)]
        got = as_rows(noun, carry_forward(noun, *parts))
        assert got == [after[key] for key in sorted(after)]
