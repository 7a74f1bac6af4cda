"""The pages of the rules that ask for tickets, and of the templates of our comments."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.api.auth import caller, permission
from app.api.common import forestay
from app.api.heavy import heavy
from app.domain.errors import ForestayError, InvalidInput, NotAllowed
from app.domain.ticket_rules import WATCHED, TicketRule
from app.domain.ticket_words import COMMENT_FIELDS
from app.domain.tickets import PRIORITIES
from app.usecases.answers.ticket_rules import rule_detail, rule_page, template_row
from app.usecases.keep.connectors import list_connectors
from app.usecases.keep.ticket_rules import put_rule, remove_rule
from app.usecases.keep.ticket_templates import put_template
from app.usecases.tickets.ask_for import preview

blueprint = Blueprint("ticket_rules_web", __name__)
NUMBERS = ("threshold", "hold_minutes", "clear_minutes")


@blueprint.get("/tickets/rules")
@permission("read")
def rules() -> str:
    """The rules; with `name`, one of them with the causes that it sees now."""
    name = request.args.get("name", "")
    return _page(name)


def _page(name: str, fault: ForestayError | None = None, given: dict[str, str] | None = None) -> str:
    documents = forestay().documents
    detail = rule_detail(documents, name) if name else None
    shown = detail.rule if detail else TicketRule("", "", "")
    kept = {field: f"{getattr(shown, field):g}" for field in NUMBERS} | {"per_hour": str(shown.per_hour)}
    kept |= {"name": shown.name, "watches": shown.watches, "connector": shown.connector, "least_priority": shown.least_priority}
    return render_template(
        "ticket_rules.html",
        page=rule_page(documents),
        detail=detail,
        connectors=[one.name for one in list_connectors(documents)],
        watched=WATCHED,
        priorities=PRIORITIES,
        may_admin=caller().may("admin"),
        given=kept | {"enabled": "1" if shown.enabled else ""} if given is None else kept | {"enabled": ""} | given,
        fault=fault,
    )


@blueprint.post("/tickets/rules")
@permission("admin")
def put() -> Response:
    """Makes a rule or changes one."""
    given = {name: text.strip() for name, text in request.form.to_dict().items()}
    name, known = given.get("name", ""), given.get("known", "")
    try:
        numbers = {field: _number(given, field) for field in NUMBERS}
        per_hour = _number(given, "per_hour")
        if per_hour != int(per_hour):
            raise InvalidInput("per_hour: a whole number", field="per_hour")
        words = {field: given.get(field, "") for field in ("watches", "connector", "least_priority")}
        rule = TicketRule(known or name, enabled="enabled" in given, per_hour=int(per_hour), **words, **numbers)  # type: ignore[arg-type]
        put_rule(forestay().documents, rule, caller().name)
    except ForestayError as error:
        return make_response(_page(known, fault=error, given=given), 422)
    return redirect(url_for("ticket_rules_web.rules", name=rule.name), 303)


def _number(given: dict[str, str], field: str) -> float:
    try:
        return float(given.get(field, "") or 0)
    except ValueError:
        raise InvalidInput(f"{field}: a number", field=field) from None


@blueprint.post("/tickets/rules/remove")
@permission("admin")
def remove() -> Response:
    """Removes a rule; tickets that it asked for stay as they are."""
    remove_rule(forestay().documents, request.form.get("name", ""), caller().name)
    return redirect(url_for("ticket_rules_web.rules"), 303)


@blueprint.get("/tickets/template")
@permission("read")
def template() -> str:
    """The template of our comment on a kind of ticket."""
    return _template(request.args.get("kind", "incident"))


@blueprint.post("/tickets/template")
@heavy
@permission("read")
def change_template() -> Response:
    """Shows what a template says of a CI now (`look`), or keeps it."""
    given, service = request.form.to_dict(), forestay()
    kind, text = given.get("kind", ""), given.get("template", "").replace("\r\n", "\n")
    ci = given.get("ci", "").strip()
    template_row(service.documents, kind)
    try:
        if given.get("look"):
            found = preview(service, kind, text, ci)
            return make_response(_template(kind, text=text, preview=found, ci=ci))
        if not caller().may("admin"):
            raise NotAllowed(f"role {caller().role} may not change a template", status=403)
        put_template(service.documents, kind, "" if given.get("usual") else text, caller().name)
    except InvalidInput as error:
        return make_response(_template(kind, text=text, fault=error, ci=ci), 422)
    return redirect(url_for("ticket_rules_web.template", kind=kind), 303)


def _template(kind: str, **more: Any) -> str:
    row = template_row(forestay().documents, kind)
    return render_template(
        "ticket_template.html",
        row=row,
        kinds=list(COMMENT_FIELDS),
        may_admin=caller().may("admin"),
        **{"text": row.template, "preview": None, "fault": None, "ci": "", **more},
    )
