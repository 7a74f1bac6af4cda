"""What people decide about CIs takes effect at once and outlives every sync."""

from __future__ import annotations

import pytest

from app.domain.errors import InvalidInput, NotFound
from app.usecases import decide
from app.usecases.answers.identity import identity
from app.usecases.find import identify

WEB = {"key": "web", "name": "web", "class": "server", "fqdn": "web.example"}
NET = {"key": "net", "name": "net", "class": "router"}
DISK = {"key": "disk", "name": "disk", "class": "storage_array"}
OTHER = {"key": "w1", "name": "w1", "class": "server", "serial": "S1"}


@pytest.fixture
def service(on_each_store):
    return on_each_store


def edges(service):
    store = service.forestay.store
    at = store.current().revision
    rows, states = store.load_columns(at, "dependency"), store.load_columns(at, "ci", ["ci_id", "key"])
    keys = {int(i): key for i, key in zip(states["ci_id"], states["key"], strict=True)}
    return sorted((keys[int(a)], keys[int(b)]) for a, b in zip(rows["dependent_id"], rows["provider_id"], strict=True))


def keys(service):
    store = service.forestay.store
    return sorted(store.load_columns(store.current().revision, "ci", ["key"])["key"])


def fill(service, web=WEB, other=OTHER):
    service.csv("a", cis=[web, NET], dependencies=[{"dependent": "web", "provider": "net"}], approve=True)
    service.csv("b", cis=[other, DISK], dependencies=[{"dependent": "w1", "provider": "disk"}], approve=True)


def test_a_merge_joins_at_once_redirects_and_outlives_syncs(service):
    fill(service)
    assert decide.merge(service.forestay, "web", "b:ci:w1", "me", "seen in the rack").keys == ["a:ci:web"]
    assert keys(service) == ["a:ci:net", "a:ci:web", "b:ci:disk"]
    assert edges(service) == [("a:ci:web", "a:ci:net"), ("a:ci:web", "b:ci:disk")]
    store = service.forestay.store
    assert identify(store, store.current().revision, "b:ci:w1").key == "a:ci:web"
    fill(service, {**WEB, "team": "ops"}, {**OTHER, "site": "north"})
    assert keys(service) == ["a:ci:net", "a:ci:web", "b:ci:disk"]
    told = identity(service.forestay, "web")
    assert [(link.record, link.with_record, link.rule) for link in told.links] == [("a:ci:web", "b:ci:w1", "decided")]
    with pytest.raises(InvalidInput, match="one CI already"):
        decide.merge(service.forestay, "web", "b:ci:w1", "me")


def test_a_split_restores_both_with_their_edges_and_no_sync_joins_them_again(service):
    fill(service)
    before = keys(service), edges(service)
    decide.merge(service.forestay, "web", "b:ci:w1", "me")
    decide.split(service.forestay, "web", ["b:ci:w1"], "me")
    assert (keys(service), edges(service)) == before


def test_a_wrong_merge_by_an_identifier_is_split_for_good(service):
    wrong = {**OTHER, "fqdn": "WEB.example"}
    fill(service, other=wrong)
    assert edges(service) == [("a:ci:web", "a:ci:net"), ("a:ci:web", "b:ci:disk")]
    split = decide.split(service.forestay, "web", ["b:ci:w1"], "me", "other machine")
    assert split.keys == ["a:ci:web", "b:ci:w1"]
    for _ in range(2):
        assert edges(service) == [("a:ci:web", "a:ci:net"), ("b:ci:w1", "b:ci:disk")]
        fill(service, {**WEB, "team": "ops"}, {**wrong, "team": "dev"})
    told = identity(service.forestay, "a:ci:web", "b:ci:w1")
    assert not told.same and any("a person decided" in text for text in told.against)
    assert decide.merge(service.forestay, "a:ci:web", "b:ci:w1", "me").keys == ["a:ci:web"]


def test_a_correction_is_believed_before_sources_and_waits_while_its_record_is_gone(service):
    fill(service)
    decide.correct(service.forestay, "web", {"team": "night", "repair_hours": "2.5", "rack": "7"}, "me", new_attributes=True)

    def told():
        store = service.forestay.store
        row = store.states(store.current().revision, [identify(store, store.current().revision, "a:ci:web").ci_id])
        return row["name"][0], row["team"][0], float(row["repair_hours"][0]), row["attributes"][0]

    assert told() == ("web", "night", 2.5, '{"rack":"7"}')
    fill(service, {**WEB, "team": "ops", "repair_hours": 9})
    assert told() == ("web", "night", 2.5, '{"rack":"7"}')
    service.csv("a", cis=[NET], approve=True)
    assert keys(service) == ["a:ci:net", "b:ci:disk", "b:ci:w1"]
    fill(service, {**WEB, "team": "ops", "repair_hours": 9})
    assert told() == ("web", "night", 2.5, '{"rack":"7"}')
    decide.correct(service.forestay, "web", {"team": "", "repair_hours": "", "rack": ""}, "me")
    assert told()[:3] == ("web", "ops", 9.0)
    with pytest.raises(InvalidInput, match="repair_hours"):
        decide.correct(service.forestay, "web", {"repair_hours": "long"}, "me")


def test_what_cannot_be_split_is_said(service):
    fill(service)
    with pytest.raises(NotFound):
        decide.split(service.forestay, "web", ["b:ci:w1"], "me")
    with pytest.raises(InvalidInput, match="not all"):
        decide.split(service.forestay, "web", ["a:ci:web"], "me")


def test_the_command_line_decides_as_well(service):
    fill(service)
    assert service.cli_json("merge", "web", "b:ci:w1")["keys"] == ["a:ci:web"]
    assert service.cli_json("why", "web")["links"][0]["rule"] == "decided"
    assert len(service.cli_json("split", "web", "b:ci:w1")["keys"]) == 2
    assert service.cli_json("correct", "web", "team=night")["keys"] == ["a:ci:web"]


def test_why_not_names_what_forbids_it_with_the_records(service):
    fill(service, {**WEB, "serial": "S7"}, {**OTHER, "fqdn": "web.example"})
    told = service.get("/cis/a:ci:web/identity", **{"with": "b:ci:w1"})
    assert not told["same"] and told["links"] == [] and sorted(told["records"]) == ["a:ci:web", "b:ci:w1"]
    assert "not merged by fqdn+class other:web.example, as serial S1 is not S7: a:ci:web, b:ci:w1" in told["against"]
    service.csv(
        "a",
        cis=[{**WEB, "fqdn": "w.example"}, {**NET, "serial": "S1"}, {**WEB, "key": "n2", "fqdn": "", "serial": "S1"}],
        approve=True,
    )
    told = service.get("/cis/a:ci:net/identity", **{"with": "b:ci:w1"})
    assert not told["same"] and told["links"] == []  # a third record is what makes the serial number say nothing
    assert "serial S1 is held by 3 records and ignored: a:ci:n2, a:ci:net, b:ci:w1" in told["against"]
    told = service.get("/cis/a:ci:web/identity", **{"with": "b:ci:disk"})
    assert told["against"] == ["they share no identifier that counts for their classes; names never merge by themselves"]
