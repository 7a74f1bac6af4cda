"""Request Tracker 5 as it is: the contract of ticket systems, what it refuses with a 200, polling, a storm."""

from __future__ import annotations

import json
import os
import random
import subprocess
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import NotAllowed, NotFound
from app.domain.ticket_rules import OUTAGE, TicketRule
from app.domain.tickets import OPEN, RESOLVED, TicketCi
from app.ports.ticket_system import TicketRefused
from app.tickets import rt
from app.tickets.registry import open_ticket_system
from app.usecases.keep.connectors import Connector, put_connector
from app.usecases.keep.orders import DEAD, DUE, ORDERS
from app.usecases.keep.ticket_rules import put_rule, seen_by
from importers.http.client import Outbound
from importers.http.lent import Lent
from tests.contract import ticket_contract as contract
from tests.contract.ticket_contract import Desk, draft
from tests.e2e.conftest import Service, make_service  # noqa: F401 - a fixture
from tests.e2e.test_now import sender
from tests.fault_points import check_real
from tests.real import demo_evening as evening
from tests.real import recipe
from tests.real.ticket_storm import storm
from tests.recipes import blocks

pytestmark = pytest.mark.real
URL, TOKEN = os.environ.get("FORESTAY_TEST_RT_URL", ""), os.environ.get("FORESTAY_TEST_RT_TOKEN", "")
SETTINGS = {"url": URL, "token_env": "FORESTAY_TEST_RT_TOKEN", "queue": "Continuity", "key_field": "BC Key", "ci_field": "BC CIs",
            "time_zone": os.environ.get("FORESTAY_TEST_RT_ZONE", "UTC")}  # fmt: skip
KNOWN = [TicketCi("key:disk", "disk"), TicketCi("key:switch", "switch <1>")]


def opened(**more: str) -> Any:
    if not URL:
        pytest.skip("no Request Tracker: scripts/rt/with-server")
    return open_ticket_system("rt", "desk", {**SETTINGS, **more}, Lent(Outbound(["127.0.0.1"])))


def asked(method: str, path: str, body: Any = None) -> Any:
    """Asks RT past the connector."""
    headers = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{URL}REST/2.0/{path}", json.dumps(body).encode() if body else None, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def comments_of(ticket: str) -> list[str]:
    return [one["Content"] for one in asked("GET", f"ticket/{ticket}/attachments?fields=Content&per_page=100")["items"]]


def field_of(ticket: str) -> list[str]:
    fields = asked("GET", f"ticket/{ticket}")["CustomFields"]
    return [value for one in fields if one["name"] == "BC Impact" for value in one["values"]]


IN_FIELD = (contract.a_comment_is_there_once, contract.hostile_texts_stay_texts)


@pytest.mark.parametrize(
    ("check", "field"),
    [*((check, "") for check in contract.CHECKS), *((check, "BC Impact") for check in IN_FIELD)],
    ids=lambda value: getattr(value, "__name__", value or "comments"),
)
def test_it_holds_to_the_contract(check: Callable[[Desk], None], field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rt, "PAGE", 3)
    system = opened(comment_field=field)

    def stick() -> None:  # a status that RT's life cycle does not have
        system.phases = type(system.phases)({**system.phases.statuses, RESOLVED: ["mended"]})

    check(Desk(system, KNOWN, None, stick, comments_of=field_of if field else comments_of))


def test_it_says_why_it_refused() -> None:
    system = opened(phases="open: new, open; resolved: mended; closed: rejected")
    made = system.create(draft())
    with pytest.raises(TicketRefused, match="isn't a valid status for this ticket"):
        system.transition(made.id, RESOLVED, "")
    with pytest.raises(TicketRefused, match="isn't a valid status for this ticket"):
        system.transition(made.id, RESOLVED, "said with it")
    with pytest.raises(NotAllowed, match="No permission to create tickets in the queue"):
        opened(queue="Nowhere").create(draft())
    with pytest.raises(NotFound):
        system.read("999999")


def test_an_unknown_field_for_the_key_is_noticed() -> None:
    with pytest.raises(TicketRefused, match="does not carry the key"):
        opened(key_field="BC Nope").create(draft())  # RT leaves out without a word what it does not know
    with pytest.raises(TicketRefused, match="no custom field BC Nope"):
        opened(key_field="BC Nope").check()
    assert "5.0" in opened().check()


