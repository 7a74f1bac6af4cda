"""The page of tickets: ticket systems with their health, outbox, inbox, and tickets about CIs that nobody knows."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.api.auth import caller, permission
from app.api.common import forestay, whole
from app.api.heavy import heavy
from app.domain.errors import ForestayError, InvalidInput, NotFound
from app.ports.documents import Documents
from app.usecases.answers.ticket_connectors import connector_page
from app.usecases.answers.ticket_inbox import hook_detail, hook_page
from app.usecases.answers.ticket_outbox import ORDER_STATES, order_detail, order_page
from app.usecases.answers.tickets_about import unknown_tickets
from app.usecases.keep import orders as keep
from app.usecases.keep.hooks import replay_hook
from app.usecases.tickets.ask_for import Asked, ask_for, close

blueprint = Blueprint("tickets_web", __name__)
ROWS = 25


@blueprint.get("/tickets")
@permission("read")
def tickets() -> str:
    """Ticket systems, what we ask of them and what they tell; `state` and `connector` narrow the outbox."""
    return _page()


def _page(**more: Any) -> str:
    service, args = forestay(), request.args
    state, connector = args.get("state", ""), args.get("connector", "")
    documents = service.documents
    return render_template(
        "tickets.html",
        connectors=connector_page(documents).items,
        outbox=order_page(documents, ROWS, args.get("after") or None, state, connector),
        inbox=hook_page(documents, ROWS, args.get("inbox_after", "")),
        unknown=unknown_tickets(service, ROWS, args.get("unknown_after", "")),
        state=state,
        connector=connector,
        states_of_orders=ORDER_STATES,
        poll_seconds=service.settings.tickets.poll_seconds,
        may_admin=caller().may("admin"),
        may_sync=caller().may("sync"),
        may_ask=caller().may("report"),
        **{"given": {}, "fault": None, **more},
    )


@blueprint.post("/tickets")
@heavy
@permission("report")
def ask() -> Response:
    """Asks for a ticket about a CI."""
    given = request.form.to_dict()
    asked = Asked(*(given.get(name, "").strip() for name in ("connector", "ci", "kind", "summary")))
    try:
        order = ask_for(forestay(), asked, caller().name)
    except ForestayError as error:
        return make_response(_page(given=given, fault=error), 422)
    return redirect(url_for("tickets_web.order", key=order.key), 303)


@blueprint.get("/tickets/order")
@permission("read")
def order() -> str:
    """One ticket of the outbox: what is wanted, what holds, and the attempts."""
    return _order(request.args.get("key", ""))


def _order(key: str, fault: ForestayError | None = None) -> str:
    return render_template(
        "ticket_order.html",
        detail=order_detail(forestay().documents, key),
        may_sync=caller().may("sync"),
        may_ask=caller().may("report"),
        fault=fault,
    )


@blueprint.post("/tickets/replay")
@permission("sync")
def replay() -> Response:
    """Tries a ticket again at once; one that was sent meanwhile is shown as it is."""

    def again(documents: Documents, key: str) -> None:
        with suppress(NotFound):
            keep.replay(documents, key, caller().name)

    return _done(again)


@blueprint.post("/tickets/drop")
@permission("sync")
def drop() -> Response:
    """Leaves unsent what waits of a ticket."""
    return _done(lambda documents, key: keep.drop(documents, key, caller().name, _reason("reason")))


@blueprint.post("/tickets/end")
@permission("report")
def end() -> Response:
    """Asks for the end of a ticket that we made."""
    return _done(lambda documents, key: close(forestay(), key, caller().name, _reason("because")))


def _reason(field: str) -> str:
    reason = request.form.get(field, "").strip()
    if not 0 < len(reason) <= 500:
        raise InvalidInput("say why, in 1 to 500 signs", field=field)
    return reason


def _done(act: Any) -> Response:
    key = request.form.get("order", "")
    keep.ORDERS.get(forestay().documents, key)
    try:
        act(forestay().documents, key)
    except ForestayError as error:
        return make_response(_order(key, error), 422)
    return redirect(url_for("tickets_web.order", key=key), 303)


@blueprint.get("/tickets/delivery")
@permission("admin")
def delivery() -> str:
    """One delivery with what was sent."""
    number = request.args.get("number", "")
    detail = hook_detail(forestay().documents, number)
    whole().reads.note(caller().name, "read page delivery", number)
    return render_template("ticket_delivery.html", detail=detail, may_sync=caller().may("sync"))


@blueprint.post("/tickets/delivery")
@permission("sync")
def replay_delivery() -> Response:
    """Lets a delivery be worked again that was given up."""
    replay_hook(forestay().documents, request.form.get("number", ""), caller().name)
    return redirect(url_for("tickets_web.tickets") + "#inbox", 303)
