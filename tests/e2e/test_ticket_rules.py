"""Rules ask for tickets: one a cause, whatever it is called meanwhile; silent in maintenance; a storm shares one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.errors import InvalidInput, NotFound
from app.domain.ticket_rules import GAP, HELD, LOSS, OUTAGE, REDUNDANCY, STALE, TicketRule
from app.domain.tickets import CLOSED, OPEN, RESOLVED
from app.usecases.keep.connectors import Connector, put_connector
from app.usecases.keep.ticket_rules import list_rules, put_rule, remove_rule, seen_by
from app.usecases.tickets.apply_rules import apply_rules
from app.usecases.tickets.poll import poll
from app.usecases.tickets.relay import relay
from tests.e2e.conftest import Service
from tests.e2e.test_now import key_of, put
from tests.servers.ticket_desk import Desk

NAME, HOLDER = "ops", "m/1/1 rules"
HOSTS = 12


class Shift:
    """A service with a connector and a clock."""

    def __init__(self, service: Service) -> None:
        self.service, self.desk, self.now = service, Desk(), datetime.now(UTC).replace(microsecond=0)
        hosts = [f"host-{number:02}" for number in range(HOSTS)]
        service.csv(
            "cmdb",
            cis=[
                {"key": "shop", "name": "Shop", "class": "business_service"},
                {"key": "pay", "name": "Pay", "class": "business_service"},
                {"key": "san", "name": "san-1", "class": "storage_array", "repair_hours": 4},
                {"key": "a", "name": "web-1", "class": "server"},
                {"key": "b", "name": "web-2", "class": "server"},
                *({"key": host, "name": host, "class": "server"} for host in hosts),
            ],
            dependencies=[
                {"dependent": "pay", "provider": "host-00"},
                *({"dependent": host, "provider": "san"} for host in hosts),
            ],
            groups=[{"key": "pair", "dependent": "shop", "needed": 1, "members": "a|b"}],
            services=[
                {"key": "shop", "customers": 20_000, "money_per_hour": 1000, "mtpd_hours": 4, "rto_hours": 1},
                {"key": "pay", "customers": 5_000, "money_per_hour": 100, "mtpd_hours": 2, "rto_hours": 1},
            ],
        )
        service.forestay.__dict__["ticket_systems"] = self.desk
        put_connector(service.forestay.documents, Connector(NAME, "desk"), "tester", new=True)

    def rule(self, watches: str, **changes: Any) -> None:
        put_rule(self.service.forestay.documents, TicketRule("r", watches, NAME, **changes), "tester")

    def down(self, *names: str) -> None:
        for name in names:
            put(self.service, key_of(self.service, name), state="down")

    def up(self, *names: str) -> None:
        for name in names:
            assert self.service.client.delete(f"/api/v1/live/{key_of(self.service, name)}").status_code == 200

    def pass_minutes(self, minutes: float, step: float = 0.5) -> None:
        for _ in range(round(minutes / step)):
            self.now += timedelta(minutes=step)
            apply_rules(self.service.forestay, HOLDER, self.now)
            relay(self.service.forestay, NAME, HOLDER, lambda: self.now)

    def tickets(self) -> list[tuple[str, str]]:
        return [(ticket.summary, ticket.phase) for ticket in self.desk.tickets.values()]


@pytest.fixture
def shift(service: Service) -> Shift:
    return Shift(service)


def test_alerts_of_one_storage_failure_make_one_incident_with_the_right_ci(shift: Shift) -> None:
    shift.rule(OUTAGE)
    shift.down("host-00", "host-01")
    shift.pass_minutes(1.5)  # before the others come, a ticket is made of what is known by then
    first = shift.tickets()
    shift.down(*(f"host-{number:02}" for number in range(2, HOSTS)), "san-1")
    shift.pass_minutes(3)
    opened = [ticket for ticket in shift.desk.tickets.values() if ticket.phase == OPEN]
    assert len(opened) == 1 and len(shift.desk.tickets) == len(first)
    (text,) = [text for (ticket, _), text in shift.desk.comments.items() if ticket == opened[0].id]
    assert "san-1 out" in text and "Hit now: 1 service down, 5,000 customers" in text
    assert "san-1" in opened[0].cis and opened[0].priority == "1"
    shift.up("san-1", *(f"host-{number:02}" for number in range(1, HOSTS)))
    shift.pass_minutes(5)
    assert [phase for _, phase in shift.tickets()].count(OPEN) == 1  # one alert is left
    shift.up("host-00")
    shift.pass_minutes(1)
    assert OPEN in [phase for _, phase in shift.tickets()]  # it may come back
    shift.pass_minutes(2)
    assert {phase for _, phase in shift.tickets()} == {RESOLVED} and len(shift.tickets()) == len(first)


def test_a_storm_that_comes_within_the_hold_is_one_ticket_from_the_first(shift: Shift) -> None:
    shift.rule(OUTAGE, hold_minutes=2.0)
    for number in range(HOSTS):
        shift.down(f"host-{number:02}")
        shift.pass_minutes(0.5 if number % 4 == 0 else 0)
    shift.pass_minutes(5)
    assert shift.tickets() == [(f"san-1 is probably down, {HOSTS} CIs reported down", OPEN)]
    assert "(the probable cause: nobody reports it)" in shift.desk.tickets["1"].description


def test_what_ends_within_the_hold_or_flaps_makes_no_further_ticket(shift: Shift) -> None:
    shift.rule(OUTAGE)
    shift.down("san-1")
    shift.pass_minutes(0.5)
    shift.up("san-1")
    shift.pass_minutes(5)
    assert not shift.tickets() and not seen_by(shift.service.forestay.documents, "r")
    for _ in range(5):
        shift.down("san-1")
        shift.pass_minutes(1.5)
        shift.up("san-1")
        shift.pass_minutes(1)
    assert [phase for _, phase in shift.tickets()] == [OPEN]
    shift.pass_minutes(5)
    assert [phase for _, phase in shift.tickets()] == [RESOLVED]


def test_maintenance_is_silent(shift: Shift) -> None:
    shift.rule(OUTAGE)
    put(shift.service, key_of(shift.service, "san-1"), state="maintenance")
    shift.down("host-00", "host-01")
    shift.pass_minutes(5)
    assert not shift.tickets()
    shift.down("web-1")  # something else is not
    shift.pass_minutes(5)
    assert [summary for summary, _ in shift.tickets()] == ["web-1 is down"]


def test_a_group_that_lost_its_redundancy(shift: Shift) -> None:
    shift.rule(REDUNDANCY)
    shift.down("web-1")
    shift.pass_minutes(2)
    ((summary, phase),) = shift.tickets()
    assert (summary, phase) == ("Shop has no redundancy left, 1 of 2", OPEN)
    assert "one more failure stops it" in shift.desk.tickets["1"].description
    shift.up("web-1")
    shift.pass_minutes(4)
    assert shift.tickets() == [(summary, RESOLVED)]
    put(shift.service, key_of(shift.service, "web-2"), state="maintenance")
    shift.pass_minutes(4)
    assert len(shift.tickets()) == 1


def test_beyond_the_budget_causes_share_one_ticket(shift: Shift) -> None:
    shift.rule(OUTAGE, per_hour=2, least_priority="5")  # hosts that hit nothing too
    shift.down("host-01", "host-03", "web-1", "web-2", "Pay")
    shift.pass_minutes(3)
    causes = len(seen_by(shift.service.forestay.documents, "r"))
    assert causes >= 4 and len(shift.tickets()) == 3
    shared = next(ticket for ticket in shift.desk.tickets.values() if "further cause" in ticket.summary)
    assert shared.summary == f"{causes - 2} further causes of the rule r"
    shift.up("host-01", "host-03", "web-1", "web-2", "Pay")
    shift.pass_minutes(5)
    assert {phase for _, phase in shift.tickets()} == {RESOLVED} and len(shift.tickets()) == 3


def test_people_who_close_it_have_the_last_word_until_it_is_over(shift: Shift) -> None:
    shift.rule(OUTAGE)
    shift.down("san-1")
    shift.pass_minutes(2)
    shift.desk.change("1", phase=CLOSED)
    poll(shift.service.forestay, NAME, HOLDER, shift.now)
    shift.pass_minutes(10)
    assert [phase for _, phase in shift.tickets()] == [CLOSED]
    shift.up("san-1")
    shift.pass_minutes(5)
    shift.down("san-1")
    shift.pass_minutes(2)
    assert [phase for _, phase in shift.tickets()] == [CLOSED, OPEN]


def test_our_own_ticket_comes_in_as_no_report(shift: Shift) -> None:
    shift.rule(OUTAGE)
    shift.down("san-1")
    shift.pass_minutes(2)
    poll(shift.service.forestay, NAME, HOLDER, shift.now)
    assert [row["name"] for row in shift.service.get("/now")["cis"]] == ["san-1"]
    assert [len(row["reports"]) for row in shift.service.get("/now")["cis"]] == [1]


def test_gaps_losses_and_sources(shift: Shift) -> None:
    documents = shift.service.forestay.documents
    for watches, changes, said in (
        (GAP, {"threshold": 1.0}, "Pay is back"),
        (LOSS, {"threshold": 10.0}, "is expected to cost"),
        (STALE, {"threshold": 0.0}, "The source cmdb was not read whole"),
    ):
        put_rule(documents, TicketRule("r", watches, NAME, hold_minutes=0, **changes), "tester")
        shift.pass_minutes(1)
        assert any(said in summary for summary, _ in shift.tickets()), watches
        remove_rule(documents, "r", "tester")
        shift.desk.tickets.clear()


def test_a_run_that_waits_for_approval(shift: Shift) -> None:
    shift.rule(HELD, hold_minutes=0)
    cis = [{"key": "shop", "name": "Shop", "class": "business_service"}]
    shift.service.csv("cmdb", cis=cis)
    shift.pass_minutes(1)
    ((summary, _),) = shift.tickets()
    assert "of cmdb waits for approval" in summary


def test_rules_are_checked(shift: Shift) -> None:
    documents = shift.service.forestay.documents
    for changes, field in (
        ({"watches": "moon"}, "watches"),
        ({"per_hour": 0}, "per_hour"),
        ({"hold_minutes": -1.0}, "hold_minutes"),
        ({"least_priority": "0"}, "least_priority"),
        ({"threshold": float("nan")}, "threshold"),
    ):
        with pytest.raises(InvalidInput) as error:
            put_rule(documents, TicketRule(**{"name": "r", "watches": OUTAGE, "connector": NAME, **changes}), "t")
        assert error.value.details["field"] == field
    with pytest.raises(NotFound):
        put_rule(documents, TicketRule("r", OUTAGE, "nowhere"), "t")
    assert not list_rules(documents)


def test_many_causes_at_once_are_told_in_short(shift: Shift, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.usecases.tickets.watch.TOLD_WHOLE", 1)
    monkeypatch.setattr("app.usecases.tickets.watch.MOST", 2)
    shift.rule(OUTAGE, hold_minutes=0)
    shift.down("web-1", "web-2", "Pay", "host-03")
    shift.pass_minutes(1)
    told = [ticket.description for ticket in shift.desk.tickets.values()]
    assert sum("Hit now" in text for text in told) == 1 and len(told) == 3
    assert any("more CI" in text and "explained by none of these" in text for text in told)


def test_our_ticket_seen_through_another_connector_is_no_report(shift: Shift) -> None:
    documents = shift.service.forestay.documents
    shift.rule(OUTAGE, hold_minutes=0)
    shift.down("san-1")
    shift.pass_minutes(1)
    put_connector(documents, Connector("second", "desk"), "tester", new=True)
    shift.desk.tickets["9"] = replace(shift.desk.tickets["1"], id="9", number="T9")  # a double that somebody made
    for connector in ("second", NAME):
        poll(shift.service.forestay, connector, HOLDER, shift.now)
    assert [len(row["reports"]) for row in shift.service.get("/now")["cis"]] == [1]
