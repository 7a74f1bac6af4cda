"""The pages of tests and game days: what was tested, which experiment is next, its sheet, and the forms that hand in results."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.api.auth import caller, permission
from app.api.common import forestay, whole
from app.api.heavy import heavy
from app.domain.errors import ForestayError, InvalidInput
from app.domain.stability_tests import FAILOVER, GAME_DAY, GROUP_STATES, OUTCOMES
from app.usecases.answers import stability_tests as answers
from app.usecases.answers.group_evidence import group_tested, groups_tested
from app.usecases.keep.game_days import GAME_DAYS
from app.usecases.stability_tests.add import SaidOfTest, add_tests, take_back
from app.usecases.stability_tests.game_days import PlanDay, calendar_of, cancel_day, next_experiments, plan_day, sheet_of

blueprint = Blueprint("tests_web", __name__)
ROWS, EXPERIMENTS, TESTS = 25, 5, 10


@blueprint.get("/game-days")
@heavy
@permission("read")
def game_days() -> str:
    """Which experiment is next, the days that are planned, the tests that are kept, and the groups with their evidence; `group`:
    which one the form speaks of."""
    whole().reads.note(caller().name, "read page game-days", "")
    return _page({"group": request.args.get("group", "")})


@blueprint.post("/game-days/tests")
@heavy
@permission("report")
def add() -> Response:
    """Keeps a test: of a file of results, or reported by a person."""
    given, upload = request.form.to_dict(), request.files.get("file")
    body = upload.read() if upload is not None and upload.filename else None
    try:
        said = SaidOfTest(
            kind=given.get("kind", "") if body is None or given.get("kind") == FAILOVER else "",
            ci=given.get("ci", "").strip(), group=given.get("group", "").strip(), started_at=_utc(given.get("started_at", "")),
            outcome=given.get("outcome", "") if body is None else "", notes=given.get("notes", "").strip(),
            failover_minutes=_number(given, "failover_minutes"), day=given.get("day", ""),
            full_load_per_second=_number(given, "full_load_per_second"),
        )  # fmt: skip
        name = upload.filename or "" if upload is not None else ""
        found = add_tests(forestay(), said, name, body, caller().name, "page")
    except ForestayError as error:
        return make_response(_page(given, error), 422)
    return redirect(url_for("tests_web.one_test", test=found.items[0].test), 303)


@blueprint.get("/game-days/test")
@permission("read")
def one_test() -> str:
    """One test: what it says, what of its file was refused, and what it changes."""
    return render_template("stability_test.html", test=answers.one_test(forestay(), request.args.get("test", "")))


@blueprint.post("/game-days/test/take-back")
@heavy
@permission("report")
def drop() -> Response:
    """Takes a test back."""
    name = request.form.get("test", "")
    take_back(forestay(), name, caller().name)
    return redirect(url_for("tests_web.one_test", test=name), 303)


@blueprint.get("/game-days/sheet")
@heavy
@permission("read")
def sheet() -> str:
    """The sheet of a game day (`day`), or of an experiment that is not planned yet (`group`), with the form that plans it."""
    return _sheet({})


@blueprint.post("/game-days/sheet")
@heavy
@permission("report")
def plan() -> Response:
    """Plans the experiment."""
    given = request.form.to_dict()
    try:
        people = [line for line in given.get("people", "").splitlines() if line.strip()]
        asked = PlanDay(given.get("group", ""), _utc(given.get("start_at", "")), _number(given, "hours"), people)
        day = plan_day(forestay(), asked, caller().name)
    except ForestayError as error:
        return make_response(_sheet(given, error), 422)
    return redirect(url_for("tests_web.sheet", day=day.day), 303)


@blueprint.post("/game-days/cancel")
@permission("report")
def cancel() -> Response:
    """Cancels a game day without a result."""
    day = request.form.get("day", "")
    cancel_day(forestay(), day, caller().name)
    return redirect(url_for("tests_web.sheet", day=day), 303)


@blueprint.get("/game-days/calendar")
@permission("read")
def calendar() -> Response:
    """The calendar entry of a game day."""
    service, day = forestay(), request.args.get("day", "")
    answer = make_response(calendar_of(service, GAME_DAYS.get(service.documents, day)))
    answer.headers["Content-Type"] = "text/calendar; charset=utf-8"
    answer.headers["Content-Disposition"] = f'attachment; filename="{day}.ics"'
    return answer


def _page(given: dict[str, str], fault: ForestayError | None = None) -> str:
    service = forestay()
    state = request.args.get("state", "")
    return render_template(
        "game_days.html",
        next=next_experiments(service, EXPERIMENTS),
        groups=groups_tested(service, ROWS, request.args.get("after"), state if state in GROUP_STATES else "", seconds=0.0),
        days=answers.day_page(service, ROWS),
        tests=answers.page_of_tests(service, ROWS, request.args.get("tests_after")),
        states_of=GROUP_STATES,
        state=state,
        kinds=(FAILOVER, GAME_DAY),
        outcomes=OUTCOMES,
        given=given,
        fault=fault,
        now=f"{datetime.now(UTC):%Y-%m-%dT%H:%M}",
    )


def _sheet(given: dict[str, str], fault: ForestayError | None = None) -> str:
    service = forestay()
    name, group = request.args.get("day", ""), given.get("group") or request.args.get("group", "")
    day = answers.one_day(service, name) if name else answers.day_row(service, sheet_of(service, group))
    results = [answers.one_test(service, test) for test in day.tests]
    start = given.get("start_at") or f"{datetime.now(UTC) + timedelta(days=7):%Y-%m-%dT09:00}"
    return render_template(
        "game_day.html", day=day, results=results, evidence=group_tested(service, day.group),
        tests=answers.page_of_tests(service, TESTS, group=day.group), given=given, fault=fault, start=start, outcomes=OUTCOMES,
        now=f"{datetime.now(UTC):%Y-%m-%dT%H:%M}",
    )  # fmt: skip


def _utc(text: str) -> str:
    """Returns a time of a form, which is UTC, with its zone; "" stays."""
    text = text.strip()
    return f"{text}+00:00" if text and not text.endswith("Z") and "+" not in text else text


def _number(given: dict[str, str], name: str) -> float | None:
    text = given.get(name, "").strip()
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f"{name.replace('_', ' ')}: {text[:40]!r} is no number", field=name) from None
