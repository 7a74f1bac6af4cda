"""Take a ticket in as its system tells it: an incident becomes live state, a change is planned, both get our comment.

The ticket was read whole, so which delivery or poll brought it, how often and in what order, changes nothing: what is older than
what is known is late, what says the same again is a duplicate.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.domain.alerts import FIRING
from app.domain.errors import InvalidInput
from app.domain.live import NOTED
from app.domain.tickets import APPLIED, CHANGE, CLOSED, DUPLICATE, INCIDENT, LATE, RESOLVED, Ticket
from app.usecases.keep.connectors import CONNECTORS, Connector
from app.usecases.keep.known_tickets import (
    KNOWN,
    KNOWN_OF_CI,
    OPEN_NOW,
    KnownTicket,
    UnknownName,
    ticket_key,
)
from app.usecases.keep.live import FIRING_ALERTS, AlertRecord, alert_key, close_alert, in_one_unit, keep_alert
from app.usecases.keep.orders import ORDERS, Order, ci_prefix
from app.usecases.keep.planned import CHANGES, drop_change
from app.usecases.keep.sources import known_told_of
from app.usecases.match_names import Match, matches_of
from app.usecases.plan_changes import plan_change
from app.usecases.tools import Tools

ENDED = (RESOLVED, CLOSED)
REASON = 500


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What came of a ticket: applied, duplicate or late."""

    outcome: str
    ticket: KnownTicket


def take_in(tools: Tools, connector: str, ticket: Ticket, now: datetime | None = None) -> TakenIn:
    """Takes a ticket in, in one unit of work. NotFound where the connector is not there any more."""
    documents, moment = tools.documents, (now or datetime.now(UTC)).isoformat()
    owner = CONNECTORS.get(documents, connector)
    key = ticket_key(connector, ticket.id)
    matches = _matches(tools, owner.kind, ticket.cis)
    taken: list[TakenIn] = []

    def act() -> None:
        before = KNOWN.kept(documents, key)
        known = before.value if before else None
        order = _order_of(tools, ticket)
        after = _known_now(owner, ticket, matches, known, order, moment)
        if known is not None and after.updated_at < known.updated_at:
            taken[:] = [TakenIn(LATE, known)]
            return
        if known is not None and replace(after, seen_at=known.seen_at, updated_at=known.updated_at) == known:
            taken[:] = [TakenIn(DUPLICATE, known)]
            return
        KNOWN.put(documents, key, after, expected=before.version if before else 0)
        _list(tools, key, after)
        if order is not None:
            _note_reading(tools, connector, order, ticket, moment)
        elif after.kind == INCIDENT:
            _report(tools, owner, key, after, known)
        taken[:] = [TakenIn(APPLIED, after)]

    in_one_unit(documents, act)
    if taken[0].outcome == APPLIED and taken[0].ticket.kind == CHANGE and owner.rules.plans:
        _plan(tools, owner, taken[0].ticket)
    return taken[0]


def _matches(tools: Tools, kind: str, names: Sequence[str]) -> dict[str, Match]:
    """Returns the match of each name: by any identity; else by the id of a record of a source of the connector's kind."""
    texts = [name for name in dict.fromkeys(names) if name.strip() and "\x00" not in name]
    found = dict(zip(texts, matches_of(tools.store, [[[text]] for text in texts]), strict=True))
    missing = [text for text, match in found.items() if not match.ci and not match.candidates]
    return {**found, **_recorded(tools, kind, missing)}


def _recorded(tools: Tools, kind: str, texts: Sequence[str]) -> dict[str, Match]:
    store, found = tools.store, dict[str, Match]()
    sources = {source.source_id for source in known_told_of(tools.documents) if source.kind == kind}
    keys = {re.sub(":{2}|/", ":", text): text for text in texts}
    if not keys or not sources:
        return {}
    at = store.current().revision
    rows = store.rows(at, "source_record", "source_key", sorted(keys))
    ids: dict[str, set[int]] = {}
    for row, source_key in enumerate(rows["source_key"]):
        if int(rows["source_id"][row]) in sources:
            ids.setdefault(keys[str(source_key)], set()).add(int(rows["ci_id"][row]))
    for text, of in ids.items():
        named = sorted(str(key) for key in store.states(at, sorted(of))["key"])
        found[text] = Match(named[0]) if len(named) == 1 else Match(candidates=named)
    return found


def _order_of(tools: Tools, ticket: Ticket) -> Order | None:
    """Returns the order by which we made the ticket, through whatever connector, its double too; None for tickets of others."""
    for key in ticket.keys:
        order = ORDERS.find(tools.documents, key)
        if order is not None and order.ours:
            return order
    return None


