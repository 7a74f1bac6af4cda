"""Tickets as evidence: a connector's tickets become incidents of the ledger, one failure an outage, and the CI says what is
behind its figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.errors import InvalidInput, SourceFailed
from app.domain.joined_tickets import OutageOfCi, causes_of
from app.domain.tickets import CHANGE, CLOSED, INCIDENT, OPEN, RESOLVED, Ticket
from app.usecases.keep import sources as keep
from app.usecases.keep.connectors import Connector, put_connector
from app.usecases.run_sync import SyncRequest, run_sync
from app.usecases.tickets.incidents import ticket_incidents
from app.usecases.tickets.read_back import read_back
from app.usecases.tickets.take_in import take_in
from tests.e2e.conftest import Service
from tests.e2e.test_now import estate
from tests.servers.ticket_desk import Desk

NAME = "ops"
NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)


@pytest.fixture
def desk(service: Service) -> Desk:
    made = Desk()
    estate(service)
    service.forestay.__dict__["ticket_systems"] = made
    put_connector(service.forestay.documents, Connector(NAME, "desk"), "tester", new=True)
    return made


def ticket(number: str, cis: str, days: float, hours: float | None, **changes: Any) -> Ticket:
    """Written `days` ago, resolved after `hours` (None: open)."""
    began = NOW - timedelta(days=days)
    over = began + timedelta(hours=hours) if hours is not None else None
    made = Ticket(
        number, f"INC{number}", f"http://desk/{number}", INCIDENT, "down", "new", OPEN if over is None else RESOLVED, "1", (), "",
        tuple(cis.split()), began, over or began, impact_at=began, restored_at=over,
    )  # fmt: skip
    return replace(made, **changes)


def read(service: Service, desk: Desk, *tickets: Ticket, years: float = 2.0) -> Any:
    """Polls back over some years and syncs the source of its tickets; the run's report."""
    for one in tickets:
        desk.tickets[one.id] = one
    read_back(service.forestay, NAME, NOW - timedelta(days=years * 365.25), "tester")
    if keep.find_source(service.forestay.documents, "tickets") is None:
        keep.add_source(service.forestay.documents, "tickets", "tickets", NAME, None, {"watches": "*"})
    return run_sync(service.forestay, SyncRequest("tickets", apply=True, approve=True))


def test_a_cascade_written_in_several_tickets_is_one_failure_at_its_cause(service: Service, desk: Desk) -> None:
    """The array fails; the database that leans on it and the service on top are written down too, one of them first."""
    report = read(
        service, desk,
        ticket("1", "Pay", 100, 3), ticket("2", "san-1", 100 - 0.01, 2), ticket("3", "DB", 100 - 0.02, 2),
        ticket("4", "DB", 50, 4), ticket("5", "DB", 50 - 0.1, 4), ticket("6", "web-1", 100, 1),
    )  # fmt: skip
    assert (report.counts["incident"].stored, report.counts["observation"].stored, report.complete) == (6, 1, True)
    assert any("2 outages of CIs fell with another" in text for text in report.warnings)
    array = service.get("/cis/san-1/evidence")
    (failure,) = array["failures"]
    assert [one["incident"].split()[0] for one in failure["incidents"]] == ["2"] and failure["end"] == "closed"
    assert sorted(text.split(": ")[0] for text in failure["fell_with_it"]) == ["DB", "Pay"]
    db = service.get("/cis/DB/evidence")
    # tickets 4 and 5 overlap: one failure of 6.4 hours
    assert [(round(one["hours"], 1), len(one["incidents"])) for one in db["failures"]] == [(6.4, 2)]
    assert [one["reason"] for one in db["left_out"]] == ["it fell with another CI: counted there"]
    rate, restore = db["values"]
    assert (rate["origin"], rate["incidents"], restore["origin"]) == ("measured", 1, "declared")
    assert rate["years"] == pytest.approx(2.0, abs=0.01) and rate["low"] < rate["value"] < rate["high"]
    assert (rate["class_cis"], rate["class_incidents"]) == (1, 1)
    silent = service.get("/cis/web-2/evidence")["values"][0]
    assert (silent["origin"], silent["incidents"], silent["class_cis"]) == ("measured", 0, 2)
    assert service.get("/cis/web-1/evidence")["values"][0]["value"] > silent["value"]


def test_what_is_no_evidence_is_left_out_with_its_reason(service: Service, desk: Desk) -> None:
    late = ticket("5", "DB", 20, 2, restored_at=NOW - timedelta(days=21))
    report = read(
        service, desk,
        ticket("1", "DB", 30, 2), ticket("2", "DB", 40, 2, priority="4"), ticket("3", "DB", 45, 2, kind=CHANGE),
        ticket("4", "DB nobody-knows", 60, 1), late, ticket("6", "", 10, 1),
    )  # fmt: skip
    counts = report.counts["incident"]
    assert counts.stored == 2 and counts.rejected == 2
    assert counts.ignored == {
        "priority 4: it says nothing of its CIs": 1, "a change or a problem": 1, "it names no CI": 1,
    }  # fmt: skip
    assert sorted((row.key, row.field) for row in report.rejected) == [("4", "ci"), ("5", "ended_at")]
    assert all(row.reason and row.advice for row in report.rejected)


