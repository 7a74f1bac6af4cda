"""Pages of goals: the list, one service with its forms, OpenSLO files, what everyone may read."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.api.auth import caller, permission
from app.api.common import forestay, whole
from app.api.heavy import heavy
from app.domain.errors import ForestayError, InvalidInput
from app.domain.goals import GOAL_KINDS, Goal, Terms
from app.usecases.answers.goals import KIND_WORDS, goal_page, opening_of, service_goals, services_of, value_text
from app.usecases.exposures import accept_any
from app.usecases.goals.from_openslo import take_openslo
from app.usecases.goals.gauge import remove_gauge, set_gauge
from app.usecases.goals.set_goals import drop_goal, set_goal
from app.usecases.goals.share import share
from app.usecases.keep.readings import Gauge
from app.usecases.keep.shared_page import shared_page
from app.web.views import ROWS, read

blueprint = Blueprint("goals_web", __name__)
MOST = 200  # services of the form
WINDOWS = (("7d", "the last 7 days"), ("30d", "the last 30 days"), ("90d", "the last 90 days"), ("month", "the calendar month"))


@blueprint.get("/goals")
@heavy
@permission("read")
def goals() -> str:
    """Services with their goals and what was measured of them, those that miss one first."""
    page = goal_page(forestay(), ROWS, request.args.get("after"))
    read("goals")
    return render_template("goals.html", page=page, words=KIND_WORDS, shown=value_text, report=None)


@blueprint.get("/goals/service")
@permission("read")
def one() -> str:
    """One service: each KPI against its goal, error budget and burn, mean times, ways of measuring, trend; forms to set goals."""
    return _one(request.args.get("key", ""))


def _one(key: str, fault: str = "") -> str:
    told = service_goals(forestay(), key)
    read(f"goals of {told.key}")
    windows = [
        *WINDOWS,
        *((row.goal.window, row.goal.window) for row in told.kpis if row.goal and row.goal.window not in dict(WINDOWS)),
    ]
    return render_template(
        "goals_of_service.html", told=told, words=KIND_WORDS, shown=value_text, windows=windows, kinds=list(KIND_WORDS.items()),
        fault=fault, may_edit=caller().may("edit"), may_measure=caller().may("sync"),
    )  # fmt: skip


@blueprint.post("/goals/service")
@permission("edit")
def put() -> Response | tuple[str, int]:
    """Sets a goal, or takes one back."""
    form = request.form
    key, kind = form.get("key", ""), form.get("kind", "")
    try:
        if form.get("drop"):
            drop_goal(forestay(), key, kind, caller().name)
        else:
            terms = Terms(form.get("window", ""), form.get("zone", "").strip() or "UTC", form.get("maintenance") != "left out")
            set_goal(
                forestay(),
                key,
                Goal(kind, _target(kind, form.get("target", "")), terms, reason=form.get("reason", "")),
                caller().name,
            )
    except InvalidInput as error:
        return _one(key, error.message), 422
    return redirect(url_for("goals_web.one", key=key), 303)


@blueprint.post("/goals/gauge")
@permission("sync")
def gauge() -> Response | tuple[str, int]:
    """Says how a service is measured in Prometheus, or that it no longer is."""
    form, service = request.form, forestay()
    key = form.get("key", "")
    try:
        if form.get("remove"):
            remove_gauge(service, key, caller().name)
        else:
            names = ("url", "user", "password_env", "token_env")
            settings = {name: form.get(name, "").strip() for name in names if form.get(name, "").strip()}
            whole().check_place("prometheus", settings.get("url", ""), settings)
            made = Gauge(
                "", "", settings, form.get("up_query", "").strip(), 0.5, form.get("errors_query", "").strip(),
                form.get("requests_query", "").strip(), _whole(form.get("step_seconds", "60")),
            )  # fmt: skip
            set_gauge(service, key, made, caller().name, accept_any)
    except InvalidInput as error:
        return _one(key, error.message), 422
    return redirect(url_for("goals_web.one", key=key, _anchor="gauge"), 303)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise InvalidInput("step_seconds: 1 to 3600, a part of a day, like 60", field="step_seconds")
    return int(text)


def _target(kind: str, text: str) -> float:
    """Returns the target of a form: a share in per cent, or hours."""
    try:
        number = float(text.strip().rstrip("%").strip().replace(",", "."))
    except ValueError:
        raise InvalidInput("target: a number", field="target") from None
    return number if kind not in GOAL_KINDS or kind == GOAL_KINDS[2] else round(number / 100.0, 12)


@blueprint.post("/goals")
@permission("edit")
def openslo() -> str | tuple[str, int]:
    """Takes an OpenSLO file, and says what became of each of its documents."""
    file = request.files.get("file")
    service, report, fault = forestay(), None, ""
    try:
        if file is None or not file.filename:
            raise InvalidInput("choose a file", field="file")
        report = take_openslo(service, file.filename[:200], file.stream.read(service.settings.goals.slo_bytes + 1), caller().name)
    except ForestayError as error:
        fault = error.message
    page = goal_page(service, ROWS)
    shown = render_template("goals.html", page=page, words=KIND_WORDS, shown=value_text, report=report, fault=fault)
    return (shown, 422) if fault else shown


@blueprint.get("/goals/sharing")
@permission("admin")
def sharing() -> str:
    """What everyone may read of the services, and a form that opens, changes or closes it."""
    return _sharing()


def _sharing(fault: str = "") -> str:
    service = forestay()
    estate = service.estates.at()
    told = opening_of(shared_page(service.documents), request.host_url.rstrip("/"))
    labels = {one.service: one.label for one in told.services}
    rows = sorted((estate.name(position), estate.key(position)) for position in services_of(estate))
    listed = [(name, key, labels.get(key, "")) for name, key in rows if key in labels][:MOST]
    rest = [(name, key, "") for name, key in rows if key not in labels][: MOST - len(listed)]
    return render_template("goals_sharing.html", told=told, rows=[*listed, *rest], total=len(rows), fault=fault)


@blueprint.post("/goals/sharing")
@permission("admin")
def put_sharing() -> Response | tuple[str, int]:
    """Opens the shared page, changes or closes it."""
    form = request.form
    labels = {name.removeprefix("label:"): text.strip() for name, text in form.items() if name.startswith("label:")}
    services = [(key, labels.get(key, "")) for key in form.getlist("service")]
    try:
        share(forestay(), form.get("open") == "yes", form.get("title", ""), services, caller().name, accept_any)
    except InvalidInput as error:
        return _sharing(error.message), 422
    return redirect(url_for("goals_web.sharing"), 303)