def _known_now(
    owner: Connector, ticket: Ticket, matches: Mapping[str, Match], known: KnownTicket | None, order: Order | None, moment: str
) -> KnownTicket:
    unknown = [UnknownName(name, match.candidates, match.near) for name, match in matches.items() if not match.ci]
    over = ticket.phase in ENDED
    seen_at = known.ended_at if known and known.ended_at else _text(ticket.updated_at) or moment
    ended_at = (_text(ticket.restored_at) or seen_at) if over else ""
    base = known or KnownTicket(owner.name, ticket.id, "", "", "", "", "", "", "", "", moment)
    cis = list(dict.fromkeys(match.ci for match in matches.values() if match.ci))
    return replace(
        base,
        number=ticket.number,
        url=ticket.url,
        kind=ticket.kind,
        summary=ticket.summary,
        status=ticket.status,
        phase=ticket.phase,
        priority=ticket.priority,
        updated_at=_text(ticket.updated_at) or moment,
        seen_at=moment,
        created_at=_text(ticket.created_at) or base.created_at,
        ended_at=ended_at,
        starts_at=_text(ticket.starts_at),
        ends_at=_text(ticket.ends_at),
        impact_at=_text(ticket.impact_at) or base.impact_at,
        reopened=base.reopened + (1 if base.ended_at and not over else 0),
        order=order.key if order is not None else "",
        cis=cis,
        unknown=sorted(unknown, key=lambda one: one.name),
    )


def _list(tools: Tools, key: str, ticket: KnownTicket) -> None:
    documents = tools.documents
    if ticket.phase in ENDED:
        OPEN_NOW.delete(documents, key)
    elif OPEN_NOW.find(documents, key) is None:
        OPEN_NOW.put(documents, key, ticket.connector)
    for ci in ticket.cis:
        if KNOWN_OF_CI.find(documents, ci_prefix(ci) + key) is None:
            KNOWN_OF_CI.put(documents, ci_prefix(ci) + key, key)


def _note_reading(tools: Tools, connector: str, order: Order, ticket: Ticket, moment: str) -> None:
    """Notes at an order of ours how people left its ticket, where it was read through its own connector."""

    def changed(order: Order) -> Order:
        held = order.held
        if order.connector != connector or held.ticket != ticket.id:  # none yet: the relay is about to find it
            return order
        seen = replace(held, status=ticket.status, phase=ticket.phase, their_priority=ticket.priority, read_at=moment)
        return replace(order, held=seen)

    ORDERS.change(tools.documents, order.key, changed)


def _report(tools: Tools, owner: Connector, key: str, ticket: KnownTicket, known: KnownTicket | None) -> None:
    """Makes the incident part of what is reported now, CI by CI, or takes it from there."""
    documents = tools.documents
    state = owner.rules.state_of(ticket.priority)
    said = _cis_or_none(ticket) if ticket.phase not in ENDED and state != NOTED else []
    for ci in set(_cis_or_none(known) if known is not None else []) - set(said):
        alert = alert_key(f"ticket:{owner.name}", key, ci)
        if FIRING_ALERTS.find(documents, alert) is not None:
            close_alert(documents, alert, ticket.ended_at or ticket.updated_at, f"ticket {ticket.number or ticket.ticket}")
    for ci in said:
        names = [one.name for one in ticket.unknown]
        near = [near for one in ticket.unknown for near in one.near]
        keep_alert(
            documents,
            alert_key(f"ticket:{owner.name}", key, ci),
            AlertRecord(
                sender=owner.name,
                name=ticket.number or ticket.ticket,
                group_key=key,
                fingerprint=ci,
                starts_at=ticket.created_at or ticket.updated_at,
                status=FIRING,
                state=state,
                share=None,
                reason=ticket.summary[:REASON],
                received_at=ticket.seen_at,
                names=names if not ci else [ci],
                ci=ci,
                candidates=[] if ci else [key for one in ticket.unknown for key in one.candidates],
                near=[] if ci else near,
                labels={"priority": ticket.priority} if ticket.priority else {},
                kind="ticket",
            ),
        )


def _cis_or_none(ticket: KnownTicket) -> Sequence[str]:
    """Returns the CIs of which an incident says something; "" where it names none that is known."""
    return ticket.cis or [""]


def _plan(tools: Tools, owner: Connector, ticket: KnownTicket) -> None:
    """Keeps a change with a window among what is planned, so that collisions see it; one that is over is taken from there."""
    name = re.sub(r"[^a-z0-9-_.]", "-", f"{owner.name}-{ticket.number or ticket.ticket}".lower())[:60]
    if ticket.phase in ENDED or not ticket.starts_at or not ticket.ends_at or not (ticket.cis or ticket.unknown):
        if CHANGES.find(tools.documents, name) is not None:
            drop_change(tools.documents, name, f"connector {owner.name}")
        return
    said = {
        "kind": CHANGE,
        "title": ticket.summary or name,
        "cis": [*ticket.cis, *(one.name for one in ticket.unknown)],
        "start": ticket.starts_at,
        "end": ticket.ends_at,
    }
    fault = ""
    try:
        plan_change(tools, name, said, f"connector {owner.name}", lambda tag: None)
    except InvalidInput as error:
        fault = f"it is not among what is planned: {error.message}"
    if fault != ticket.fault:
        KNOWN.change(tools.documents, ticket_key(owner.name, ticket.ticket), lambda kept: replace(kept, fault=fault))


def _text(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat() if moment is not None else ""
