"""The outbox as it is shown: each ticket with what is wanted of it, what holds, and its attempts."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.domain.errors import InvalidInput
from app.ports.documents import Documents
from app.usecases import paging
from app.usecases.keep.orders import ATTEMPTS, DEAD, DUE, ORDERS, Attempt, Due, Held, Order, Wanted

SENT, WAITING, GIVEN_UP = "sent", "waiting", "given up"
ORDER_STATES = (SENT, WAITING, GIVEN_UP)
ATTEMPTS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A ticket that we asked for, or one of others that we comment on (`ours` false)."""

    order: str
    connector: str
    cause: str
    kind: str
    summary: str
    ours: bool
    state: str
    ticket: str
    number: str
    url: str
    status: str
    phase: str
    wanted_phase: str
    priority: str
    cis: Sequence[str]
    asked_by: str
    made_at: str
    changed_at: str
    tries: int
    next_at: str
    error: str


@dataclass(frozen=True, slots=True)
class OrderPage:
    items: Sequence[OrderRow]
    waiting: int
    given_up: int
    limit: int
    truncated: bool
    next: str | None


@dataclass(frozen=True, slots=True)
class OrderDetail:
    row: OrderRow
    wanted: Wanted
    held: Held
    attempts: Sequence[Attempt]


def order_page(documents: Documents, limit: int, after: str | None = None, state: str = "", connector: str = "") -> OrderPage:
    """Returns the tickets of a state ("": all) and connector ("": all), what changed last first."""
    if state and state not in ORDER_STATES:
        raise InvalidInput(f"state: one of {', '.join(ORDER_STATES)}", field="state")
    start = paging.decode(after, "before", "key") if after else None
    place = (start["before"], start["key"]) if start else None
    waits = _Waits(documents)
    fitting = (
        order
        for order in _orders(documents, waits, state)
        if (not connector or order.connector == connector)
        and (not state or waits.state(order.key) == state)
        and (place is None or _place(order) < place)
    )
    rows = heapq.nlargest(limit + 1, fitting, key=_place)
    more, shown = len(rows) > limit, rows[:limit]
    cursor = paging.encode(before=shown[-1].changed_at, key=shown[-1].key) if more else None
    return OrderPage([waits.row(one) for one in shown], len(waits.due), len(waits.dead), limit, more, cursor)


def _place(order: Order) -> tuple[str, str]:
    return order.changed_at, order.key


def _orders(documents: Documents, waits: _Waits, state: str) -> Iterator[Order]:
    """Yields the orders that may be in a state: of those that are due or given up only these are read."""
    if state in (WAITING, GIVEN_UP):
        found = (ORDERS.find(documents, key) for key in (waits.due if state == WAITING else waits.dead))
        yield from (order for order in found if order is not None)
        return
    yield from (kept.value for kept in ORDERS.every(documents))


def order_detail(documents: Documents, key: str) -> OrderDetail:
    """Returns one ticket with its last attempts, the newest first; NotFound where there is none of the key."""
    order = ORDERS.get(documents, key)
    tries = []
    for kept in ATTEMPTS.every(documents, newest_first=True):
        if kept.value.order == key:
            tries.append(kept.value)
        if len(tries) == ATTEMPTS_SHOWN or kept.value.at < order.made_at:
            break
    return OrderDetail(_Waits(documents).row(order), order.wanted, order.held, tries)


def order_rows(documents: Documents, orders: Sequence[Order]) -> list[OrderRow]:
    """Returns orders as they are shown."""
    waits = _Waits(documents)
    return [waits.row(order) for order in orders]


class _Waits:
    """What stands between orders and their fulfilment."""

    def __init__(self, documents: Documents) -> None:
        self.due: dict[str, Due] = {kept.key: kept.value for kept in DUE.every(documents)}
        self.dead: dict[str, Due] = {kept.key: kept.value for kept in DEAD.every(documents)}

    def state(self, key: str) -> str:
        return GIVEN_UP if key in self.dead else WAITING if key in self.due else SENT

    def row(self, order: Order) -> OrderRow:
        wanted, held = order.wanted, order.held
        due = self.dead.get(order.key) or self.due.get(order.key) or Due(order.connector, "")
        return OrderRow(
            order.key,
            order.connector,
            order.cause,
            wanted.kind,
            wanted.summary,
            order.ours,
            self.state(order.key),
            held.ticket,
            held.number,
            held.url,
            held.status,
            held.phase,
            wanted.phase,
            held.their_priority or wanted.priority,
            wanted.cis,
            order.asked_by,
            order.made_at,
            order.changed_at,
            due.attempts,
            due.next_at,
            due.error,
        )
