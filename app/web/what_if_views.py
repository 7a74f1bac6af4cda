"""The page What if: what is out, named by chips or as a scenario, and what follows from it over time. Its address is the saved
view."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.api.auth import caller, permission
from app.api.common import base_url, forestay
from app.api.heavy import heavy
from app.api.problems import STATUS
from app.domain.errors import Ambiguous, InvalidInput, NotFound, Stale
from app.domain.timeline import ServiceTimeline, TimelineAnswer
from app.domain.what_if import WhatIfAnswer
from app.usecases.answers.plain_text import as_text
from app.usecases.find import identify
from app.usecases.scenarios import keep
from app.usecases.scenarios.document import Scenario, document_of, scenario_of
from app.usecases.scenarios.play import Page
from app.usecases.scenarios.what_if import OUT, Question, ask_what_if, outage_document, scenario_named
from app.usecases.search.ask import search_page
from app.web.addresses import here
from app.web.views import viewed_revision

blueprint = Blueprint("what_if_web", __name__)
ROWS, FOUND = 50, 10
BAND_WIDTH = 1000  # units of the drawing that the whole timeline takes


@dataclass(frozen=True, slots=True)
class Chip:
    """One of the things that are out; `without`: the address of the page without it."""

    kind: str
    name: str
    label: str
    without: str


def _out() -> dict[str, list[str]]:
    return {kind: found for kind in OUT if (found := [text for text in request.args.getlist(kind) if text.strip()])}


def _hours() -> float | None:
    text = request.args.get("hours", "").strip()
    if not text:
        return None
    try:
        hours = float(text)
    except ValueError:
        hours = math.nan
    if not (hours > 0 and math.isfinite(hours)):
        raise InvalidInput("hours is a number above 0, how long they are out", field="hours")
    return hours


def _asked() -> bool:
    return bool(_out() or request.args.get("scenario", "").strip())


@blueprint.get("/what-if")
@partial(heavy, when=_asked)
@permission("simulate")
def what_if() -> str | Response | tuple[str, int]:
    """Asks what is out, and shows what follows from it."""
    if added := request.args.get("add", "").strip():
        return _add(added)
    if not _asked():
        return _page()
    text, other = request.args.get("scenario", "").strip(), request.args.get("with", "").strip()
    service = forestay()
    limits = service.settings.limits
    try:
        out = _out()
        scenario = scenario_of(outage_document(out, _hours()), limits) if out else scenario_named(service.documents, text, limits)
        beside = scenario_named(service.documents, other, limits) if other else None
        question = Question(scenario, beside, Page(ROWS, request.args.get("after")), viewed_revision())
        return _page(ask_what_if(service, question), scenario)
    except (InvalidInput, NotFound, Ambiguous) as error:
        return _page(fault=error.message), next(code for kind, code in STATUS if isinstance(error, kind))


def _add(text: str) -> str | Response:
    """Adds what a text names: one exact CI, or a place, team or supplier as `site:north`; else offers what was found."""
    kind, colon, name = text.partition(":")
    if colon and kind in OUT and kind != "ci" and name.strip():
        return redirect(here(add=None, **{kind: [*request.args.getlist(kind), name.strip()]}))
    service, revision = forestay(), viewed_revision()
    try:
        key = identify(service.store, revision, text).key
    except (NotFound, Ambiguous):
        return _page(found=search_page(service, text, FOUND, None, revision).items, searched=text)
    return redirect(here(add=None, ci=[*(one for one in request.args.getlist("ci") if one != key), key]))


def _page(answer: WhatIfAnswer | None = None, scenario: Scenario | None = None, **shown: Any) -> str:
    text = request.args.get("scenario", "").strip()
    stored = keep.page_scenarios(forestay().documents, "", ROWS)
    return render_template(
        "what_if.html",
        text=text,
        other=request.args.get("with", "").strip(),
        hours=request.args.get("hours", "").strip(),
        chips=_chips(answer),
        adds=here(add=None, revision=request.args.get("revision")),
        what=answer,
        answer=answer.timeline if answer else None,
        summary=as_text(answer.timeline, base_url()) if answer else "",
        document=document_of(scenario) if scenario else {},
        stored=stored,
        kept=next((row for row in stored if row.name == text), None),
        may_keep=caller().may("edit"),
        **{"fault": "", "found": None, "searched": "", **shown},
    )


def _chips(answer: WhatIfAnswer | None) -> list[Chip]:
    names = {row.key: row.name for step in answer.timeline.steps for row in step.cis} if answer else {}
    return [
        Chip(kind, name, names.get(name, name), here(**{kind: [one for one in found if one != name], "saved": None}))
        for kind, found in _out().items()
        for name in dict.fromkeys(found)
    ]


@blueprint.post("/what-if/keep")
@permission("edit")
def save() -> Response | tuple[str, int]:
    """Keeps a scenario under a name: a new one, or the next version where the person says which one is replaced."""
    service, form = forestay(), request.form
    name, replaced = form.get("name", "").strip(), form.get("replaces", "")
    limits = service.settings.limits

    def condition(tag: str) -> None:
        if tag != replaced:
            raise Stale("there is a scenario of this name already" if tag else "the scenario is not there any more")

    try:
        document = document_of(scenario_named(service.documents, form.get("scenario", ""), limits))
        document["title"] = form.get("title", "").strip() or document.get("title", "")
        keep.write_scenario(
            service.documents, name, keep.Written(document, form.get("note", "")), caller().name, limits, condition
        )
    except Stale as error:
        there = keep.SCENARIOS.kept(service.documents, name)
        shown = render_template(
            "what_if_keep.html", form=form, fault=error.message, there=there.value if there else None,
            tag=keep.scenario_tag(there.value if there else None),
        )  # fmt: skip
        return shown, 409
    except (InvalidInput, NotFound) as error:
        return render_template("what_if_keep.html", form=form, fault=error.message, there=None, tag=""), 422
    return redirect(url_for("what_if_web.what_if", scenario=name, saved=1), 303)


@blueprint.post("/what-if/remove")
@permission("edit")
def remove() -> Response:
    """Takes a stored scenario off the list; its versions stay."""
    keep.remove_scenario(forestay().documents, request.form.get("name", ""), caller().name)
    return redirect(url_for("what_if_web.what_if"), 303)


@blueprint.app_template_filter("bands")
def bands(service: ServiceTimeline, answer: TimelineAnswer) -> Sequence[tuple[float, float, str, str]]:
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
