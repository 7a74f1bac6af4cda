"""Tickets of other systems: connectors, what we ask of them, and what tickets there are about a CI."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from flask import g

from app.api.bodies import Blueprint
from app.api.common import forestay, reply, route
from app.api.conditions import condition, conditional
from app.api.schemas.questions import AreaQuestion, PageQuestion
from app.api.schemas.tickets import (
    CloseQuestion,
    ConnectorChangeQuestion,
    ConnectorQuestion,
    DraftQuestion,
    DropQuestion,
    OrdersQuestion,
    RehearseQuestion,
)
from app.domain.tags import tag_of
from app.domain.tickets import TicketRules
from app.usecases.answers.ticket_connectors import (
    ConnectorPage,
    ConnectorRow,
    TicketKindPage,
    connector_page,
    connector_row,
    kinds_page,
)
from app.usecases.answers.ticket_outbox import OrderDetail, OrderPage, OrderRow, order_detail, order_page, order_rows
from app.usecases.answers.tickets_about import (
    TicketsAbout,
    UnknownTicketPage,
    tickets_of,
    tickets_of_area,
    unknown_tickets,
)
from app.usecases.estate import resolve_revision
from app.usecases.keep import orders as keep
from app.usecases.keep.connectors import CONNECTORS, connector_tag, remove_connector
from app.usecases.tickets.ask_for import Asked, Rehearsed, ask_for, close, rehearse
from app.usecases.tickets.connect import ConnectorChecked, add_connector, change_connector, check_connector

blueprint = Blueprint("tickets", __name__, url_prefix="/api/v1", description="Ticket systems: connectors, outbox, inbox, rules")


@dataclass(frozen=True, slots=True)
class RemovedConnector:
    removed: str


@route(blueprint, "/tickets/kinds", "read", TicketKindPage, called="ticket_kinds_list")
def kinds() -> Any:
    """The kinds of ticket systems with their settings."""
    return kinds_page(forestay().ticket_systems)


@route(blueprint, "/tickets/connectors", "read", ConnectorPage, called="connectors_list")
def connectors() -> Any:
    """The ticket systems that are connected, how each of them does, and what waits for it."""
    return connector_page(forestay().documents)


@route(
    blueprint,
    "/tickets/connectors",
    "admin",
    ConnectorRow,
    method="POST",
    status=201,
    asks_source=True,
    called="connectors_create",
)
@blueprint.arguments(ConnectorQuestion)
def add(question: dict[str, Any]) -> Any:
    """Connect a ticket system. Settings hold no secret: those that end in `_env` name the variable that does."""
    service = forestay()
    service.check_place("connector", "", question["settings"])
    rules = _rules(question["rules"])
    made = add_connector(
        service, g.caller.name, question["name"], question["kind"], question["settings"], rules, question["enabled"]
    )
    return reply(connector_row(service.documents, made.name), 201, {"Location": f"/api/v1/tickets/connectors/{made.name}"})


@route(blueprint, "/tickets/connectors/<name>", "read", ConnectorRow, called="connectors_get")
def one(name: str) -> Any:
    """A connector: its settings, how it does, and what waits for it."""
    documents = forestay().documents
    row = connector_row(documents, name)
    answer = reply(row)
    answer.set_etag(f"{tag_of(asdict(row))}.{connector_tag(CONNECTORS.get(documents, name))}")
    return answer


@route(
    blueprint, "/tickets/connectors/<name>", "admin", ConnectorRow, method="PATCH", asks_source=True, called="connectors_change"
)
@conditional
@blueprint.arguments(ConnectorChangeQuestion)
def change(question: dict[str, Any], name: str) -> Any:
    """Change a connector: what is named changes, the rest stays."""
    service = forestay()
    service.check_place("connector", "", {key: value for key, value in question["settings"].items() if value})
    change_connector(
        service,
        g.caller.name,
        name,
        question["settings"],
        _rules(question["rules"]),
        question["enabled"],
        condition(needed=False),
    )
    return connector_row(service.documents, name)


def _rules(given: dict[str, Any] | None) -> TicketRules | None:
    return TicketRules(**{key: value for key, value in given.items() if value is not None}) if given is not None else None


@route(blueprint, "/tickets/connectors/<name>", "admin", RemovedConnector, method="DELETE", called="connectors_delete")
@conditional
def remove(name: str) -> Any:
    """Remove a connector. Its tickets stay as they are; what it should have sent stays listed as not sent."""
    remove_connector(forestay().documents, name, g.caller.name, condition(needed=False))
    return RemovedConnector(name)


@route(
    blueprint,
    "/tickets/connectors/<name>/check",
    "sync",
    ConnectorChecked,
    method="POST",
    asks_source=True,
    called="connectors_check",
)
def check(name: str) -> Any:
    """Whether the system answers, lets us in and has what we need; nothing is written there."""
    return check_connector(forestay(), name, g.caller.name)


@route(
    blueprint,
    "/tickets/connectors/<name>/rehearse",
    "sync",
    Rehearsed,
    method="POST",
    long=True,
    asks_source=True,
    called="connectors_rehearse",
)
@blueprint.arguments(RehearseQuestion)
def rehearsed(question: dict[str, Any], name: str) -> Any:
    """A dry run: the exact requests by which a ticket about a CI would be made, secrets masked. Nothing is sent."""
    return rehearse(forestay(), Asked(connector=name, **question))


@route(blueprint, "/tickets/orders", "read", OrderPage, called="orders_list")
@blueprint.arguments(OrdersQuestion, location="query")
def outbox(question: dict[str, Any]) -> Any:
    """The outbox: tickets that we asked for or comment on, what changed last first; `state` sent, waiting or given up."""
    return order_page(
        forestay().documents, question["limit"], question.get("after"), question.get("state", ""), question.get("connector", "")
    )


@route(blueprint, "/tickets/orders", "report", OrderRow, method="POST", status=201, long=True, called="orders_create")
@blueprint.arguments(DraftQuestion)
def ask(question: dict[str, Any]) -> Any:
    """Ask for a ticket about a CI; as long as that is open, asking again gives the same one. The runner sends it."""
    service = forestay()
    order = ask_for(service, Asked(**question), g.caller.name)
    return reply(order_rows(service.documents, [order])[0], 201)


@route(blueprint, "/tickets/orders/<order>", "read", OrderDetail, called="orders_get")
def order_of(order: str) -> Any:
    """One ticket of the outbox: what is wanted, what holds, and the attempts."""
    return order_detail(forestay().documents, order)


@route(blueprint, "/tickets/orders/<order>/replay", "sync", OrderRow, method="POST", called="orders_replay")
def replay(order: str) -> Any:
    """Try a ticket again at once that was given up or waits; what came to hold already is not done twice."""
    documents = forestay().documents
    return order_rows(documents, [keep.replay(documents, order, g.caller.name)])[0]


@route(blueprint, "/tickets/orders/<order>/drop", "sync", OrderRow, method="POST", called="orders_drop")
@blueprint.arguments(DropQuestion)
def drop(question: dict[str, Any], order: str) -> Any:
    """Leave unsent what waits of a ticket or was given up, until something else is wanted of it."""
    documents = forestay().documents
    return order_rows(documents, [keep.drop(documents, order, g.caller.name, question["reason"])])[0]


@route(blueprint, "/tickets/orders/<order>/close", "report", OrderRow, method="POST", called="orders_close")
@blueprint.arguments(CloseQuestion)
def end(question: dict[str, Any], order: str) -> Any:
    """Ask for the end of a ticket that we made."""
    service = forestay()
    return order_rows(service.documents, [close(service, order, g.caller.name, question["reason"])])[0]


@route(blueprint, "/cis/<path:ci>/tickets", "read", TicketsAbout, in_scope=True, called="tickets_of_ci")
def about_ci(ci: str) -> Any:
    """The tickets about a CI, open ones first, then what changed last."""
    return tickets_of(forestay(), ci)


@route(blueprint, "/area/tickets", "read", TicketsAbout, in_scope=True, called="tickets_of_area")
@blueprint.arguments(AreaQuestion, location="query")
def about_area(question: dict[str, Any]) -> Any:
    """The open tickets about the CIs of an area, and those about them that still wait to be sent."""
    service = forestay()
    at = resolve_revision(service.store, question.get("revision"), question.get("as_of"))
    return tickets_of_area(service, question["kind"], question["name"], at.revision)


@route(blueprint, "/tickets/unknown", "read", UnknownTicketPage, called="tickets_unknown")
@blueprint.arguments(PageQuestion, location="query")
def unknown(question: dict[str, Any]) -> Any:
    """Open tickets that name CIs nobody knows, or names that several answer to, with near matches."""
    return unknown_tickets(forestay(), question["limit"], question.get("after", ""))
