"""The ledger, over every store: revisions, writes, reads exact at a revision."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.columns import Batch
from app.domain.errors import Conflict, Fenced, InvalidInput, NotFound
from tests.contract.estate import batch, ci, revise, rows_of, table

LINK = {"dependent_id": 1, "provider_id": 2}


def test_an_empty_store_holds_revision_0(store):
    current = store.current()
    assert (current.revision, current.state, dict(current.counters)) == (0, "published", {})
    assert store.pending() is None
    assert store.horizon() == 0
    for noun in ("ci", "dependency", "source_record", "exposure"):
        assert rows_of(store.load_columns(0, noun)) == []


def test_a_revision_is_seen_when_it_is_published_and_not_before(store):
    opened = store.open_revision("op", 0, note="sync of cmdb, run 1")
    store.write(1, 1, batch("ci", [ci(1), ci(2)]))
    assert store.current().revision == 0
    assert store.pending().batches == 1
    assert opened.note == "sync of cmdb, run 1"
    with pytest.raises(NotFound):
        store.load_columns(1, "ci")
    published = store.publish(1, 0, {"ci": 3})
    assert (published.state, dict(published.counters)) == ("published", {"ci": 3})
    assert store.pending() is None
    assert rows_of(store.load_columns(1, "ci", ["ci_id", "key"])) == [(1, "cmdb:server:1"), (2, "cmdb:server:2")]
    assert rows_of(store.load_columns(0, "ci")) == []


def test_every_column_comes_back_as_it_was_written(store):
    full = ci(
        7,
        "Übermut 東京 😀",
        [("ip", "10.0.0.7"), ("serial", "SN-7")],
        environment="production",
        site="Köln",
        team="Storage",
        supplier="A + B",
        is_service=1,
        failures_per_year=0.1,
        failures_origin="measured",
        failures_per_year_low=0.05,
        failures_per_year_high=0.3,
        repair_hours=4.5,
        repair_origin="declared",
        repair_distribution="lognormal",
        repair_sigma=0.8,
        repair_hours_low=1.0,
        repair_hours_high=9.0,
        unavailability=1e-300,
        failure_on_demand=0.02,
        level_share=1.0,
        restart_hours=0.25,
        restore_pool="Tape robot",
        starts_without="dns | Übermut 2",
        backup_interval_hours=24.0,
        transfer_lag_hours=0.5,
        attributes='{"os":"linux"}',
    )
    plain = ci(8)
    link = {"dependent_id": 7, "provider_id": 8, "kind": "soft", "source_id": 3, "weight": 0.5, "relation": "runs on"}
    group = {
        "group_id": 1,
        "key": "cmdb:g1",
        "dependent_id": 7,
        "members": "[8, 7]",
        "shares": "[0.5, 0.5]",
        "failover_minutes": 2.0,
        "common_cause_share": 0.1,
        "common_cause_unavailability": 1e-9,
    }
    exposure = {"ci_id": 7, "customers": 1000.0, "customer_population": "Käufer", "impact": '{"money":[[1,2]]}', "rto_hours": 4.0}
    incident = {"incident_key": "INC1", "ci_id": 8, "started_at": 1_700_000_000}
    observation = {"scope": "class:server"}
    record = {"source_key": "server:8", "ci_id": 8, "content_hash": -(2**63) + 1, "payload": '{"a":1}'}
    written = {"ci": [full, plain], "dependency": [link], "redundancy_group": [group], "exposure": [exposure]}
    written |= {"incident": [incident], "observation": [observation], "source_record": [record]}
    revise(store, *(batch(noun, rows) for noun, rows in written.items()))
    for noun, rows in written.items():
        expected = batch(noun, rows).begun
        kept = table(store.load_columns(1, noun))
        wanted = [{name: column[i] for name, column in expected.items() if column[i] not in (None, "")} for i in range(len(rows))]
        assert kept == wanted, noun


def test_answers_are_in_order_of_identity_and_of_the_columns_asked_for(store):
    links = [
        {"dependent_id": d, "provider_id": p, "kind": kind, "source_id": source}
        for d, p, kind, source in [
            (2, 1, "supply", 1),
            (1, 2, "soft", 2),
            (1, 2, "hard", 9),
            (1, 2, "soft", 1),
            (1, 3, "hard", 1),
        ]
    ]
    revise(store, batch("ci", [ci(3), ci(1), ci(2)]), batch("dependency", links))
    answer = store.load_columns(1, "dependency", ["kind", "source_id", "dependent_id"])
    assert sorted(answer) == ["dependent_id", "kind", "source_id"]
    assert rows_of(answer, "dependent_id", "kind", "source_id") == [
        (1, "hard", 9), (1, "soft", 1), (1, "soft", 2), (1, "hard", 1), (2, "supply", 1),
    ]  # fmt: skip
    assert rows_of(store.load_columns(1, "dependency", ["provider_id"], source_id=1)) == [(2,), (3,), (1,)]
    with pytest.raises(InvalidInput):
        store.load_columns(1, "ci", ["no_such_column"])
    with pytest.raises(InvalidInput):
        store.load_columns(1, "no_such_noun")


def test_rows_of_one_source(store):
    records = [{"source_id": s, "source_key": f"server:{i}", "ci_id": i} for s in (1, 2, 10) for i in (2, 1)]
    revise(store, batch("ci", [ci(1), ci(2)]), batch("source_record", records))
    assert rows_of(store.load_columns(1, "source_record", ["source_id", "source_key"], source_id=2)) == [
        (2, "server:1"),
        (2, "server:2"),
    ]
    assert len(rows_of(store.load_columns(1, "source_record"))) == 6


def test_a_change_is_an_end_and_a_beginning(store):
    revise(store, batch("ci", [ci(1), ci(2)]), batch("dependency", [LINK]))
    revise(
        store,
        batch("ci", [ci(1, "renamed")], [ci(1)]),
        batch("dependency", [{**LINK, "weight": 0.5, "kind": "soft"}], [{**LINK, "kind": "hard"}]),
    )
    revise(store, batch("dependency", [], [{**LINK, "kind": "soft"}]), batch("ci", [], [ci(2)]))
    assert [rows_of(store.load_columns(r, "ci", ["ci_id", "name"])) for r in (1, 2, 3)] == [
        [(1, "srv-1"), (2, "srv-2")],
        [(1, "renamed"), (2, "srv-2")],
        [(1, "renamed")],
    ]
    assert [rows_of(store.load_columns(r, "dependency", ["kind", "weight"])) for r in (1, 2, 3)] == [
        [("hard", None)],
        [("soft", 0.5)],
        [],
    ]
    assert rows_of(store.states(1, [2, 1, 99]), "ci_id", "name") == [(1, "srv-1"), (2, "srv-2")]
    assert rows_of(store.states(3, [2, 1]), "ci_id", "name") == [(1, "renamed")]


def test_changes_between_two_revisions(store):
    revise(store, batch("ci", [ci(1), ci(2), ci(3)]))
    revise(store, batch("ci", [ci(1, "b")], [ci(1)]))
    revise(store, batch("ci", [ci(1, "c")], [ci(1)]))
    revise(store, batch("ci", [ci(4)], [ci(2)]))
    change = store.changes(1, 4, "ci")
    assert rows_of(change.begun, "ci_id", "name") == [(1, "c"), (4, "srv-4")]
    assert rows_of(change.ended, "ci_id", "name") == [(1, "srv-1"), (2, "srv-2")]
    assert rows_of(store.changes(2, 2, "ci").begun) == []
    assert rows_of(store.changes(0, 1, "ci").begun, "ci_id") == [(1,), (2,), (3,)]
    assert rows_of(store.changes(1, 2, "ci").begun, "name") == [("b",)]
    with pytest.raises(InvalidInput):
        store.changes(3, 2, "ci")


def test_a_retired_ci_comes_back(store):
    revise(store, batch("ci", [ci(1), ci(2)]), batch("dependency", [LINK]))
    revise(store, batch("dependency", [], [LINK | {"kind": "hard"}]), batch("ci", [], [ci(1)]))
    revise(store, batch("ci", [ci(1, "back")]), batch("dependency", [LINK]))
    assert [rows_of(store.load_columns(r, "ci", ["ci_id", "name"])) for r in (1, 2, 3)] == [
        [(1, "srv-1"), (2, "srv-2")],
        [(2, "srv-2")],
        [(1, "back"), (2, "srv-2")],
    ]
    assert [len(rows_of(store.load_columns(r, "dependency"))) for r in (1, 2, 3)] == [1, 0, 1]


def test_small_reads_by_column(store):
    links = [{"dependent_id": a, "provider_id": b} for a, b in ((1, 2), (1, 3), (4, 2))]
    groups = [
        {"group_id": 1, "key": "s:1", "dependent_id": 1, "members": "[2, 3]"},
        {"group_id": 2, "key": "s:2", "dependent_id": 4, "members": "[3, 12]"},
    ]
    revise(
        store,
        batch("ci", [ci(i) for i in range(1, 6)]),
        batch("dependency", links),
        batch("redundancy_group", groups),
        batch("exposure", [{"ci_id": 1, "customers": 5.0}, {"ci_id": 1, "source_id": 2}]),
        batch("incident", [{"incident_key": "I1", "ci_id": 3}]),
        batch("source_record", [{"source_key": "server:1", "ci_id": 1}, {"source_id": 2, "source_key": "server:1", "ci_id": 1}]),
    )
    revise(
        store, batch("redundancy_group", [], [{"group_id": 2}]), batch("dependency", [], [{"dependent_id": 4, "provider_id": 2}])
    )
    ends = ("dependent_id", "provider_id")
    assert rows_of(store.rows(1, "dependency", "dependent_id", [1]), *ends) == [(1, 2), (1, 3)]
    assert rows_of(store.rows(1, "dependency", "provider_id", [2, 2]), *ends) == [(1, 2), (4, 2)]
    assert rows_of(store.rows(2, "dependency", "provider_id", [2]), *ends) == [(1, 2)]
    assert rows_of(store.rows(1, "redundancy_group", "group_id", [2]), "key") == [("s:2",)]
    assert rows_of(store.rows(2, "redundancy_group", "dependent_id", [1, 4]), "group_id") == [(1,)]
    assert rows_of(store.rows(1, "redundancy_group", "key", ["s:2", "s:none"]), "group_id") == [(2,)]
    assert rows_of(store.rows(2, "redundancy_group", "key", ["s:2"]), "group_id") == []
    assert rows_of(store.groups_of_members(1, [3]), "group_id") == [(1,), (2,)]
    assert rows_of(store.groups_of_members(2, [3]), "group_id") == [(1,)]
    assert rows_of(store.groups_of_members(1, [1]), "group_id") == []
    assert rows_of(store.rows(1, "exposure", "ci_id", [1]), "source_id") == [(1,), (2,)]
    assert rows_of(store.rows(1, "incident", "ci_id", [3]), "incident_key") == [("I1",)]
    assert rows_of(store.rows(1, "source_record", "source_key", ["server:1", "x"]), "source_id") == [(1,), (2,)]
    assert rows_of(store.rows(1, "source_record", "ci_id", []), "source_id") == []
    assert store.ids_of_keys(1, ["cmdb:server:2", "CMDB:server:1", "none"]) == {"cmdb:server:2": 2}
    with pytest.raises(InvalidInput):
        store.rows(1, "dependency", "weight", [1])


def test_a_write_is_applied_once(store):
    store.open_revision("op", 0)
    for _ in range(2):
        store.write(1, 1, batch("ci", [ci(1)]))
    with pytest.raises(Conflict):
        store.write(1, 3, batch("ci", [ci(3)]))
    store.write(1, 2, Batch("ci", {}, {}))
    assert store.pending().batches == 2
    store.publish(1, 0, {})
    assert store.publish(1, 0, {}).state == "published"
    with pytest.raises(Conflict):
        store.write(1, 3, batch("ci", [ci(3)]))
    assert rows_of(store.load_columns(1, "ci"), "ci_id") == [(1,)]


def test_the_same_operation_resumes_and_another_waits(open_store):
    store = open_store()
    store.open_revision("op", 0)
    store.write(1, 1, batch("ci", [ci(1)]))
    again = open_store()
    resumed = again.open_revision("op", 0)
    assert (resumed.revision, resumed.batches, resumed.state) == (1, 1, "pending")
    with pytest.raises(Conflict):
        again.open_revision("another", 0)
    again.write(1, 2, batch("ci", [ci(2)]))
    again.publish(1, 0, {})
    assert store.open_revision("op", 0).state == "published"
    with pytest.raises(Conflict):
        store.open_revision("late", 0)
    assert rows_of(store.load_columns(1, "ci"), "ci_id") == [(1,), (2,)]


def test_ending_what_does_not_hold_is_refused_whole(store):
    revise(store, batch("ci", [ci(1)]))
    store.open_revision("op", 1)
    with pytest.raises(Conflict):
        store.write(2, 1, batch("ci", [ci(5)], [ci(9)]))
    assert store.pending().batches == 0
    store.write(2, 1, batch("ci", [ci(6)]))
    store.publish(2, 1, {})
    assert rows_of(store.load_columns(2, "ci"), "ci_id") == [(1,), (6,)]


def test_two_cis_with_one_key_are_refused(store):
    revise(store, batch("ci", [ci(1)]))
    store.open_revision("op", 1)
    with pytest.raises(Conflict):
        store.write(2, 1, batch("ci", [ci(2, key="cmdb:server:1")]))


@pytest.mark.parametrize("first", [True, False], ids=["first import", "later change"])
def test_an_abandoned_revision_leaves_no_trace(store, first):
    nouns = ("ci", "dependency", "redundancy_group", "exposure", "source_record")
    if not first:
        revise(
            store,
            batch("ci", [ci(1), ci(2), ci(3, team="T", site="S", is_service=1)]),
            batch("dependency", [LINK]),
            batch("redundancy_group", [{"group_id": 1, "key": "s:1", "dependent_id": 1, "members": "[2,3]"}]),
            batch("exposure", [{"ci_id": 1, "customers": 5.0}]),
        )
        revise(store, batch("ci", [], [ci(3)]))
    base = store.current().revision
    before = {noun: table(store.load_columns(base, noun)) for noun in nouns}
    store.open_revision("op", base)
    store.write(
        base + 1,
        1,
        batch("ci", [ci(4), ci(3, "back")]) if first else batch("ci", [ci(4), ci(3, "back"), ci(1, "new")], [ci(1), ci(2)]),
    )
    if not first:
        store.write(base + 1, 2, batch("dependency", [{"dependent_id": 4, "provider_id": 3}], [LINK | {"kind": "hard"}]))
        store.write(
            base + 1,
            3,
            batch("redundancy_group", [{"group_id": 1, "key": "s:1", "dependent_id": 4, "members": "[3]"}], [{"group_id": 1}]),
        )
        store.write(base + 1, 4, batch("exposure", [{"ci_id": 4}], [{"ci_id": 1}]))
    store.abandon(base + 1)
    assert store.pending() is None
    with pytest.raises(NotFound):
        store.revision(base + 1)
    assert {noun: table(store.load_columns(base, noun)) for noun in nouns} == before
    assert list(store.check()) == []
    assert not store.find(base, ["back", "srv-4"])
    assert revise(store, batch("ci", [ci(4)])) == base + 1
    assert {noun: table(store.load_columns(base, noun)) for noun in nouns} == before
    if not first:
        assert rows_of(store.groups_of_members(base + 1, [2]), "group_id") == [(1,)]
    with pytest.raises(Conflict):
        store.abandon(base + 1)


def test_undo_is_a_revision_with_the_inverse_of_the_changes(store):
    revise(store, batch("ci", [ci(1), ci(2)]), batch("dependency", [LINK]))
    revise(store, batch("ci", [ci(1, "wrong"), ci(3)], [ci(1)]), batch("dependency", [], [LINK | {"kind": "hard"}]))
    inverse = []
    for noun, identity in (("ci", ("ci_id",)), ("dependency", ("dependent_id", "provider_id", "kind", "source_id"))):
        change = store.changes(1, 2, noun)
        inverse.append(Batch(noun, change.ended, {name: change.begun[name] for name in identity}))
    revise(store, *inverse)
    for noun in ("ci", "dependency"):
        assert table(store.load_columns(3, noun)) == table(store.load_columns(1, noun))
        assert table(store.load_columns(2, noun)) != table(store.load_columns(1, noun))


def test_a_lost_lease_is_fenced(store):
    store.take_lease(7)
    store.take_lease(5)
    with pytest.raises(Fenced):
        store.open_revision("old", 0, fence=6)
    store.open_revision("new", 0, fence=7)
    store.take_lease(8)
    with pytest.raises(Fenced):
        store.publish(1, 0, {}, fence=7)
    assert store.publish(1, 0, {}, fence=8).revision == 1


def test_revisions_by_number_and_time(store):
    start = datetime(2030, 1, 1, tzinfo=UTC)
    for r in (1, 2, 3):
        store.open_revision(f"op {r}", r - 1, at=start + timedelta(days=r, microseconds=1))
        store.publish(r, r - 1, {"ci": r}, at=start + timedelta(days=r, hours=1))
    assert [row.revision for row in store.revisions(0, 2)] == [3, 2]
    assert [row.revision for row in store.revisions(2, 9)] == [1, 0]
    assert store.revision(2).created_at == start + timedelta(days=2, microseconds=1)
    assert store.revision_at(start + timedelta(days=2, hours=1)).revision == 2
    assert store.revision_at(start + timedelta(days=2, minutes=59)).revision == 1
    assert store.revision_at(datetime(2000, 1, 1, tzinfo=UTC)).revision == 0
    with pytest.raises(NotFound):
        store.revision(9)


def test_prune_forgets_what_ended(store):
    revise(store, batch("ci", [ci(1), ci(2, "gone")]), batch("dependency", [LINK]))
    revise(store, batch("dependency", [], [LINK | {"kind": "hard"}]), batch("ci", [ci(1, "b")], [ci(1), ci(2)]))
    revise(store, batch("ci", [ci(1, "c")], [ci(1)]))
    assert store.prune(2) == 3
    assert store.horizon() == 2
    assert rows_of(store.load_columns(2, "ci"), "name") == [("b",)]
    assert rows_of(store.load_columns(3, "ci"), "name") == [("c",)]
    with pytest.raises(NotFound):
        store.load_columns(1, "ci")
    assert list(store.check()) == []
    with pytest.raises(NotFound):
        store.prune(4)
    assert store.prune(2) == 0


def test_a_dependency_begins_between_cis_that_hold(store):
    revise(store, batch("ci", [ci(1), ci(2), ci(3)]), batch("dependency", [LINK]))
    store.open_revision("op", 1)
    store.write(2, 1, batch("ci", [ci(4)], [ci(3)]))
    for n, ends in enumerate([(1, 9), (9, 1), (1, 3), (3, 4)]):
        new = {"dependent_id": ends[0], "provider_id": ends[1]}
        with pytest.raises(Conflict):
            store.write(2, 2, batch("dependency", [new, {"dependent_id": 4, "provider_id": n % 2 + 1}]))
        assert store.pending().batches == 1
    store.write(2, 2, batch("dependency", [{"dependent_id": 4, "provider_id": 1}]))
    store.write(2, 3, batch("ci", [], [ci(2)]))
    with pytest.raises(Conflict):
        store.write(2, 4, batch("dependency", [{"dependent_id": 4, "provider_id": 2}]))
    store.abandon(2)
    store.open_revision("again", 1)
    with pytest.raises(Conflict):
        store.write(2, 1, batch("dependency", [{"dependent_id": 4, "provider_id": 1}]))


def test_check_names_dependencies_on_what_is_gone(store):
    revise(store, batch("ci", [ci(1), ci(2)]), batch("dependency", [LINK]))
    revise(store, batch("ci", [], [ci(2)]))
    assert [fault for fault in store.check() if "1 dependencies hold on a CI that does not" in fault]
