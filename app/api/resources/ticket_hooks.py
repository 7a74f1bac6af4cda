"""What ticket systems deliver, the rules that ask for tickets, and the templates of our comments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import g

from app.api.bodies import Blueprint
from app.api.common import forestay, reply, route
from app.api.conditions import condition, conditional
from app.api.schemas.tickets import HooksQuestion, PreviewQuestion, TemplateQuestion, TicketRuleQuestion
from app.domain.ticket_rules import TicketRule
from app.usecases.answers.ticket_inbox import HookDetail, HookPage, HookRow, hook_detail, hook_page
from app.usecases.answers.ticket_rules import (
    RuleDetail,
    RulePage,
    TemplatePage,
    TemplateRow,
    rule_detail,
    rule_page,
    template_page,
    template_row,
)
from app.usecases.keep.hooks import replay_hook
from app.usecases.keep.ticket_rules import put_rule, remove_rule, rule_tag
from app.usecases.keep.ticket_templates import put_template, template_tag
from app.usecases.tickets.ask_for import TemplatePreview, preview

blueprint = Blueprint(
    "ticket_hooks", __name__, url_prefix="/api/v1", description="Deliveries of ticket systems, rules, templates"
)


@dataclass(frozen=True, slots=True)
class RemovedRule:
    removed: str


@route(blueprint, "/tickets/deliveries", "read", HookPage, called="hooks_list")
@blueprint.arguments(HooksQuestion, location="query")
def deliveries(question: dict[str, Any]) -> Any:
    """The inbox of ticket systems, the newest delivery first; `state` waiting, given up or worked."""
    return hook_page(forestay().documents, question["limit"], question.get("after", ""), question.get("state", ""))


@route(blueprint, "/tickets/deliveries/<delivery>", "admin", HookDetail, sensitive=True, called="hooks_get")
def delivery_of(delivery: str) -> Any:
    """One delivery with what was sent; of one that was worked the body is not kept."""
    return hook_detail(forestay().documents, delivery)


@route(blueprint, "/tickets/deliveries/<delivery>/replay", "sync", HookRow, method="POST", called="hooks_replay")
def replay(delivery: str) -> Any:
    """Let a delivery be worked again that was given up."""
    documents = forestay().documents
    replay_hook(documents, delivery, g.caller.name)
    return hook_detail(documents, delivery).row


@route(blueprint, "/tickets/rules", "read", RulePage, called="rules_list")
def rules() -> Any:
    """The rules that ask for tickets, how much each sees, and what there is to watch."""
    return rule_page(forestay().documents)


@route(blueprint, "/tickets/rules/<name>", "read", RuleDetail, called="rules_get")
def rule(name: str) -> Any:
    """A rule and the causes that it sees."""
    found = rule_detail(forestay().documents, name)
    answer = reply(found)
    answer.set_etag(rule_tag(found.rule))
    return answer


@route(blueprint, "/tickets/rules/<name>", "admin", RuleDetail, method="PUT", called="rules_put")
@conditional
@blueprint.arguments(TicketRuleQuestion)
def put(question: dict[str, Any], name: str) -> Any:
    """Make a rule or replace one. It needs If-Match with the ETag of the last GET, or `*`, or If-None-Match: *."""
    documents = forestay().documents
    put_rule(documents, TicketRule(name, **question), g.caller.name, condition(needed=True))
    return rule_detail(documents, name)


@route(blueprint, "/tickets/rules/<name>", "admin", RemovedRule, method="DELETE", called="rules_delete")
@conditional
def remove(name: str) -> Any:
    """Remove a rule. Tickets that it asked for stay as they are."""
    remove_rule(forestay().documents, name, g.caller.name, condition(needed=False))
    return RemovedRule(name)


@route(blueprint, "/tickets/templates", "read", TemplatePage, called="templates_list")
def templates() -> Any:
    """The templates of our comments, with the fields that each may hold and what they say."""
    return template_page(forestay().documents)


@route(blueprint, "/tickets/templates/<ticket_kind>", "read", TemplateRow, called="templates_get")
def template(ticket_kind: str) -> Any:
    """The template of the comment on a kind of ticket."""
    documents = forestay().documents
    answer = reply(template_row(documents, ticket_kind))
    answer.set_etag(template_tag(documents, ticket_kind))
    return answer


@route(blueprint, "/tickets/templates/<ticket_kind>", "admin", TemplateRow, method="PUT", called="templates_put")
@conditional
@blueprint.arguments(TemplateQuestion)
def change(question: dict[str, Any], ticket_kind: str) -> Any:
    """Change a template; an empty one brings back the service's own. It needs If-Match with the ETag of the last GET, or `*`."""
    documents = forestay().documents
    template_row(documents, ticket_kind)
    put_template(documents, ticket_kind, question["template"], g.caller.name, condition(needed=True))
    return template_row(documents, ticket_kind)


@route(
    blueprint,
    "/tickets/templates/<ticket_kind>/preview",
    "read",
    TemplatePreview,
    method="POST",
    long=True,
    sensitive=True,
    called="templates_preview",
)
@blueprint.arguments(PreviewQuestion)
def shown(question: dict[str, Any], ticket_kind: str) -> Any:
    """What a template would say of a CI now; nothing is kept."""
    template_row(forestay().documents, ticket_kind)
    return preview(forestay(), ticket_kind, question["template"], question["ci"])
