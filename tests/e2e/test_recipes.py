"""The recipes of docs/recipes: what each system sends, as its page shows it, is taken by our inbox and brings the ticket in."""

from __future__ import annotations

import json
import re

import pytest

from app.domain.hooks import SIGNED
from app.domain.tickets import INCIDENT, OPEN, TicketCi
from app.usecases.keep.connectors import Connector, put_connector
from app.usecases.keep.hooks import HOOKS, HOOKS_DEAD
from app.usecases.keep.known_tickets import KNOWN
from app.usecases.tickets.work_hooks import work_hooks
from tests.contract.test_ticket_systems import CASES
from tests.contract.ticket_contract import draft
from tests.e2e.conftest import Service
from tests.e2e.test_hooks import SECRET, deliver, headers, sender
from tests.recipes import RECIPES, blocks
from tests.servers.running import Running

KINDS = {"servicenow": "servicenow", "jira": "jira cloud", "itop": "itop", "glpi": "glpi", "rt": "rt", "redmine": "redmine"}
IDS = {
    "servicenow": r"[0-9a-f]{32}", "jira": r'(?<="id": ")10000(?=")', "itop": r"(?<=\"key\": \")17(?=\")",
    "glpi": r"(?<=\"id\": )15(?=,)", "rt": r"20(?=,)", "redmine": r"7(?=,)",
}  # fmt: skip


def test_there_is_one_for_every_system_and_each_is_listed() -> None:
    pages = {path.stem for path in RECIPES.glob("*.md")} - {"README"}
    listed = set(re.findall(r"\((\w+)\.md\)", (RECIPES / "README.md").read_text("utf-8")))
    assert pages == listed == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_what_it_sends_brings_the_ticket_in(name: str, make_service, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES[KINDS[name]]
    stub = case.stub()
    running = Running(stub)
    for variable, value in {**case.secrets, "ONE": SECRET}.items():
        monkeypatch.setenv(variable, value)
    service: Service = make_service(FORESTAY_OUTBOUND_HOSTS="localhost")
    service.csv(cis=[{"key": "disk", "name": "disk", "class": "storage_array"}])
    documents = service.forestay.documents
    put_connector(documents, Connector(f"{name}-1", name, {**case.settings, "url": running.url}), "tester", new=True)
    system = service.forestay.ticket_systems.open(name, {**case.settings, "url": running.url})
    made = system.create(draft("theirs", cis=[TicketCi("csv:ci:disk", "disk")]))

    (shown,) = blocks(name, "json")
    number = re.split("/|::", made.id)[-1]
    said, times = re.subn(IDS[name], number, shown, count=1)
    assert times == 1
    assert list(json.loads(said)) == list(json.loads(shown))
    body, secret = said.strip().encode(), sender(service, name)
    given = headers(name, body) if name in SIGNED else {"Authorization": f"Bearer {secret}"}
    assert deliver(service, name, body, given).status_code == 202
    assert deliver(service, name, body, {"Authorization": "Bearer wrong"}).status_code in (401, 403)
    assert work_hooks(service.forestay, f"{name}-1") == 1
    (known,) = [row.value for row in KNOWN.every(documents)]
    assert (known.ticket, known.kind, known.phase) == (made.id, INCIDENT, OPEN)
    assert not HOOKS.page(documents) and not HOOKS_DEAD.page(documents)
    running.close()


@pytest.mark.parametrize("name", KINDS)
def test_it_asks_where_the_api_answers(name: str) -> None:
    text = (RECIPES / f"{name}.md").read_text("utf-8")
    assert "/api/v1/impact" in text
    assert re.search(rf"/api/v1/inbox/{name}/", text)
