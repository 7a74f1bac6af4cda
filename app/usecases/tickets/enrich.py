"""Tell open tickets what the estate says: one comment each, brought up to date when the estate or what is reported changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from app.domain.errors import ForestayError, StoreUnavailable
from app.domain.ticket_words import COMMENT_FIELDS, filled
from app.domain.tickets import INCIDENT
from app.usecases.answers.impact import suggested_for
from app.usecases.answers.live_state import LiveState, live_state
from app.usecases.find import identify_all
from app.usecases.keep.connectors import CONNECTORS
from app.usecases.keep.known_tickets import KNOWN, KnownTicket, open_tickets
from app.usecases.keep.live import in_one_unit
from app.usecases.keep.orders import Order, Wanted, want
from app.usecases.keep.served import base_url
from app.usecases.keep.ticket_templates import template_of
from app.usecases.tickets.comment import Told, told_of
from app.usecases.tools import Tools

COMMENT = "impact"  # the name of our comment
CALLER = "enrichment"


def enrich(tools: Tools, connector: str, now: datetime | None = None) -> int:
    """Tells every open incident and change of a connector with a known CI what holds now; returns how many were told anew."""
    documents, moment = tools.documents, now or datetime.now(UTC)
    owner = CONNECTORS.find(documents, connector)
    if owner is None or not owner.rules.comments:
        return 0
    waiting = [
        kept
        for kept in open_tickets(documents, connector)
        if kept.value.kind in COMMENT_FIELDS and kept.value.cis and not kept.value.order  # what we made, its rule tells
    ]
    if not waiting:
        return 0
    base = base_url(tools.settings, documents)
    state, done = live_state(tools, moment), 0
    for kept in waiting:
        ticket = kept.value
        mark = f"{state.estate.revision.revision}/{state.digest}/{'+'.join(ticket.cis)}/{ticket.starts_at}/{ticket.ends_at}"
        if ticket.told_for == mark:
            continue
        window = (ticket.starts_at, ticket.ends_at)
        try:
            told = told_of(tools, ticket.kind, ticket.cis, window, state, base)
        except StoreUnavailable:
            raise
        except ForestayError as error:  # this ticket cannot be told; others can
            _note(tools, kept.key, mark, None, error.message)
            continue
        _note(tools, kept.key, mark, told, "", judgeable(tools, ticket, state))
        done += 1
    return done


def judgeable(tools: Tools, ticket: KnownTicket, state: LiveState) -> tuple[Sequence[str], Sequence[str]]:
    """Returns the services that an incident names, and those that an outage of the other CIs that it names hits, by which the
    prediction can be judged: that a service is hit which is named as out would say nothing."""
    if ticket.kind != INCIDENT:
        return (), ()
    revision = state.estate.revision.revision
    hits = identify_all(tools.store, revision, ticket.cis)
    named = [hit.key for hit in hits if state.estate.position(hit.ci_id) in state.estate.service_number]
    others = [hit.key for hit in hits if hit.key not in named]
    return named, suggested_for(tools, others, revision).services if named and others else ()


def _note(
    tools: Tools,
    key: str,
    mark: str,
    told: Told | None,
    fault: str,
    judged: tuple[Sequence[str], Sequence[str]] = ((), ()),
) -> None:
    """Writes what was found and, in the same unit of work, what the ticket should say."""
    documents = tools.documents

    def changed(ticket: KnownTicket) -> KnownTicket:
        if told is None:
            return replace(ticket, told_for=mark, fault=f"it could not be told its impact: {fault}")
        return replace(
            ticket,
            told_for=mark,
            fault="",
            suggested=told.priority,
            suggested_row=told.priority_row,
            predicted_services=list(told.services),
            named_services=list(judged[0]),
            predicted_of_rest=list(judged[1]),
        )

    def act() -> None:
        ticket = KNOWN.change(documents, key, changed)
        if told is not None:
            _want_comment(tools, ticket, filled(template_of(documents, ticket.kind), told.fields))

    in_one_unit(documents, act)


def _want_comment(tools: Tools, ticket: KnownTicket, text: str) -> None:
    def said(order: Order | None) -> Wanted | None:
        if order is None:
            return Wanted(ticket.kind, ticket.summary, comments={COMMENT: text})
        return replace(order.wanted, comments={**order.wanted.comments, COMMENT: text})

    want(tools.documents, ticket.connector, f"ticket:{ticket.ticket}", CALLER, said, ticket.ticket)