def test_a_bad_token_is_not_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORESTAY_TEST_RT_BAD", "1-31-canarycanarycanary")
    with pytest.raises(NotAllowed) as refused:
        opened(token_env="FORESTAY_TEST_RT_BAD").find("x")
    assert "canary" not in f"{refused.value.message}{refused.value.details}"


def test_what_people_do_there_is_polled_in() -> None:
    system = opened()
    made = system.create(draft())
    asked("PUT", f"ticket/{made.id}", {"Status": "resolved", "Priority": "100"})
    told = [one for one in system.changed_since(made.updated_at) if one.id == made.id]
    assert told
    assert (told[-1].phase, told[-1].priority, told[-1].keys) == (RESOLVED, "1", made.keys)
    theirs = asked("POST", "ticket", {"Queue": "Continuity", "Subject": "by hand", "Content": "x", "ContentType": "text/plain"})
    told = [one for one in system.changed_since(made.updated_at - timedelta(minutes=1)) if one.id == theirs["id"]]
    assert [(one.summary, one.keys, one.phase) for one in told] == [("by hand", [], OPEN)]


def test_a_storm_makes_each_ticket_once() -> None:
    began = datetime.now(UTC)
    given = storm(opened, "storm")
    assert len(given) == 50
    assert all(len(ids) == 1 for ids in given.values())
    there = {(key, one.id) for one in opened().changed_since(began) for key in one.keys if key.startswith("storm-")}
    assert there == {(key, one) for key, ids in given.items() for one in ids}


def test_nothing_is_lost_and_nothing_doubled_wherever_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault at requests of a ticket's life, each way in which it can fail, and kills of the relay's process at its steps."""
    opened()
    assert check_real(tmp_path, monkeypatch, "rt", SETTINGS, comments_of, 10, 10) >= 12


def test_an_evening_of_the_demo_is_one_incident(make_service: Callable[..., Service]) -> None:  # noqa: F811
    """Forty alerts of one storage failure come through the inbox; the loops of the runner do the rest."""
    system, rng = opened(comment_field="BC Impact"), random.Random(1830)
    before = {one.id for one in system.changed_since(datetime(2026, 1, 1, tzinfo=UTC))}
    service = make_service(**evening.QUICK)
    evening.import_demo(service)
    secret = sender(service)
    documents = service.forestay.documents
    put_connector(documents, Connector("desk", "rt", {**SETTINGS, "comment_field": "BC Impact"}), "tester", new=True)
    put_rule(documents, TicketRule("outages", OUTAGE, "desk", hold_minutes=0.06, clear_minutes=0.05), "tester")

    def deliver(*alerts: Any) -> None:
        for body in evening.webhooks(alerts, rng):
            headers = {"Authorization": f"Bearer {secret}"}
            answer = service.client.post("/api/v1/inbox/alertmanager/am", json=body, headers=headers)
            assert answer.status_code == 200, answer.text

    def made() -> list[Any]:
        return [one for one in system.changed_since(began - timedelta(hours=1)) if one.id not in before and one.keys]

    array, *others = evening.fallen(service)
    down = [array, *rng.sample([key for key in others if ":svc-" not in key], evening.ALERTS - 1)]
    began = evening.began()
    firing = {key: evening.alert(key, began + timedelta(seconds=rng.randrange(60))) for key in down}
    resolved = {
        key: evening.alert(key, datetime.fromisoformat(firing[key]["startsAt"]), began + timedelta(minutes=9)) for key in down
    }
    with evening.relays(service):
        deliver(*(firing[key] for key in down[1:]))  # within the time that a cause must last
        (first,) = evening.until(made, "a ticket of the alerts")
        assert first.summary == f"{evening.ARRAY} is probably down, {evening.ALERTS - 1} CIs reported down"
        deliver(firing[array], *(firing[key] for key in down[1:10]))
        text = evening.until(
            lambda: next((text for text in field_of(first.id) if f"{evening.ARRAY} out" in text and "probable" not in text), ""),
            "its comment names the array that is reported now",
        )
        deliver(*(resolved[key] for key in down[1:]))
        deliver(*(firing[key] for key in down[1:20]))  # late doubles: they have been resolved since
        evening.until(lambda: len(service.get("/now")["cis"]) == 1, "one alert is left")
        assert system.read(first.id).phase == OPEN
        deliver(resolved[array])
        evening.until(lambda: system.read(first.id).phase == RESOLVED, "the ticket is resolved with the last alert")
        deliver(*(firing[key] for key in down[:5]))  # late once more
        evening.until(lambda: not seen_by(documents, "outages"), "nothing is seen any more")

    hit = evening.services_hit()
    customers, minutes = sum(each or 0 for _, _, each in hit), 60 * min(mtpd for _, mtpd, _ in hit)
    assert f"Hit now: {len(hit)} services down" in text and f"{customers:,} customers" in text
    assert f"after {minutes:,.0f} minutes, " in text and "team Storage" in text
    assert any(f"minutes, {name}" in text for name, mtpd, _ in hit if 60 * mtpd == minutes)
    (ticket,) = made()
    assert (ticket.id, ticket.phase, ticket.priority) == (first.id, RESOLVED, "1")
    assert evening.ARRAY in ticket.cis
    assert len(field_of(ticket.id)) == 1
    assert [row.value.held.ticket for row in ORDERS.every(documents)] == [ticket.id]
    assert not DUE.page(documents) and not DEAD.page(documents) and not service.get("/now")["cis"]


SCRIP = """use strict; use warnings;
use lib '/usr/share/request-tracker5/lib';
use RT; RT::LoadConfig(); RT::Init();
my ($condition, $commit) = map { open my $in, '<', $_ or die $!; local $/; <$in> } @ARGV;
my ($id, $said) = RT::Scrip->new(RT->SystemUser)->Create(
    Description => 'Forestay', Queue => 'Continuity', Stage => 'TransactionBatch', Template => 'Blank',
    ScripCondition => 'User Defined', ScripAction => 'User Defined', CustomIsApplicableCode => $condition,
    CustomPrepareCode => 'return 1;', CustomCommitCode => $commit);
