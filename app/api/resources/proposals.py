"""Proposals: what the model may lack, with its evidence; a person accepts or refuses."""

from __future__ import annotations

from typing import Any

from flask import g

from app.api.bodies import Blueprint
from app.api.common import forestay, reply, route
from app.api.schemas.questions import AcceptProposalQuestion, PageQuestion, ReasonQuestion
from app.domain.honesty import ModelHonesty
from app.domain.proposals import ProposalDecision, ProposalDecisions, ProposalPage
from app.usecases.keep import runs
from app.usecases.keep.proposals import proposal_decisions, proposal_page
from app.usecases.proposals import decide
from app.usecases.proposals.honesty import model_honesty

blueprint = Blueprint("proposals", __name__, url_prefix="/api/v1", description="What the model may lack")


@route(blueprint, "/proposals", "read", ProposalPage)
@blueprint.arguments(PageQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """Needs that nobody stated and redundancy that nobody declared, the most telling first; `run` says what was looked at."""
    return proposal_page(forestay().documents, question["limit"], question.get("after", ""))


@route(blueprint, "/proposals", "edit", runs.Job, method="POST", status=202, called="proposals_create")
def look() -> Any:
    """Look for proposals as a job; follow it at the address in `Location`."""
    job = runs.enqueue(forestay().documents, "propose", {}, g.caller.name)
    return reply(job, 202, {"Location": f"/api/v1/jobs/{job.job_id}"})


@route(blueprint, "/model-honesty", "read", ModelHonesty, called="model_honesty_get")
def honesty() -> Any:
    """How true each version of the model proved to be on the incidents on record, as kept with each look for proposals."""
    return model_honesty(forestay().documents)


@route(blueprint, "/proposal-decisions", "read", ProposalDecisions)
@blueprint.arguments(PageQuestion, location="query")
def decided(question: dict[str, Any]) -> Any:
    """What people made of proposals, and still holds."""
    return proposal_decisions(forestay().documents, question["limit"], question.get("after", ""))


@route(blueprint, "/proposals/<proposal>/accept", "edit", ProposalDecision, method="POST", status=201)
@blueprint.arguments(AcceptProposalQuestion)
def accept(question: dict[str, Any], proposal: str) -> Any:
    """It is so: a person states the need or the group from now on. A group is believed before needs on each of its members."""
    return decide.accept_proposal(forestay(), proposal, g.caller.name, question["reason"], question["needed"])


@route(blueprint, "/proposals/<proposal>/refuse", "edit", ProposalDecision, method="POST", status=201)
@blueprint.arguments(ReasonQuestion)
def refuse(question: dict[str, Any], proposal: str) -> Any:
    """It is not so: the model stays as it is, and the same is proposed no more."""
    return decide.refuse_proposal(forestay(), proposal, g.caller.name, question["reason"])


@route(blueprint, "/proposal-decisions/<decision>", "edit", ProposalDecision, method="DELETE")
def take_back(decision: str) -> Any:
    """Ends what was accepted, or forgets a refusal."""
    return decide.take_back_proposal(forestay(), decision, g.caller.name)
