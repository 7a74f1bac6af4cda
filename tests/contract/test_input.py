"""What one store could not keep exactly, both refuse; what has two spellings, both keep in one."""

from __future__ import annotations

import pytest

from app.domain.errors import InvalidInput
from tests.contract.estate import batch, ci, revise, rows_of


@pytest.mark.parametrize(
    "row",
    [
        ci(1, is_service=2**63),
        ci(1, failures_per_year=float("inf")),
        ci(1, "a\0b"),
        ci(1, "lone \ud800"),
        ci(1, key="k" * 4001),
        ci(1, key="é" * 2001),
        ci(1, key=""),
        ci(-1),
        ci(1) | {"aliases": "not json"},
        ci(1) | {"aliases": '[["serial", "\\ud800"]]'},
        ci(1) | {"aliases": '[["serial", 5]]'},
        ci(1, site="\0"),
        ci(1, is_service=0.5),
        ci(1, failures_per_year="often"),
    ],
    ids=lambda row: None,
)
def test_refused(store, row):
    store.open_revision("op", 0)
    with pytest.raises(InvalidInput):
        store.write(1, 1, batch("ci", [row]))
    assert store.pending().batches == 0


def test_batches_have_every_column_in_one_length(store):
    store.open_revision("op", 0)
    short = batch("ci", [ci(1)])
    for begun in (
        {**short.begun, "name": ["a", "b"]},
        {k: v for k, v in short.begun.items() if k != "name"},
        {**short.begun, "x": [1]},
    ):
        with pytest.raises(InvalidInput):
            store.write(1, 1, type(short)("ci", begun, {}))


def test_two_spellings_of_one_value(store):
    rows = [ci(1, failures_per_year=-0.0, repair_hours=1, team=""), ci(2, failures_per_year=float("nan"), team=None)]
    revise(store, batch("ci", rows))
    answer = store.load_columns(1, "ci", ["failures_per_year", "repair_hours", "team"])
    assert rows_of(answer, "failures_per_year", "repair_hours", "team") == [(0.0, 1.0, None), (None, None, None)]
    assert str(answer["failures_per_year"][0]) == "0.0"


def test_the_longest_key_is_kept_and_found(store):
    key = "k" * 3999 + "z"
    revise(store, batch("ci", [ci(1, key=key)]), batch("source_record", [{"source_key": key, "ci_id": 1}]))
    assert store.ids_of_keys(1, [key]) == {key: 1}
    assert rows_of(store.rows(1, "source_record", "source_key", [key]), "ci_id") == [(1,)]


@pytest.mark.bulk
def test_a_batch_larger_than_a_transaction(store):
    count = 12_345
    revise(store, batch("ci", [ci(i) for i in range(count)]))
    revise(store, batch("ci", [ci(i, "b") for i in range(count)], [ci(i) for i in range(count)]))
    assert rows_of(store.load_columns(2, "ci", ["ci_id", "name"])) == [(i, "b") for i in range(count)]
    assert rows_of(store.load_columns(1, "ci", ["ci_id", "name"])) == [(i, f"srv-{i}") for i in range(count)]
