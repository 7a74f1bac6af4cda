"""Schemas of scenarios over time, for the API's document; the gate that judges them is `usecases/scenarios/document.py`."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from app.api.schemas.questions import AtMost, Question, When, Whole, number, page_size, text


class SelectorQuestion(Question):
    ci = text(metadata={"description": "Any identity of a CI"})
    alias = text(metadata={"description": "Any identity of a CI"})
    site = text()
    rack = text(metadata={"description": "A rack and what stands in it"})
    team = text()
    supplier = text()
    tag = text(metadata={"description": "name=value of what a source says of CIs, or name alone"})
    environment = text()
    hangs_on = text(metadata={"description": "A CI and all that needs it, by any path"})

    class Meta(Question.Meta):
        include = {"class": text(metadata={"description": "A class, with those below it"})}  # noqa: RUF012


class StepQuestion(Question):
    at_hours = number(most=87660.0, required=True)
    do = ma.fields.String(required=True, validate=validate.OneOf(["fail", "degrade", "restore", "block", "add", "remove"]))
    select = ma.fields.List(
        ma.fields.Nested(SelectorQuestion),
        required=True,
        validate=[validate.Length(min=1, max=1_000_000), AtMost("scenario_selectors")],
    )
    hours = number(most=87660.0, allow_none=True)
    back = ma.fields.String(validate=validate.OneOf(["modelled", "restored"]))
    share = number(most=1.0, allow_none=True)
    group = text(allow_none=True)


class DemandQuestion(Question):
    week = ma.fields.List(number(most=1000.0), validate=validate.Length(max=168))
    months = ma.fields.List(number(most=1000.0), validate=validate.Length(max=12))


class ScenarioQuestion(Question):
    steps = ma.fields.List(
        ma.fields.Nested(StepQuestion),
        required=True,
        validate=[validate.Length(min=1, max=1_000_000), AtMost("scenario_steps")],
    )
    title = ma.fields.String(validate=validate.Length(max=200))
    start_at = ma.fields.String(allow_none=True, metadata={"format": "date-time", "description": "A time with zone"})
    demand = ma.fields.Nested(DemandQuestion, allow_none=True)
    until_hours = number(most=87660.0)
    restarts = ma.fields.Boolean(truthy={True}, falsy={False})
    rule = ma.fields.String(allow_none=True, validate=validate.OneOf(["product", "worst"]))
    nothing = ma.fields.String(validate=validate.OneOf(["error", "warning"]))


class TimelineQuestion(When):
    """A scenario as document or text, and another to compare it with."""

    scenario = ma.fields.Nested(ScenarioQuestion, metadata={"description": "GET /scenario-schema has its JSON schema"})
    compare = ma.fields.Nested(ScenarioQuestion)
    compare_with = text(63, metadata={"description": "The name of a stored scenario"})
    limit = page_size()
    after = text(2000)
    text = text(200_000, metadata={"description": "The short form: t=0 fail site:zurich for 4h; t=2h restore ci:db-1"})


class RunQuestion(When):
    version = Whole(validate=validate.Range(min=1, max=10**6))
    compare_with = text(63, metadata={"description": "The name of another stored scenario"})
    limit = page_size()
    after = text(2000)


class WriteScenarioQuestion(Question):
    scenario = ma.fields.Nested(ScenarioQuestion)
    note = ma.fields.String(load_default="", validate=validate.Length(max=4000))
    text = text(200_000)


class CopyQuestion(Question):
    to = text(63, required=True)
    version = Whole(validate=validate.Range(min=1, max=10**6))


class VersionQuestion(Question):
    version = Whole(validate=validate.Range(min=1, max=10**6))
