"""The API keeps its word: answers load through their schemas, errors are problem documents, and a fuzzer finds no server
error."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import marshmallow as ma
import pytest
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance
from werkzeug.routing import Rule

from app.api.schemas.answers import schema_of
from app.domain.study import StudyOptions
from app.domain.ticket_rules import TicketRule
from app.domain.tickets import Ticket
from app.jobs.runner import run_one
from app.usecases.keep import runs
from app.usecases.keep.access import ROLES, create_key
from app.usecases.keep.connectors import Connector, put_connector
from app.usecases.keep.hooks import receive_hook
from app.usecases.keep.inbox import SENDERS
from app.usecases.keep.orders import order_key
from app.usecases.keep.pools import state_pool
from app.usecases.keep.readings import READ_HEALTH, READINGS, DayRead, Gauge, ReadHealth, day_key, put_gauge
from app.usecases.keep.ticket_rules import put_rule
from app.usecases.reports.make import ReportRequest, make_report
from app.usecases.run_sync import SyncRequest, run_sync
from app.usecases.studies.make import make_study
from app.usecases.tickets.ask_for import Asked, ask_for
from app.usecases.tickets.take_in import take_in
from app.wsgi import create_app
from tests.e2e.conftest import Service
from tests.seeds import THOROUGH

PROBLEM = "application/problem+json"


def fill(service: Service) -> Service:
    service.csv(
        "cmdb",
        cis=[
            {"key": "shop", "name": "Shop", "class": "business_service", "team": "front", "site": "north", "supplier": "us"},
            {"key": "db", "name": "DB", "class": "database", "failures_per_year": 2, "repair_hours": 1, "fqdn": "db.example.com"},
            {"key": "a", "name": "A", "class": "server"},
            {"key": "b", "name": "B", "class": "server"},
            {"key": "bad", "name": "bad", "class": "server", "failures_per_year": "many"},
        ],
        dependencies=[{"dependent": "shop", "provider": "db"}],
        groups=[{"key": "pair", "dependent": "shop", "needed": 1, "members": "a|b", "shares": "0.5|0.5"}],
        services=[{"key": "shop", "customers": 1000, "money_per_hour": 10, "mtpd_hours": 4, "impact:money": "0:0|4:100"}],
    )
    service.post("/simulations", {"cis": ["db"], "duration_hours": 8, "at_hours": [1, 2]})
    night = {"text": "t=0 fail ci:db for 8h"}
    assert service.client.put("/api/v1/scenarios/night", json=night, headers={"If-None-Match": "*"}).status_code == 200
    service.post("/scenarios/night/run", {}, 200)
    service.post("/views", {"name": "Teams", "address": "/?kind=team"})
    service.post("/assessments", {}, status=202)
    service.post("/keys", {"name": "k", "role": "viewer"})
    service.post("/inbox/senders", {"name": "am"})
    service.client.put("/api/v1/live/a", json={"state": "down"})
    new, plan = (
        {"If-None-Match": "*"},
        b"id,cis,start,end,zone\np,b|gone,2099-01-01,2099-01-02,UTC\nq,,2099-01-01,2099-01-02,UTC\n",
    )
    service.client.put("/api/v1/calendars/cmdb?format=csv", data=plan, headers=new)
    service.client.put(
        "/api/v1/changes/entries/patch",
        json={"cis": ["db"], "start": "2099-01-01T00:00Z", "end": "2099-01-02T00:00Z"},
        headers=new,
    )
    fill_tickets(service)
    fill_goals(service)
    tried = {"kind": "game_day", "ci": "db", "outcome": "passed", "started_at": "2026-11-20T03:00:00Z"}
    assert service.client.post("/api/v1/tests", query_string=tried).status_code == 201
    service.post("/game-days", {"group": "shop", "start_at": "2099-01-01T00:00Z"})
    faster = {"measures": [{"kind": "restore", "ci": "db", "cost": 5000}], "due_on": "2099-01-01"}
    service.post("/improvements", {"title": "Restore db faster", "owner": "web", "hypothesis": "Snapshots", **faster})
    service.post("/acceptances", {"ci": "db", "reason": "dear", "expires_on": _next_year()})
    forestay = service.forestay
    state_pool(forestay.documents, "cmdb", 2, "test")
    run_sync(forestay, SyncRequest("cmdb", dry_run=True))
    make_study(forestay, StudyOptions(worlds=4096, draws=20, years=10))
    make_report(forestay, ReportRequest("table", "sources"), "test")
    return service


def _next_year() -> str:
    return (datetime.now(UTC) + timedelta(days=365)).date().isoformat()


def fill_tickets(service: Service) -> None:
    """A connector that nobody answers for, a rule, a ticket that waits, one of others about a CI nobody knows, a delivery."""
    documents = service.forestay.documents
    settings = {"url": "https://localhost/rt", "user": "svc", "password_env": "TICKETS_PASSWORD"}
    put_connector(documents, Connector("cmdb", "rt", settings), "example", new=True)
    put_rule(documents, TicketRule("cmdb", "outage", "cmdb"), "example")
    ask_for(service.forestay, Asked("cmdb", "db"), "example")
    service.post("/inbox/senders", {"name": "desk", "kind": "rt", "connector": "cmdb"})
    receive_hook(documents, SENDERS.get(documents, "desk"), {}, b'{"id": "20"}')
    at = datetime(2026, 11, 30, 3, tzinfo=UTC)
    url, key = "https://localhost/rt/20", ("db", "serv-a")
    told = Ticket("20", "20", url, "incident", "a is slow", "open", "open", "2", (), "", key, at, at)
    take_in(service.forestay, "cmdb", told)


def fill_goals(service: Service) -> None:
    """Goals, a gauge that was read, and a shared page."""
    for kind, target in (("error_rate", 0.01), ("time_to_repair", 4)):
        answer = service.client.put(f"/api/v1/services/shop/goals/{kind}", json={"target": target, "reason": "agreed"})
        assert answer.status_code == 200, answer.text
    fill_gauge(service)
    body = {"open": True, "title": "How we do", "services": [{"service": "shop", "label": "The shop"}]}
    answer = service.client.put("/api/v1/shared/opening", json=body, headers={"If-None-Match": "*"})
    assert answer.status_code == 200, answer.text


def fill_gauge(service: Service) -> None:
    """A gauge of which an hour of yesterday was read."""
    documents, shop = service.forestay.documents, service.get("/services/shop")["service"]["key"]
    begin, at = int(time.time()) // 86400 * 86400 - 86400, "2026-11-30T00:00:00Z"
    url = {"url": "https://localhost/prometheus"}
    put_gauge(documents, Gauge(shop, "example", url, "min(min_over_time(up[1m]))", by="example", changed_at=at))
    READINGS.put(documents, day_key("example", begin), DayRead(begin, begin + 3600, [(begin + 60, begin + 120)]))
    READ_HEALTH.put(documents, "example", ReadHealth(begin + 3600, at))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    from app.bootstrap import assemble_service
    from app.settings import load_settings

    folder = tmp_path_factory.mktemp("service")
    chosen = load_settings(environment={"FORESTAY_WEB_REQUESTS_PER_MINUTE": "1000000"}, data_folder=folder / "data")
    forestay = assemble_service(chosen)
    yield fill(Service(folder, forestay))
    forestay.close()


def documented(service: Service) -> list[tuple[Rule, str, Any]]:
    """Route, method and schema of its answer, as the application declares them."""
    found = []
    app = service.client.application
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        responses = getattr(view, "_apidoc", {}).get("response", {}).get("responses", {})
        answers = next(
            (responses[status] for status in (200, 201, 202) if status in responses), []
        )  # 202 of a long answer is a job
        for body in answers:
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            found += [(rule, method, body["schema"]) for method in methods]
    return found


EXAMPLES = {
    "ci": "db", "name": "cmdb", "revision": "1", "noun": "ci", "suggestion": "none", "proposal": "none",
    "decision": "none", "template": "B_05.02",
    "sender": "am", "alert": "none",
    "scenario": "night", "entry": "patch", "delivery": "00000000000000000001", "ticket_kind": "incident",
    "kind": "rt", "view": "none", "goal_kind": "error_rate", "acceptance": "none",
    "order": order_key("cmdb", "manual:cmdb:ci:db", 1),
}  # fmt: skip
QUESTIONS = {
    "/api/v1/area": {"name": "db"},
    "/api/v1/area/tickets": {"name": "db"},
    "/api/v1/impact": {"id": "db.example.com"},
    "/api/v1/search": {"q": "db"},
    "/api/v1/search/areas": {"q": "db"},
    "/api/v1/what-if": {"ci": "db"},
    "/api/v1/map": {"ci": "db"},
    "/api/v1/cis/<path:ci>/assumption": {"field": "repair_hours", "value": "3"},
    "/api/v1/estimates/failure-rate": {"incidents": "2", "years": "3"},
}


NUMBERED = {
    "assessment": "assessments",
    "job_id": "jobs",
    "run_id": "runs",
    "simulation": "simulations",
    "study": "studies",
    "report": "reports",
    "test": "tests",
    "day": "game-days",
    "improvement": "improvements",
}


def example(service: Service, name: str, path: str) -> str:
    """Something that is there, for a part of an address."""
    if name == "prefix":  # of a key that nobody asks with
        return create_key(service.forestay.documents, "spare", "viewer")[1].prefix
    if name in NUMBERED:
        return str(service.get(f"/{NUMBERED[name]}")["items"][0][name])
    return "shop" if "/services/" in path else EXAMPLES[name]


def address(service: Service, rule: Rule) -> str:
    path = rule.rule
    for name in rule.arguments:
        value = example(service, name, rule.rule)
        for converter in ("", "path:", "int:"):
            path = path.replace(f"<{converter}{name}>", value)
    return path


def test_every_get_answers_what_its_schema_says(filled: Service) -> None:
    tried = []
    for rule, method, schema in documented(filled):
        if method != "GET":
            continue
        answer = filled.client.get(address(filled, rule), query_string=QUESTIONS.get(rule.rule))
        assert (answer.status_code, answer.mimetype) == (200, "application/json"), (rule.rule, answer.text)
        loader = schema() if isinstance(schema, type) else schema
        assert isinstance(loader, ma.Schema)
        loader.load(answer.get_json())  # raises for a field that is missing, unknown or of another kind
        for row in ([answer.get_json()] if "items" not in answer.get_json() else [])[:1]:
            with pytest.raises(ma.ValidationError):
                loader.load({**row, "surplus": 1})
        tried.append(rule.rule.removeprefix("/api/v1"))
    assert sorted(tried) == [
        "/acceptances",
        "/area",
        "/area/tickets",
        "/areas",
        "/assessments",
        "/assessments/<assessment>",
        "/audit",
        "/calendars",
        "/calendars/<name>",
        "/changes",
        "/changes/collisions",
        "/changes/entries/<path:entry>",
        "/cis",
        "/cis/<path:ci>",
        "/cis/<path:ci>/assumption",
        "/cis/<path:ci>/blast-radius",
        "/cis/<path:ci>/evidence",
        "/cis/<path:ci>/identity",
        "/cis/<path:ci>/outage",
        "/cis/<path:ci>/tickets",
        "/cold-start",
        "/cold-start/order",
        "/common-causes",
        "/conflicts",
        "/conway",
        "/decisions",
        "/estimates/failure-rate",
        "/exercises",
        "/experiments",
        "/game-days",
        "/game-days/<day>",
        "/gauges",
        "/goals",
        "/health",
        "/impact",
        "/improvements",
        "/improvements/<improvement>",
        "/inbox/deliveries",
        "/inbox/senders",
        "/jobs",
        "/jobs/<job_id>",
        "/keys",
        "/loss",
        "/map",
        "/measures/suggested",
        "/model-honesty",
        "/now",
        "/now/causes",
        "/now/restore-first",
        "/pools",
        "/pools/<path:name>",
        "/proposal-decisions",
        "/proposals",
        "/quality",
        "/recovery",
        "/recovery/gaps",
        "/redundancy",
        "/replay",
        "/reports",
        "/reports/<report>",
        "/revisions",
        "/revisions/<int:revision>",
        "/revisions/<int:revision>/changes",
        "/revisions/<int:revision>/why",
        "/runs",
        "/runs/<run_id>",
        "/runs/<run_id>/changes",
        "/runs/<run_id>/rejected",
        "/scenario-schema",
        "/scenarios",
        "/scenarios/<scenario>",
        "/scenarios/<scenario>/versions",
        "/schedule",
        "/search",
        "/search/areas",
        "/services",
        "/services/<path:ci>",
        "/services/<path:ci>/availability",
        "/services/<path:ci>/cut-sets",
        "/services/<path:ci>/gauge",
        "/services/<path:ci>/goal",
        "/services/<path:ci>/goals",
        "/services/<path:ci>/importance",
        "/services/<path:ci>/loss",
        "/services/<path:ci>/recovery",
        "/shared",
        "/shared/opening",
        "/simulations",
        "/simulations/<simulation>",
        "/sources",
        "/sources/<name>",
        "/studies",
        "/studies/<study>",
        "/studies/<study>/areas",
        "/studies/<study>/ask-first",
        "/studies/<study>/borders",
        "/studies/<study>/exceedance",
        "/studies/<study>/services",
        "/suggestions",
        "/suppliers",
        "/suppliers/register/<template>",
        "/tests",
        "/tests/<test>",
        "/tickets/agreement",
        "/tickets/connectors",
        "/tickets/connectors/<name>",
        "/tickets/deliveries",
        "/tickets/deliveries/<delivery>",
        "/tickets/kinds",
        "/tickets/orders",
        "/tickets/orders/<order>",
        "/tickets/rules",
        "/tickets/rules/<name>",
        "/tickets/templates",
        "/tickets/templates/<ticket_kind>",
        "/tickets/unknown",
        "/views",
        "/what-if",
    ]
    assert filled.get("/areas")["items"] and filled.get("/services/shop")["single_points"]
    assert filled.get("/runs/00000000000000000001/rejected")["items"][0]["field"] == "failures_per_year"


def test_every_path_of_the_application_is_documented(filled: Service) -> None:
    described = filled.get("/openapi.json")
    assert described["openapi"] == "3.1.0"
    served = {
        (rule.rule.replace("<int:", "{").replace("<path:", "{").replace("<", "{").replace(">", "}"), method.lower())
        for rule, method, _ in documented(filled)
    } | {
        (path, "get")
        for path in ("/api/v1/reports/{report}/file", "/api/v1/game-days/{day}/calendar", "/livez", "/readyz", "/metrics")
    }  # no documents of ours
    assert {(path, method) for path, body in described["paths"].items() for method in body if method != "parameters"} == served
    names = set(described["components"]["schemas"])
    assert {"AreaPage", "BlastRadius", "Impact", "Problem"} <= names
    for path, body in described["paths"].items():
        for method, operation in body.items():
            if method != "parameters":
                assert operation.get("summary"), (method, path)


def test_methods_that_are_not_declared_answer_405_with_what_is(filled: Service) -> None:
    declared: dict[str, set[str]] = {}
    for rule in filled.client.application.url_map.iter_rules():
        if rule.rule.startswith("/api/v1/") and rule.arguments <= {"ci", "name", "revision", "noun", "prefix", "job_id", "run_id",
                                                                  "assessment", "simulation"}:  # fmt: skip
            declared.setdefault(rule.rule, set()).update(rule.methods or ())
    for path, methods in declared.items():
        plain = address(filled, next(r for r in filled.client.application.url_map.iter_rules() if r.rule == path))
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - methods:
            if "<prefix>" in path:
                plain = path.replace("<prefix>", "none")
            answer = filled.client.open(plain, method=method)
            if answer.status_code == 404 and "<path:" in path:
                continue
            assert (answer.status_code, answer.mimetype) == (405, PROBLEM), (method, path, answer.text)
            assert set(answer.headers["Allow"].replace(" ", "").split(",")) >= methods - {"HEAD", "OPTIONS"}


DOCUMENTED_READS = [
    "/areas", "/area?name=db", "/services", "/services/shop", "/cis", "/cis/db", "/cis/db/blast-radius", "/impact?id=db", "/jobs",
    "/runs", "/revisions", "/revisions/1/changes", "/simulations", "/assessments", "/audit", "/sources", "/sources/cmdb", "/keys",
    "/revisions/1", "/runs/00000000000000000001", "/runs/00000000000000000001/rejected",
]  # fmt: skip


@pytest.mark.parametrize("path", DOCUMENTED_READS)
def test_unknown_query_parameters_are_refused(filled: Service, path: str) -> None:
    answer = filled.client.get("/api/v1" + path + ("&" if "?" in path else "?") + "colour=red")
    assert (answer.status_code, answer.mimetype) == (422, PROBLEM)
    assert answer.get_json()["errors"]["query"] == {"colour": ["Unknown field."]}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/simulations", {"cis": ["db"]}),
        ("POST", "/assessments", {}),
        ("POST", "/sources", {"name": "x", "kind": "json"}),
        ("POST", "/sources/cmdb/sync", {}),
        ("POST", "/runs/1/approve", {}),
        ("POST", "/sources/cmdb/remove", {}),
        ("POST", "/keys", {"name": "x", "role": "viewer"}),
        ("PUT", "/services/db", {"customers": 1}),
    ],
)
def test_unknown_body_fields_are_refused(filled: Service, method: str, path: str, body: dict[str, Any]) -> None:
    before = filled.get("/health")
    answer = filled.client.open("/api/v1" + path, method=method, json={**body, "colour": "red"})
    assert (answer.status_code, answer.mimetype) == (422, PROBLEM)
    assert answer.get_json()["errors"]["json"] == {"colour": ["Unknown field."]}
    after = filled.get("/health")
    assert (after["revision"], after["jobs_open"]) == (before["revision"], before["jobs_open"])


def test_errors_are_problem_documents_below_the_api_and_pages_elsewhere(filled: Service) -> None:
    for path in ("/api/v1/nothing", "/api/v1/cis/nobody", "/api/v1/jobs/0", "/api/v1/runs/0", "/api/v1/sources/none",
                 "/api/v1/simulations/0", "/api/v1/assessments/0", "/api/v1/revisions/99", "/api/v2/areas", "/api/"):  # fmt: skip
        answer = filled.client.get(path)
        problem = answer.get_json(force=True)
        assert (answer.status_code, answer.mimetype) == (404, PROBLEM), path
        assert problem["status"] == 404 and problem["type"].startswith("urn:forestay:problem:") and problem["detail"], path
    for path in ("/nothing", "/ci?key=nobody", "/area?name=nobody", "/service?key=nobody", "/static/none.css"):
        answer = filled.client.get(path)
        assert (answer.status_code, answer.mimetype) == (404, "text/html"), path
        assert "<h1>" in answer.text and "Traceback" not in answer.text
    answer = filled.client.delete("/services")
    assert (answer.status_code, answer.mimetype) == (405, "text/html")


def test_too_many_requests_say_when_to_come_back(make_service: Callable[..., Service]) -> None:
    service = make_service(FORESTAY_WEB_REQUESTS_PER_MINUTE="5")
    answers = [service.client.get("/api/v1/sources") for _ in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert answers[-1].mimetype == PROBLEM and answers[-1].get_json()["status"] == 429
    assert [int(answer.headers["Retry-After"]) in range(1, 61) for answer in answers[5:]] == [True, True]
    assert answers[5].get_json() == answers[6].get_json()  # the second one from what was kept of the first
    assert service.client.get("/livez").status_code == 200


def test_an_exposure_is_laid_and_taken_back(make_service: Callable[..., Service]) -> None:
    service = fill(make_service())
    new = {"If-None-Match": "*"}
    body = {"customers": 7, "impact": {"money": [[0, 0], [2, 9]]}}
    answer = service.client.put("/api/v1/services/db.example.com", json=body, headers=new)
    assert (answer.status_code, answer.get_json()["revision"]) == (200, 2)
    assert service.get("/services/db")["service"]["customers"] == 7.0
    assert service.client.delete("/api/v1/services/db").status_code == 200
    service.get("/services/db", status=404)
    answer = service.client.put("/api/v1/services/db", json={"customers": 1, "impact": {"money": [[3, 0], [2, 9]]}}, headers=new)
    assert (answer.status_code, answer.mimetype) == (422, PROBLEM)


def test_a_wish_in_the_wrong_place_is_not_overheard(filled: Service) -> None:
    """`?dry_run=true` on a sync would otherwise be a real one."""
    for path in ("/sources/cmdb/sync", "/sources/cmdb/check", "/sources/cmdb/remove", "/simulations", "/assessments"):
        answer = filled.client.post(f"/api/v1{path}?dry_run=true", json={})
        assert (answer.status_code, answer.mimetype) == (422, PROBLEM), path
        assert answer.get_json()["errors"] == {"query": {"dry_run": ["Unknown field."]}}


# --- jobs with the real runner


def test_a_sync_and_an_assessment_run_as_jobs_to_their_result(service: Service) -> None:
    folder = service.folder / "data" / "input"
    folder.mkdir(parents=True)
    (folder / "estate.json").write_text('{"cis": [{"key": "shop", "class": "business_service"}, {"key": "db"}],'
                                        ' "dependencies": [{"dependent": "shop", "provider": "db"}]}')  # fmt: skip
    service.post("/sources", {"name": "doc", "kind": "json", "location": str(folder / "estate.json")})
    checked = service.client.post("/api/v1/sources/doc/check")
    assert (checked.status_code, checked.get_json()["findings"]) == (200, ["2 CIs, 1 dependencies"])
    answer = service.client.post("/api/v1/sources/doc/sync", json={"apply": True})
    job = answer.get_json()
    assert (answer.status_code, answer.headers["Location"]) == (202, f"/api/v1/jobs/{job['job_id']}")
    assert (job["state"], job["verb"], service.get("/health")["jobs_open"]) == ("waiting", "sync", 1)
    assert run_one(service.forestay) is True
    assert run_one(service.forestay) is False
    job = service.get(f"/jobs/{job['job_id']}")
    assert (job["state"], job["progress"], job["error"]) == ("done", 1.0, "")
    assert (job["result"]["state"], job["result"]["revision"]) == ("done", 1)
    assert service.get(f"/runs/{job['result']['run_id']}")["created"] == 2
    assert service.get("/areas")["stamp"]["revision"] == 1
    job = service.post("/assessments", {"revision": 1}, status=202)
    run_one(service.forestay)
    job = service.get(f"/jobs/{job['job_id']}")
    assert job["state"] == "done"
    assert service.get(f"/assessments/{job['result']['assessment']}")["revision"] == job["result"]["revision"] == 1
    job = service.post("/assessments", {"revision": 99}, status=202)
    run_one(service.forestay)
    failed = service.get(f"/jobs/{job['job_id']}")
    assert (failed["state"], failed["error"]) == ("failed", "no revision 99") or "99" in failed["error"]
    (folder / "estate.json").unlink()
    job = service.post("/sources/doc/sync", {}, status=202)
    run_one(service.forestay)
    assert service.get(f"/jobs/{job['job_id']}")["state"] == "failed"
    assert service.get("/areas")["stamp"]["revision"] == 1


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_at_its_next_step(service: Service) -> None:
    fill(service)
    while run_one(service.forestay):
        pass
    revision = service.get("/health")["revision"]
    job = service.post("/sources/cmdb/sync", {}, status=202)
    answer = service.client.delete(f"/api/v1/jobs/{job['job_id']}")
    assert (answer.status_code, answer.get_json()["state"]) == (200, "cancelled")
    assert run_one(service.forestay) is False
    job = service.post("/sources/cmdb/sync", {}, status=202)
    taken = runs.take(service.forestay.documents)
    assert taken is not None and taken.job_id == job["job_id"]
    answer = service.client.delete(f"/api/v1/jobs/{job['job_id']}")
    assert (answer.get_json()["state"], answer.get_json()["cancel_asked"]) == ("running", True)
    assert runs.report(service.forestay.documents, taken, 0.5, "half way").cancel_asked is True
    assert service.get("/health")["revision"] == revision
    assert service.client.delete("/api/v1/jobs/99").status_code == 404


# --- a fuzzer against the application's own description


@pytest.fixture(scope="module")
def operations(filled: Service) -> dict[str, Any]:
    """Each operation by its label, of one description: what schemathesis finds out about the application it keeps there."""
    described = openapi.from_wsgi("/api/v1/openapi.json", filled.client.application)
    return {operation.label: operation for operation in (result.ok() for result in described.get_all_operations())}


LABELS = [
    "GET /livez",
    "GET /readyz",
    "GET /metrics",
    "GET /api/v1/health",
    "GET /api/v1/areas",
    "GET /api/v1/area",
    "GET /api/v1/loss",
    "GET /api/v1/search",
    "GET /api/v1/search/areas",
    "GET /api/v1/services",
    "GET /api/v1/services/{ci}",
    "PUT /api/v1/services/{ci}",
    "PATCH /api/v1/services/{ci}",
    "DELETE /api/v1/services/{ci}",
    "GET /api/v1/cis",
    "GET /api/v1/cis/{ci}",
    "GET /api/v1/cis/{ci}/blast-radius",
    "GET /api/v1/cis/{ci}/evidence",
    "GET /api/v1/cis/{ci}/identity",
    "GET /api/v1/cis/{ci}/outage",
    "GET /api/v1/map",
    "GET /api/v1/cis/{ci}/assumption",
    "GET /api/v1/conflicts",
    "GET /api/v1/common-causes",
    "GET /api/v1/conway",
    "GET /api/v1/suppliers",
    "GET /api/v1/suppliers/register/{template}",
    "GET /api/v1/proposals",
    "GET /api/v1/model-honesty",
    "POST /api/v1/proposals",
    "POST /api/v1/proposals/{proposal}/accept",
    "POST /api/v1/proposals/{proposal}/refuse",
    "GET /api/v1/proposal-decisions",
    "DELETE /api/v1/proposal-decisions/{decision}",
    "GET /api/v1/suggestions",
    "POST /api/v1/suggestions",
    "POST /api/v1/suggestions/{suggestion}/accept",
    "POST /api/v1/suggestions/{suggestion}/refuse",
    "GET /api/v1/decisions",
    "POST /api/v1/decisions/take-back",
    "POST /api/v1/decisions/merge",
    "POST /api/v1/decisions/split",
    "POST /api/v1/decisions/correction",
    "GET /api/v1/impact",
    "POST /api/v1/timelines",
    "GET /api/v1/what-if",
    "GET /api/v1/scenarios",
    "GET /api/v1/scenario-schema",
    "GET /api/v1/exercises",
    "GET /api/v1/scenarios/{scenario}",
    "GET /api/v1/scenarios/{scenario}/versions",
    "PUT /api/v1/scenarios/{scenario}",
    "DELETE /api/v1/scenarios/{scenario}",
    "POST /api/v1/scenarios/{scenario}/copy",
    "POST /api/v1/scenarios/{scenario}/run",
    "GET /api/v1/tickets/agreement",
    "GET /api/v1/views",
    "POST /api/v1/views",
    "PUT /api/v1/views/{view}",
    "DELETE /api/v1/views/{view}",
    "GET /api/v1/simulations",
    "POST /api/v1/simulations",
    "GET /api/v1/simulations/{simulation}",
    "GET /api/v1/assessments",
    "POST /api/v1/assessments",
    "GET /api/v1/assessments/{assessment}",
    "GET /api/v1/jobs",
    "GET /api/v1/jobs/{job_id}",
    "DELETE /api/v1/jobs/{job_id}",
    "GET /api/v1/runs",
    "GET /api/v1/runs/{run_id}",
    "GET /api/v1/runs/{run_id}/rejected",
    "GET /api/v1/runs/{run_id}/changes",
    "POST /api/v1/runs/{run_id}/approve",
    "GET /api/v1/keys",
    "POST /api/v1/keys",
    "POST /api/v1/keys/{prefix}/rotate",
    "DELETE /api/v1/keys/{prefix}",
    "GET /api/v1/audit",
    "GET /api/v1/replay",
    "GET /api/v1/revisions",
    "GET /api/v1/revisions/{revision}",
    "GET /api/v1/revisions/{revision}/changes",
    "GET /api/v1/revisions/{revision}/why",
    "GET /api/v1/sources",
    "POST /api/v1/sources",
    "GET /api/v1/sources/{name}",
    "POST /api/v1/sources/{name}/check",
    "POST /api/v1/sources/{name}/sync",
    "POST /api/v1/sources/{name}/remove",
    "PUT /api/v1/sources/{name}/file",
    "PATCH /api/v1/sources/{name}",
    "GET /api/v1/services/{ci}/availability",
    "GET /api/v1/services/{ci}/importance",
    "GET /api/v1/services/{ci}/cut-sets",
    "GET /api/v1/services/{ci}/loss",
    "GET /api/v1/services/{ci}/goal",
    "GET /api/v1/goals",
    "GET /api/v1/services/{ci}/goals",
    "PUT /api/v1/services/{ci}/goals/{goal_kind}",
    "DELETE /api/v1/services/{ci}/goals/{goal_kind}",
    "POST /api/v1/goals/openslo",
    "GET /api/v1/gauges",
    "GET /api/v1/services/{ci}/gauge",
    "PUT /api/v1/services/{ci}/gauge",
    "DELETE /api/v1/services/{ci}/gauge",
    "GET /api/v1/shared",
    "GET /api/v1/shared/opening",
    "PUT /api/v1/shared/opening",
    "GET /api/v1/studies",
    "POST /api/v1/studies",
    "GET /api/v1/studies/{study}",
    "GET /api/v1/studies/{study}/areas",
    "GET /api/v1/studies/{study}/ask-first",
    "GET /api/v1/studies/{study}/services",
    "GET /api/v1/studies/{study}/borders",
    "GET /api/v1/studies/{study}/exceedance",
    "GET /api/v1/cold-start",
    "GET /api/v1/cold-start/order",
    "GET /api/v1/recovery",
    "GET /api/v1/recovery/gaps",
    "GET /api/v1/pools",
    "GET /api/v1/pools/{name}",
    "PUT /api/v1/pools/{name}",
    "DELETE /api/v1/pools/{name}",
    "GET /api/v1/services/{ci}/recovery",
    "GET /api/v1/quality",
    "GET /api/v1/reports",
    "POST /api/v1/reports",
    "GET /api/v1/reports/{report}",
    "GET /api/v1/reports/{report}/file",
    "GET /api/v1/estimates/failure-rate",
    "GET /api/v1/schedule",
    "GET /api/v1/now",
    "GET /api/v1/now/causes",
    "GET /api/v1/now/restore-first",
    "PUT /api/v1/live/{ci}",
    "DELETE /api/v1/live/{ci}",
    "DELETE /api/v1/alerts/{alert}",
    "GET /api/v1/inbox/senders",
    "POST /api/v1/inbox/senders",
    "PUT /api/v1/inbox/senders/{sender}",
    "DELETE /api/v1/inbox/senders/{sender}",
    "DELETE /api/v1/inbox/senders/{sender}/old-secrets",
    "POST /api/v1/inbox/senders/{sender}/rotate",
    "GET /api/v1/inbox/deliveries",
    "POST /api/v1/inbox/alertmanager/{sender}",
    "POST /api/v1/inbox/{kind}/{sender}",
    "GET /api/v1/tests",
    "POST /api/v1/tests",
    "GET /api/v1/tests/{test}",
    "DELETE /api/v1/tests/{test}",
    "GET /api/v1/redundancy",
    "GET /api/v1/game-days",
    "POST /api/v1/game-days",
    "GET /api/v1/experiments",
    "GET /api/v1/game-days/{day}",
    "DELETE /api/v1/game-days/{day}",
    "GET /api/v1/game-days/{day}/calendar",
    "POST /api/v1/measures/effect",
    "POST /api/v1/measures/best",
    "GET /api/v1/measures/suggested",
    "GET /api/v1/improvements",
    "POST /api/v1/improvements",
    "GET /api/v1/improvements/{improvement}",
    "POST /api/v1/improvements/{improvement}/steps",
    "GET /api/v1/acceptances",
    "POST /api/v1/acceptances",
    "DELETE /api/v1/acceptances/{acceptance}",
    "GET /api/v1/changes",
    "GET /api/v1/changes/collisions",
    "POST /api/v1/changes/check",
    "GET /api/v1/changes/entries/{entry}",
    "PUT /api/v1/changes/entries/{entry}",
    "DELETE /api/v1/changes/entries/{entry}",
    "GET /api/v1/calendars",
    "GET /api/v1/calendars/{name}",
    "PUT /api/v1/calendars/{name}",
    "DELETE /api/v1/calendars/{name}",
    "GET /api/v1/tickets/kinds",
    "GET /api/v1/tickets/connectors",
    "POST /api/v1/tickets/connectors",
    "GET /api/v1/tickets/connectors/{name}",
    "PATCH /api/v1/tickets/connectors/{name}",
    "DELETE /api/v1/tickets/connectors/{name}",
    "POST /api/v1/tickets/connectors/{name}/check",
    "POST /api/v1/tickets/connectors/{name}/rehearse",
    "GET /api/v1/tickets/orders",
    "POST /api/v1/tickets/orders",
    "GET /api/v1/tickets/orders/{order}",
    "POST /api/v1/tickets/orders/{order}/replay",
    "POST /api/v1/tickets/orders/{order}/drop",
    "POST /api/v1/tickets/orders/{order}/close",
    "GET /api/v1/tickets/deliveries",
    "GET /api/v1/tickets/deliveries/{delivery}",
    "POST /api/v1/tickets/deliveries/{delivery}/replay",
    "GET /api/v1/tickets/unknown",
    "GET /api/v1/tickets/rules",
    "GET /api/v1/tickets/rules/{name}",
    "PUT /api/v1/tickets/rules/{name}",
    "DELETE /api/v1/tickets/rules/{name}",
    "GET /api/v1/tickets/templates",
    "GET /api/v1/tickets/templates/{ticket_kind}",
    "PUT /api/v1/tickets/templates/{ticket_kind}",
    "POST /api/v1/tickets/templates/{ticket_kind}/preview",
    "GET /api/v1/cis/{ci}/tickets",
    "GET /api/v1/area/tickets",
]


def test_the_fuzzer_knows_every_operation(operations: dict[str, Any]) -> None:
    assert sorted(operations) == sorted(LABELS)


@pytest.mark.parametrize("label", LABELS)
def test_whatever_is_sent_the_answer_is_a_documented_one(operations: dict[str, Any], label: str) -> None:
    operation = operations[label]
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

    @settings(
        max_examples=15 if THOROUGH else 6,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def attempt(case: Any) -> None:
        case.validate_response(case.call(), checks=checks)

    attempt()


CASES = int(os.environ.get("FORESTAY_FUZZ_CASES", "2"))  # of each operation and role; 70 make more than 20,000


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_whatever_a_role_sends_the_answer_is_a_documented_one(make_service: Callable[..., Service], role: str) -> None:
    service = fill(make_service(FORESTAY_WEB_OPEN_JOBS="100000", FORESTAY_WEB_OPEN_JOBS_PER_CALLER="100000"))
    guarded = create_app(
        replace(service.forestay.settings, web=replace(service.forestay.settings.web, sign_in="keys")), service.forestay
    )
    key, _ = create_key(service.forestay.documents, role, role)
    headers = {"Authorization": f"Bearer {key}"}
    described = openapi.from_wsgi("/api/v1/openapi.json", guarded, headers=headers)
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    tried = 0
    for operation in (result.ok() for result in described.get_all_operations()):
        known = {part.name: example(service, part.name, operation.path) for part in operation.path_parameters}
        cases = operation.as_strategy()  # most of them about nothing that is there
        if known:
            cases = cases | operation.as_strategy(path_parameters=known)
        if operation.query or operation.body:
            cases = cases | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE, path_parameters=known or None)

        @settings(
            max_examples=CASES, deadline=None, derandomize=CASES < 10, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(case=cases)
        def attempt(case: Any) -> None:
            nonlocal tried
            tried += 1
            case.validate_response(case.call(headers=headers), checks=checks)

        attempt()
    print(f"{role}: {tried} cases")
    assert tried >= len(LABELS)


def test_schemas_refuse_what_they_do_not_name() -> None:
    from app.domain.results import SourceAge

    with pytest.raises(ma.ValidationError):
        schema_of(SourceAge)().load({"name": "a", "synced_at": ""})
