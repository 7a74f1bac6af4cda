"""The pages on which a ticket system is connected, changed and tried."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.api.auth import caller, permission
from app.api.common import forestay
from app.api.heavy import heavy
from app.domain.errors import ForestayError, NotFound
from app.domain.live import DEGRADED, DOWN, NOTED
from app.domain.tickets import PRIORITIES, TicketRules
from app.ports.ticket_systems import TicketKind
from app.usecases.answers.documents import as_json
from app.usecases.answers.ticket_connectors import connector_row
from app.usecases.keep.connectors import CONNECTORS, remove_connector
from app.usecases.tickets.ask_for import Asked, rehearse
from app.usecases.tickets.connect import add_connector, change_connector, check_connector

blueprint = Blueprint("ticket_setup_web", __name__)
SETTING = "set-"  # before the name of a setting in a form
STATES = (DOWN, DEGRADED, NOTED)


@blueprint.get("/tickets/connect")
@permission("admin")
def ask() -> str:
    """The kinds of ticket systems; with `kind`, the form of one."""
    return _form(request.args.get("kind", ""), {})


@blueprint.post("/tickets/connect")
@heavy
@permission("admin")
def add() -> Response:
    """Connects a ticket system."""
    given, service = request.form.to_dict(), forestay()
    kind, name = given.get("kind", ""), given.get("name", "").strip()
    try:
        settings = _settings(given)
        service.check_place("connector", "", settings)
        add_connector(service, caller().name, name, kind, settings)
    except ForestayError as error:
        return make_response(_form(kind, given, error), 422)
    return redirect(url_for("ticket_setup_web.connector", name=name), 303)


@blueprint.get("/tickets/connector")
@permission("read")
def connector() -> str:
    """One ticket system: how it does, and its settings."""
    return _page(request.args.get("name", ""))


@blueprint.post("/tickets/connector")
@heavy
@permission("admin")
def change() -> Response:
    """Changes settings of a connector and how its tickets are taken, or switches it on or off."""
    given, service = request.form.to_dict(), forestay()
    name = given.get("name", "")
    known = CONNECTORS.get(service.documents, name)
    try:
        wanted = _settings(given)
        settings = {key: wanted.get(key) for key in {*known.settings, *wanted}}
        moved = {key: value for key, value in wanted.items() if known.settings.get(key) != value}
        service.check_place("connector", "", moved)
        change_connector(service, caller().name, name, settings, _rules(given), "enabled" in given)
    except ForestayError as error:
        return make_response(_page(name, fault=error, given=given), 422)
    return redirect(url_for("ticket_setup_web.connector", name=name), 303)


@blueprint.post("/tickets/connector/check")
@heavy
@permission("sync")
def check() -> Response:
    """Asks the system itself; nothing is written there."""
    return _tried(lambda name: {"checked": check_connector(forestay(), name, caller().name).found})


@blueprint.post("/tickets/connector/rehearse")
@heavy
@permission("sync")
def dry_run() -> Response:
    """The exact requests by which a ticket about a CI would be made; nothing is sent."""
    given = request.form.to_dict()
    return _tried(lambda name: {"rehearsed": _shown(name, given), "given_ci": given.get("ci", "")})


def _shown(name: str, given: dict[str, str]) -> list[tuple[str, str]]:
    found = rehearse(forestay(), Asked(name, given.get("ci", "").strip(), given.get("kind", "")))
    return [
        (
            f"{one.method} {one.url}",
            "\n".join(
                [
                    *(f"{header}: {value}" for header, value in sorted(one.headers.items())),
                    "",
                    one.body if isinstance(one.body, str) else as_json(one.body, indent=2),
                ]
            ),
        )
        for one in found.requests
    ]


def _tried(act: Any) -> Response:
    name = request.form.get("name", "")
    CONNECTORS.get(forestay().documents, name)
    try:
        return make_response(_page(name, **act(name)))
    except ForestayError as error:
        return make_response(_page(name, fault=error, given_ci=request.form.get("ci", "")), 422)


@blueprint.post("/tickets/connector/remove")
@permission("admin")
def remove() -> Response:
    """Removes a connector; its tickets stay as they are."""
    remove_connector(forestay().documents, request.form.get("name", ""), caller().name)
    return redirect(url_for("tickets_web.tickets"), 303)


def _kind(name: str) -> TicketKind | None:
    return next((one for one in forestay().ticket_systems.kinds() if one.kind == name), None)


def _form(kind: str, given: dict[str, str], fault: ForestayError | None = None) -> str:
    chosen = _kind(kind)
    if kind and chosen is None:
        raise NotFound(f"no kind of ticket system {kind[:40]!r}")
    kinds = forestay().ticket_systems.kinds()
    return render_template("ticket_connect.html", kinds=kinds, kind=chosen, given=given, fault=fault, hosts=_hosts())


def _hosts() -> str:
    return ", ".join(forestay().settings.outbound.hosts) or "none"


def _page(name: str, **more: Any) -> str:
    row = connector_row(forestay().documents, name)
    kept = {f"{SETTING}{key}": value for key, value in row.settings.items()}
    kept |= {f"state-{priority}": row.rules.states.get(priority, NOTED) for priority in PRIORITIES}
    kept |= {"state-unknown": row.rules.unknown_state, "enabled": "1" if row.enabled else ""}
    kept |= {"comments": "1" if row.rules.comments else "", "plans": "1" if row.rules.plans else ""}
    return render_template(
        "ticket_connector.html",
        row=row,
        kind=_kind(row.kind),
        priorities=PRIORITIES,
        state_words=STATES,
        hosts=_hosts(),
        may_admin=caller().may("admin"),
        may_sync=caller().may("sync"),
        **{"given": kept, "fault": None, "checked": "", "rehearsed": (), "given_ci": "", **more},
    )


def _settings(given: dict[str, str]) -> dict[str, str]:
    return {
        field.removeprefix(SETTING): text.strip() for field, text in given.items() if field.startswith(SETTING) and text.strip()
    }


def _rules(given: dict[str, str]) -> TicketRules:
    states = {priority: given.get(f"state-{priority}", NOTED) for priority in PRIORITIES}
    return TicketRules(states, given.get("state-unknown", DEGRADED), "comments" in given, "plans" in given)
