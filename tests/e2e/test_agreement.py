"""Priority that learns: suggested against final priority, from tickets that come, are told and end; API, command line, page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.domain.tickets import CLOSED, OPEN, Ticket
from app.usecases.keep.orders import Wanted, want
from app.usecases.tickets.enrich import enrich
from app.usecases.tickets.relay import relay
from app.usecases.tickets.take_in import take_in
from tests.e2e.conftest import Service
from tests.e2e.test_now import key_of
from tests.e2e.test_tickets_in import BEGIN, HOLDER, NAME, desk, ticket  # noqa: F401 - a fixture
from tests.servers.ticket_desk import Desk

AUGUST, LATER = BEGIN - timedelta(days=100), BEGIN + timedelta(hours=3)


def comes(service: Service, desk: Desk, *tickets: Ticket) -> None:  # noqa: F811
    """Tickets come by a webhook: whatever their times are."""
    for one in tickets:
        desk.tickets[one.id] = one
        take_in(service.forestay, NAME, one)
    enrich(service.forestay, NAME)
    relay(service.forestay, NAME, HOLDER)


def ends(service: Service, desk: Desk, number: str, hour: float, priority: str, *cis: str, **more: Any) -> None:  # noqa: F811
    """A ticket comes, is told, and ends after so many hours with a priority."""
    begin = more.pop("begin", BEGIN)
    one = ticket(number, *cis, created_at=begin, updated_at=begin, **more)
    comes(service, desk, one)
    over = begin + timedelta(hours=hour)
    comes(service, desk, ticket(number, *cis, created_at=begin, updated_at=over, phase=CLOSED, priority=priority))


def test_without_an_ended_incident_nothing_is_said(service: Service, desk: Desk) -> None:  # noqa: F811
    comes(service, desk, ticket("1", "DB"))
    answer = service.get("/tickets/agreement")
    assert (answer["months"], answer["whole"]["tickets"], answer["whole"]["share"]) == ([], 0, None)
    assert "No incident has ended yet" in answer["sentence"] and "No incident has ended yet" in service.page("/tickets/agreement")


def test_agreement_and_the_cost_of_disagreement_by_month(service: Service, desk: Desk) -> None:  # noqa: F811
    ends(service, desk, "old", 1, "1", "DB", begin=AUGUST)
    suggested = service.get("/impact", id="DB")["priority"]
    # DB stops Pay (10 EUR/h); people called it less urgent than web-1, which stops nothing, and closed that first
    comes(service, desk, ticket("1", "DB", created_at=BEGIN), ticket("2", "web-1", created_at=BEGIN))
    assert suggested < service.get("/impact", id="web-1")["priority"]
    comes(service, desk, ticket("2", "web-1", created_at=BEGIN, updated_at=LATER, phase=CLOSED, priority="1"))
    comes(service, desk, ticket("1", "DB", created_at=BEGIN, updated_at=BEGIN + timedelta(hours=9), phase=CLOSED, priority="4"))
    ends(service, desk, "3", 1, "", "DB")  # nobody gave it a priority

    answer = service.get("/tickets/agreement")
    november, august = answer["months"]
    assert (november["month"], august["month"]) == (f"{BEGIN:%Y-%m}", f"{AUGUST:%Y-%m}")
    assert (november["tickets"], november["compared"], november["agreed"], november["share"]) == (3, 2, 0, 0.0)
    assert (november["people_more_urgent"], november["people_less_urgent"]) == (1, 1)
    assert (november["overtaken"], november["overtaken_hours"], november["cost"]) == (1, 3.0, 30.0)
    assert (august["compared"], august["agreed"], august["share"]) == (1, int(suggested == "1"), float(suggested == "1"))
    assert answer["whole"]["tickets"] == 4 and answer["whole"]["cost"] == 30.0
    assert sum(pair["tickets"] for pair in answer["pairs"]) == answer["whole"]["compared"] == 3
    assert "waited up to 3 h behind less urgent ones, which may have cost up to 30 EUR" in answer["sentence"]
    assert service.get("/tickets/agreement", months=1)["truncated"] and service.cli_json("agreement") == answer
    page = service.page("/tickets/agreement")
    assert answer["sentence"] in page and november["month"] in page and "Priority kept" in page


def test_services_that_a_ticket_names_judge_what_its_other_cis_predicted(service: Service, desk: Desk) -> None:  # noqa: F811
    ends(service, desk, "1", 1, "1", "DB", "Pay")  # predicted from DB: Pay
    ends(service, desk, "2", 1, "1", "DB", "Shop")  # predicted Pay, named Shop
    ends(service, desk, "3", 1, "1", "Shop")  # nothing to predict from
    ends(service, desk, "4", 1, "1", "DB")  # nothing named
    (month,) = service.get("/tickets/agreement")["months"]
    assert (month["judged"], month["predicted"], month["named"], month["both"]) == (2, 2, 2, 1)
    assert (month["precision"], month["recall"]) == (0.5, 0.5)


def test_what_we_made_ourselves_is_no_agreement(service: Service, desk: Desk) -> None:  # noqa: F811
    documents = service.forestay.documents
    with documents.together():
        want(
            documents,
            NAME,
            "c",
            "tester",
            lambda order: Wanted("incident", "san-1 is down", priority="1", cis=[key_of(service, "DB")]),
        )
    relay(service.forestay, NAME, HOLDER)
    (made,) = desk.tickets.values()
    assert made.phase == OPEN
    comes(service, desk, desk.change(made.id, phase=CLOSED))
    (month,) = service.get("/tickets/agreement")["months"]
    assert (month["tickets"], month["ours"], month["compared"], month["share"]) == (0, 1, 0, None)
