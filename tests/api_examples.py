"""Makes the examples of the OpenAPI document: real answers of a small estate, one for each schema, lists cut to their first row.

`python -m tests.api_examples` writes `app/api/examples.json`; a test holds every example against its schema.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.api.description import EXAMPLES
from app.bootstrap import assemble_service
from app.domain.ticket_rules import TicketRule
from app.settings import load_settings
from app.usecases.keep.connectors import Connector, put_connector
from app.usecases.keep.hooks import HOOKS, HOOKS_DEAD
from app.usecases.keep.orders import order_key
from app.usecases.keep.ticket_rules import put_rule
from app.usecases.tickets.connect import ConnectorChecked
from tests.e2e.conftest import Service
from tests.e2e.test_api_contract import QUESTIONS, address, documented, fill, fill_gauge
from tests.e2e.test_goals import SLO

LARGEST = 6_000  # signs of an example; what is larger has none
NEW = {"If-None-Match": "*"}
MEASURES = [{"kind": "restore", "ci": "db", "cost": 5000}, {"kind": "twin", "ci": "a", "cost": 9000}]
ACCEPTED = {"ci": "b", "reason": "it goes next year", "expires_on": (datetime.now(UTC) + timedelta(days=90)).date().isoformat()}


def made() -> dict[str, Any]:
    """Returns the examples by schema."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {"FORESTAY_WEB_REQUESTS_PER_MINUTE": "1000000", "FORESTAY_OUTBOUND_HOSTS": "localhost"}
        settings = load_settings(environment=environment, data_folder=Path(folder) / "data")
        forestay = assemble_service(settings)
        try:
            found = {**_written(fill(Service(Path(folder), forestay))), **_read(Service(Path(folder), forestay))}
        finally:
            forestay.close()
        text = json.dumps({name: cut(answer) for name, answer in sorted(found.items())})
    text = text.replace(folder, "/var/lib/forestay").replace("//localhost/", "//tickets.example.com/")
    text = re.sub(r'"secret": "[^"]+"', '"secret": "shown here once"', text)
    return {name: answer for name, answer in json.loads(text).items() if len(json.dumps(answer)) <= LARGEST}


