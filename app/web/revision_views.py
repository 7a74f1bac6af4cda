"""The page of revisions: what the estate was when, and what got worse between two of them."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, render_template, request

from app.api.auth import caller, permission
from app.api.common import forestay, whole
from app.api.heavy import heavy
from app.domain.areas import AREA_KINDS
from app.domain.errors import InvalidInput
from app.domain.explained import DIFFERENCE
from app.usecases.answers.area_order import AreasAsked
from app.usecases.answers.change_explained import explain_change
from app.usecases.answers.ranking import area_page
from app.usecases.revisions import list_revisions

blueprint = Blueprint("revisions_web", __name__)
ROWS, COMPARED, EXPLAINED = 50, 25, 50


def _number(name: str) -> int | None:
    text = request.args.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidInput(f"{name} is the number of a revision", field=name)
    return int(text)


@blueprint.get("/revisions")
@partial(heavy, when=lambda: bool(request.args.get("from")))
@permission("read")
def revisions() -> str:
    """Every revision, the newest first; with `from` (and `to`, default now) the areas that got worse, and better."""
    service, kind = forestay(), request.args.get("kind", "ci")
    if kind not in AREA_KINDS:
        raise InvalidInput(f"kind: one of {', '.join(AREA_KINDS)}", field="kind")
    listed = [row for row in list_revisions(service.store, _number("after") or 0, ROWS + 1) if row.revision > 0]
    earlier, later = _number("from"), _number("to")
    worse = better = None
    if earlier is not None:
        later = service.store.current().revision if later is None else later
        if earlier >= later:
            raise InvalidInput("from is the earlier of the two revisions", field="from")
        asked = AreasAsked(sort="trend", since=earlier), AreasAsked(sort="-trend", since=earlier)
        worse, better = (area_page(service, kind, COMPARED, None, later, None, question) for question in asked)
    whole().reads.note(caller().name, "read page revisions", f"{earlier} {later}" if earlier is not None else "")
    return render_template(
        "revisions.html",
        revisions=listed[:ROWS],
        after=listed[ROWS - 1].revision if len(listed) > ROWS else None,
        current=service.store.current().revision,
        earlier=earlier,
        later=later,
        kind=kind,
        worse=worse,
        better=better,
    )


@blueprint.get("/why-changed")
@heavy
@permission("read")
def why_changed() -> str:
    """Why the expected loss changed from one revision (`from`) to another (`to`, default now)."""
    service, later = forestay(), _number("to")
    earlier = _number("from")
    if earlier is None:
        raise InvalidInput("name the earlier revision", field="from")
    kind, by = request.args.get("kind", "ci"), request.args.get("by", DIFFERENCE)
    told = explain_change(service, earlier, later, kind, by, EXPLAINED, request.args.get("after") or None)
    return render_template("why_changed.html", told=told, by=by)