die "$said\\n" unless $id;
"""


def test_the_recipe_brings_impact_and_ticket(make_service: Callable[..., Service], tmp_path: Path) -> None:  # noqa: F811
    """The scrip of docs/recipes/rt.md, loaded into Request Tracker as it stands there."""
    opened()
    service = make_service(FORESTAY_WEB_SIGN_IN="keys", FORESTAY_OUTBOUND_HOSTS="127.0.0.1")
    recipe.estate(service)
    file = tmp_path / "forestay.json"
    condition, commit = blocks("rt", "perl")
    assert commit.count("/etc/request-tracker5/forestay.json") == 1
    (tmp_path / "condition").write_text(condition)
    (tmp_path / "commit").write_text(commit.replace("/etc/request-tracker5/forestay.json", str(file)))
    (tmp_path / "scrip.pl").write_text(SCRIP)
    config = os.environ["FORESTAY_TEST_RT_CONFIG"]
    env = {**os.environ, "RT_SITE_CONFIG": config, "RT_SITE_CONFIG_DIR": str(Path(config).parent / "none")}
    subprocess.run(["perl", "scrip.pl", "condition", "commit"], cwd=tmp_path, env=env, check=True)

    def reported(ci: str) -> str:
        body = {
            "Queue": "Continuity",
            "Subject": "by hand",
            "Content": "x",
            "ContentType": "text/plain",
            "Priority": "100",
            "CustomFields": {"BC CIs": ci},
        }
        return str(asked("POST", "ticket", body)["id"])

    with recipe.told_by(service, "rt", SETTINGS, file, "", ""):
        ticket = reported(recipe.FQDN)
        (impact,) = field_of(ticket)
        assert impact.startswith("Priority 1 (high/soon") and f"1 service stops: {recipe.SERVICE}." in impact
        (known,) = recipe.heard(service)
        assert (known.ticket, known.phase, known.cis) == (ticket, OPEN, ["csv:ci:san"])
        assert [row["name"] for row in service.cli_json("now")["services"]] == [recipe.SERVICE]
        asked("PUT", f"ticket/{ticket}", {"Status": "resolved"})
        assert [one.phase for one in recipe.heard(service)] == [RESOLVED]
        assert not service.cli_json("now")["services"]
        assert field_of(reported(recipe.TWIN)) == ["Forestay knows several CIs by twin: csv:ci:t1, csv:ci:t2"]
        assert field_of(reported("nobody.example.com")) == ["Forestay knows no CI by nobody.example.com."]
