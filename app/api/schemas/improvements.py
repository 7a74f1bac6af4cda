"""Questions about measures, improvements and accepted risks."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import validate

from app.api.schemas.questions import PageQuestion, Question, number, page_size, text
from app.domain.improvements import STATES, STEPS
from app.domain.measures import KINDS, MOST_COST, MOST_HOURS, MOST_MEASURES


def _empty(longest: int) -> ma.fields.String:
    return ma.fields.String(load_default="", validate=validate.Length(max=longest))


class MeasureQuestion(Question):
    """One measure: a change of the estate."""

    kind = ma.fields.String(required=True, validate=validate.OneOf(tuple(KINDS)))
    ci, provider, group = _empty(4000), _empty(4000), _empty(4000)
    supplier = _empty(400)
    hours = number(MOST_HOURS, load_default=None, allow_none=True)
    share = number(1.0, load_default=None, allow_none=True)
    success = number(1.0, load_default=None, allow_none=True)
    common_cause_share = number(0.999, load_default=None, allow_none=True)
    cost = number(MOST_COST, load_default=None, allow_none=True)


def _measures() -> ma.fields.List[Any]:
    return ma.fields.List(ma.fields.Nested(MeasureQuestion), required=True, validate=validate.Length(min=1, max=MOST_MEASURES))


class MeasuresQuestion(Question):
    measures = _measures()


class BestMeasuresQuestion(Question):
    measures = _measures()
    budget = number(MOST_COST, required=True)
    seconds = number(60.0, load_default=15.0)


class RowsQuestion(Question):
    limit = page_size()


class ImprovementsQuestion(PageQuestion):
    state = ma.fields.String(load_default="", validate=validate.OneOf(("", *STATES)))


class ImprovementQuestion(Question):
    """An improvement to plan."""

    title = text(400, required=True)
    owner = text(400, required=True)
    hypothesis = text(4000, required=True)
    measures = _measures()
    due_on = text(10, required=True)
    watched = ma.fields.List(text(4000), load_default=[], validate=validate.Length(max=10))
    connector = _empty(100)


class TakeStepQuestion(Question):
    step = ma.fields.String(required=True, validate=validate.OneOf(tuple(STEPS)))
    at = _empty(40)
    note = _empty(2000)


class AcceptQuestion(Question):
    """A risk to accept: the loss of a CI."""

    ci = text(4000, required=True)
    reason = text(2000, required=True)
    expires_on = text(10, required=True)
    grows = number(10.0, load_default=0.25)
