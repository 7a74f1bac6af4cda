"""What is kept of tickets, on both stores: several who want at once, two relays, deliveries at once, a unit that fails."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.errors import Conflict
from app.domain.ticket_rules import OUTAGE, TicketRule
from app.domain.tickets import INCIDENT, RESOLVED, TicketRules
from app.settings import load_settings
from app.usecases.keep.connectors import CONNECTORS, Connector, put_connector
from app.usecases.keep.hooks import HOOKS, HOOKS_WORKED, SEEN, WorkedHook, end_hook, receive_hook
from app.usecases.keep.inbox import Sender
from app.usecases.keep.live import in_one_unit
from app.usecases.keep.orders import DUE, ORDERS, Order, Wanted, orders_of_ci, want
from app.usecases.keep.ticket_rules import RULES, put_rule
from app.usecases.keep.ticket_templates import put_template, template_of
from app.usecases.tickets.relay import relay
from tests.servers.ticket_desk import Desk

NAME = "ops"
NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)


def tools(store: Any, desk: Desk) -> Any:
    made = type(
        "Tools", (), {"documents": store, "store": store, "settings": load_settings(environment={}), "ticket_systems": desk}
    )
    return made()


def ask(store: Any, change: Callable[[Order | None], Wanted | None], cause: str = "outage:san") -> None:
    in_one_unit(store, lambda: _want(store, change, cause))


def _want(store: Any, change: Callable[[Order | None], Wanted | None], cause: str) -> None:
    want(store, NAME, cause, "tester", change, now=NOW)


def comment(text: str) -> Callable[[Order | None], Wanted]:
    def change(order: Order | None) -> Wanted:
        before = order.wanted if order else Wanted(INCIDENT, "san is down", cis=["k1", "k2"])
        return replace(before, comments={**before.comments, text: text})

    return change


def test_everything_that_is_kept_comes_back_as_it_was(store: Any) -> None:
    connector = Connector(
        NAME, "rt", {"url": "https://rt.example", "token_env": "RT_TOKEN"}, True, "", TicketRules({"1": "down"}, "noted")
    )
    kept = put_connector(store, connector, "admin", new=True)
    assert CONNECTORS.get(store, NAME) == kept and kept.rules == connector.rules
    rule = put_rule(store, TicketRule("r", OUTAGE, NAME, threshold=1.5, per_hour=3), "admin")
    assert RULES.get(store, "r") == rule
    assert put_template(store, INCIDENT, "{link} \u00e9", "admin") == template_of(store, INCIDENT)
    ask(store, comment("a"))
    (order,) = orders_of_ci(store, "k2")
    assert order.wanted.comments == {"a": "a"} and ORDERS.get(store, order.key) == order


def test_several_who_want_at_once_lose_nothing(open_store: Callable[[], Any]) -> None:
    stores = [open_store() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: ask(stores[number % 4], comment(f"c{number}")), range(16)))
    (order,) = [row.value for row in ORDERS.every(stores[0])]
    assert sorted(order.wanted.comments) == sorted(f"c{number}" for number in range(16)) and order.episode == 1
    assert len(DUE.page(stores[0])) == 1


def test_what_a_failed_unit_of_work_wanted_is_not_wanted(store: Any) -> None:
    def fails() -> None:
        with store.together():
            want(store, NAME, "outage:san", "tester", comment("a"), now=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert not ORDERS.page(store) and not DUE.page(store)


def test_two_relays_and_somebody_who_wants_more_make_one_ticket_that_says_all(open_store: Callable[[], Any]) -> None:
    stores, desk = [open_store() for _ in range(3)], Desk()
    put_connector(stores[0], Connector(NAME, "desk"), "admin", new=True)
    ask(stores[0], comment("first"))

    def act(number: int) -> None:
        if number % 3 == 2:
            ask(stores[2], comment(f"c{number}"))
        else:
            relay(tools(stores[number % 3], desk), NAME, f"m/{number}/1 a", lambda: NOW)

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(act, number) for number in range(18)]:
            try:
                done.result()
            except Conflict:
                continue  # a relay that met another: its next turn goes on
    while DUE.page(stores[0]):
        relay(tools(stores[0], desk), NAME, "m/9/1 a", lambda: NOW)
    assert len(desk.tickets) == 1 and len(desk.comments) == 7
    ask(stores[1], lambda order: replace(order.wanted, phase=RESOLVED) if order else None)
    relay(tools(stores[0], desk), NAME, "m/9/1 a", lambda: NOW)
    assert desk.tickets["1"].phase == RESOLVED and not DUE.page(stores[0])


def test_a_delivery_that_comes_twice_at_once_is_kept_once(open_store: Callable[[], Any]) -> None:
    stores = [open_store() for _ in range(4)]
    sender = Sender("jira", "jira", "", (), connector=NAME)
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(
                lambda n: receive_hook(stores[n % 4], sender, {"X-Atlassian-Webhook-Identifier": f"d{n % 3}"}, b"{}"), range(12)
            )
        )
    assert sum(one.new for one in found) == 3 and len(HOOKS.page(stores[0])) == 3
    assert len({one.number for one in found}) == 3


def test_worked_deliveries_are_forgotten_in_order_with_what_named_them(store: Any) -> None:
    sender = Sender("jira", "jira", "", (), connector=NAME)
    for number in range(5):
        got = receive_hook(store, sender, {}, f'{{"n": {number}}}'.encode())
        held = HOOKS.get(store, got.number)
        end_hook(store, got.number, WorkedHook("jira", NAME, held.received_at, "", held.delivery), kept=2)
    assert len(HOOKS_WORKED.page(store)) == 2 and len(SEEN.page(store)) == 2 and not HOOKS.page(store)
    assert not receive_hook(store, sender, {}, b'{"n": 4}').new
    with pytest.raises(Conflict):
        end_hook(store, "00000000000000000001", WorkedHook("jira", NAME, "", "", ""), kept=2)
