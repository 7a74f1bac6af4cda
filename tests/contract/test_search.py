"""Finding CIs by what they answer to, over every store."""

from __future__ import annotations

import pytest

from tests.contract.estate import batch, ci, revise


def answers(hits):
    return [(hit.ci_id, hit.alias_kind, hit.alias) for hit in hits]


def test_find_by_key_name_and_alias_case_folded(store):
    rows = [
        ci(1, "Straße", [("ip", "10.0.0.1"), ("serial", "SN-A")]),
        ci(2, "db-main", [("serial", "sn-a"), ("fqdn", "DB.Example.NET")]),
    ]
    revise(store, batch("ci", rows))
    found = store.find(1, ["STRASSE", "sn-A", "db.example.net", "CMDB:SERVER:1", "nobody"])
    assert {value: answers(hits) for value, hits in found.items()} == {
        "STRASSE": [(1, "name", "Straße")],
        "sn-A": [(1, "serial", "SN-A"), (2, "serial", "sn-a")],
        "db.example.net": [(2, "fqdn", "DB.Example.NET")],
        "CMDB:SERVER:1": [(1, "key", "cmdb:server:1")],
    }
    assert found["db.example.net"][0].ci_class == "server"
    assert store.find(1, ["sn-a", "db-main"], kinds=["serial"]).keys() == {"sn-a"}
    assert store.find(0, ["sn-a"]) == {}


def test_find_is_exact_at_a_revision(store):
    revise(store, batch("ci", [ci(1, "old", [("ip", "10.0.0.1")])]))
    revise(store, batch("ci", [ci(1, "new", [("ip", "10.0.0.2")])], [ci(1)]))
    revise(store, batch("ci", [], [ci(1)]))
    assert [sorted(store.find(r, ["old", "new", "10.0.0.1", "10.0.0.2"])) for r in (1, 2, 3)] == [
        ["10.0.0.1", "old"],
        ["10.0.0.2", "new"],
        [],
    ]
    assert [[hit.name for hit in store.search(r, "10.0", 5)] for r in (1, 2, 3)] == [["old"], ["new"], []]
    store.open_revision("pending", 3)
    store.write(4, 1, batch("ci", [ci(1, "soon")]))
    assert not store.find(3, ["soon"])
    assert answers(store.search(1, "OLD", 5)) == [(1, "name", "old")]


def test_search_exact_then_prefix_then_anywhere(store):
    names = {1: "web", 2: "old web", 3: "webshop", 4: "The WEB", 5: "weblog", 6: "other"}
    revise(store, batch("ci", [ci(i, name) for i, name in names.items()]))
    assert [hit.name for hit in store.search(1, "Web", 10)] == ["web", "weblog", "webshop", "old web", "The WEB"]
    assert [hit.name for hit in store.search(1, "web", 2)] == ["web", "weblog"]
    assert [hit.name for hit in store.search(1, "web", 4)] == ["web", "weblog", "webshop", "old web"]
    assert store.search(1, "", 10) == []
    assert store.search(1, "web", 0) == []


@pytest.mark.parametrize(
    "name",
    [
        'a+b -c && d || !e (f) {g} [h] ^"~*?:\\ /i',
        "AND OR NOT",
        "10% _x_",
        "it's; -- 'q'",
        "*",
        "東京 😀",
        "a  b",
        "x<y>z=1",
        "TO",
    ],
)
def test_search_takes_every_sign_for_itself(store, name):
    revise(store, batch("ci", [ci(1, name), ci(2, "plain"), ci(3, f"<{name}>")]))
    assert answers(store.find(1, [name])[name]) == [(1, "name", name)]
    assert [hit.ci_id for hit in store.search(1, name, 5)] == [1, 3]
    assert {hit.ci_id for hit in store.search(1, name[1:], 5)} == ({1, 3} if len(name) > 1 else set())


def test_one_hit_a_ci(store):
    revise(store, batch("ci", [ci(1, "srv", [("fqdn", "srv.example"), ("ip", "srv-ip")])]))
    assert answers(store.search(1, "srv", 5)) == [(1, "name", "srv")]
    assert answers(store.search(1, "srv.", 5)) == [(1, "fqdn", "srv.example")]


def test_a_name_of_the_past_is_found_as_long_as_its_ci_holds(store):
    revise(store, batch("ci", [ci(1, "old", [("ip", "10.0.0.1")]), ci(2, "other")]))
    revise(store, batch("ci", [ci(1, "new", [("ip", "10.0.0.2")])], [ci(1)]))
    revise(store, batch("ci", [ci(1, "newer")], [ci(1)]))
    revise(store, batch("ci", [], [ci(2)]))

    def told(revision):
        found = store.find_former(revision, ["OLD", "new", "10.0.0.1", "other", "nobody"])
        return {value: [(hit.ci_id, hit.key, hit.until) for hit in hits] for value, hits in found.items()}

    one = [(1, "cmdb:server:1", 2)]
    assert told(0) == told(1) == {}
    assert told(2) == {"OLD": one, "10.0.0.1": one}
    assert told(3) == told(4) == {"OLD": one, "10.0.0.1": one, "new": [(1, "cmdb:server:1", 3)]}
