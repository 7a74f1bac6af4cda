"""The page of proposals: what the model may lack, with its evidence, and what people made of it."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.api.auth import caller, permission
from app.api.common import forestay, room_for_a_job
from app.domain.errors import InvalidInput
from app.usecases.keep import runs
from app.usecases.keep.proposals import proposal_decisions, proposal_page
from app.usecases.proposals import decide
from app.usecases.proposals.honesty import model_honesty

blueprint = Blueprint("proposals_web", __name__)
ROWS = 25


@blueprint.get("/proposals")
@permission("read")
def proposals() -> str:
    """Needs that nobody stated and redundancy that nobody declared, the most telling first."""
    service, args = forestay(), request.args
    return render_template(
        "proposals.html",
        proposals=proposal_page(service.documents, ROWS, args.get("after", "")),
        decisions=proposal_decisions(service.documents, ROWS, args.get("decisions_after", "")),
        looking=[job for job in runs.open_jobs(service.documents) if job.verb == "propose"],
        may_edit=caller().may("edit"),
        honesty=model_honesty(service.documents),
        rows=ROWS,
    )


@blueprint.post("/proposals/look")
@permission("edit")
def look() -> Response:
    """Asks for proposals to be looked for."""
    room_for_a_job()
    runs.enqueue(forestay().documents, "propose", {}, caller().name)
    return redirect(url_for("proposals_web.proposals"), 303)


@blueprint.post("/proposals/decide")
@permission("edit")
def settle() -> Response:
    """Accepts or refuses a proposal."""
    given = request.form
    proposal, name, reason = given.get("proposal", ""), caller().name, given.get("reason", "").strip()
    if given.get("verb") == "accept":
        decide.accept_proposal(forestay(), proposal, name, reason)
    elif given.get("verb") == "refuse":
        decide.refuse_proposal(forestay(), proposal, name, reason)
    else:
        raise InvalidInput("verb: accept or refuse", field="verb")
    return redirect(url_for("proposals_web.proposals"), 303)


@blueprint.post("/proposals/take-back")
@permission("edit")
def take_back() -> Response:
    """Ends what was accepted, or forgets a refusal."""
    decide.take_back_proposal(forestay(), request.form.get("decision", ""), caller().name)
    return redirect(f"{url_for('proposals_web.proposals')}#decisions", 303)
