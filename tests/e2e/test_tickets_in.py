"""Tickets of others: they become live state and plans, get one comment that says what holds, and are taken in whatever order."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.errors import InvalidInput, SourceFailed
from app.domain.ticket_words import DEFAULT_TEMPLATES
from app.domain.tickets import CHANGE, CLOSED, INCIDENT, OPEN, RESOLVED, Ticket, TicketRules
from app.usecases.keep.connectors import Connector, health_of, put_connector
from app.usecases.keep.known_tickets import KNOWN, open_tickets, ticket_key, tickets_of_ci
from app.usecases.keep.ticket_templates import put_template
from app.usecases.tickets.enrich import enrich
from app.usecases.tickets.poll import poll
from app.usecases.tickets.relay import relay
from app.usecases.tickets.take_in import take_in
from tests.e2e.conftest import Service
from tests.e2e.test_now import estate, key_of, put
from tests.servers.ticket_desk import Desk

NAME, HOLDER = "ops", "m/1/1 a"
BEGIN = datetime(2026, 11, 30, 3, tzinfo=UTC)


@pytest.fixture
def desk(service: Service) -> Desk:
    made = Desk()
    estate(service)
    service.forestay.__dict__["ticket_systems"] = made
    put_connector(service.forestay.documents, Connector(NAME, "desk"), "tester", new=True)
    return made


def ticket(number: str, *cis: str, minute: int = 0, **changes: Any) -> Ticket:
    at = BEGIN + timedelta(minutes=minute)
    made = Ticket(
        number, f"INC{number}", f"http://desk/{number}", INCIDENT, "db is slow", "new", OPEN, "1", (), "", cis, BEGIN, at
    )
    return replace(made, **changes)


def come(service: Service, desk: Desk, *tickets: Ticket) -> None:
    for one in tickets:
        desk.tickets[one.id] = one
    poll(service.forestay, NAME, HOLDER)
    enrich(service.forestay, NAME)
    relay(service.forestay, NAME, HOLDER)


def comment_of(desk: Desk, number: str) -> str:
    (text,) = [text for (ticket, _), text in desk.comments.items() if ticket == number]
    return text


def test_an_incident_is_live_state_until_it_ends(service: Service, desk: Desk) -> None:
    come(service, desk, ticket("7", "db.example.com"))
    now = service.get("/now")
    assert [(row["name"], row["state"], row["reports"][0]["origin"]) for row in now["cis"]] == [("DB", "down", "ticket:ops")]
    assert [row["name"] for row in now["services"]] == ["Pay"]
    come(service, desk, ticket("7", "db.example.com", minute=5, phase=RESOLVED))
    assert service.get("/now")["cis_total"] == 0 and not open_tickets(service.forestay.documents, NAME)


def test_the_comment_says_what_holds_now_and_is_replaced_not_repeated(service: Service, desk: Desk) -> None:
    come(service, desk, ticket("7", "web-1"))
    text = comment_of(desk, "7")
    assert "Forestay: web-1 out" in text and "Hit now: no service." in text
    assert "Shop hangs on 1 of 2 members" in text and "/what-if?ci=" in text and "Revision 1 of" in text
    put(service, key_of(service, "web-2"), state="down")
    come(service, desk)
    text = comment_of(desk, "7")
    assert "beside 1 other CI that is out now" in text and "Hit now: 1 service down, 1,000 customers" in text
    known = KNOWN.get(service.forestay.documents, ticket_key(NAME, "7"))
    assert (known.suggested, known.predicted_services) == ("1", [key_of(service, "Shop")])
    assert desk.calls.count("comment") == 2 and len(desk.comments) == 1
    come(service, desk)
    assert desk.calls.count("comment") == 2  # nothing has changed


def test_first_mtpd_and_who_is_called_stand_in_it(service: Service, desk: Desk) -> None:
    come(service, desk, ticket("7", "san-1"))
    text = comment_of(desk, "7")
    assert "Hit now: 1 service down, 50 customers" in text and "First MTPD: after 60 minutes, Pay." in text
    assert "After 4 hours:" in text and "team not named (1 CI, 60 min, Pay)" in text
    assert "Suggested priority 2 (low/soon: impact low, urgency soon (first MTPD 1 h, Pay))." in text


def test_a_ticket_about_a_ci_nobody_knows_is_listed_with_near_names(service: Service, desk: Desk) -> None:
    come(service, desk, ticket("7", "web"))
    now = service.get("/now")
    (row,) = now["unplaced"]
    assert now["cis_total"] == 0 and row["names"] == ["web"] and len(row["near"]) == 2 and row["origin"] == "ticket:ops"
    assert not desk.comments
    come(service, desk, ticket("7", "web", "web-1", minute=1))  # somebody names the CI
    assert service.get("/now")["unplaced_total"] == 0 and service.get("/now")["cis_total"] == 1


def test_any_order_and_number_of_readings_comes_to_the_same(service: Service, desk: Desk) -> None:
    readings = [
        ticket("7", "web-1"),
        ticket("7", "web-1", "db.example.com", minute=1),
        ticket("7", "db.example.com", minute=2, priority="3"),
        ticket("7", "db.example.com", minute=3, phase=CLOSED, priority="3"),
        ticket("8", "san-1", minute=2),
    ]
    seen = set()
    for number, order in enumerate(itertools.permutations(range(5))):
        if number % 7:
            continue
        name = f"desk-{number}"
        put_connector(service.forestay.documents, Connector(name, "desk"), "tester", new=True)
        for place in [*order, order[0], order[2]]:
            take_in(service.forestay, name, readings[place])
        kept = [KNOWN.get(service.forestay.documents, ticket_key(name, one)) for one in ("7", "8")]
        seen.add(str([(row.phase, row.priority, row.cis, row.updated_at, row.ended_at) for row in kept]))
        assert [one.value.ticket for one in open_tickets(service.forestay.documents, name)] == ["8"]
    now = service.get("/now")
    assert len(seen) == 1 and [row["name"] for row in now["cis"]] == ["san-1"]


def test_rules_say_what_a_priority_means(service: Service, desk: Desk) -> None:
    rules = TicketRules({"1": "degraded"}, "noted", comments=False)
    put_connector(service.forestay.documents, Connector(NAME, "desk", rules=rules), "tester", new=False)
    come(service, desk, ticket("7", "web-1"), ticket("8", "web-2", priority=""))
    assert [(row["name"], row["state"]) for row in service.get("/now")["cis"]] == [("web-1", "degraded")]
    assert not desk.comments
    with pytest.raises(InvalidInput, match="means down, degraded or noted"):
        put_connector(service.forestay.documents, Connector(NAME, "desk", rules=TicketRules({"1": "up"})), "tester", new=False)


def test_a_change_is_planned_checked_and_told_what_it_collides_with(service: Service, desk: Desk) -> None:
    later = datetime.now(UTC) + timedelta(days=2)
    window = {"kind": CHANGE, "starts_at": later, "ends_at": later + timedelta(hours=2), "summary": "new firmware"}
    come(service, desk, ticket("7", "web-1", **window), ticket("8", "web-2", **window))
    come(service, desk)
    collisions = service.get("/changes/collisions")
    assert collisions["total"] == 1 and collisions["services_stopped"] == 1
    text = comment_of(desk, "8")
    assert "Collisions: " in text and "nothing" not in text.split("Collisions: ")[1].split("\n")[0] and "Better windows: " in text
    assert service.get("/now")["cis_total"] == 0
    come(service, desk, ticket("8", "web-2", minute=9, phase=CLOSED, **window))
    assert service.get("/changes/collisions")["total"] == 0


def test_a_change_without_a_window_that_makes_sense_is_listed_with_its_fault(service: Service, desk: Desk) -> None:
    later = datetime.now(UTC) + timedelta(days=2)
    come(service, desk, ticket("7", "web-1", kind=CHANGE, starts_at=later, ends_at=later - timedelta(hours=2)))
    assert "end" in KNOWN.get(service.forestay.documents, ticket_key(NAME, "7")).fault


def test_a_poll_that_fails_half_way_begins_there_again(service: Service, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.tickets = {"7": ticket("7", "web-1"), "8": ticket("8", "web-2", minute=30)}

    def broken(moment: datetime) -> Any:
        yield desk.tickets["8"]
        raise SourceFailed("the connection was reset")

    documents = service.forestay.documents
    with monkeypatch.context() as patch:
        patch.setattr(desk, "changed_since", broken)
        assert poll(service.forestay, NAME, HOLDER, BEGIN) == 1
    assert health_of(documents, NAME).polled_to == "" and "reset" in health_of(documents, NAME).error
    assert poll(service.forestay, NAME, HOLDER, BEGIN) == 2 and health_of(documents, NAME).polled_to
    assert [one.number for one in tickets_of_ci(documents, key_of(service, "web-1"))] == ["INC7"]


def test_a_template_is_checked_and_used(service: Service, desk: Desk) -> None:
    documents = service.forestay.documents
    put_template(documents, INCIDENT, "P{priority} {{x}} {link}", "admin")
    come(service, desk, ticket("7", "san-1"))
    assert comment_of(desk, "7").startswith("P2 {x} ")
    for bad, why in (
        ("{nope}", "no field 'nope'"),
        ("{what.name}", "no field"),
        ("{what!r}", "without"),
        ("{", "brace"),
        (" ", "1 to"),
    ):
        with pytest.raises(InvalidInput, match=why):
            put_template(documents, INCIDENT, bad, "admin")
    assert put_template(documents, INCIDENT, "", "admin") == DEFAULT_TEMPLATES[INCIDENT]


def test_hostile_names_do_nothing_in_a_comment(service: Service, desk: Desk) -> None:
    service.csv("second", cis=[{"key": "evil", "name": "<img src=x onerror=alert(1)> \u202eabc @here", "class": "server"}])
    come(service, desk, ticket("7", "second:ci:evil"))
    text = comment_of(desk, "7")
    assert "<img" not in text and "\u202e" not in text and "\\u202e" in text
