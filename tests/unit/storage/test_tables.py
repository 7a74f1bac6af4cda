"""Columns of a store put together: the later part wins, whichever way the parts are joined."""

import random

import pytest

from app.domain.nouns import NOUNS, Noun
from app.storage.tables import FEW, column_of, digest, override

MAKERS = {
    "INTEGER": lambda rng: rng.randrange(40),
    "REAL": lambda rng: rng.choice([None, rng.random()]),
    "CATEGORY": lambda rng: rng.choice(["a", "b", "c"]),
    "TEXT": lambda rng: rng.choice(["x", "ü", "a longer text"]) + str(rng.randrange(40)),
}


def some_rows(noun: Noun, count: int, rng: random.Random) -> dict[tuple[object, ...], tuple[object, ...]]:
    rows = [tuple(MAKERS[kind](rng) for _, kind in noun.columns) for _ in range(count)]
    places = [noun.names().index(name) for name in noun.identity]
    return {tuple(row[place] for place in places): row for row in rows}


def as_columns(noun: Noun, rows: list[tuple[object, ...]]) -> dict[str, object]:
    return {name: column_of(kind, [row[place] for row in rows]) for place, (name, kind) in enumerate(noun.columns)}


@pytest.mark.parametrize("noun", NOUNS.values(), ids=lambda noun: noun.name)
@pytest.mark.parametrize("few", [True, False])
def test_the_later_part_wins(noun: Noun, few: bool) -> None:
    rng = random.Random(f"{noun.name} {few}")
    for _ in range(40):
        first = some_rows(noun, 30 * FEW if few else 20, rng)
        second = some_rows(noun, 1 if few else 20, rng)
        assert few is (len(second) * FEW < len(first))
        places = [noun.names().index(name) for name in noun.identity]
        wanted = sorted({**first, **second}.values(), key=lambda row: tuple(row[place] for place in places))
        shuffled = rng.sample(list(first.values()), len(first))
        found = override(noun, [as_columns(noun, shuffled), as_columns(noun, list(second.values()))])
        assert digest(found) == digest(as_columns(noun, wanted))
