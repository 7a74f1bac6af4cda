"""The page: server-rendered, usable without a script."""

from __future__ import annotations

from flask import Flask

from app.web import change_views, glossary, now_views, report_views, source_views, what_if_views
from app.web.directions import apart, plain
from app.web.views import blueprint


def mount(app: Flask) -> None:
    app.jinja_env.finalize = apart
    app.jinja_env.filters["plain"] = plain
    app.register_blueprint(blueprint)
    app.register_blueprint(now_views.blueprint)
    app.register_blueprint(change_views.blueprint)
    app.register_blueprint(report_views.blueprint)
    app.register_blueprint(source_views.blueprint)
    app.register_blueprint(what_if_views.blueprint)
    app.register_blueprint(glossary.blueprint)
