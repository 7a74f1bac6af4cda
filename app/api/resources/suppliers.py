"""Suppliers: what days without one cost, who could take over, and the columns of the DORA register that follow."""

from __future__ import annotations

from typing import Any

from app.api.bodies import Blueprint
from app.api.common import forestay, route
from app.api.schemas.questions import SuppliersQuestion, When
from app.domain.suppliers import Register, Suppliers
from app.usecases.answers import suppliers as answers

blueprint = Blueprint("suppliers", __name__, url_prefix="/api/v1", description="What days without a supplier cost")


@route(blueprint, "/suppliers", "read", Suppliers, sensitive=True, long=True, called="suppliers_list")
@blueprint.arguments(SuppliersQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """The costliest first: alone, and with the suppliers that it relies on."""
    when = question.get("revision"), question.get("as_of")
    return answers.suppliers(forestay(), question["limit"], question["days"], question.get("after"), *when)


@route(blueprint, "/suppliers/register/<template>", "read", Register, sensitive=True, long=True, called="suppliers_register")
@blueprint.arguments(When, location="query")
def register(question: dict[str, Any], template: str) -> Any:
    """A template of the register of information (Regulation (EU) 2024/2956), as far as the estate knows it; the rest is empty."""
    return answers.register(forestay(), template, question.get("revision"), question.get("as_of"))
