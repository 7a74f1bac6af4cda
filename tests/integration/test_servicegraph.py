"""Service-graph metrics from a stub of Prometheus' HTTP API (tests/servers/prometheus.py), through a whole sync."""

from __future__ import annotations

import json

import pytest
from werkzeug import Response

from app.domain.errors import ForestayError, InvalidInput
from tests.servers.desk import Desk
from tests.servers.prometheus import TOKEN, PrometheusStub

WEEK = 7 * 24 * 3600


def pair(client: str, server: str, kind: str = "") -> dict[str, str]:
    return {name: value for name, value in (("client", client), ("server", server), ("connection_type", kind)) if value}


def stub() -> PrometheusStub:
    made = [
        (pair("frontend", "checkout"), str(2.0 * WEEK)),
        (pair("checkout", "orders", "messaging_system"), "1000.5"),
        (pair("checkout", "pg", "database"), str(0.5 * WEEK)),
        (pair("user", "frontend"), "9000"),
        (pair("frontend", "ghost"), "NaN"),
        (pair("batch", "pg", "database"), str(0.5 * WEEK)),
        (pair("", "lost"), "5"),
        (pair("checkout", "bank", "virtual_node"), "7"),
    ]
    last = [(pair("frontend", "checkout"), "1763900000"), (pair("checkout", "pg", "database"), "1763700000"),
            (pair("batch", "pg", "database"), "1763600000")]  # fmt: skip
    return PrometheusStub({"sum by": made, "max by": last, "count(": [({}, "8")]})


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.setenv("PROM_TOKEN", TOKEN)
    made = []

    def make(server, place="one", **more):
        settings = {"token_env": "PROM_TOKEN"} | more
        made.append(Desk(tmp_path / place, "servicegraph", server, settings, lambda source: [source.client]))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_the_client_depends_on_the_server(desk):
    place = desk(stub())
    report = place.sync()
    assert place.needs() == {
        ("frontend", "checkout", "hard"), ("checkout", "orders", "soft"), ("checkout", "pg", "hard"), ("batch", "pg", "hard"),
        ("checkout", "bank", "hard"),
    }  # fmt: skip
    assert report.counts["dependency"].ignored == {"client is user: the outside world": 1, "without client or server": 1}
    assert report.counts["dependency"].rejected == 1 and all(counts.closes() for counts in report.counts.values())
    facts = place.facts("ci_class")
    assert {name: row[0] for name, row in facts.items()} == {
        "frontend": "microservice",
        "checkout": "microservice",
        "orders": "message_queue",
        "pg": "database",
        "batch": "microservice",
        "bank": "application_service",
    }
    said = {name: json.loads(text) for name, text in place.load("source_record", "source_key", "payload")}
    assert said["database:pg"]["attributes"] == {"requests_per_second": "1", "last_called_on": "2025-11-21"}
    assert said["service:checkout"]["attributes"]["requests_per_second"] == "2"
    assert place.sync().state == "unchanged"


def test_who_was_not_called_is_not_gone(desk):
    server = stub()
    place = desk(server)
    place.sync()
    server.vectors["sum by"] = server.vectors["sum by"][:1]
    report = place.sync()
    assert (report.retired, report.dependencies_retired, report.complete) == (0, 0, False)


FAULTS = [
    (
        Response('{"status":"error","errorType":"timeout","error":"query timed out"}', 503, {"Retry-After": "0"}),
        "query timed out",
    ),
    (Response('{"status":"error","errorType":"execution","error":"too many samples"}', 422), "too many samples"),
    (Response('{"status":"success","data":{"resultType":"matrix","result":[]}}', 200), "no vector"),
    (
        Response('{"status":"success","data":{"resultType":"vector","result":[', 200, content_type="application/json"),
        "not whole JSON",
    ),
    (Response("<html>log in</html>", 200, content_type="text/html"), "sign-in page"),
    (Response("no", 403), "refuses access"),
]


@pytest.mark.parametrize(("answer", "said"), FAULTS, ids=[said for _, said in FAULTS])
@pytest.mark.parametrize("at", ["sum by", "max by"])
def test_a_fault_ends_nothing_and_is_said(desk, answer, said, at):
    honest = stub()
    place = desk(honest)
    before = place.sync().revision
    real = honest.made
    honest.made = lambda body, status: answer if honest.asked[-1].startswith(at) else real(body, status)
    with pytest.raises(ForestayError, match=said):
        place.sync()
    assert place.store.current().revision == before


def test_a_part_of_an_answer_is_none(desk):
    server = stub()
    server.warnings = ["some stores did not answer"]
    with pytest.raises(ForestayError, match="some stores did not answer"):
        desk(server).sync()


def test_settings_are_checked(desk):
    for name, value in (("window_hours", "0"), ("metric", "x[5m]) or vector(1")):
        with pytest.raises(InvalidInput, match=name):
            desk(stub(), **{name: value})


def test_a_database_queue_or_virtual_node_that_has_the_name_of_its_service_is_a_ci_of_its_own(desk):
    made = [
        (pair("user", "checkout"), "9"), (pair("checkout", "orders"), "9"), (pair("orders", "orders", "database"), "9"),
        (pair("orders", "orders", "messaging_system"), "9"), (pair("orders", "10.2.3.4", "virtual_node"), "9"),
    ]  # fmt: skip
    place = desk(PrometheusStub({"sum by": made, "max by": [], "count(": [({}, "5")]}))
    report = place.sync()
    assert not report.counts["dependency"].rejected and report.dependencies_added == 4
    keys = {key for (key,) in place.load("source_record", "source_key")}
    assert keys == {"service:checkout", "service:orders", "database:orders", "messaging_system:orders", "virtual_node:10.2.3.4"}
    ids = dict(place.load("source_record", "source_key", "ci_id"))
    assert len(set(map(int, ids.values()))) == 5
    rows = {(int(a), int(b)): kind for a, b, kind in place.load("dependency", "dependent_id", "provider_id", "kind")}
    assert rows[int(ids["service:orders"]), int(ids["database:orders"])] == "hard"


@pytest.mark.parametrize(
    ("settings", "kinds"),
    [({}, {"hard"}), ({"calls": "soft", "call_weight": 0.3}, {"soft 0.3"}), ({"calls": "share"}, {"hard", "soft 0.25"})],
)
def test_what_a_call_weighs_is_a_setting(desk, settings, kinds):
    """checkout was reached 8 times: it asked the bank at each of them and more, pg at two; nobody was seen to reach frontend."""
    made = [(pair("frontend", "checkout"), "8"), (pair("checkout", "bank"), "16"), (pair("checkout", "pg", "database"), "2")]
    place = desk(PrometheusStub({"sum by": made, "max by": [], "count(": [({}, "3")]}), **settings)
    place.sync()
    rows = place.load("dependency", "kind", "weight")
    assert {kind if kind == "hard" else f"{kind} {float(weight):g}" for kind, weight in rows} == kinds
