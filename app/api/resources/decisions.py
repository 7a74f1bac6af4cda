"""Decisions of people: two CIs are one, one is two, a value is another; and why CIs are one."""

from __future__ import annotations

from typing import Any

from flask import g

from app.api.bodies import Blueprint
from app.api.common import forestay, route
from app.api.schemas.questions import (
    ConflictsQuestion,
    CorrectionQuestion,
    IdentityQuestion,
    MergeQuestion,
    PageQuestion,
    SplitQuestion,
    TakeBackQuestion,
)
from app.usecases import decide
from app.usecases.answers.conflicts import ConflictPage, ConflictQuestion, conflicts
from app.usecases.answers.identity import Identity, identity
from app.usecases.decisions_kept import DecisionPage, decision_page

blueprint = Blueprint("decisions", __name__, url_prefix="/api/v1", description="What is one CI, and what people decided about it")


@route(blueprint, "/cis/<path:ci>/identity", "read", Identity, called="cis_identity")
@blueprint.arguments(IdentityQuestion, location="query")
def why(question: dict[str, Any], ci: str) -> Any:
    """Why the records of a CI are one; with `with`: why both CIs are one, or why not."""
    service = forestay()
    return identity(service, ci, question.get("other"))


@route(blueprint, "/conflicts", "read", ConflictPage, long=True, called="conflicts_list")
@blueprint.arguments(ConflictsQuestion, location="query")
def disagreeing(question: dict[str, Any]) -> Any:
    """Attributes on which sources disagree: each source's value, which one counts by which rule, and since when."""
    limit, after = question.pop("limit"), question.pop("after", None)
    service = forestay()
    return conflicts(service, ConflictQuestion(**question), limit, after)


@route(blueprint, "/decisions", "read", DecisionPage)
@blueprint.arguments(PageQuestion, location="query")
def decided(question: dict[str, Any]) -> Any:
    """What people decided about CIs and still holds, the newest first."""
    return decision_page(forestay(), question["limit"], question.get("after"))


@route(blueprint, "/decisions/take-back", "edit", decide.Decided, method="POST", status=201)
@blueprint.arguments(TakeBackQuestion)
def take_back(question: dict[str, Any]) -> Any:
    """Ends a merge, a split or a correction: identifiers and sources say again what is one CI, and what its values are."""
    return decide.take_back(forestay(), question["decision"], g.caller.name)


@route(blueprint, "/decisions/merge", "edit", decide.Decided, method="POST", status=201)
@blueprint.arguments(MergeQuestion)
def merge(question: dict[str, Any]) -> Any:
    """Two CIs are one: the older key stays, the other redirects. Outlives every sync, until it is split."""
    return decide.merge(forestay(), question["a"], question["b"], g.caller.name, question["reason"])


@route(blueprint, "/decisions/split", "edit", decide.Decided, method="POST", status=201)
@blueprint.arguments(SplitQuestion)
def split(question: dict[str, Any]) -> Any:
    """Records of a CI are not one CI with its others; no sync joins them again."""
    return decide.split(forestay(), question["ci"], question["records"], g.caller.name, question["reason"])


@route(blueprint, "/decisions/correction", "edit", decide.Decided, method="POST", status=201)
@blueprint.arguments(CorrectionQuestion)
def correct(question: dict[str, Any]) -> Any:
    """Values of a CI believed before those of any source; an empty one takes a correction back."""
    return decide.correct(
        forestay(), question["ci"], question["values"], g.caller.name, question["new_attributes"], question["reason"]
    )