def test_open_and_reopened_tickets_are_counted_from_first_impact_to_the_last_restoration(service: Service, desk: Desk) -> None:
    forestay = service.forestay
    first = ticket("1", "DB", 30, 2)
    take_in(forestay, NAME, first)
    again = replace(first, phase=OPEN, updated_at=NOW - timedelta(days=30) + 3 * HOUR, restored_at=None)
    take_in(forestay, NAME, again)
    over = NOW - timedelta(days=30) + 6 * HOUR
    read(service, desk, replace(first, phase=CLOSED, updated_at=over, restored_at=over), ticket("2", "san-1", 1, None))
    (failure,) = service.get("/cis/DB/evidence")["failures"]
    assert failure["hours"] == 6.0
    (still,) = service.get("/cis/san-1/evidence")["failures"]
    assert still["end"] == "open" and still["incidents"][0]["ended_at"] is None
    told = ticket_incidents(forestay, NAME)
    assert any("1 ticket was reopened" in text for text in told.notes)


def test_before_a_poll_came_to_its_end_nothing_was_watched(service: Service, desk: Desk) -> None:
    take_in(service.forestay, NAME, ticket("1", "DB", 3, 2))
    keep.add_source(service.forestay.documents, "tickets", "tickets", NAME, None, {"watches": "class:database"})
    report = run_sync(service.forestay, SyncRequest("tickets", apply=True, approve=True))
    assert report.state == "partial" and "no poll has come to its end" in str(report.incomplete)
    told = service.get("/cis/DB/evidence")
    assert (told["source"], told["windows"], told["failures"]) == ("", [], [])
    assert [one["reason"] for one in told["left_out"]] == ["no source says from when on this CI was watched"]
    read(service, desk, ticket("1", "DB", 3, 2))
    told = service.get("/cis/DB/evidence")
    assert told["source"] == "tickets" and len(told["failures"]) == 1
    assert service.get("/cis/web-1/evidence")["source"] == ""  # nobody says that its silence means something
    assert "tickets watched it for 2.0 years" in service.cli("evidence", "DB").output
    page = service.page("/evidence", ci="DB")
    assert "Failures that count" in page and told["failures"][0]["incidents"][0]["incident"] in page
    assert service.page("/ci", key=told["key"]).count("/evidence?ci=") == 1


def test_a_past_that_was_not_read_to_its_end_is_not_watched(
    service: Service, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(moment: datetime) -> Any:
        yield ticket("1", "DB", 300, 2)
        raise SourceFailed("the list broke off")

    with monkeypatch.context() as patched:
        patched.setattr(desk, "changed_since", broken)
        with pytest.raises(SourceFailed, match="broke off"):
            read_back(service.forestay, NAME, NOW - timedelta(days=700), "tester")
    assert ticket_incidents(service.forestay, NAME).read_from is None
    with pytest.raises(InvalidInput):
        read_back(service.forestay, NAME, datetime.now(UTC) + HOUR, "tester")
    read(service, desk, ticket("1", "DB", 300, 2), years=1.0)
    told = ticket_incidents(service.forestay, NAME)
    assert told.read_from is not None and told.read_to is not None
    assert (told.read_to - told.read_from) / 86400 == pytest.approx(365.25, abs=0.01)


def test_whom_the_desk_watches_must_be_said(service: Service, desk: Desk) -> None:
    for settings, word in (({}, "silence"), ({"watches": "servers"}, "not servers"), ({"scope": "*"}, "scope")):
        body = {"name": "tickets", "kind": "tickets", "location": NAME, "settings": settings}
        assert word in service.post("/sources", body, status=422)["detail"]
    service.post("/sources", {"name": "tickets", "kind": "tickets", "location": NAME, "settings": {"watches": "*"}})


def test_our_own_tickets_are_not_evidence_twice(service: Service, desk: Desk) -> None:
    read(service, desk, ticket("1", "DB", 3, 2))
    from app.usecases.keep.known_tickets import KNOWN, ticket_key

    KNOWN.change(service.forestay.documents, ticket_key(NAME, "1"), lambda known: replace(known, order="of ours"))
    told = ticket_incidents(service.forestay, NAME)
    assert (list(told.incidents), told.left_out) == ([], {"made by us: it repeats what was known": 1})


def test_causes_in_loops_and_far_apart() -> None:
    both = {"a": ["b"], "b": ["a"], "s": ["a", "b"]}
    told = [OutageOfCi("1", "a", 100, 900), OutageOfCi("2", "b", 50, 800), OutageOfCi("3", "s", 60, None)]
    assert [one and one.ticket for one in causes_of(told, both)] == ["2", None, "2"]
    # the cause began more than an hour later, or was over before
    apart = [OutageOfCi("1", "s", 0, 90_000), OutageOfCi("2", "a", 3601, 9000), OutageOfCi("3", "b", -900, -1)]
    assert causes_of(apart, both)[0] is None
