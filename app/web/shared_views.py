"""The shared page: KPIs of the services that an administrator has opened, for everyone and for a screen on the wall."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from app.api.common import whole
from app.usecases.answers.goals import KIND_WORDS, shared_kpis

blueprint = Blueprint("shared_web", __name__)
THEMES = ("light", "dark")


@blueprint.get("/shared")
def page() -> Response:
    """What is open to everyone; it asks for itself again each minute. `theme`: light or dark, else as the screen has it."""
    theme = request.args.get("theme", "")
    told = shared_kpis(whole())
    shown = make_response(render_template("shared.html", told=told, words=KIND_WORDS, theme=theme if theme in THEMES else ""))
    shown.headers["Refresh"] = "60"
    return shown
