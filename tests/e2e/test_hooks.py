"""Webhooks of ticket systems: signed over the raw body, kept before they are acknowledged, worked once, in any order."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.errors import InvalidInput, SourceFailed, StoreUnavailable
from app.domain.hooks import HOOK_KINDS, SIGNED, TOLERANCE_SECONDS, is_signed_by, tickets_in
from app.domain.tickets import INCIDENT, OPEN, Ticket
from app.usecases.doctor import look_around
from app.usecases.keep import hooks
from app.usecases.keep.connectors import Connector, put_connector
from app.usecases.keep.hooks import HOOKS, HOOKS_DEAD, HOOKS_WORKED, SEEN, replay_hook
from app.usecases.keep.known_tickets import KNOWN, open_tickets
from app.usecases.tickets.take_in import take_in
from app.usecases.tickets.work_hooks import work_hooks
from tests.e2e.conftest import Service
from tests.e2e.test_now import estate
from tests.servers.ticket_desk import Desk

SECRET, OTHER = "s3cret-of-the-system-00000000001", "s3cret-of-the-system-00000000002"
WHSEC, WHSEC_OTHER = (f"whsec_{base64.b64encode(secret.encode()).decode()}" for secret in (SECRET, OTHER))


def mac(secret: str, body: bytes, digest: str = "sha256") -> str:
    return hmac.new(secret.encode(), body, digest).hexdigest()


def headers(kind: str, body: bytes, secret: str = SECRET, name: str = "d-1", at: datetime | None = None) -> dict[str, str]:
    """Signs as the systems say they do: written by their documents, apart from what is tested."""
    stamp = str(int((at or datetime.now(UTC)).timestamp()))
    standard = hmac.new(secret.encode(), f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "jira": {"X-Hub-Signature": f"sha256={mac(secret, body)}", "X-Atlassian-Webhook-Identifier": name},
        "zammad": {"X-Hub-Signature": f"sha1={mac(secret, body, 'sha1')}", "X-Zammad-Delivery": name},
        "redmine": {"X-Redmine-Signature-256": f"sha256={mac(secret, body)}"},
        "glpi": {"X-GLPI-signature": mac(secret, body + stamp.encode()), "X-GLPI-timestamp": stamp},
        "pagerduty": {"X-PagerDuty-Signature": f"v1={mac('another', body)},v1={mac(secret, body)}", "X-Webhook-Id": name},
        "webhook": {
            "webhook-id": name,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{base64.b64encode(b'x' * 32).decode()} v1,{base64.b64encode(standard).decode()}",
        },
    }[kind]


BODIES: dict[str, Any] = {
    "jira": {"timestamp": 1763950000000, "webhookEvent": "jira:issue_updated", "issue": {"id": "7", "key": "OPS-24"}},
    "zammad": {"ticket": {"id": 7, "number": "22007"}},
    "redmine": {"type": "issue.updated", "data": {"issue": {"id": 7}}},
    "glpi": {"event": "update", "item": {"id": 7}},
    "webhook": {"type": "ticket.updated", "data": {"ticket": "7"}},
    "servicenow": {"sys_id": "7"},
    "itop": {"key": "7"},
    "rt": {"id": "7"},
}


def pagerduty(number: str, minute: int, status: str = "triggered", service: str = "web-1", urgency: str = "high") -> bytes:
    at = (datetime(2026, 11, 30, 3, tzinfo=UTC) + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")
    told = {
        "id": number, "number": 7, "status": status, "title": "it is down", "urgency": urgency, "html_url": f"https://pd/{number}",
        "service": {"id": "S1", "summary": service}, "created_at": "2026-11-30T03:00:00Z",
    }  # fmt: skip
    return json.dumps({"event": {"id": f"e{number}{minute}", "occurred_at": at, "data": told}}).encode()


def body_of(kind: str) -> bytes:
    return pagerduty("7", 0) if kind == "pagerduty" else json.dumps(BODIES[kind]).encode()


@pytest.fixture
def desk(service: Service) -> Desk:
    """A service with a connector and a sender of every kind that signs; the desk holds ticket 7."""
    made = Desk(held={"ONE": SECRET, "TWO": OTHER, "WH": WHSEC, "WH2": WHSEC_OTHER})
    estate(service)
    service.forestay.__dict__["ticket_systems"] = made
    at = datetime(2026, 11, 30, 3, tzinfo=UTC)
    made.tickets["7"] = Ticket("7", "T7", "http://desk/7", INCIDENT, "slow", "new", OPEN, "1", cis=("web-1",), updated_at=at)
    for kind in HOOK_KINDS:
        put_connector(service.forestay.documents, Connector(f"{kind}-1", kind), "tester", new=True)
    return made


def sender(service: Service, kind: str, secret_env: str = "") -> str:
    """Makes the sender of a kind; returns the secret that is shown, "" where it signs."""
    names = secret_env or ("WH" if kind == "webhook" else "ONE" if kind in SIGNED else "")
    asked = {"name": f"{kind}-in", "kind": kind, "connector": f"{kind}-1", "secret_env": names}
    return str(service.post("/inbox/senders", asked)["secret"])


def deliver(service: Service, kind: str, body: bytes, given: dict[str, str]) -> Any:
    return service.client.post(f"/api/v1/inbox/{kind}/{kind}-in", data=body, headers=given, content_type="application/json")


@pytest.mark.parametrize("kind", HOOK_KINDS)
def test_a_delivery_is_kept_worked_and_taken_once(service: Service, desk: Desk, kind: str) -> None:
    secret, body = sender(service, kind), body_of(kind)
    given = headers(kind, body) if kind in SIGNED else {"Authorization": f"Bearer {secret}"}
    first, again = (deliver(service, kind, body, given) for _ in range(2))
    assert (first.status_code, first.get_json()["new"], again.get_json()["new"]) == (202, True, False)
    assert first.get_json()["delivery"] == again.get_json()["delivery"]
    assert work_hooks(service.forestay, f"{kind}-1") == 1 and work_hooks(service.forestay, f"{kind}-1") == 0
    (worked,) = HOOKS_WORKED.every(service.forestay.documents)
    assert (worked.value.tickets, worked.value.outcomes, worked.value.fault) == (["7"], {"applied": 1}, "")
    assert [(row["name"], row["reports"][0]["origin"]) for row in service.get("/now")["cis"]] == [("web-1", f"ticket:{kind}-1")]


@pytest.mark.parametrize("kind", SIGNED)
def test_two_keys_live_at_once(service: Service, desk: Desk, kind: str) -> None:
    sender(service, kind, "WH WH2" if kind == "webhook" else "ONE TWO")
    for number, secret in enumerate((SECRET, OTHER)):
        assert deliver(service, kind, body_of(kind), headers(kind, body_of(kind), secret, f"d-{number}")).status_code == 202
    assert deliver(service, kind, body_of(kind), headers(kind, body_of(kind), "a third one")).status_code == 401


@pytest.mark.parametrize("kind", ["glpi", "webhook"])
def test_what_was_signed_long_ago_or_later_is_refused(service: Service, desk: Desk, kind: str) -> None:
    sender(service, kind)
    for seconds, status in ((-TOLERANCE_SECONDS + 5, 202), (-TOLERANCE_SECONDS - 5, 401), (TOLERANCE_SECONDS + 5, 401)):
        at = datetime.now(UTC) + timedelta(seconds=seconds)
        assert deliver(service, kind, body_of(kind), headers(kind, body_of(kind), at=at)).status_code == status


def mutated(rng: random.Random, given: dict[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
    """Returns a delivery in which something that is signed, or its signature, is another than it was."""
    how = rng.randrange(6)
    name = rng.choice([name for name in given if "ignature" in name])
    value = given[name]
    if how == 0:  # one bit of the body
        place = rng.randrange(len(body))
        return given, body[:place] + bytes([body[place] ^ 1 << rng.randrange(8)]) + body[place + 1 :]
    if how == 1:
        return given, rng.choice([body + b" ", body[:-1], b" " + body, body * 2, b""])
    if how == 2:
        wrong = rng.choice(["", value[:-1], value + "0", value.replace("=", "", 1), value[1:], "sha256="])
        return {**given, name: wrong}, body
    if how == 3:
        return {other: text for other, text in given.items() if other != name}, body
    signs = [place for place, sign in enumerate(value) if sign.isalnum()][-20:]  # of the good signature, which comes last
    place = rng.choice(signs)
    other = rng.choice([sign for sign in "0123456789abcdef" if sign != value[place]])
    return {**given, name: value[:place] + other + value[place + 1 :]}, body


@pytest.mark.parametrize("kind", SIGNED)
def test_no_mutated_signature_is_good(kind: str) -> None:
    """900 a kind, 5,400 in all."""
    rng, now = random.Random(kind), datetime.now(UTC)
    secrets = [WHSEC if kind == "webhook" else SECRET]
    body = body_of(kind)
    good = headers(kind, body)
    good |= {name: re.split("[ ,](?=v1)", value)[-1] for name, value in good.items()}  # the good one alone
    assert is_signed_by(kind, secrets, good, body, now) and not is_signed_by(kind, [], good, body, now)
    taken = 0
    for _ in range(900):
        given, sent = mutated(rng, good, body)
        taken += (given, sent) != (good, body) and is_signed_by(kind, secrets, given, sent, now)
    assert taken == 0


def test_a_delivery_that_cannot_be_kept_is_answered_so_that_it_comes_again(
    service: Service, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender(service, "jira")

    def full(*_: Any) -> Any:
        raise StoreUnavailable("the disk is full")

    body = body_of("jira")
    with monkeypatch.context() as patch:
        patch.setattr(hooks.HOOKS, "append", full)
        assert deliver(service, "jira", body, headers("jira", body)).status_code == 503
    assert deliver(service, "jira", body, headers("jira", body)).get_json()["new"]


def test_what_cannot_be_understood_is_listed_with_its_body_and_can_be_worked_again(service: Service, desk: Desk) -> None:
    sender(service, "jira")
    for number, body in enumerate((b"{", b"[]", b'{"issue": {}}', b'{"issue": {"id": NaN}}', "\u00e9".encode("latin-1"))):
        assert deliver(service, "jira", body, headers("jira", body, name=f"d-{number}")).status_code == 202
    assert work_hooks(service.forestay, "jira-1") == 5
    dead = list(HOOKS_DEAD.every(service.forestay.documents))
    assert [row.value.body for row in dead][:2] == ["{", "[]"] and "issue.id or issue.key is missing" in dead[2].value.error
    replay_hook(service.forestay.documents, dead[2].key, "admin")
    assert HOOKS.find(service.forestay.documents, dead[2].key) is not None


def test_a_ticket_that_cannot_be_read_waits_and_holds_up_no_other(
    service: Service, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender(service, "jira")
    for number in ("9", "7"):
        body = json.dumps({"issue": {"id": number}}).encode()
        deliver(service, "jira", body, headers("jira", body, name=number))
    read = desk.read

    def half(number: str) -> Ticket:
        if number == "9":
            raise SourceFailed("timed out")
        return read(number)

    now = datetime.now(UTC)
    with monkeypatch.context() as patch:
        patch.setattr(desk, "read", half)
        assert work_hooks(service.forestay, "jira-1", lambda: now) == 1
    (waits,) = HOOKS.every(service.forestay.documents)
    assert (waits.value.attempts, waits.value.error) == (1, "timed out")
    assert work_hooks(service.forestay, "jira-1", lambda: now) == 0
    assert work_hooks(service.forestay, "jira-1", lambda: now + timedelta(minutes=1)) == 1  # it is gone by now
    assert [row.value.fault for row in HOOKS_WORKED.every(service.forestay.documents)] == ["no ticket 9", ""]


def test_senders_name_what_they_need(service: Service, desk: Desk) -> None:
    for asked, why in (
        ({"kind": "jira", "connector": "rt-1", "secret_env": "ONE"}, "kind jira"),
        ({"kind": "jira", "connector": "jira-1"}, "one or two variables"),
        ({"kind": "jira", "connector": "jira-1", "secret_env": "A B C"}, "one or two variables"),
        ({"kind": "rt", "connector": "rt-1", "secret_env": "ONE"}, "does not sign"),
        ({"kind": "alertmanager", "connector": "rt-1"}, "for ticket systems"),
    ):
        answer = service.client.post("/api/v1/inbox/senders", json={"name": "x", **asked})
        assert answer.status_code == 422 and why in answer.get_json()["detail"], answer.text
    sender(service, "jira")
    assert service.client.post("/api/v1/inbox/senders/jira-in/rotate").status_code == 422
    assert SECRET not in service.client.get("/api/v1/inbox/senders").text
    assert service.client.post("/api/v1/inbox/nothing/x", data=b"{}").status_code == 404


NO_INCIDENTS = [{}, [], {"event": {}}, {"event": {"data": {"id": 7}}}, {"event": {"data": {"id": "7", "created_at": "?"}}}]


@pytest.mark.parametrize("body", NO_INCIDENTS)
def test_a_pagerduty_body_that_tells_no_incident_is_refused(body: Any) -> None:
    with pytest.raises(InvalidInput):
        tickets_in("pagerduty", body)


def state_of(service: Service) -> Any:
    documents = service.forestay.documents
    tickets = sorted(
        (row.value.ticket, row.value.phase, row.value.priority, tuple(row.value.cis), row.value.updated_at)
        for row in KNOWN.every(documents)
    )
    now = service.get("/now", limit=500)
    return tickets, [(row["name"], row["state"]) for row in now["cis"]], len(open_tickets(documents, "pagerduty-1"))


STATUSES = ("triggered", "acknowledged", "resolved")


def storm(service: Service, number: int, seed: int) -> tuple[Any, Any]:
    """Delivers a history with doubles, out of order and with forgeries; returns the state, and that of the ordered history."""
    rng, states = random.Random(seed), []
    told = [
        pagerduty(str(rng.randrange(40)), minute, rng.choice(STATUSES), rng.choice(["web-1", "DB", "san-1"]))
        for minute in range(number)
    ]
    sender(service, "pagerduty")
    for body in told:
        for ticket in tickets_in("pagerduty", json.loads(body)):
            assert isinstance(ticket, Ticket)
            take_in(service.forestay, "pagerduty-1", ticket)
    states.append(state_of(service))
    documents = service.forestay.documents
    for records in (KNOWN, HOOKS_WORKED, SEEN):
        for row in list(records.every(documents)):
            records.delete(documents, row.key)
    from app.usecases.keep.known_tickets import OPEN_NOW
    from app.usecases.keep.live import FIRING_ALERTS, OVER

    for rest in (OPEN_NOW, FIRING_ALERTS, OVER):
        for key in [row.key for row in rest.every(documents)]:
            rest.delete(documents, key)
    sent = [(f"b{name}", body) for name, body in enumerate(told)]
    for place in rng.sample(range(len(sent) - 9), len(sent) // 10):  # one in ten comes up to nine late
        late = sent.pop(place)
        sent.insert(place + rng.randrange(1, 9), late)
    sent = [one for pair in sent for one in ([pair, pair] if rng.random() < 0.3 else [pair])]
    forged, doubles = 0, 0
    for name, body in sent:
        if rng.random() < 0.05:
            wrong = body.replace(b'"resolved"', b'"triggered"').replace(b"web-1", b"web-2") + b" "
            assert deliver(service, "pagerduty", wrong, headers("pagerduty", body, name=name)).status_code == 401
            forged += 1
        answer = deliver(service, "pagerduty", body, headers("pagerduty", body, name=name))
        doubles += not answer.get_json()["new"]
        if rng.random() < 0.02:
            work_hooks(service.forestay, "pagerduty-1")
    while work_hooks(service.forestay, "pagerduty-1"):
        pass
    states.append(state_of(service))
    assert forged and doubles == len(sent) - len(told)
    return states[0], states[1]


def test_doubles_late_ones_and_forgeries_change_nothing(service: Service, desk: Desk) -> None:
    ordered, mixed = storm(service, 120, 1)
    assert ordered == mixed and ordered[0]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_thousand_deliveries(make_service: Any) -> None:
    service = make_service(FORESTAY_INBOX_KEPT_DELIVERIES="20000")
    estate(service)
    service.forestay.__dict__["ticket_systems"] = Desk(held={"ONE": SECRET})
    put_connector(service.forestay.documents, Connector("pagerduty-1", "pagerduty"), "tester", new=True)
    ordered, mixed = storm(service, 10_000, 2)
    assert ordered == mixed and len(ordered[0]) == 40


def test_a_secret_that_is_not_at_hand_loses_nothing_and_the_doctor_names_it(service: Service, desk: Desk) -> None:
    sender(service, "jira", "ONE GONE")
    body = body_of("jira")

    def missing(names: str) -> Any:
        raise InvalidInput("inbox: the variable GONE (or GONE_FILE) holds no secret")

    desk.secrets = missing  # type: ignore[method-assign]
    answer = deliver(service, "jira", body, headers("jira", body))
    assert answer.status_code == 503 and "GONE" not in answer.text
    assert any("jira-in cannot be judged" in found.what and "GONE" in found.what for found in look_around(service.forestay))
    del desk.secrets
    desk.held["GONE"] = OTHER
    assert deliver(service, "jira", body, headers("jira", body)).status_code == 202
    assert not any("jira" in found.what for found in look_around(service.forestay))


def test_the_doctor_names_what_was_given_up(service: Service, desk: Desk) -> None:
    sender(service, "jira")
    deliver(service, "jira", b"{", headers("jira", b"{"))
    work_hooks(service.forestay, "jira-1")
    (found,) = [one for one in look_around(service.forestay) if "given up" in one.what]
    assert found.what.startswith("1 delivery of a ticket system was given up") and "forestay hooks" in found.cure
