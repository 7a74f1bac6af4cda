"""The scores of the latest assessment, over every store."""

from __future__ import annotations

from app.ports.graph_store import SCORES
from tests.contract.estate import batch, ci, revise, rows_of


def scores(rows):
    """ci_id -> rank; the other scores follow from it."""
    nan = float("nan")
    table = {"ci_id": list(rows)}
    for place, name in enumerate(SCORES):
        table[name] = [nan if rank is None else float(rank * (place + 1)) for rank in rows.values()]
    return table


def test_only_changed_scores_are_written(store):
    revise(store, batch("ci", [ci(1), ci(2), ci(3)]))
    assert rows_of(store.load_scores()) == []
    assert store.write_scores("a1", 1, scores({3: 1, 1: 2, 2: 3})) == 3
    assert rows_of(store.load_scores(), "ci_id", "score_rank", "score_money_per_year") == [
        (1, 2.0, 10.0),
        (2, 3.0, 15.0),
        (3, 1.0, 5.0),
    ]
    assert store.write_scores("a2", 1, scores({3: 1, 1: 9, 2: None})) == 2
    assert rows_of(store.load_scores(), "ci_id", "score_rank") == [(1, 9.0), (3, 1.0)]
    assert store.write_scores("a3", 1, scores({3: 1, 1: 9, 2: None})) == 0


def test_a_score_may_be_absent_in_part_and_outlives_a_change_of_the_ci(store):
    revise(store, batch("ci", [ci(1), ci(2)]))
    table = scores({1: 4, 2: 5})
    table["score_money_per_year"] = [float("nan"), 1.0]
    store.write_scores("a1", 1, table)
    revise(store, batch("ci", [ci(1, "renamed")], [ci(1)]))
    assert rows_of(store.load_scores(), "ci_id", "score_rank", "score_money_per_year") == [(1, 4.0, None), (2, 5.0, 1.0)]
