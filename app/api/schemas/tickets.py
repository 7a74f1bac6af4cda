"""Schemas of what callers send about ticket systems."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from app.api.schemas.questions import PageQuestion, Question, Whole, _no_nul, number, text
from app.domain.live import DEGRADED, DOWN, NOTED
from app.domain.ticket_rules import WATCHED
from app.domain.ticket_words import LONGEST
from app.domain.tickets import PRIORITIES
from app.usecases.answers.ticket_inbox import HOOK_STATES
from app.usecases.answers.ticket_outbox import ORDER_STATES
from app.usecases.tickets.ask_for import BY_HAND

WEIGHTS = (DOWN, DEGRADED, NOTED)


def free(longest: int) -> ma.fields.String:
    """A text that may be left out or empty."""
    return ma.fields.String(load_default="", validate=[validate.Length(max=longest), _no_nul])


class TicketRulesQuestion(Question):
    """How the tickets of a connector are taken; what is left out takes its default."""

    states = ma.fields.Dict(
        keys=ma.fields.String(validate=validate.OneOf(PRIORITIES)),
        values=ma.fields.String(validate=validate.OneOf(WEIGHTS)),
        load_default=None,
        allow_none=True,
    )
    unknown_state = ma.fields.String(load_default=DEGRADED, validate=validate.OneOf(WEIGHTS))
    comments = ma.fields.Boolean(load_default=True)
    plans = ma.fields.Boolean(load_default=True)


class ConnectorQuestion(Question):
    name = text(63, required=True)
    kind = text(63, required=True)
    settings = ma.fields.Dict(keys=text(100), values=free(4000), load_default={}, validate=validate.Length(max=100))
    enabled = ma.fields.Boolean(load_default=True)
    rules = ma.fields.Nested(TicketRulesQuestion, load_default=None, allow_none=True)


class ConnectorChangeQuestion(Question):
    settings = ma.fields.Dict(
        keys=text(100),
        values=ma.fields.String(allow_none=True, validate=[validate.Length(max=4000), _no_nul]),
        load_default={},
        validate=validate.Length(max=100),
        metadata={"description": "Settings to change; null takes one back to its default, those not named stay"},
    )
    enabled = ma.fields.Boolean(load_default=None, allow_none=True)
    rules = ma.fields.Nested(TicketRulesQuestion, load_default=None, allow_none=True)


class RehearseQuestion(Question):
    ci = text(required=True)
    kind = ma.fields.String(load_default=BY_HAND[0], validate=validate.OneOf(BY_HAND))
    summary = free(200)
    description = free(LONGEST)
    priority = ma.fields.String(load_default="", validate=validate.OneOf(["", *PRIORITIES]))


class DraftQuestion(RehearseQuestion):
    connector = text(63, required=True)


class OrdersQuestion(PageQuestion):
    state = ma.fields.String(validate=validate.OneOf(ORDER_STATES))
    connector = text(63)


class DropQuestion(Question):
    reason = text(500, required=True, metadata={"description": "Why it stays unsent, for the audit trail"})


class CloseQuestion(Question):
    reason = text(500, required=True, metadata={"description": "Why it ends, as the ticket says it"})


class HooksQuestion(PageQuestion):
    state = ma.fields.String(validate=validate.OneOf(HOOK_STATES))


class TicketRuleQuestion(Question):
    """A rule; what is left out takes its default."""

    watches = ma.fields.String(required=True, validate=validate.OneOf(WATCHED))
    connector = text(63, required=True)
    enabled = ma.fields.Boolean(load_default=True)
    threshold = number(1e15, load_default=0.0)
    least_priority = ma.fields.String(load_default="4", validate=validate.OneOf(PRIORITIES))
    hold_minutes = number(10_080.0, load_default=1.0)
    clear_minutes = number(10_080.0, load_default=2.0)
    per_hour = Whole(load_default=20, validate=validate.Range(min=1, max=1000))


class TemplateQuestion(Question):
    template = free(LONGEST)


class PreviewQuestion(Question):
    template = free(LONGEST)
    ci = text(required=True)
