"""The page of identity: why records are one CI, what may be one, where sources disagree, and what people decided."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.api.auth import caller, permission
from app.api.common import forestay, room_for_a_job, whole
from app.api.heavy import heavy
from app.domain.errors import InvalidInput
from app.usecases import decide
from app.usecases.answers.conflicts import ConflictQuestion, conflicts
from app.usecases.answers.identity import identity as explained
from app.usecases.decisions_kept import decision_page
from app.usecases.keep import runs
from app.usecases.suggestions import make

blueprint = Blueprint("identity_web", __name__)
ROWS = 25


@blueprint.get("/identity")
@heavy
@permission("read")
def identity() -> str:
    """With `ci`, what makes its records one, and where they disagree; with `with`, whether the two are one."""
    service, args = forestay(), request.args
    ci, other = args.get("ci", "").strip(), args.get("with", "").strip()
    why = explained(service, ci, other or None) if ci else None
    if why:
        whole().reads.note(caller().name, "read page identity", f"ci {why.key}")
    return render_template(
        "identity.html",
        why=why,
        asked=ci,
        other=other,
        conflicts=conflicts(service, ConflictQuestion(ci=ci or None), ROWS, args.get("conflicts_after") or None),
        suggestions=make.suggestion_page(service.documents, ROWS, args.get("suggestions_after", "")),
        looking=[job for job in runs.open_jobs(service.documents) if job.verb == "suggest"],
        decisions=decision_page(service, ROWS, args.get("decisions_after") or None),
        may_edit=caller().may("edit"),
        rows=ROWS,
    )


@blueprint.post("/identity/suggest")
@permission("edit")
def look() -> Response:
    """Asks for suggestions to be looked for."""
    room_for_a_job()
    runs.enqueue(forestay().documents, "suggest", {}, caller().name)
    return redirect(f"{url_for('identity_web.identity')}#suggestions", 303)


@blueprint.post("/identity/decide")
@permission("edit")
def settle() -> Response:
    """Accepts or refuses a suggestion."""
    given = request.form
    verb = {"accept": make.accept, "refuse": make.refuse}.get(given.get("verb", ""))
    if verb is None:
        raise InvalidInput("verb: accept or refuse", field="verb")
    verb(forestay(), given.get("suggestion", ""), caller().name, given.get("reason", "").strip())
    return redirect(f"{url_for('identity_web.identity')}#suggestions", 303)


@blueprint.post("/identity/merge")
@permission("edit")
def merge() -> Response:
    given = request.form
    done = decide.merge(forestay(), given.get("a", ""), given.get("b", ""), caller().name, given.get("reason", "").strip())
    return redirect(url_for("identity_web.identity", ci=done.keys[0]), 303)


@blueprint.post("/identity/split")
@permission("edit")
def split() -> Response:
    given = request.form
    done = decide.split(forestay(), given.get("ci", ""), given.getlist("record"), caller().name, given.get("reason", "").strip())
    both: dict[str, Any] = {"ci": done.keys[0], "with": done.keys[1]} if len(done.keys) > 1 else {"ci": done.keys[0]}
    return redirect(url_for("identity_web.identity", **both), 303)


@blueprint.post("/identity/take-back")
@permission("edit")
def take_back() -> Response:
    """Ends what a person decided."""
    decide.take_back(forestay(), request.form.get("decision", ""), caller().name)
    return redirect(f"{url_for('identity_web.identity')}#decisions", 303)
