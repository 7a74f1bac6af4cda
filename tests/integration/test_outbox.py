"""The outbox: what should be is sent once, whatever gets lost, comes late, or is changed meanwhile."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from app.domain.errors import NotAllowed, NotFound, SourceFailed, TooBusy
from app.domain.tickets import CLOSED, INCIDENT, OPEN, RESOLVED
from app.ports.ticket_system import Abilities, TicketRefused
from app.settings import load_settings
from app.storage.sqlite_store import SqliteStore
from app.usecases.keep import audit
from app.usecases.keep.connectors import Connector, health_of, list_connectors, put_connector, remove_connector
from app.usecases.keep.lease import take_or_renew
from app.usecases.keep.live import in_one_unit
from app.usecases.keep.orders import (
    ATTEMPTS,
    DEAD,
    DUE,
    ORDERS,
    Order,
    Wanted,
    drop,
    orders_of_ci,
    replay,
    want,
)
from app.usecases.tickets.relay import relay
from tests.seeds import some_quick
from tests.servers.ticket_desk import LOST, Desk

NAME, CAUSE = "ops", "outage:san-02"


class Office:
    """A store, a desk and a clock: what a relay works with."""

    def __init__(self, store: SqliteStore, desk: Desk, attempts: int = 20) -> None:
        settings = load_settings(environment={"FORESTAY_TICKETS_ATTEMPTS": str(attempts)})
        self.tools: Any = SimpleNamespace(documents=store, store=store, settings=settings, ticket_systems=desk)
        self.documents, self.desk, self.now = store, desk, datetime(2026, 11, 30, 3, tzinfo=UTC)
        put_connector(store, Connector(NAME, "desk"), "tester", new=True)

    def want(self, cause: str = CAUSE, **changes: Any) -> Order:
        """Says what the ticket of a cause should be: as it is, but for what is given."""
        self.now += timedelta(milliseconds=1)
        wanted: list[Order] = []

        def change(order: Order | None) -> Wanted:
            before = order.wanted if order else Wanted(INCIDENT, "san-02 is down", "It carries 14 services.", "2")
            return replace(before, **changes)

        def act() -> None:
            wanted[:] = [want(self.documents, NAME, cause, "tester", change, now=self.now) or pytest.fail("nothing was wanted")]

        in_one_unit(self.documents, act)
        return wanted[0]

    def turn(self, minutes: float = 0.0, holder: str = "m/1/1 a") -> int:
        self.now += timedelta(minutes=minutes)
        return relay(self.tools, NAME, holder, lambda: self.now)

    def order(self, key: str) -> Order:
        return ORDERS.get(self.documents, key)


@pytest.fixture
def office(tmp_path: Any) -> Any:
    store = SqliteStore(tmp_path / "store.db")
    yield Office(store, Desk())
    store.close()


def test_a_ticket_is_made_commented_and_ended_each_once(office: Office) -> None:
    key = office.want(comments={"impact": "14 services"}).key
    assert office.turn() == 1 and office.turn() == 0
    office.want(phase=RESOLVED, reason="the last alert has ended")
    assert office.turn() == 1
    (ticket,) = office.desk.tickets.values()
    assert (ticket.keys, ticket.phase, ticket.priority) == ((key,), RESOLVED, "2")
    assert office.desk.calls == ["create", "comment", "transition"]
    held = office.order(key).held
    assert (held.ticket, held.number, held.phase) == ("1", "T1", RESOLVED)
    assert [row.value.step for row in ATTEMPTS.every(office.documents)] == ["create", "comment", "transition"]


def test_a_storm_is_one_ticket_with_one_comment_that_says_the_latest(office: Office) -> None:
    for number in range(100):
        office.want(comments={"impact": f"{number} alerts"})
    office.turn()
    assert office.desk.calls == ["create", "comment"] and list(office.desk.comments.values()) == ["99 alerts"]
    for number in range(100, 140):
        office.want(comments={"impact": f"{number} alerts"})
    office.turn()
    assert office.desk.calls[2:] == ["comment"] and list(office.desk.comments.values()) == ["139 alerts"]


def test_what_is_wanted_while_something_is_sent_is_sent_as_well(office: Office) -> None:
    def meanwhile(call: str) -> None:
        office.desk.between = lambda call: None
        office.want(phase=RESOLVED)

    key = office.want().key
    office.desk.between = meanwhile
    assert office.turn() == 1
    assert office.desk.tickets["1"].phase == RESOLVED and DUE.find(office.documents, key) is None


@pytest.mark.parametrize("lost", ["before", "after"])
def test_a_lost_answer_makes_no_second_ticket(office: Office, lost: str) -> None:
    key = office.want().key
    getattr(office.desk, lost).append(LOST)
    assert office.turn() == 0
    due = DUE.get(office.documents, key)
    assert (due.attempts, due.error) == (1, LOST.message) and due.next_at > office.now.isoformat()
    assert office.turn() == 0 and office.desk.calls == ["create"]  # it is not yet time
    assert office.turn(1) == 1 and len(office.desk.tickets) == 1
    assert office.order(key).held.ticket == "1"


def test_a_search_that_lags_is_waited_for(office: Office) -> None:
    office.desk.abilities = Abilities(search_lag_seconds=120)
    office.want()
    office.desk.after.append(LOST)
    office.turn()
    assert office.turn(1.9) == 0 and office.turn(0.2) == 1 and office.desk.calls == ["create"]


def test_a_double_is_closed_as_one(office: Office) -> None:
    key = office.want().key

    def somebody(call: str) -> None:  # a relay that was asleep since before this one began
        office.desk.between = lambda call: None
        first = office.desk.tickets["1"]
        office.desk.tickets["2"] = replace(first, id="2", number="T2")

    office.desk.between = somebody
    office.turn()
    assert office.order(key).held.doubles == ["2"]
    assert (office.desk.tickets["1"].phase, office.desk.tickets["2"].phase) == (OPEN, RESOLVED)


def test_a_refusal_is_given_up_at_once_listed_and_tried_again_when_asked(office: Office) -> None:
    office.desk.before.append(TicketRefused("the queue does not exist"))
    key = office.want().key
    other = office.want("outage:san-03").key
    assert office.turn() == 1  # the other one
    dead = DEAD.get(office.documents, key)
    assert (dead.error, dead.attempts) == ("the queue does not exist", 1) and office.order(other).held.ticket
    assert office.turn(600) == 0
    replay(office.documents, key, "admin")
    assert office.turn() == 1 and DEAD.find(office.documents, key) is None
    with pytest.raises(NotFound, match="nothing of"):
        replay(office.documents, key, "admin")


def test_what_is_wanted_anew_is_tried_again_after_it_was_given_up(office: Office) -> None:
    key = office.want().key
    office.turn()
    office.desk.locked = True
    office.want(phase=RESOLVED)
    office.turn()
    assert "workflow" in DEAD.get(office.documents, key).error
    office.desk.locked = False
    office.want(phase=CLOSED)
    assert office.turn() == 1 and office.desk.tickets["1"].phase == CLOSED


def test_dropped_is_not_sent(office: Office) -> None:
    key = office.want().key
    drop(office.documents, key, "admin", "it was a drill")
    assert office.turn() == 0 and not office.desk.tickets


def test_a_system_that_asks_for_time_gets_it(office: Office) -> None:
    for number in range(3):
        office.want(f"cause {number}")
    office.desk.before += [None, TooBusy("slow down", retry_after=90)]
    assert office.turn() == 1
    assert office.desk.calls == ["create", "create"] and office.turn(1.4) == 0
    assert office.turn(0.2) == 2
    waits = [row.value for row in ATTEMPTS.every(office.documents) if row.value.outcome == "waits"]
    assert len(waits) == 1 and health_of(office.documents, NAME).failures == 0


def test_a_sign_in_that_is_not_good_costs_no_ticket_an_attempt(office: Office) -> None:
    keys = [office.want(f"cause {number}").key for number in range(3)]
    office.desk.before += [NotAllowed("401")] * 50
    for _ in range(50):
        office.turn(10)
    assert len(office.desk.calls) == 50 and [DUE.get(office.documents, key).attempts for key in keys] == [0, 0, 0]
    assert office.turn(10) == 3


def test_a_system_that_is_away_for_a_week_loses_nothing(office: Office) -> None:
    keys = [office.want(f"cause {number}").key for number in range(3)]
    office.desk.before += [SourceFailed("no answer")] * 10_000
    for _ in range(7 * 24 * 2):
        office.turn(30)
    assert not DEAD.page(office.documents) and max(DUE.get(office.documents, key).attempts for key in keys) > 20
    office.desk.before.clear()
    for _ in range(4):
        office.turn(30)
    assert len(office.desk.tickets) == 3 and not DUE.page(office.documents)


def test_a_ticket_that_fails_while_others_do_not_is_given_up(tmp_path: Any) -> None:
    store = SqliteStore(tmp_path / "store.db")
    office = Office(store, Desk(), attempts=3)
    bad = office.want("bad").key
    for number in range(4):
        office.want(f"good {number}")
        office.desk.before.append(SourceFailed("500"))
        office.turn(60)
    office.turn(60)
    assert DEAD.get(store, bad).attempts == 3 and len(office.desk.tickets) == 4
    store.close()


def test_one_relay_at_a_time(office: Office) -> None:
    office.want()
    lease = take_or_renew(office.documents, f"relay:{NAME}", "another/machine/1 a")
    assert lease is not None and office.turn() == 0 and not office.desk.calls


def test_a_relay_that_lost_its_lease_sends_nothing_more(office: Office) -> None:
    keys = [office.want(f"cause {number}").key for number in range(3)]

    def taken(call: str) -> None:
        from app.usecases.keep.lease import LEASES, Held

        LEASES.put(office.documents, f"relay:{NAME}", Held("another", 1e12, 99))

    office.desk.between = taken
    assert office.turn() == 1
    assert office.desk.calls == ["create"] and sum(DUE.find(office.documents, key) is not None for key in keys) == 2


def test_a_receiver_that_is_gone_for_good_is_switched_off(office: Office) -> None:
    keys = [office.want(f"cause {number}").key for number in range(3)]
    office.desk.before.append(TicketRefused("410", gone=True))
    assert office.turn() == 0 and office.turn(60) == 0 and office.desk.calls == ["create"]
    assert not list_connectors(office.documents)[0].enabled and DEAD.get(office.documents, keys[0]).error == "410"
    assert sum(DUE.find(office.documents, key) is not None for key in keys) == 2  # they wait until somebody sets it up again


def test_people_have_the_last_word(office: Office) -> None:
    key = office.want().key
    office.turn()
    office.desk.change("1", priority="4")
    office.want(priority="1")
    office.turn()
    assert office.desk.tickets["1"].priority == "4" and office.order(key).held.their_priority == "4"
    office.want(priority="2")
    assert office.turn() == 1 and office.desk.tickets["1"].priority == "4"


def test_a_priority_that_nobody_touched_follows(office: Office) -> None:
    office.want()
    office.turn()
    office.want(priority="1")
    office.turn()
    assert office.desk.tickets["1"].priority == "1" and "prioritise" in office.desk.calls


def test_a_cause_that_comes_back_after_its_end_is_a_new_ticket(office: Office) -> None:
    first = office.want().key
    office.want(phase=RESOLVED)
    second = office.want(phase=OPEN)
    assert (second.episode, second.key != first) == (2, True)
    office.turn()
    assert [ticket.phase for ticket in office.desk.tickets.values()] == [RESOLVED, OPEN]


def test_cis_that_the_system_does_not_know_are_listed(office: Office) -> None:
    key = office.want(cis=["unknown:1", "k:2"]).key
    office.turn()
    held = office.order(key).held
    assert (held.cis, held.unknown_cis) == (["k:2"], ["unknown:1"])
    assert [order.key for order in orders_of_ci(office.documents, "k:2")] == [key] and not orders_of_ci(office.documents, "k")


def test_what_a_system_cannot_do_is_not_asked_of_it(office: Office) -> None:
    office.desk.abilities = Abilities(False, False, False, False, False, False)
    office.want(cis=["k"], comments={"impact": "x"}, phase=RESOLVED)
    assert office.turn() == 1 and office.desk.calls == ["create", "comment"]


def test_the_trail_says_who_wanted_what(office: Office) -> None:
    key = office.want().key
    actions = [(one.value["action"], one.value["subject"]) for one in _trail(office.documents)]
    assert ("ticket wanted", key) in actions and ("connector added", NAME) in actions
    remove_connector(office.documents, NAME, "admin")
    assert not list_connectors(office.documents) and office.turn() == 0


def _trail(documents: Any) -> list[Any]:
    import json

    return [SimpleNamespace(value=json.loads(row.body)) for row in documents.page(audit.KIND, "", 500)]


@pytest.mark.parametrize("seed", some_quick(12, 60))
def test_random_faults_lose_nothing_and_double_nothing(tmp_path: Any, seed: int) -> None:
    """Decisions, faults before and after each write, and relays that die between any two steps, at random."""
    rng, store = random.Random(seed), SqliteStore(tmp_path / "store.db")
    office = Office(store, Desk())
    faults: list[Callable[[], Any]] = [
        lambda: None,
        lambda: LOST,
        lambda: SourceFailed("500"),
        lambda: TooBusy("wait", retry_after=3),
    ]
    for step in range(60):
        cause = f"cause {rng.randrange(6)}"
        if rng.random() < 0.5:
            phase = RESOLVED if rng.random() < 0.3 else OPEN
            office.want(cause, comments={"impact": f"at {step}"}, phase=phase)
        office.desk.before = [rng.choice(faults)() for _ in range(3)]
        office.desk.after = [rng.choice(faults)() for _ in range(3)]
        if rng.random() < 0.2:
            office.desk.between = lambda call: _die()
        try:
            office.turn(rng.random())
        except Died:
            pass
        office.desk.between = lambda call: None
    office.desk.before, office.desk.after = [], []
    for _ in range(10):
        office.turn(120)
    assert not DUE.page(store) and not DEAD.page(store)
    orders = {row.key: row.value for row in ORDERS.every(store)}
    assert sorted(key for ticket in office.desk.tickets.values() for key in ticket.keys) == sorted(orders)
    for order in orders.values():
        ticket = office.desk.tickets[order.held.ticket]
        assert ticket.keys == (order.key,) and ticket.phase == order.wanted.phase
        if order.wanted.comments:
            assert office.desk.comments[ticket.id, f"{order.key}-impact"] == order.wanted.comments["impact"]
    store.close()


class Died(BaseException):
    """A relay was killed."""


def _die() -> None:
    raise Died
