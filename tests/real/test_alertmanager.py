"""A real Alertmanager (scripts/alertmanager/with-server), configured as docs/operating.md says: its webhooks change Now, resolve,
come twice, come late, and come again where they could not be kept."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
from waitress import create_server

from app.domain.ticket_rules import OUTAGE, TicketRule
from app.domain.tickets import OPEN, RESOLVED
from app.usecases.keep import inbox
from app.usecases.keep.connectors import Connector, put_connector
from app.usecases.keep.orders import ORDERS
from app.usecases.keep.ticket_rules import put_rule
from app.usecases.tickets.apply_rules import apply_rules
from app.usecases.tickets.relay import relay
from tests.e2e.conftest import Service, make_service  # noqa: F401 - a fixture
from tests.servers.running import Running
from tests.servers.tickets import rt

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]
URL, CONFIG = os.environ.get("FORESTAY_TEST_ALERTMANAGER_URL", ""), os.environ.get("FORESTAY_TEST_ALERTMANAGER_CONFIG", "")
ROOT = Path(__file__).parents[2]
WAIT_SECONDS = 20


@dataclass
class Door:
    """Forestay behind waitress; keeps the bodies of deliveries as they came, and refuses as many as it is told to."""

    app: Any
    refuse: int = 0
    bodies: list[bytes] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = BytesIO(body)
            if self.refuse:
                self.refuse -= 1
                start_response("503 Service Unavailable", [("Content-Length", "0")])
                return [b""]
            self.bodies.append(body)
        return self.app(environ, start_response)  # type: ignore[no-any-return]


@pytest.fixture
def service(make_service: Callable[..., Service]) -> Service:  # noqa: F811
    service = make_service(FORESTAY_WEB_SIGN_IN="keys", FORESTAY_OUTBOUND_HOSTS="localhost")
    service.csv(
        "cmdb",
        cis=[
            {"key": "pay", "name": "Pay", "class": "business_service"},
            {"key": "db", "name": "DB", "class": "database", "fqdn": "db.example.com"},
            {"key": "web", "name": "web-1", "class": "server"},
        ],
        dependencies=[{"dependent": "pay", "provider": "db"}],
        services=[{"key": "pay", "customers": 50, "mtpd_hours": 1}],
    )
    return service


@pytest.fixture
def door(service: Service) -> Iterator[tuple[Door, str]]:
    door = Door(service.client.application)
    server = create_server(door, host="127.0.0.1", port=0, threads=2)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield door, f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(1)


def documented() -> str:
    """The configuration that docs/operating.md gives."""
    text = (ROOT / "docs" / "operating.md").read_text("utf-8")
    return re.findall(r"```yaml\n(route:.*?)```", text, re.DOTALL)[0]  # type: ignore[no-any-return]


def connect(service: Service, base: str, folder: Path) -> str:
    """Make a sender and let Alertmanager deliver to it, quickly and again and again."""
    from app.domain.alerts import AlertRules

    secret, _ = inbox.make_sender(service.forestay.documents, "main", "alertmanager", AlertRules(), "test")
    (folder / "secret").write_text(secret)
    text = (
        documented()
        .replace("https://forestay.example.com", base)
        .replace("/etc/alertmanager/forestay.secret", str(folder / "secret"))
    )
    for name, value in {"group_wait": "0s", "group_interval": "1s", "repeat_interval": "2s"}.items():
        text, changed = re.subn(rf"{name}: \w+", f"{name}: {value}", text)
        assert changed == 1
    Path(CONFIG).write_text(text)
    assert requests.post(URL + "/-/reload", timeout=10).status_code == 200
    return secret


def say(host: str, started: datetime, ended: datetime | None = None, **labels: str) -> None:
    alert = {
        "labels": {"alertname": "HostDown", "severity": "critical", "instance": host, **labels},
        "startsAt": started.isoformat(),
    }
    alert |= {"annotations": {"summary": f"{host} does not answer"}, "endsAt": (ended or started + timedelta(days=1)).isoformat()}
    assert requests.post(URL + "/api/v2/alerts", json=[alert], timeout=10).status_code == 200


def until(met: Callable[[], bool]) -> None:
    late = time.monotonic() + WAIT_SECONDS
    while not met():
        assert time.monotonic() < late
        time.sleep(0.05)


def test_its_webhooks_are_the_live_state(service: Service, door: tuple[Door, str], tmp_path: Path) -> None:
    guarded, base = door
    secret = connect(service, base, tmp_path)
    began = datetime.now(UTC) - timedelta(minutes=30)

    def now() -> Any:
        return service.cli_json("now")

    def counts() -> inbox.InboxCounts:
        return inbox.list_senders(service.forestay.documents)[0].counts

    guarded.refuse = 1  # as where the store cannot keep it: Alertmanager tries again
    say("db.example.com:9100", began)
    until(lambda: counts().applied == 1)
    assert guarded.refuse == 0
    (down,) = now()["services"]
    assert (down["name"], down["state"], down["band"]) == ("Pay", "down", "within 1 h")
    assert datetime.fromisoformat(down["since_at"]) == began
    assert now()["cis"][0]["reports"][0]["reason"] == "db.example.com:9100 does not answer"

    until(lambda: counts().duplicate >= 1)  # repeat_interval
    say("unknown.example.com:9100", began, team="ops")
    until(lambda: now()["unplaced_total"] == 1)
    assert now()["unplaced"][0]["names"] == ["unknown.example.com:9100", "unknown.example.com"]

    first = guarded.bodies[0]
    say("db.example.com:9100", began, datetime.now(UTC))
    until(lambda: now()["cis_total"] == 0)
    late = requests.post(
        f"{base}/api/v1/inbox/alertmanager/main", data=first, headers={"Authorization": f"Bearer {secret}"}, timeout=10
    )
    assert (late.status_code, late.json()["counts"]["late"]) == (200, 1)
    assert now()["cis_total"] == 0 and now()["services"] == []
    total = counts()
    assert total.alerts == total.applied + total.duplicate + total.late + total.unmatched and total.unreadable == 0
    wrong = requests.post(
        f"{base}/api/v1/inbox/alertmanager/main", data=first, headers={"Authorization": "Bearer no"}, timeout=10
    )
    assert wrong.status_code == 401


def test_an_alert_becomes_a_ticket_and_ends_it(
    service: Service, door: tuple[Door, str], tmp_path: Path, monkeypatch: Any
) -> None:
    """Alertmanager's webhook, the rules and the relay, to a strict stub of Request Tracker."""
    connect(service, door[1], tmp_path)
    stub = rt.RtStub()
    running = Running(stub)
    monkeypatch.setenv("T_RT", rt.TOKEN)
    documents, host = service.forestay.documents, "db.example.com:9100"
    settings = {"url": running.url, "token_env": "T_RT", "queue": "Continuity", "key_field": "BC Key", "ci_field": "BC CIs"}
    put_connector(documents, Connector("desk", "rt", settings), "tester", new=True)
    put_rule(documents, TicketRule("outages", OUTAGE, "desk", hold_minutes=0, clear_minutes=0), "tester")

    def turn(phase: str) -> bool:
        apply_rules(service.forestay, "a rules")
        relay(service.forestay, "desk", "a desk")
        return [row.value.held.phase for row in ORDERS.every(documents)] == [phase]

    began = datetime.now(UTC) - timedelta(minutes=5)
    say(host, began)
    until(lambda: turn(OPEN))
    say(host, began, datetime.now(UTC))
    until(lambda: turn(RESOLVED))
    running.close()
    (ticket,) = stub.tickets.values()
    assert (ticket["Subject"], ticket["Status"], ticket["fields"]["BC CIs"]) == ("DB is down", "resolved", ["DB"])
