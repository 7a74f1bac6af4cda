"""The page of a business impact analysis in five minutes: class, curves by category, and the MTPD and RTO that follow."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.api.auth import caller, permission
from app.api.common import forestay
from app.domain.bia import CATEGORIES, HOURS, LEVELS, Bia, limits_of, service_classes
from app.domain.errors import InvalidInput
from app.usecases.bia import begin_bia, keep_bia
from app.usecases.exposures import restore_exposure
from app.web.views import read, viewed_revision

blueprint = Blueprint("bia_web", __name__)
NAMES = {1.0: "1 h", 4.0: "4 h", 8.0: "8 h", 24.0: "24 h", 72.0: "3 days", 168.0: "1 week"}


def _said(form: MultiDict[str, str]) -> Bia:
    """Returns the analysis of a form: a level by category and hour, and money where all hours have an amount."""
    levels = {name: [_whole(form.get(f"{name}-{hour:g}", "0"), name) for hour in HOURS] for name in CATEGORIES}
    amounts = [form.get(f"money-{hour:g}", "").strip() for hour in HOURS]
    if any(amounts) and not all(amounts):
        raise InvalidInput("money: an amount for each of the hours, or for none", field="money")
    bearable = form.get("bearable", "").strip()
    return Bia(
        levels, [_amount(text, "money") for text in amounts] if all(amounts) else None,
        _amount(bearable, "bearable") if bearable else None,
    )  # fmt: skip


def _whole(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) == 1):
        raise InvalidInput(f"{field}: a level from 0 to {len(LEVELS) - 1}", field=field)
    return int(text)


def _amount(text: str, field: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f"{field}: {text!r} is not a number", field=field) from None


@blueprint.get("/bia")
@permission("read")
def bia() -> str | tuple[str, int]:
    """The analysis of a service: as kept, as supposed of its class, or as the address says."""
    args = request.args
    begun = begin_bia(forestay(), args.get("service", ""), args.get("class", ""), viewed_revision())
    read(f"impact analysis {begun.detail.service.key}")
    said, fault = begun.bia, ""
    if args.get("look"):
        try:
            said = _said(args)
        except InvalidInput as error:
            fault = error.message
    shown: dict[str, Any] = {
        "detail": begun.detail,
        "kept": begun.kept and not args.get("look"),
        "bia": said,
        "limits": limits_of(said),
        "classes": service_classes(),
        "chosen": args.get("class", ""),
        "hours": HOURS,
        "names": NAMES,
        "levels": LEVELS,
        "categories": CATEGORIES,
        "fault": fault,
        "may_keep": caller().may("edit"),
    }
    return render_template("bia.html", **shown), 422 if fault else 200


@blueprint.post("/bia")
@permission("edit")
def keep() -> Response:
    """Keeps an analysis as the exposure that a person lays over the service."""
    service, form = forestay(), request.form
    before = service.store.current().revision
    keep_bia(service, form.get("service", ""), _said(form), caller().name)
    return redirect(url_for("bia_web.bia", service=form.get("service", ""), before=before), 303)


@blueprint.post("/bia/undo")
@permission("edit")
def undo() -> Response:
    """Writes what people said of the service before again."""
    text, key = request.form.get("before", ""), request.form.get("service", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidInput("before is the number of a revision", field="before")
    restore_exposure(forestay(), key, int(text), caller().name)
    return redirect(url_for("bia_web.bia", service=key, undone=1), 303)
