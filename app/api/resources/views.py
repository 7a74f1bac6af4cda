"""Named views: addresses of pages under a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import g

from app.api.bodies import Blueprint
from app.api.common import forestay, reply, route
from app.api.schemas.questions import PageQuestion, RenameViewQuestion, ViewQuestion
from app.usecases.keep import views
from app.usecases.keep.views import NamedView

blueprint = Blueprint("views", __name__, url_prefix="/api/v1", description="Named views: addresses of pages under a name")


@dataclass(frozen=True, slots=True)
class ViewPage:
    items: Sequence[NamedView]
    limit: int
    truncated: bool
    next: str | None


@route(blueprint, "/views", "read", ViewPage, in_scope=True)
@blueprint.arguments(PageQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """One's own views and the shared ones, by name."""
    every, limit, after = views.views_of(forestay().documents, g.caller), question["limit"], question.get("after", "")
    start = next((number + 1 for number, view in enumerate(every) if view.view == after), 0)
    rows = every[start : start + limit]
    more = start + limit < len(every)
    return ViewPage(rows, limit, more, rows[-1].view if more else None)


@route(blueprint, "/views", "read", NamedView, method="POST", status=201, in_scope=True)
@blueprint.arguments(ViewQuestion)
def keep(question: dict[str, Any]) -> Any:
    """Keep the address of a page under a name; sharing it takes the permission edit."""
    made = views.keep_view(forestay().documents, g.caller, question["name"], question["address"], question["shared"])
    return reply(made, 201)


@route(blueprint, "/views/<view>", "read", NamedView, method="PUT", called="views_put", in_scope=True)
@blueprint.arguments(RenameViewQuestion)
def change(question: dict[str, Any], view: str) -> Any:
    """Give a view of one's own another name, or share it."""
    return views.change_view(forestay().documents, g.caller, view, question["name"], question["shared"])


@route(blueprint, "/views/<view>", "read", NamedView, method="DELETE", called="views_delete", in_scope=True)
def remove(view: str) -> Any:
    """Remove a view of one's own; an administrator removes shared ones too."""
    return views.remove_view(forestay().documents, g.caller, view)
