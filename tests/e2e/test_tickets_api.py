"""The doors of the ticket systems: API, page and command line say the same, and each role may do what is its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.ticket_words import DEFAULT_TEMPLATES
from app.usecases.keep.access import create_key
from app.usecases.keep.hooks import HOOKS, HOOKS_DEAD
from app.usecases.keep.orders import DEAD, DUE
from app.usecases.tickets.poll import poll
from app.usecases.tickets.relay import relay
from app.usecases.tickets.work_hooks import work_hooks
from tests.e2e.conftest import Service
from tests.e2e.test_now import estate, key_of
from tests.servers.running import Running
from tests.servers.tickets.rt import TOKEN, RtStub

RT = {"token_env": "DESK_TOKEN", "queue": "Continuity", "key_field": "BC Key", "ci_field": "BC CIs", "time_zone": "Europe/Berlin"}
NAME, HOLDER, ANY, NEW = "ops", "m/1/1 a", {"If-Match": "*"}, {"If-None-Match": "*"}


@pytest.fixture
def stub() -> Iterator[RtStub]:
    made = RtStub()
    made.now = datetime.now(UTC)
    made.running = Running(made.answer)  # type: ignore[attr-defined]
    yield made
    made.running.close()  # type: ignore[attr-defined]


@pytest.fixture
def office(make_service: Callable[..., Service], stub: RtStub, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setenv("DESK_TOKEN", TOKEN)
    url = stub.running.url  # type: ignore[attr-defined]
    monkeypatch.setenv("FORESTAY_OUTBOUND_HOSTS", f"localhost:{stub.running.port}")  # type: ignore[attr-defined]
    service = estate(make_service(FORESTAY_OUTBOUND_HOSTS=f"localhost:{stub.running.port}"))  # type: ignore[attr-defined]
    service.post("/tickets/connectors", {"name": NAME, "kind": "rt", "settings": {**RT, "url": url}})
    return service


def send(service: Service) -> int:
    return relay(service.forestay, NAME, HOLDER)


def come(stub: RtStub, *cis: str, subject: str = "db is slow") -> int:
    """A ticket that people make; returns its number."""
    stub.make(
        {
            "Queue": "Continuity",
            "Subject": subject,
            "Content": "look",
            "ContentType": "text/plain",
            "CustomFields": {"BC CIs": list(cis)},
            "Priority": 100,
        }
    )
    return max(stub.tickets)


def test_a_connector_is_made_checked_changed_and_removed(office: Service) -> None:
    (row,) = office.get("/tickets/connectors")["items"]
    assert (row["state"], row["due"], row["settings"]["token_env"]) == ("not used yet", 0, "DESK_TOKEN")
    assert any(kind["kind"] == "rt" for kind in office.get("/tickets/kinds")["items"])
    assert "Request Tracker 5.0.3" in office.post(f"/tickets/connectors/{NAME}/check", None, 200)["found"]
    assert "Request Tracker 5.0.3" in office.cli("tickets", "connectors", "check", NAME).output
    page = office.client.post("/tickets/connector/check", data={"name": NAME})
    assert page.status_code == 200 and "It answers: Request Tracker" in page.text
    first = office.client.get(f"/api/v1/tickets/connectors/{NAME}")
    path, stale = f"/api/v1/tickets/connectors/{NAME}", {"If-Match": first.headers["ETag"]}
    changed = office.client.patch(path, json={"settings": {"queue": "General"}, "enabled": False}, headers=stale)
    assert (changed.get_json()["settings"]["queue"], changed.get_json()["state"]) == ("General", "off")
    assert office.client.patch(path, json={"enabled": True}, headers=stale).status_code == 412
    assert office.cli_json("tickets", "connectors", "set", NAME, "--set", "queue=", "--on")["settings"].get("queue") is None
    assert "no custom field" not in office.page("/tickets/connector", name=NAME)
    assert office.client.delete(path).get_json() == {"removed": NAME} and not office.get("/tickets/connectors")["items"]
    assert "No ticket system is connected" in office.page("/tickets")


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"token_env": "FORESTAY_STORE_PASSWORD"}, "token_env"),
        ({"token_env": "DESK_TOKEN forestay_audit_key"}, "token_env"),
        ({"ca_file": "/etc/ssl/own.pem"}, "ca_file"),
        ({"url": "http://svc:secret@localhost/"}, "url"),
        ({"colour": "red"}, "colour"),
        ({"phases": "open"}, "phases"),
        ({"token_env": "NOWHERE_SET"}, None),
    ],
)
def test_a_setting_that_is_wrong_is_refused_by_name(office: Service, settings: dict[str, str], field: str | None) -> None:
    known = office.get("/tickets/connectors")["items"][0]["settings"]
    body = {"name": "other", "kind": "rt", "settings": {**known, **settings}}
    refused = office.post("/tickets/connectors", body, 422)
    assert field is None or refused["field"] == field
    form = {"kind": "rt", "name": "other", **{f"set-{key}": value for key, value in body["settings"].items()}}  # type: ignore[attr-defined]
    page = office.client.post("/tickets/connect", data=form)
    assert page.status_code == 422 and next(iter(settings)) in page.text
    assert len(office.get("/tickets/connectors")["items"]) == 1


def test_a_dry_run_shows_the_exact_request_and_sends_nothing(office: Service, stub: RtStub) -> None:
    shown = office.post(f"/tickets/connectors/{NAME}/rehearse", {"ci": "db.example.com"}, 200)
    (request,) = shown["requests"]
    assert (request["method"], request["headers"]["Authorization"]) == ("POST", "********")
    assert request["body"]["CustomFields"]["BC Key"] == shown["key"] and request["body"]["Subject"] == "Incident of DB"
    assert office.cli_json("tickets", "new", NAME, "DB", "--dry-run")["key"] == shown["key"]
    page = office.client.post("/tickets/connector/rehearse", data={"name": NAME, "ci": "DB", "kind": "incident"})
    assert page.status_code == 200 and shown["key"] in page.text and TOKEN not in page.text
    assert not stub.tickets and not office.get("/tickets/orders")["items"]
    sent = office.post("/tickets/orders", {"connector": NAME, "ci": "db.example.com"})
    assert sent["order"] == shown["key"] and send(office) == 1 and len(stub.tickets) == 1
    made = stub.shown(1)
    assert made["Subject"] == request["body"]["Subject"]


def test_a_ticket_by_hand_is_one_as_long_as_it_is_open(office: Service, stub: RtStub) -> None:
    asked = {"connector": NAME, "ci": "DB", "summary": "look at it"}
    order = office.post("/tickets/orders", asked)["order"]
    assert office.post("/tickets/orders", asked)["order"] == order
    assert office.cli_json("tickets", "new", NAME, key_of(office, "DB"))["order"] == order
    answer = office.client.post("/tickets", data={"connector": NAME, "ci": "DB", "kind": "incident"})
    assert answer.status_code == 303 and answer.headers["Location"].endswith(order)
    send(office)
    detail = office.get(f"/tickets/orders/{order}")
    assert (detail["row"]["state"], detail["row"]["number"], detail["held"]["phase"]) == ("sent", "1", "open")
    assert [one["step"] for one in detail["attempts"]][-1] == "create" and len(stub.tickets) == 1
    assert office.cli_json("tickets", "show", order)["row"] == detail["row"]
    assert "Attempts" in office.page("/tickets/order", key=order)
    (row,) = office.get("/cis/DB/tickets")["items"]
    assert (row["order"], row["summary"], row["phase"]) == (order, "look at it", "open")
    assert office.get("/area/tickets", name="DB") == office.get("/area/tickets", name=key_of(office, "DB"))
    assert office.cli_json("tickets", "of", "DB")["items"] == [row]
    assert "look at it" in office.page("/ci", key="DB")
    ended = office.post(f"/tickets/orders/{order}/close", {"reason": "it was looked at"}, 200)
    assert ended["wanted_phase"] == "resolved" and send(office) == 1
    assert office.get(f"/tickets/orders/{order}")["held"]["phase"] == "resolved"
    again = office.post("/tickets/orders", asked)["order"]
    assert again != order and office.get("/tickets/orders", limit=1)["items"][0]["order"] == again


def test_what_was_given_up_is_listed_replayed_and_dropped(office: Service, stub: RtStub) -> None:
    documents = office.forestay.documents
    orders = [office.post("/tickets/orders", {"connector": NAME, "ci": ci})["order"] for ci in ("DB", "web-1", "web-2")]
    for key in orders[:2]:
        due = DUE.get(documents, key)
        DUE.delete(documents, key)
        DEAD.put(documents, key, due)
    page = office.get("/tickets/orders", state="given up")
    assert ({row["order"] for row in page["items"]}, page["given_up"], page["waiting"]) == (set(orders[:2]), 2, 1)
    seen, after = [], {}
    while True:
        part = office.get("/tickets/orders", limit=1, **after)
        seen += [row["order"] for row in part["items"]]
        if part["next"] is None:
            break
        after = {"after": part["next"]}
    assert seen == orders[::-1] and office.cli_json("tickets", "list", "--state", "waiting")["items"][0]["order"] == orders[2]
    assert "given up" in office.page("/tickets", state="given up") and "Try again" in office.page("/tickets/order", key=orders[0])
    assert office.post(f"/tickets/orders/{orders[0]}/replay", None, 200)["state"] == "waiting"
    assert office.client.post("/tickets/drop", data={"order": orders[1], "reason": ""}).status_code == 422
    assert office.client.post("/tickets/drop", data={"order": orders[1], "reason": "nobody needs it"}).status_code == 303
    assert office.post(f"/tickets/orders/{orders[1]}/replay", None, 404)["status"] == 404
    assert send(office) == 2 and len(stub.tickets) == 2
    assert office.cli("tickets", "replay", orders[0]).exit_code != 0
    assert [row["details"].get("reason") for row in office.get("/audit")["items"] if row["action"] == "ticket dropped"] == [
        "nobody needs it"
    ]


def test_deliveries_wait_are_worked_given_up_and_worked_again(office: Service, stub: RtStub) -> None:
    secret = office.post("/inbox/senders", {"name": "desk", "kind": "rt", "connector": NAME})["secret"]
    number, headers = come(stub, "db.example.com"), {"Authorization": f"Bearer {secret}"}
    for body in ({"id": str(number)}, {"say": "nothing"}):
        assert office.client.post("/api/v1/inbox/rt/desk", json=body, headers=headers).status_code == 202
    assert office.get("/tickets/deliveries")["waiting"] == 2
    work_hooks(office.forestay, NAME)
    bad, good = office.get("/tickets/deliveries")["items"]
    assert (good["state"], good["outcomes"], bad["state"]) == ("worked", {"applied": 1}, "given up")
    assert "names no ticket" in bad["error"] and office.get("/tickets/deliveries", state="worked")["items"] == [good]
    assert office.get(f"/tickets/deliveries/{bad['delivery']}")["body"] == '{"say": "nothing"}'
    assert "say" in office.page("/tickets/delivery", number=bad["delivery"])
    assert office.cli_json("hooks", "show", bad["delivery"].lstrip("0"))["row"] == bad
    assert [row["delivery"] for row in office.cli_json("hooks", "deliveries")["items"]] == [bad["delivery"], good["delivery"]]
    assert office.post(f"/tickets/deliveries/{bad['delivery']}/replay", None, 200)["state"] == "waiting"
    assert HOOKS.find(office.forestay.documents, bad["delivery"]) and not HOOKS_DEAD.find(
        office.forestay.documents, bad["delivery"]
    )
    assert [one["name"] for one in office.cli_json("hooks", "senders")] == ["desk"]


def test_tickets_about_cis_that_nobody_knows_are_listed_with_near_ones(office: Service, stub: RtStub) -> None:
    come(stub, "web-", subject="page is slow")
    come(stub, "DB")
    poll(office.forestay, NAME, HOLDER)
    page = office.get("/tickets/unknown")
    (row,) = page["items"]
    assert (page["total"], row["row"]["summary"], row["unknown"][0]["name"]) == (1, "page is slow", "web-")
    assert [ci["name"] for ci in row["unknown"][0]["near"]] == ["web-1", "web-2"]
    assert office.cli_json("tickets", "unknown")["items"] == page["items"]
    shown = office.page("/tickets")
    assert "page is slow" in shown and "/identity?ci=" in shown
    assert [one["summary"] for one in office.get("/area/tickets", kind="ci", name="DB")["items"]] == ["db is slow"]


def test_rules_are_made_shown_and_removed(office: Service) -> None:
    path, rule = "/api/v1/tickets/rules/outages", {"watches": "outage", "connector": NAME, "per_hour": 5}
    assert office.client.put(path, json=rule).status_code == 428
    assert office.client.put(path, json=rule, headers=NEW).status_code == 200
    assert office.client.put(path, json=rule, headers=NEW).status_code == 412
    first = office.client.get(path)
    assert (first.get_json()["rule"]["per_hour"], first.get_json()["causes"]) == (5, [])
    assert office.client.put(path, json={**rule, "connector": "none"}, headers=ANY).status_code == 404
    assert office.cli_json("tickets", "rules", "set", "outages", "--per-hour", "7")["rule"]["per_hour"] == 7
    assert office.client.put(path, json=rule, headers={"If-Match": first.headers["ETag"]}).status_code == 412
    form = {
        "known": "outages",
        "watches": "outage",
        "connector": NAME,
        "least_priority": "3",
        "hold_minutes": "x",
        "per_hour": "5",
    }
    refused = office.client.post("/tickets/rules", data=form)
    assert refused.status_code == 422 and "hold_minutes: a number" in refused.text and 'aria-invalid="true"' in refused.text
    assert office.client.post("/tickets/rules", data={**form, "hold_minutes": "2"}).status_code == 303
    (row,) = office.get("/tickets/rules")["items"]
    assert (row["rule"]["hold_minutes"], row["rule"]["enabled"], row["seen"]) == (2.0, False, 0)
    assert "What it sees now" in office.page("/tickets/rules", name="outages")
    assert (
        office.cli("tickets", "rules", "remove", "outages").exit_code == 0
        and not office.cli_json("tickets", "rules", "list")["items"]
    )


def test_a_template_is_shown_changed_and_tried(office: Service) -> None:
    path = "/api/v1/tickets/templates/incident"
    first = office.client.get(path)
    assert (first.get_json()["template"], first.get_json()["own"]) == (DEFAULT_TEMPLATES["incident"], False)
    assert "link" in first.get_json()["fields"] and "{link}" in office.page("/tickets/template", kind="incident")
    told = office.post("/tickets/templates/incident/preview", {"ci": "san-1", "template": "P{priority}: {now}"}, 200)
    assert told["text"].startswith("P") and "1 service down" in told["text"]
    assert "Collisions" in office.post("/tickets/templates/change/preview", {"ci": "san-1"}, 200)["text"]
    refused = office.client.put(path, json={"template": "{colour}"}, headers=ANY)
    assert refused.status_code == 422 and "no field 'colour'" in refused.get_json()["detail"]
    page = office.client.post("/tickets/template", data={"kind": "incident", "template": "{colour}", "ci": "san-1", "look": "1"})
    assert page.status_code == 422 and "no field" in page.text and "{colour}" in page.text
    page = office.client.post("/tickets/template", data={"kind": "incident", "template": "Now {now}", "ci": "san-1", "look": "1"})
    assert "Now 1 service down" in page.text and office.get("/tickets/templates")["items"][0]["own"] is False
    kept = office.client.put(path, json={"template": "Now {now}"}, headers={"If-Match": first.headers["ETag"]})
    assert (kept.status_code, kept.get_json()["own"]) == (200, True)
    assert office.cli_json("tickets", "templates", "show", "incident")["template"] == "Now {now}"
    assert "1 service down" in office.cli("tickets", "templates", "preview", "incident", "san-1").output
    assert office.cli("tickets", "templates", "set", "incident", "--default").exit_code == 0
    assert office.client.get(path).headers["ETag"] == first.headers["ETag"]


def test_each_role_may_do_what_is_its_own(
    make_service: Callable[..., Service], stub: RtStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESK_TOKEN", TOKEN)
    port = stub.running.port  # type: ignore[attr-defined]
    service = make_service(FORESTAY_WEB_SIGN_IN="keys", FORESTAY_OUTBOUND_HOSTS=f"localhost:{port}")
    service.document(
        {"cis": [{"key": "a", "name": "a", "class": "server", "site": "x"}, {"key": "b", "name": "b", "class": "server"}]}
    )
    keys = {role: create_key(service.forestay.documents, role, role)[0] for role in ("viewer", "operator", "integrator", "admin")}
    keys["scoped"] = create_key(service.forestay.documents, "scoped", "viewer", scope="site=x")[0]

    def ask(role: str, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        sign = {"Authorization": f"Bearer {keys[role]}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        answer = service.client.open(f"/api/v1{path}", method=method, json=body, headers=sign)
        return answer.status_code, json.loads(answer.text)

    connector = {"name": NAME, "kind": "rt", "settings": {**RT, "url": stub.running.url}}  # type: ignore[attr-defined]
    rule = {"watches": "outage", "connector": NAME}
    assert [ask(role, "POST", "/tickets/connectors", connector)[0] for role in ("viewer", "operator", "integrator", "admin")] == [
        403, 403, 403, 201,
    ]  # fmt: skip
    orders = {}
    for ci in ("a", "b"):
        body = {"connector": NAME, "ci": ci}
        assert ask("viewer", "POST", "/tickets/orders", body)[0] == 403
        status, orders[ci] = ask("operator", "POST", "/tickets/orders", body)
        assert status == 201
    for role, path, status in (
        ("viewer", f"/tickets/orders/{orders['a']['order']}/replay", 403),
        ("operator", f"/tickets/orders/{orders['a']['order']}/replay", 403),
        ("integrator", f"/tickets/orders/{orders['a']['order']}/replay", 200),
        ("operator", f"/tickets/connectors/{NAME}/check", 403),
        ("integrator", f"/tickets/connectors/{NAME}/check", 200),
        ("integrator", "/tickets/deliveries/1/replay", 404),
        ("viewer", "/tickets/deliveries/1/replay", 403),
    ):
        assert ask(role, "POST", path)[0] == status, (role, path)
    assert ask("integrator", "PUT", "/tickets/rules/r", rule, If_None_Match="*")[0] == 403
    assert ask("admin", "PUT", "/tickets/rules/r", rule, If_None_Match="*")[0] == 200
    assert ask("integrator", "PUT", "/tickets/templates/incident", {"template": ""}, If_Match="*")[0] == 403
    assert ask("integrator", "GET", "/tickets/deliveries/1")[0] == 403
    for path in ("connectors", "orders", "deliveries", "rules", "templates", "unknown", "kinds"):
        assert ask("viewer", "GET", f"/tickets/{path}")[0] == 200
        assert ask("scoped", "GET", f"/tickets/{path}")[0] == 403
    status, mine = ask("scoped", "GET", "/cis/a/tickets")
    assert status == 200 and [row["order"] for row in mine["items"]] == [orders["a"]["order"]]
    assert ask("scoped", "GET", "/cis/b/tickets")[0] == 404
    status, area = ask("scoped", "GET", "/area/tickets?kind=site&name=x")
    assert status in (200, 404) and "b" not in [ci.rpartition(":")[2] for row in area.get("items", ()) for ci in row["cis"]]
