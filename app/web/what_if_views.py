"""The page What if: a scenario in its text form, and what follows from it over time. Its address is the saved view."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, render_template, request

from app.api.auth import permission
from app.api.common import base_url, forestay
from app.api.heavy import heavy
from app.api.problems import STATUS
from app.domain.errors import Ambiguous, InvalidInput, NotFound
from app.domain.scenario_text import parse_scenario
from app.domain.strict_json import strict_json
from app.domain.timeline import ServiceTimeline, TimelineAnswer
from app.usecases.answers.plain_text import as_text
from app.usecases.scenarios import keep
from app.usecases.scenarios.document import Scenario, scenario_of
from app.usecases.scenarios.play import Page, play
from app.web.views import viewed_revision

blueprint = Blueprint("what_if_web", __name__)
ROWS = 50
BAND_WIDTH = 1000  # units of the drawing that the whole timeline takes


def _scenario(text: str) -> Scenario:
    """Returns what a text means: a stored scenario by its name, a document as JSON, else the text form."""
    service = forestay()
    if text.startswith("{"):
        document = strict_json(text.encode(), "scenario")
    else:
        document = keep.get_scenario(service.documents, text).scenario if keep.NAME.fullmatch(text) else parse_scenario(text)
    return scenario_of(document, service.settings.limits)


@blueprint.get("/what-if")
@partial(heavy, when=lambda: bool(request.args.get("scenario", "").strip()))
@permission("simulate")
def what_if() -> str | tuple[str, int]:
    """Asks for a scenario, and shows what follows from it."""
    text, other = request.args.get("scenario", "").strip(), request.args.get("compare", "").strip()
    stored = keep.page_scenarios(forestay().documents, "", ROWS)
    if not text:
        return render_template("what_if.html", text="", other=other, answer=None, fault="", stored=stored)
    try:
        compare = _scenario(other) if other else None
        answer = play(forestay(), _scenario(text), Page(ROWS, request.args.get("after")), compare, viewed_revision())
    except (InvalidInput, NotFound, Ambiguous) as error:
        shown = render_template("what_if.html", text=text, other=other, answer=None, fault=error.message, stored=stored)
        return shown, next(code for kind, code in STATUS if isinstance(error, kind))
    summary = as_text(answer, base_url())
    return render_template("what_if.html", text=text, other=other, answer=answer, fault="", stored=stored, summary=summary)


@blueprint.app_template_filter("bands")
def bands(service: ServiceTimeline, answer: TimelineAnswer) -> list[tuple[float, float, str, str]]:
    """Returns where each stretch of a service begins in its band and how wide it is, its state and what it says."""
    scale = BAND_WIDTH / answer.end_hours if answer.end_hours > 0 else 0.0
    return [
        (
            round(stretch.from_hours * scale, 2),
            round(max((stretch.to_hours - stretch.from_hours) * scale, 1.0), 2),
            stretch.state,
            f"{stretch.state} {stretch.from_hours:g} to {stretch.to_hours:g} h"
            + (f" at {stretch.capability_share:.0%}" if stretch.state == "degraded" else ""),
        )
        for stretch in service.stretches
    ]
