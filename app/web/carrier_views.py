"""Pages of what carries the loss together: teams and their borders, suppliers, hidden common causes."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from app.api.auth import permission
from app.api.common import forestay
from app.api.heavy import heavy
from app.domain.common_causes import CAUSE_KINDS
from app.domain.errors import InvalidInput
from app.usecases.answers.common_causes import common_causes
from app.usecases.answers.conway import conway
from app.usecases.answers.suppliers import suppliers
from app.web.views import read, viewed_revision

blueprint = Blueprint("carriers_web", __name__)
ROWS = 50


@blueprint.get("/teams")
@heavy
@permission("read")
def teams() -> str:
    """The share of loss that crosses borders between teams, hand-overs on its paths, and how that went."""
    told = conway(forestay(), ROWS, revision=viewed_revision())
    read("teams")
    return render_template("teams.html", told=told)


@blueprint.get("/suppliers")
@heavy
@permission("read")
def supplier_page() -> str:
    """What days without a supplier cost, alone and with those that it relies on."""
    told = suppliers(forestay(), ROWS, _days(request.args.get("days", "1")), request.args.get("after") or None, viewed_revision())
    read("suppliers")
    return render_template("suppliers.html", told=told)


@blueprint.get("/common-causes")
@heavy
@permission("read")
def causes() -> str:
    """The single things by which redundant groups hang."""
    args = request.args
    told = common_causes(forestay(), ROWS, args.get("after") or None, args.get("kind") or None, viewed_revision())
    read("common causes")
    return render_template("common_causes.html", told=told, kinds=CAUSE_KINDS, kind=args.get("kind", ""))


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0 < days <= 365:
        raise InvalidInput("days: a number above 0 up to 365", field="days")
    return days
