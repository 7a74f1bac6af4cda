"""The pages of evidence: what is behind the figures of a CI, and what to ask for first."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from app.api.auth import permission, scoped
from app.api.common import forestay
from app.api.heavy import heavy
from app.domain.errors import NotFound
from app.usecases.answers.evidence import ci_evidence
from app.usecases.studies.read import ask_first, page_studies
from app.web.views import read, viewed_revision

blueprint = Blueprint("evidence_web", __name__)
ROWS = 100


@blueprint.get("/evidence")
@scoped
@permission("read")
def evidence() -> str:
    """The incidents behind the rate and the restore time of a CI, and how sure both are."""
    service = forestay()
    spread = service.settings.model.declared_spread
    told = ci_evidence(service, request.args.get("ci", ""), ROWS, viewed_revision(), declared_spread=spread)
    read(f"evidence {told.key}")
    return render_template("evidence.html", it=told)


@blueprint.get("/ask-first")
@heavy
@permission("read")
def asked() -> str:
    """The inputs worth asking for, from the newest study."""
    service, page, why = forestay(), None, "It comes with a study, and none was made yet."
    studies = page_studies(service.documents, "", 1).items
    if studies:
        try:
            page = ask_first(service, studies[0].study, ROWS, request.args.get("after"))
            read(f"ask first {studies[0].study}")
        except NotFound as error:
            why = error.message
    return render_template("ask_first.html", page=page, why=why)
