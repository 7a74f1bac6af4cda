"""The page of planned changes: what collides, what is planned, and a form that checks a change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Blueprint, render_template, request

from app.api.auth import caller, permission
from app.api.common import forestay, whole
from app.domain.errors import ForestayError, InvalidInput
from app.domain.planned import moment_of
from app.usecases.answers.change_check import ChangeQuestion, check_change
from app.usecases.answers.collisions import DAYS, collisions_page
from app.usecases.answers.planned import calendar_page, planned_page

blueprint = Blueprint("change_web", __name__)
ROWS, MOST_CIS = 50, 100


@blueprint.get("/changes")
@permission("read")
def changes() -> str:
    """Collisions of the next days, and what is planned; with `cis` or `change` in the address also the check of that change."""
    service = forestay()
    answer, refused = None, ""
    asked = {name: request.args.get(name, "").strip() for name in ("cis", "start", "hours", "change")}
    if asked["cis"] or asked["change"]:
        try:
            answer = check_change(service, _question(asked))
        except ForestayError as error:
            refused = error.message
    whole().reads.note(caller().name, "read page changes", "")
    return render_template(
        "changes.html",
        found=collisions_page(service, DAYS, ROWS, request.args.get("collisions_after")),
        planned=planned_page(service.documents, ROWS, request.args.get("after")),
        calendars=calendar_page(service.documents).items,
        answer=answer,
        refused=refused,
        asked=asked | ({} if asked["start"] else {"start": f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT22:00}"}),
    )


def _question(asked: dict[str, str]) -> ChangeQuestion:
    """The question of the form: times of a form are UTC."""
    if asked["change"]:
        return ChangeQuestion(asked["change"])
    start = moment_of(asked["start"] + ("" if asked["start"].endswith("Z") else "Z"), "start")
    try:
        length = int(float(asked["hours"] or 2) * 3600)
    except (ValueError, OverflowError):
        raise InvalidInput("hours is a number above 0", field="hours") from None
    cis = [part.strip() for part in asked["cis"].split(",") if part.strip()]
    if len(cis) > MOST_CIS:
        raise InvalidInput(f"at most {MOST_CIS} CIs in the form; the API takes more", field="cis")
    return ChangeQuestion("", cis, start, start + length)
