"""The pages of improvements: what is worth a thought, the board by state, one improvement with its steps, accepted risks."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.api.auth import caller, permission
from app.api.common import forestay
from app.api.heavy import heavy
from app.domain.errors import ForestayError, InvalidInput
from app.domain.improvements import STATES, STEPS
from app.domain.measures import KINDS, Measure
from app.usecases.improvements.accept import accept, acceptance_page, end_acceptance
from app.usecases.improvements.plan import (
    PlannedImprovement,
    improvement_page,
    one_improvement,
    plan_improvement,
    take_step,
)
from app.web.views import read

blueprint = Blueprint("improvements_web", __name__)
ROWS = 200
KIND_WORDS = {
    "twin": "A twin", "second_supplier": "A second supplier", "failover": "A switch that works by itself",
    "restore": "A shorter restore", "rate": "Fewer failures", "remove": "A need that goes",
}  # fmt: skip


@blueprint.get("/improvements")
@heavy
@permission("read")
def board() -> str:
    """Improvements by state, a form to plan one, and accepted risks."""
    read("improvements")
    return _board({})


def _board(given: dict[str, str], fault: ForestayError | None = None) -> str:
    service = forestay()
    page = improvement_page(service, ROWS)
    lanes = {state: [one for one in page.items if one.state == state] for state in STATES}
    return render_template(
        "improvements.html", page=page, lanes=lanes, accepted=acceptance_page(service, ROWS), given=given, fault=fault,
        kinds=[(kind, KIND_WORDS[kind]) for kind in KINDS], may_edit=caller().may("edit"),
    )  # fmt: skip


@blueprint.post("/improvements")
@heavy
@permission("edit")
def plan() -> Response | tuple[str, int]:
    """Plans an improvement of one measure."""
    form = request.form.to_dict()
    try:
        title, owner, hypothesis, due = (form.get(name, "").strip() for name in ("title", "owner", "hypothesis", "due_on"))
        made = plan_improvement(forestay(), PlannedImprovement(title, owner, hypothesis, [_measure(form)], due), caller().name)
    except ForestayError as error:
        return _board(form, error), 422
    return redirect(url_for("improvements_web.one", improvement=made.improvement), 303)


def _measure(form: dict[str, str]) -> Measure:
    kind, ci, provider, group, supplier = (form.get(name, "").strip() for name in ("kind", "ci", "provider", "group", "supplier"))
    hours, cost = _number(form, "hours"), _number(form, "cost")
    share, success, common = (_share(form, name) for name in ("share", "success", "common_cause_share"))
    return Measure(kind, ci, provider, group, supplier, hours, share, success, common, cost)


def _share(form: dict[str, str], name: str) -> float | None:
    """Returns what stands in per cent."""
    value = _number(form, name)
    return None if value is None else value / 100.0


def _number(form: dict[str, str], name: str) -> float | None:
    text = form.get(name, "").strip().replace(",", ".")
    try:
        return float(text) if text else None
    except ValueError:
        raise InvalidInput(f"{name}: a number", field=name) from None


@blueprint.get("/improvements/one")
@heavy
@permission("read")
def one() -> str:
    """One improvement: what was predicted, what was measured, its steps."""
    found = one_improvement(forestay(), request.args.get("improvement", ""))
    read(f"improvement {found.improvement}")
    return _one(found.improvement)


def _one(name: str, fault: ForestayError | None = None) -> str:
    found = one_improvement(forestay(), name)
    steps = [step for step, (begins, _) in STEPS.items() if found.state in begins]
    currency = forestay().settings.model.currency
    return render_template(
        "improvement.html", one=found, steps=steps, fault=fault, currency=currency, may_edit=caller().may("edit")
    )


@blueprint.post("/improvements/one")
@heavy
@permission("edit")
def step() -> Response | tuple[str, int]:
    """Takes an improvement one step on."""
    form = request.form
    name, at = form.get("improvement", ""), form.get("at", "").strip()
    try:
        take_step(forestay(), name, form.get("step", ""), caller().name, f"{at}+00:00" if at else "", form.get("note", ""))
    except InvalidInput as error:
        return _one(name, error), 422
    return redirect(url_for("improvements_web.one", improvement=name), 303)


@blueprint.post("/improvements/accepted")
@heavy
@permission("edit")
def accepted() -> Response | tuple[str, int]:
    """Accepts a risk, or ends an acceptance."""
    form = request.form.to_dict()
    try:
        if form.get("end"):
            end_acceptance(forestay(), form["end"], caller().name)
        else:
            grows = _number(form, "grows")
            asked = form.get("risk", "").strip(), form.get("reason", ""), form.get("expires_on", "").strip()
            accept(forestay(), *asked, 0.25 if grows is None else grows / 100.0, caller().name)
    except ForestayError as error:
        return _board(form, error), 422
    return redirect(url_for("improvements_web.board", _anchor="accepted"), 303)
