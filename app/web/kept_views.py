"""Named views: addresses of pages under a name, opened, renamed and removed here."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.api.auth import caller, permission, scoped
from app.api.common import forestay
from app.domain.errors import InvalidInput, LimitExceeded
from app.usecases.keep import views

blueprint = Blueprint("kept_web", __name__)


@blueprint.get("/views")
@scoped
@permission("read")
def kept() -> str:
    """One's own views and the shared ones; `keep`: an address that is about to be kept."""
    return _page(address=request.args.get("keep", ""))


@blueprint.post("/views")
@scoped
@permission("read")
def keep() -> Response:
    """Keeps an address under a name."""
    given = request.form
    try:
        views.keep_view(
            forestay().documents, caller(), given.get("name", ""), given.get("address", ""), given.get("shared") == "yes"
        )
    except (InvalidInput, LimitExceeded) as error:
        return make_response(_page(given.get("address", ""), given.get("name", ""), error), 422)
    return redirect(url_for("kept_web.kept"), 303)


@blueprint.post("/views/<view>")
@scoped
@permission("read")
def change(view: str) -> Response:
    """Renames or shares a view, or removes it."""
    documents, given = forestay().documents, request.form
    try:
        if given.get("act") == "remove":
            views.remove_view(documents, caller(), view)
        else:
            views.change_view(documents, caller(), view, given.get("name", ""), given.get("shared") == "yes")
    except InvalidInput as error:
        return make_response(_page(fault=error), 422)
    return redirect(url_for("kept_web.kept"), 303)


def _page(address: str = "", name: str = "", fault: Exception | None = None) -> str:
    who = caller()
    rows = views.views_of(forestay().documents, who)
    mine = {view.view for view in rows if views.may_change(who, view)}
    return render_template("views.html", rows=rows, mine=mine, address=address, name=name, fault=fault, may_share=who.may("edit"))
