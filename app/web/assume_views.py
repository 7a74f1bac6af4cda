"""The page of one assumption: what it is, where it is from, what the ranking says with another value; kept as a correction, and
taken back."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.api.auth import caller, permission
from app.api.common import forestay
from app.api.heavy import heavy
from app.domain.errors import InvalidInput
from app.domain.results import Value
from app.domain.sentences import CAUSE
from app.usecases import decide
from app.usecases.answers.assumption import assumption, may_be_assumed
from app.web.navigation import may_see
from app.web.views import read, viewed_revision

blueprint = Blueprint("assume_web", __name__)


def _number(text: str) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f"value: {text!r} is not a number", field="value") from None


@blueprint.get("/assume")
@partial(heavy, when=lambda: bool(request.args.get("value", "").strip()))
@permission("read")
def assume() -> str | tuple[str, int]:
    """One input of a CI, and the ranking with another value."""
    args, fault, status = request.args, "", 200
    ci, field, text = args.get("ci", ""), args.get("field", ""), args.get("value", "").strip()
    try:
        answer = assumption(forestay(), ci, field, _number(text), viewed_revision())
    except InvalidInput as error:
        if error.details.get("field") != "value":
            raise
        fault, status = error.message, 422
        answer = assumption(forestay(), ci, field, None, viewed_revision())
    read(f"assumption {answer.key} {field}")
    shown = render_template(
        "assume.html", it=answer, fault=fault, text=text, reason=args.get("reason", "").strip(), may_keep=caller().may("edit")
    )
    return shown, status


@blueprint.post("/assume")
@permission("edit")
def save() -> Response:
    """Keeps a value as a correction; an empty one takes the correction back."""
    form = request.form
    ci, field, value, reason = (form.get(name, "").strip() for name in ("ci", "field", "value", "reason"))
    before = assumption(forestay(), ci, field, None)
    if value and not reason:
        raise InvalidInput("say why: the reason stands beside the correction in the audit trail", field="reason")
    decide.correct(forestay(), ci, {field: value}, caller().name, reason=reason)
    undo = "" if before.correction is None else f"{before.correction:g}"
    return redirect(url_for("assume_web.assume", ci=ci, field=field, saved=1, before=undo or None), 303)


@blueprint.app_template_filter("may_be_assumed")
def may_be_assumed_of(value: Value, key: str) -> bool:
    """Returns whether a value of a CI leads to the page where another one is tried."""
    return bool(key) and not key.startswith(CAUSE) and may_be_assumed(value) and may_see("assume_web.assume")
