"""The page: server-rendered, usable without a script."""

from __future__ import annotations

from flask import Flask

from app.web import source_views
from app.web.views import blueprint


def mount(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.register_blueprint(source_views.blueprint)
