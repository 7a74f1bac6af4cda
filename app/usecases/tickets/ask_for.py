"""Ask for a ticket about a CI by hand, look at the exact request first, and bring one to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from app.domain.errors import InvalidInput
from app.domain.ticket_words import checked_template, filled
from app.domain.tickets import CHANGE, INCIDENT, PRIORITIES, PROBLEM, RESOLVED
from app.ports.ticket_system import SentRequest
from app.usecases.answers.live_state import live_state
from app.usecases.find import identify
from app.usecases.keep.connectors import CONNECTORS
from app.usecases.keep.live import in_one_unit
from app.usecases.keep.orders import LATEST, ORDERS, Order, Wanted, cause_key, order_key, want
from app.usecases.keep.served import base_url
from app.usecases.keep.ticket_templates import template_of
from app.usecases.tickets.comment import Told, told_of
from app.usecases.tickets.steps import draft_of
from app.usecases.tools import Tools

BY_HAND = (INCIDENT, PROBLEM)
SUMMARY = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """A ticket that is asked for by hand; `summary`, `description`, `priority`: "" what the estate says."""

    connector: str
    ci: str
    kind: str = INCIDENT
    summary: str = ""
    description: str = ""
    priority: str = ""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The requests by which a ticket would be made, exactly, with secrets masked. `key`: the mark that it would carry."""

    connector: str
    key: str
    requests: Sequence[SentRequest]


@dataclass(frozen=True, slots=True)
class TemplatePreview:
    """What a template says of a CI now, with each field by itself."""

    ticket_kind: str
    text: str
    fields: Mapping[str, str]
    priority: str


def ask_for(tools: Tools, asked: Asked, caller: str) -> Order:
    """Asks for a ticket about a CI, one as long as it is open: who asks again gets the same."""
    cause, wanted = _wanted(tools, asked)
    found: list[Order] = []

    def act() -> None:
        order = want(tools.documents, asked.connector, cause, caller, lambda order: wanted if order is None else None)
        assert order is not None
        found[:] = [order]

    in_one_unit(tools.documents, act)
    return found[0]


def rehearse(tools: Tools, asked: Asked) -> Rehearsed:
    """Returns the requests by which the ticket would be made, and sends nothing."""
    connector = CONNECTORS.get(tools.documents, asked.connector)
    cause, wanted = _wanted(tools, asked)
    latest = LATEST.find(tools.documents, cause_key(connector.name, cause))
    before = ORDERS.find(tools.documents, latest) if latest else None
    key = order_key(connector.name, cause, before.episode + 1 if before is not None else 1)
    if before is not None and not before.over:
        key, wanted = before.key, before.wanted
    order = Order(connector.name, key, cause, wanted, "", "", "")
    system = tools.ticket_systems.open(connector.kind, connector.settings, connector.name)
    return Rehearsed(connector.name, key, system.rehearsed(draft_of(tools, order)))


def close(tools: Tools, key: str, caller: str, reason: str) -> Order:
    """Asks for the end of a ticket that we made. InvalidInput for one of others."""
    order = ORDERS.get(tools.documents, key)
    if not order.ours:
        raise InvalidInput("the ticket was made by others: they bring it to its end", field="order")
    found: list[Order] = [order]

    def act() -> None:
        ended = want(
            tools.documents,
            order.connector,
            order.cause,
            caller,
            lambda now: None if now is None or now.key != key else replace(now.wanted, phase=RESOLVED, reason=reason),
        )
        found[:] = [ended or ORDERS.get(tools.documents, key)]

    in_one_unit(tools.documents, act)
    return found[0]


def preview(tools: Tools, kind: str, template: str, text: str) -> TemplatePreview:
    """Returns what a template ("": the one that holds) says of a CI now; of a change, as if it was out for two hours soon."""
    wanted = checked_template(kind, template) if template else template_of(tools.documents, kind)
    hit = identify(tools.store, tools.store.current().revision, text)
    told = _told(tools, kind, hit.key)
    return TemplatePreview(kind, filled(wanted, told.fields), told.fields, told.priority)


def _told(tools: Tools, kind: str, key: str) -> Told:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    window = ((now + timedelta(hours=1)).isoformat(), (now + timedelta(hours=3)).isoformat()) if kind == CHANGE else ("", "")
    return told_of(tools, kind, [key], window, live_state(tools, now), base_url(tools.settings, tools.documents))


def _wanted(tools: Tools, asked: Asked) -> tuple[str, Wanted]:
    """Returns what the ticket is about and what it should be."""
    if asked.kind not in BY_HAND:
        raise InvalidInput(f"kind: one of {', '.join(BY_HAND)}", field="kind")
    if asked.priority not in ("", *PRIORITIES):
        raise InvalidInput(f"priority: one of {', '.join(PRIORITIES)}", field="priority")
    CONNECTORS.get(tools.documents, asked.connector)
    hit = identify(tools.store, tools.store.current().revision, asked.ci)
    summary, description, priority = asked.summary.strip(), asked.description.strip(), asked.priority
    if not (description and priority):
        told = _told(tools, INCIDENT, hit.key)
        description = description or filled(template_of(tools.documents, INCIDENT), told.fields)
        priority = priority or told.priority
    summary = summary or f"{asked.kind.capitalize()} of {hit.name or hit.key}"
    return f"manual:{hit.key}", Wanted(asked.kind, summary[:SUMMARY], description, priority, cis=[hit.key])