def cut(value: Any) -> Any:
    """Returns an answer with the first row of each list of rows.

    >>> cut({"items": [{"a": [1, 2]}, {"a": []}]})
    {'items': [{'a': [1, 2]}]}
    """
    if isinstance(value, dict):
        return {name: cut(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [cut(inner) for inner in (value[:1] if value and isinstance(value[0], dict | list) else value[:3])]
    return value


def _read(service: Service) -> dict[str, Any]:
    found = {}
    for rule, method, schema in documented(service):
        if method == "GET":
            answer = service.client.get(address(service, rule), query_string=QUESTIONS.get(rule.rule))
            assert answer.status_code == 200, (rule.rule, answer.text)
            found[name_of(schema)] = answer.get_json()
    return found


def _written(service: Service) -> dict[str, Any]:
    """Answers of operations that write, where no GET has their schema."""
    alert = {
        "status": "firing",
        "labels": {"alertname": "Down", "instance": "gone"},
        "startsAt": "2026-11-01T12:00:00Z",
    }
    sender = service.post("/inbox/senders", {"name": "alerts"})
    desk = service.post("/inbox/senders", {"name": "rt", "kind": "rt", "connector": "cmdb"})
    delivery = {"version": "4", "status": "firing", "groupKey": "g", "alerts": [{**alert, "fingerprint": "f1"}], "labels": {}}
    window = {"cis": ["db"], "start_at": "2099-02-01T00:00Z", "end_at": "2099-02-01T04:00Z"}
    asks: dict[str, Callable[[Any], Any]] = {
        "NewSender": lambda client: client.post("/api/v1/inbox/senders/alerts/rotate"),
        "SenderRow": lambda client: client.put("/api/v1/inbox/senders/alerts", json={}),
        "Receipt": lambda client: client.post(
            "/api/v1/inbox/alertmanager/alerts", json=delivery, headers={"Authorization": f"Bearer {sender['secret']}"}
        ),
        "HookReceipt": lambda client: client.post(
            "/api/v1/inbox/rt/rt", json={"id": "20"}, headers={"Authorization": f"Bearer {desk['secret']}"}
        ),
        "ChangeCheck": lambda client: client.post("/api/v1/changes/check", json=window),
        "Decided": lambda client: client.post("/api/v1/decisions/correction", json={"ci": "a", "values": {"team": "web"}}),
        "NewKey": lambda client: client.post("/api/v1/keys", json={"name": "tickets", "role": "viewer"}),
        "LiveReport": lambda client: client.put("/api/v1/live/b", json={"state": "down", "reason": "no answer"}),
        "Cleared": lambda client: client.delete("/api/v1/live/b"),
        "TimelineAnswer": lambda client: client.post("/api/v1/timelines", json={"text": "t=0 fail ci:db for 8h"}),
        "Checked": lambda client: client.post("/api/v1/sources/cmdb/check"),
        "NamedView": lambda client: client.post("/api/v1/views", json={"name": "By team", "address": "/?kind=team"}),
        "GoalSet": lambda client: client.put(
            "/api/v1/services/shop/goals/time_to_repair", json={"target": 4, "reason": "the RTO"}
        ),
        "SloReport": lambda client: client.post("/api/v1/goals/openslo?filename=slo.yaml", data=SLO.encode()),
        "GaugeRemoved": lambda client: client.delete("/api/v1/services/shop/gauge"),  # it is filled again below
        "TestsAdded": lambda client: client.post(
            "/api/v1/tests?kind=failover&group=shop&outcome=passed&failover_minutes=4&started_at=2026-11-21T03:00:00Z"
        ),
        "MeasuresTried": lambda client: client.post("/api/v1/measures/effect", json={"measures": MEASURES}),
        "BestMeasures": lambda client: client.post("/api/v1/measures/best", json={"measures": MEASURES, "budget": 6000}),
        "AcceptanceRow": lambda client: client.post("/api/v1/acceptances", json=ACCEPTED),
        "Removed": lambda client: client.delete("/api/v1/changes/entries/gone"),
    }
    found = _tickets_written(service)
    planned = {"cis": ["a"], "start": "2099-03-01T00:00Z", "end": "2099-03-01T02:00Z"}
    service.client.put("/api/v1/changes/entries/gone", json=planned, headers=NEW)
    for name, ask in asks.items():
        answer = ask(service.client)
        assert answer.status_code < 300, (name, answer.text)
        found[name] = answer.get_json()
    fill_gauge(service)
    unplaced = next(row["alert_key"] for row in service.get("/now")["unplaced"] if row["alert_key"])
    found["AlertRecord"] = service.client.delete(f"/api/v1/alerts/{unplaced}").get_json()
    upload, body = "/api/v1/sources/cmdb/file?filename=estate.csv", b"key,class\na,server\n"
    found["Uploaded"] = service.client.put(upload, data=body, headers={"If-Match": "*"}).get_json()
    found["AccessKey"] = service.client.delete(f"/api/v1/keys/{found['NewKey']['key']['prefix']}").get_json()
    return found


def _tickets_written(service: Service) -> dict[str, Any]:
    """Answers about ticket systems."""
    documents = service.forestay.documents
    os.environ["TICKETS_PASSWORD"] = "known to nobody"
    order, path = order_key("cmdb", "manual:cmdb:ci:db", 1), "/api/v1/tickets"
    found = {"Rehearsed": service.post("/tickets/connectors/cmdb/rehearse", {"ci": "a"}, 200)}
    found["TemplatePreview"] = service.post("/tickets/templates/incident/preview", {"ci": "a"}, 200)
    found["OrderRow"] = service.post(f"/tickets/orders/{order}/replay", None, 200)
    kept = HOOKS.every(documents).__next__()
    HOOKS_DEAD.put(documents, kept.key, kept.value)
    HOOKS.delete(documents, kept.key)
    found["HookRow"] = service.post(f"/tickets/deliveries/{kept.key}/replay", None, 200)
    put_connector(documents, Connector("gone", "rt"), "example", new=True)
    put_rule(documents, TicketRule("gone", "outage", "gone"), "example")
    found["RemovedRule"] = service.client.delete(f"{path}/rules/gone").get_json()
    found["RemovedConnector"] = service.client.delete(f"{path}/connectors/gone").get_json()
    checked = ConnectorChecked("cmdb", "Request Tracker 5.0.3; queue General has the custom fields Forestay Key")
    return {**found, "ConnectorChecked": asdict(checked)}


def name_of(schema: Any) -> str:
    return (schema.__name__ if isinstance(schema, type) else type(schema).__name__).removesuffix("Schema")


if __name__ == "__main__":
    EXAMPLES.write_text(json.dumps(made(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
