"""Tickets by what they are about: those of a CI, those of an area, and those that name CIs nobody knows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from app.domain.tickets import OPEN, UNKNOWN_PHASE
from app.ports.documents import Documents
from app.usecases.answers.area_detail import area_members
from app.usecases.answers.ticket_outbox import SENT, OrderRow, order_rows
from app.usecases.find import identify
from app.usecases.keep.connectors import has_connectors
from app.usecases.keep.known_tickets import KnownTicket, open_tickets, tickets_of_ci
from app.usecases.keep.orders import DEAD, DUE, ORDERS, Order, orders_of_ci
from app.usecases.tickets.named_cis import named_cis
from app.usecases.tools import Tools

OF_ONE, OF_AREA = 100, 200  # tickets that are shown


@dataclass(frozen=True, slots=True)
class TicketRow:
    """A ticket as last read, or one of ours that is not made yet. `state`: sent, waiting or given up, of what we ask of it."""

    connector: str
    ticket: str
    number: str
    url: str
    kind: str
    summary: str
    status: str
    phase: str
    priority: str
    suggested: str
    updated_at: str
    order: str
    state: str
    cis: Sequence[str]


@dataclass(frozen=True, slots=True)
class TicketsAbout:
    """`connected`: whether any ticket system is. `truncated`: there are more."""

    connected: bool
    items: Sequence[TicketRow]
    truncated: bool


@dataclass(frozen=True, slots=True)
class NearCi:
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class UnknownCi:
    """A name in a ticket. `candidates`: the CIs that answer to it, where several do; `near`: CIs with a name like it."""

    name: str
    candidates: Sequence[NearCi]
    near: Sequence[NearCi]


@dataclass(frozen=True, slots=True)
class UnknownTicket:
    row: TicketRow
    unknown: Sequence[UnknownCi]


@dataclass(frozen=True, slots=True)
class UnknownTicketPage:
    items: Sequence[UnknownTicket]
    total: int
    limit: int
    truncated: bool
    next: str | None


def tickets_of(tools: Tools, text: str) -> TicketsAbout:
    """Returns the tickets that are about a CI, by any of its identities, open ones first, then what changed last."""
    documents, store = tools.documents, tools.store
    connected = has_connectors(documents)
    key = identify(store, store.current().revision, text).key
    if not connected:
        return TicketsAbout(False, (), False)
    known, orders = tickets_of_ci(documents, key, OF_ONE + 1), orders_of_ci(documents, key, OF_ONE + 1)
    return _about(tools, known, orders, OF_ONE)


def tickets_of_area(tools: Tools, kind: str, name: str, revision: int | None = None) -> TicketsAbout:
    """Returns the open tickets that are about a CI of an area, and those about one that still wait to be sent."""
    members = area_members(tools, kind, name, revision)
    documents = tools.documents
    if not has_connectors(documents):
        return TicketsAbout(False, (), False)
    known = [kept.value for kept in open_tickets(documents) if not members.isdisjoint(_cis(documents, kept.value))]
    keys = [kept.key for records in (DUE, DEAD) for kept in records.every(documents)]
    orders = [order for key in keys if (order := ORDERS.find(documents, key)) and not members.isdisjoint(order.wanted.cis)]
    return _about(tools, known, orders, OF_AREA)


def unknown_tickets(tools: Tools, limit: int, after: str = "") -> UnknownTicketPage:
    """Returns the open tickets with names that stand for no CI, or for more than one."""
    named = sorted((kept.value for kept in open_tickets(tools.documents) if kept.value.unknown), key=_key)
    left = [one for one in named if _key(one) > after]
    shown = left[:limit]
    keys = [key for one in shown for name in one.unknown for key in (*name.candidates, *name.near)]
    names = {ci.key: ci.name for ci in named_cis(tools, keys)}

    def near(keys: Sequence[str]) -> list[NearCi]:
        return [NearCi(key, names.get(key, key)) for key in keys]

    rows = _rows(tools, shown, [])
    items = [
        UnknownTicket(row, [UnknownCi(name.name, near(name.candidates), near(name.near)) for name in one.unknown])
        for row, one in zip(rows, shown, strict=True)
    ]
    more = len(left) > limit
    return UnknownTicketPage(items, len(named), limit, more, _key(shown[-1]) if more else None)


def _key(ticket: KnownTicket) -> str:
    return f"{ticket.connector}/{ticket.ticket}"


def _cis(documents: Documents, ticket: KnownTicket) -> Collection[str]:
    """Returns the CIs of a ticket; of one that we made also those that we asked for."""
    order = ORDERS.find(documents, ticket.order) if ticket.order else None
    return {*ticket.cis, *(order.wanted.cis if order is not None else ())}


def _about(tools: Tools, known: Sequence[KnownTicket], orders: Sequence[Order], most: int) -> TicketsAbout:
    rows = _rows(tools, known, orders)
    rows.sort(key=lambda row: row.updated_at, reverse=True)
    rows.sort(key=lambda row: row.phase not in (OPEN, UNKNOWN_PHASE, ""))
    return TicketsAbout(True, rows[:most], len(rows) > most)


def _rows(tools: Tools, known: Sequence[KnownTicket], orders: Sequence[Order]) -> list[TicketRow]:
    """Returns a row for each ticket, one where it is known and ours; under a scope with the CIs of the scope only."""
    documents = tools.documents
    ours = {order.key: order for order in orders}
    for ticket in known:
        if ticket.order and ticket.order not in ours and (order := ORDERS.find(documents, ticket.order)) is not None:
            ours[ticket.order] = order
    shown = {row.order: row for row in order_rows(documents, list(ours.values()))}
    told = {ticket.order for ticket in known if ticket.order}
    told |= {key for key, row in shown.items() for one in known if (one.connector, one.ticket) == (row.connector, row.ticket)}
    found = [_of_known(ticket, shown.get(ticket.order)) for ticket in known]
    return [_seen(tools, row) for row in [*found, *(_of_order(row) for key, row in shown.items() if key not in told)]]


def _of_known(ticket: KnownTicket, order: OrderRow | None) -> TicketRow:
    return TicketRow(
        ticket.connector,
        ticket.ticket,
        ticket.number,
        ticket.url,
        ticket.kind,
        ticket.summary,
        ticket.status,
        ticket.phase,
        ticket.priority,
        ticket.suggested,
        ticket.updated_at,
        ticket.order,
        order.state if order is not None else SENT,
        sorted({*ticket.cis, *(order.cis if order is not None else ())}),
    )


def _of_order(row: OrderRow) -> TicketRow:
    return TicketRow(
        row.connector,
        row.ticket,
        row.number,
        row.url,
        row.kind,
        row.summary,
        row.status,
        row.phase,
        row.priority,
        "",
        row.changed_at,
        row.order,
        row.state,
        row.cis,
    )


def _seen(tools: Tools, row: TicketRow) -> TicketRow:
    """Returns a row as the caller may see it: under a scope without CIs beyond it, and without a summary, which may name them."""
    if not tools.scoped or not row.cis:
        return row
    store = tools.store
    seen = sorted(store.ids_of_keys(store.current().revision, list(row.cis)))
    return replace(row, cis=seen, summary=row.summary if len(seen) == len(row.cis) else "")
