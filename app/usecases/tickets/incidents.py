"""The known tickets of a connector as incidents: one failure for each outage, at the CI that caused it."""

from __future__ import annotations

from datetime import datetime

from app.domain.errors import NotFound
from app.domain.joined_tickets import OutageOfCi, causes_of
from app.domain.live import NOTED
from app.domain.records import IncidentRecord, RejectedRecord
from app.domain.sentences import count
from app.domain.ticket_incidents import TicketIncidents
from app.domain.tickets import CLOSED, INCIDENT, RESOLVED
from app.risk.graph.needs import needs_of
from app.usecases.estate import Estate
from app.usecases.keep.connectors import CONNECTORS, Connector, health_of
from app.usecases.keep.known_tickets import KNOWN, KnownTicket
from app.usecases.tools import Tools

OURS = "made by us: it repeats what was known"
NO_INCIDENT = "a change or a problem"


def ticket_incidents(tools: Tools, connector: str) -> TicketIncidents:
    """Returns what the tickets of a connector say. NotFound where there is none of this name.

    Tickets that we asked for are no evidence a second time. An incident whose priority means nothing for its CIs is none of
    theirs. A name that stands for no CI is refused, and so kept as a need of nobody. A reopened ticket is one failure until it
    was restored last.
    """
    owner = CONNECTORS.get(tools.documents, connector)
    told: list[OutageOfCi] = []
    rejected: list[RejectedRecord] = []
    left_out: dict[str, int] = {}
    reopened = 0
    for kept in KNOWN.every(tools.documents):
        ticket = kept.value
        if ticket.connector != connector:
            continue
        if why := _no_evidence(owner, ticket):
            left_out[why] = left_out.get(why, 0) + 1
            continue
        began, ended = _seconds(ticket.impact_at or ticket.created_at), _end_of(ticket)
        if fault := _fault(began, ended):
            rejected.append(_refused(ticket, *fault))
            continue
        reopened += ticket.reopened > 0
        rejected += [_refused(ticket, "ci", *_unknown(one.name, one.candidates), about=one.name) for one in ticket.unknown]
        if not ticket.cis and not ticket.unknown:
            left_out["it names no CI"] = left_out.get("it names no CI", 0) + 1
        told += [OutageOfCi(ticket.ticket, ci, began or 0, ended) for ci in ticket.cis]
    told.sort(key=lambda one: (one.began, one.ticket, one.ci))
    causes = causes_of(told, _needs(tools, sorted({one.ci for one in told})))
    health = health_of(tools.documents, connector)
    return TicketIncidents(
        [
            IncidentRecord(f"{one.ticket} {one.ci}", one.ci, one.began, one.ended, cause is None)
            for one, cause in zip(told, causes, strict=True)
        ],
        rejected,
        left_out,
        _seconds(health.polled_from) if health.polled_at else None,
        _seconds(health.polled_at),
        _notes(sum(cause is not None for cause in causes), reopened),
    )  # fmt: skip


def _no_evidence(owner: Connector, ticket: KnownTicket) -> str:
    if ticket.order:
        return OURS
    if ticket.kind != INCIDENT:
        return NO_INCIDENT
    if owner.rules.state_of(ticket.priority) == NOTED:
        return f"priority {ticket.priority or 'unknown'}: it says nothing of its CIs"
    return ""


def _end_of(ticket: KnownTicket) -> int | None:
    return _seconds(ticket.ended_at) if ticket.phase in (RESOLVED, CLOSED) else None


def _fault(began: int | None, ended: int | None) -> tuple[str, str, str] | None:
    if began is None:
        return "created_at", "nothing says when it began", "read the field in which the system keeps it"
    if ended is not None and ended < began:
        return "ended_at", "it was restored before it began", "correct the times in the ticket"
    return None


def _unknown(name: str, candidates: object) -> tuple[str, str]:
    if candidates:
        return f"more than one CI answers to {name}", "name it by key or id in the ticket"
    return f"no CI answers to {name}", "import the CI, or give it this name as an alias"


def _refused(ticket: KnownTicket, field: str, reason: str, advice: str, about: str = "") -> RejectedRecord:
    return RejectedRecord(
        "incident", f"ticket {ticket.number or ticket.ticket}", ticket.ticket[:200], field, reason, advice, about
    )


def _seconds(text: str) -> int | None:
    return int(datetime.fromisoformat(text).timestamp()) if text else None


def _needs(tools: Tools, cis: list[str]) -> dict[str, set[str]]:
    """Returns of each CI those among the others on which it depends, by any path, as of now."""
    if not cis or not tools.store.current().revision:
        return {}
    estate = tools.estates.at(None)
    positions = {ci: position for ci in cis if (position := _position(tools, estate, ci)) is not None}
    known = {position: ci for ci, position in positions.items()}
    return {
        ci: {known[need] for need in needs_of(estate.compiled.flat, position).tolist() if need in known and need != position}
        for ci, position in positions.items()
    }


def _position(tools: Tools, estate: Estate, ci: str) -> int | None:
    hits = tools.store.find(estate.revision.revision, [ci], ["key"]).get(ci, ())
    try:
        return estate.position(next(iter(hits)).ci_id) if hits else None
    except NotFound:
        return None


def _notes(fell: int, reopened: int) -> list[str]:
    notes = []
    if fell:
        outages = count(fell, "outage of a CI", "outages of CIs")
        notes.append(f"{outages} fell with another that its tickets name: counted once, at the cause")
    if reopened:
        notes.append(f"{count(reopened, 'ticket was', 'tickets were')} reopened: one failure each, until it was restored last")
    return notes
