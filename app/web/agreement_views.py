"""The page of agreement: what people made of the priorities that we suggested."""

from __future__ import annotations

from flask import Blueprint, render_template

from app.api.auth import permission
from app.api.common import forestay
from app.api.heavy import heavy
from app.usecases.tickets.agreement import agreement

blueprint = Blueprint("agreement_web", __name__)


@blueprint.get("/tickets/agreement")
@heavy
@permission("read")
def page() -> str:
    """Suggested against final priority by month, what disagreement may have cost, predicted against named services."""
    return render_template("ticket_agreement.html", told=agreement(forestay()))
