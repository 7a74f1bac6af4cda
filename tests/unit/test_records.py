"""Typed records over documents: across versions of the program, and when two write at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from app.domain.errors import Conflict, NotFound
from app.ports.records import Records
from app.storage.sqlite_store import SqliteStore


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    parts: Sequence[Part] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    counted: int = 0


THINGS = Records("thing", Thing)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "store.db")
    yield store
    store.close()


def test_what_was_put_is_what_is_found(store: SqliteStore) -> None:
    thing = Thing("a", [Part("x", 0.5)], {"one": [1, "two", None]}, 3)
    THINGS.put(store, "a", thing, expected=0)
    assert THINGS.get(store, "a") == thing
    assert THINGS.find(store, "b") is None
    with pytest.raises(NotFound, match="no thing b"):
        THINGS.get(store, "b")
    with pytest.raises(Conflict):
        THINGS.put(store, "a", thing, expected=0)


def test_numbers_of_arrays_are_kept_as_numbers(store: SqliteStore) -> None:
    share, count = np.float64(0.5), np.int64(3)
    THINGS.put(store, "a", Thing("a", [Part("x", share)], {"mean": share}, count))  # type: ignore[arg-type]
    assert THINGS.get(store, "a") == Thing("a", [Part("x", 0.5)], {"mean": 0.5}, 3)
    with pytest.raises(TypeError, match="a record can't hold a object"):
        THINGS.put(store, "b", Thing("b", facts={"x": object()}))


def test_records_of_other_versions_are_read(store: SqliteStore) -> None:
    store.put("thing", "old", '{"name": "old"}')
    store.put("thing", "new", '{"name": "new", "counted": 2, "unheard": [1]}')
    assert [kept.value for kept in THINGS.every(store)] == [Thing("new", counted=2), Thing("old")]
    renamed = Records("thing", Thing, older=lambda body: {**body, "name": body["name"].upper()})
    assert renamed.get(store, "old").name == "OLD"


def test_no_change_is_lost_between_two_writers(store: SqliteStore) -> None:
    THINGS.put(store, "a", Thing("a"))
    meanwhile = iter([True, True, False])

    def one_more(thing: Thing) -> Thing:
        if next(meanwhile):  # another writer comes between the look and the write, twice
            kept = THINGS.kept(store, "a")
            assert kept is not None
            THINGS.put(store, "a", replace(kept.value, counted=kept.value.counted + 10), kept.version)
        return replace(thing, counted=thing.counted + 1)

    assert THINGS.change(store, "a", one_more).counted == 21
    assert THINGS.get(store, "a").counted == 21


def test_one_who_never_wins_is_told(store: SqliteStore) -> None:
    THINGS.put(store, "a", Thing("a"))

    def always_late(thing: Thing) -> Thing:
        THINGS.put(store, "a", replace(thing, counted=thing.counted + 1))
        return thing

    with pytest.raises(Conflict, match="changes too quickly"):
        THINGS.change(store, "a", always_late)


def test_pages_run_both_ways_and_numbers_are_given_out(store: SqliteStore) -> None:
    keys = [THINGS.append(store, Thing(str(number))).key for number in range(250)]
    assert [kept.value.name for kept in THINGS.page(store, keys[9], 2)] == ["10", "11"]
    assert [int(kept.value.name) for kept in THINGS.every(store, newest_first=True)] == list(range(249, -1, -1))
