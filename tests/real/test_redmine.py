"""Redmine as it is: the contract of ticket systems, a status that it refuses with a 204, polling, a storm."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import NotAllowed, NotFound
from app.domain.tickets import CLOSED, OPEN, RESOLVED, TicketCi
from app.ports.ticket_system import TicketRefused
from app.tickets import redmine
from app.tickets.registry import open_ticket_system
from importers.http.client import Outbound
from importers.http.lent import Lent
from tests.contract import ticket_contract as contract
from tests.contract.ticket_contract import Desk, draft
from tests.e2e.conftest import Service, make_service  # noqa: F401 - a fixture
from tests.fault_points import check_real
from tests.real import recipe
from tests.real.ticket_storm import storm

pytestmark = pytest.mark.real
URL, KEY = os.environ.get("FORESTAY_TEST_REDMINE_URL", ""), os.environ.get("FORESTAY_TEST_REDMINE_KEY", "")
SETTINGS = {"url": URL, "token_env": "FORESTAY_TEST_REDMINE_KEY", "project": "ops",
            "key_field": os.environ.get("FORESTAY_TEST_REDMINE_KEY_FIELD", "1"),
            "ci_field": os.environ.get("FORESTAY_TEST_REDMINE_CI_FIELD", "2")}  # fmt: skip
KNOWN = [TicketCi("key:disk", "disk"), TicketCi("key:switch", "switch <1>")]


def opened(**more: str) -> Any:
    if not URL:
        pytest.skip("no Redmine: scripts/redmine/with-server")
    return open_ticket_system("redmine", "desk", {**SETTINGS, **more}, Lent(Outbound(["127.0.0.1"])))


def asked(method: str, path: str, body: Any = None) -> Any:
    """Asks Redmine past the connector."""
    headers = {"X-Redmine-API-Key": KEY, "Content-Type": "application/json"}
    request = urllib.request.Request(f"{URL}{path}", json.dumps(body).encode() if body else None, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def comments_of(ticket: str) -> list[str]:
    return [one["notes"] for one in asked("GET", f"issues/{ticket}.json?include=journals")["issue"]["journals"] if one["notes"]]


@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda check: check.__name__)
def test_it_holds_to_the_contract(check: Callable[[Desk], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redmine, "PAGE", 3)
    system = opened()

    def stick() -> None:  # a status that Redmine does not have
        system.phases = type(system.phases)({**system.phases.statuses, RESOLVED: ["Mended"]})

    check(Desk(system, KNOWN, None, stick, comments_of=comments_of))


def test_a_status_that_the_workflow_forbids_is_noticed() -> None:
    system = opened(phases="open: In Progress, New, Feedback; resolved: Resolved; closed: Rejected, Closed")
    made = system.create(draft())
    assert system.transition(made.id, CLOSED, "").status == "Rejected"
    with pytest.raises(TicketRefused, match=r"is Rejected \(closed\) after it was asked to be open"):
        system.transition(made.id, OPEN, "")  # answered with a 204
    with pytest.raises(TicketRefused, match="Redmine has no such status"):
        opened(phases="open: New; resolved: Mended; closed: Closed").transition(made.id, RESOLVED, "")


def test_it_says_why_it_refused() -> None:
    with pytest.raises(TicketRefused, match="Priority cannot be blank"):
        opened(priorities="1=99, 2=99, 3=99, 4=99, 5=99").create(draft())
    with pytest.raises(NotFound):
        opened().read("999999")
    with pytest.raises(TicketRefused, match="does not carry the key"):
        opened(key_field="99").create(draft())
    assert opened().check() == "Redmine: signed in as forestay; project Operations"


def test_a_bad_key_is_not_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORESTAY_TEST_REDMINE_BAD", "canarycanarycanary")
    for ask in (lambda system: system.check(), lambda system: system.create(draft())):
        with pytest.raises(NotAllowed) as refused:
            ask(opened(token_env="FORESTAY_TEST_REDMINE_BAD"))
        assert "canary" not in f"{refused.value.message}{refused.value.details}"


def test_what_people_do_there_is_polled_in() -> None:
    system = opened()
    made = system.create(draft())
    asked("PUT", f"issues/{made.id}.json", {"issue": {"status_id": 5, "priority_id": 5, "notes": "by hand"}})
    told = [one for one in system.changed_since(made.updated_at) if one.id == made.id]
    assert told
    assert (told[-1].phase, told[-1].priority, told[-1].keys) == (CLOSED, "1", made.keys)
    theirs = asked("POST", "issues.json", {"issue": {"project_id": "ops", "subject": "by hand", "priority_id": 2}})["issue"]
    told = [one for one in system.changed_since(made.updated_at - timedelta(minutes=1)) if one.id == str(theirs["id"])]
    assert [(one.summary, list(one.keys), one.phase) for one in told] == [("by hand", [], OPEN)]


def test_a_storm_makes_each_ticket_once() -> None:
    began = datetime.now(UTC)
    given = storm(opened, "storm")
    assert len(given) == 50
    assert all(len(ids) == 1 for ids in given.values())
    there = {(key, one.id) for one in opened().changed_since(began) for key in one.keys if key.startswith("storm-")}
    assert there == {(key, one) for key, ids in given.items() for one in ids}


def test_nothing_is_lost_and_nothing_doubled_wherever_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened()
    assert check_real(tmp_path, monkeypatch, "redmine", SETTINGS, comments_of, 20, 20) >= 6


def test_the_recipe_brings_impact_and_ticket(
    make_service: Callable[..., Service],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The listener of docs/recipes/redmine.md, which the server was started with."""
    opened()
    secret = "secret-of-the-listener-0123456789"
    monkeypatch.setenv("FORESTAY_TEST_LISTENER", secret)
    service = make_service(FORESTAY_WEB_SIGN_IN="keys", FORESTAY_OUTBOUND_HOSTS="127.0.0.1")
    recipe.estate(service)
    file = Path(os.environ["FORESTAY_TEST_REDMINE_FORESTAY_FILE"])

    def reported(ci: str) -> str:
        fields = [{"id": int(SETTINGS["ci_field"]), "value": ci}]
        issue = {"project_id": "ops", "subject": "by hand", "priority_id": 5, "custom_fields": fields}
        return str(asked("POST", "issues.json", {"issue": issue})["issue"]["id"])

    with recipe.told_by(service, "redmine", SETTINGS, file, "FORESTAY_TEST_LISTENER", secret):
        issue = reported(recipe.FQDN)
        (note,) = comments_of(issue)
        assert (
            note.startswith(f"Forestay, {recipe.FQDN}: Priority 1 (high/soon") and f"1 service stops: {recipe.SERVICE}." in note
        )
        (known,) = recipe.heard(service)
        assert (known.ticket, known.phase, known.cis) == (issue, OPEN, ["csv:ci:san"])
        asked("PUT", f"issues/{issue}.json", {"issue": {"status_id": 5}})
        assert [one.phase for one in recipe.heard(service)] == [CLOSED] and len(comments_of(issue)) == 1
        assert "2 CIs answer to" in comments_of(reported(recipe.TWIN))[0]
        assert "no CI answers to" in comments_of(reported("nobody.example.com"))[0]
