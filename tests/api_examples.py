"""Makes the examples of the OpenAPI document: real answers of a small estate, one for each schema, lists cut to their first row.

`python -m tests.api_examples` writes `app/api/examples.json`; a test holds every example against its schema.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.api.description import EXAMPLES
from app.bootstrap import assemble_service
from app.settings import load_settings
from app.usecases.keep.connectors import Connector, put_connector
from tests.e2e.conftest import Service
from tests.e2e.test_api_contract import QUESTIONS, address, documented, fill

LARGEST = 6_000  # signs of an example; what is larger has none
NEW = {"If-None-Match": "*"}


def made() -> dict[str, Any]:
    """Returns the examples by schema."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(environment={"FORESTAY_WEB_REQUESTS_PER_MINUTE": "1000000"}, data_folder=Path(folder) / "data")
        forestay = assemble_service(settings)
        try:
            found = {**_written(fill(Service(Path(folder), forestay))), **_read(Service(Path(folder), forestay))}
        finally:
            forestay.close()
        text = json.dumps({name: cut(answer) for name, answer in sorted(found.items())})
    text = text.replace(folder, "/var/lib/forestay")
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
    put_connector(service.forestay.documents, Connector("desk", "rt"), "example", new=True)
    desk = service.post("/inbox/senders", {"name": "desk", "kind": "rt", "connector": "desk"})
    delivery = {"version": "4", "status": "firing", "groupKey": "g", "alerts": [{**alert, "fingerprint": "f1"}], "labels": {}}
    window = {"cis": ["db"], "start_at": "2099-02-01T00:00Z", "end_at": "2099-02-01T04:00Z"}
    asks: dict[str, Callable[[Any], Any]] = {
        "NewSender": lambda client: client.post("/api/v1/inbox/senders/alerts/rotate"),
        "SenderRow": lambda client: client.put("/api/v1/inbox/senders/alerts", json={}),
        "Receipt": lambda client: client.post(
            "/api/v1/inbox/alertmanager/alerts", json=delivery, headers={"Authorization": f"Bearer {sender['secret']}"}
        ),
        "HookReceipt": lambda client: client.post(
            "/api/v1/inbox/rt/desk", json={"id": "20"}, headers={"Authorization": f"Bearer {desk['secret']}"}
        ),
        "ChangeCheck": lambda client: client.post("/api/v1/changes/check", json=window),
        "Decided": lambda client: client.post("/api/v1/decisions/correction", json={"ci": "a", "values": {"team": "web"}}),
        "NewKey": lambda client: client.post("/api/v1/keys", json={"name": "tickets", "role": "viewer"}),
        "LiveReport": lambda client: client.put("/api/v1/live/b", json={"state": "down", "reason": "no answer"}),
        "Cleared": lambda client: client.delete("/api/v1/live/b"),
        "TimelineAnswer": lambda client: client.post("/api/v1/timelines", json={"text": "t=0 fail ci:db for 8h"}),
        "Checked": lambda client: client.post("/api/v1/sources/cmdb/check"),
        "NamedView": lambda client: client.post("/api/v1/views", json={"name": "By team", "address": "/?kind=team"}),
        "Removed": lambda client: client.delete("/api/v1/changes/entries/gone"),
    }
    planned = {"cis": ["a"], "start": "2099-03-01T00:00Z", "end": "2099-03-01T02:00Z"}
    service.client.put("/api/v1/changes/entries/gone", json=planned, headers=NEW)
    found = {}
    for name, ask in asks.items():
        answer = ask(service.client)
        assert answer.status_code < 300, (name, answer.text)
        found[name] = answer.get_json()
    unplaced = next(row["alert_key"] for row in service.get("/now")["unplaced"] if row["alert_key"])
    found["AlertRecord"] = service.client.delete(f"/api/v1/alerts/{unplaced}").get_json()
    upload, body = "/api/v1/sources/cmdb/file?filename=estate.csv", b"key,class\na,server\n"
    found["Uploaded"] = service.client.put(upload, data=body, headers={"If-Match": "*"}).get_json()
    found["AccessKey"] = service.client.delete(f"/api/v1/keys/{found['NewKey']['key']['prefix']}").get_json()
    return found


def name_of(schema: Any) -> str:
    return (schema.__name__ if isinstance(schema, type) else type(schema).__name__).removesuffix("Schema")


if __name__ == "__main__":
    EXAMPLES.write_text(json.dumps(made(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
