"""The steps that a ticket lacks: from what holds to what should be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.domain.tickets import CLOSED, OPEN, RESOLVED, Ticket, TicketDraft
from app.ports.ticket_system import TicketSystem
from app.usecases.keep.orders import Held, Order
from app.usecases.tickets.named_cis import named_cis
from app.usecases.tools import Tools

Take = Callable[[TicketSystem], Held]


@dataclass(frozen=True, slots=True)
class Step:
    """`take` does it in a system and returns what holds then."""

    name: str
    take: Take


def next_step(tools: Tools, system: TicketSystem, order: Order) -> Step | None:
    """Returns the next step; None where all that the system can do of what is wanted holds.

    People have the last word: a priority that they changed stays, and so does the end of a ticket that they ended.
    """
    wanted, held, can = order.wanted, order.held, system.abilities
    if not held.ticket:
        return Step("create", lambda system: _made(tools, system, order))
    lacking = [key for key in wanted.cis if key not in held.cis and key not in held.unknown_cis]
    if lacking and can.links_cis:
        return Step("link", lambda system: _linked(tools, system, held, lacking))
    if order.ours and wanted.priority not in ("", held.priority) and held.their_priority in ("", held.priority):
        return Step("prioritise", lambda system: _prioritised(system, held, wanted.priority))
    for name, text in sorted(wanted.comments.items()):
        if held.comments.get(name) != digest(text):
            return Step("comment", lambda system, name=name, text=text: _commented(system, order, name, text))  # type: ignore[misc]
    if can.transitions and wanted.phase != OPEN and held.phase not in (wanted.phase, CLOSED):
        return Step("transition", lambda system: as_read(held, system.transition(held.ticket, wanted.phase, wanted.reason)))
    return None


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def draft_of(tools: Tools, order: Order) -> TicketDraft:
    """Returns the ticket that an order asks for."""
    wanted = order.wanted
    return TicketDraft(
        order.key,
        wanted.kind,
        wanted.summary,
        wanted.description,
        wanted.priority or "3",
        named_cis(tools, wanted.cis),
        _moment(wanted.starts_at),
        _moment(wanted.ends_at),
    )


def as_read(held: Held, ticket: Ticket) -> Held:
    """Returns what holds, with what a ticket says of itself."""
    return replace(
        held,
        ticket=ticket.id,
        number=ticket.number,
        url=ticket.url,
        status=ticket.status,
        phase=ticket.phase,
        their_priority=ticket.priority,
        read_at=datetime.now(UTC).isoformat(),
    )


def _made(tools: Tools, system: TicketSystem, order: Order) -> Held:
    """Makes the ticket, unless one with its key is there. Of several the oldest is it, the others are closed as doubles."""
    found = list(system.find(order.key)) if system.abilities.finds else []
    if found:
        held = replace(order.held, priority=found[0].priority)
    else:
        draft = draft_of(tools, order)
        made = system.create(draft)
        held = replace(order.held, priority=draft.priority)
        found = list(system.find(order.key)) if system.abilities.finds else [made]
    first, *doubles = found or [made]
    for double in doubles:
        if double.phase not in (RESOLVED, CLOSED):
            system.transition(double.id, RESOLVED, f"double of {first.number or first.id}, made when an answer was lost")
    return replace(as_read(held, first), doubles=[double.id for double in doubles])


def _linked(tools: Tools, system: TicketSystem, held: Held, keys: list[str]) -> Held:
    unknown = {ci.key for ci in system.link(held.ticket, named_cis(tools, keys))}
    known = [key for key in keys if key not in unknown]
    return replace(held, cis=[*held.cis, *known], unknown_cis=[*held.unknown_cis, *sorted(unknown)])


def _prioritised(system: TicketSystem, held: Held, priority: str) -> Held:
    """Gives a ticket our priority where nobody changed it meanwhile."""
    now = system.read(held.ticket) if system.abilities.reads else None
    if now is not None and now.priority not in ("", held.priority):
        return as_read(held, now)
    return replace(as_read(held, system.prioritise(held.ticket, priority)), priority=priority)


def _commented(system: TicketSystem, order: Order, name: str, text: str) -> Held:
    system.comment(order.held.ticket, f"{order.key}-{name}", text)
    return replace(order.held, comments={**order.held.comments, name: digest(text)})


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
