"""The Flask application: API and pages mounted on an assembled service."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from werkzeug.exceptions import HTTPException

from app import api, web
from app.api import auth, away, heavy, hosts, known_callers, problems
from app.api.lane import Lane, Limits
from app.api.refusals import Refusals
from app.api.request_limit import limit_requests
from app.bootstrap import Forestay, assemble_service, session_secret
from app.domain.errors import ForestayError
from app.logs import log_plainly
from app.risk.jit.kernels import fresh_patience
from app.settings import Settings, check_exposure, load_settings
from app.usecases.compiling import Beside, keep_kernels_in, never_compile_in_requests
from app.usecases.sign_in.roles import grants_of

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Application(Flask):
    """Flask, whose views are all plain functions."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Returns the function as it is: the library looks at each of them at every request."""
        return func


class SessionsOfBrowsers(SecureCookieSessionInterface):
    """Reads a session where the request brings one: most requests are of programs, and bring none."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)


def create_app(settings: Settings | None = None, forestay: Forestay | None = None, lane: Lane | None = None) -> Flask:
    """Build the application; heavy questions go through the lane, without one they are answered here. InvalidInput where it would
    listen off loopback without sign-in; RuntimeError for a route without permission."""
    log_plainly()
    settings = settings or (forestay.settings if forestay else load_settings())
    check_exposure(settings)
    if settings.web.sign_in == "oidc":
        grants_of(settings.sign_in.roles)
    forestay = forestay or assemble_service(settings)
    app = Application("app", static_folder="web/static", template_folder="web/templates")
    app.config.update(
        MAX_CONTENT_LENGTH=settings.web.request_bytes,
        MAX_FORM_PARTS=100,
        SECRET_KEY=session_secret(settings),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.web.public_url.startswith("https://"),
        JSON_SORT_KEYS=False,
    )
    app.session_interface = SessionsOfBrowsers()
    app.extensions["forestay"] = forestay
    limit_requests(app, forestay, settings.web.requests_per_minute)
    app.register_error_handler(ForestayError, problems.handle_forestay_error)
    app.register_error_handler(MemoryError, problems.handle_memory)
    app.register_error_handler(Exception, problems.handle_unexpected)
    api.mount(app)
    web.mount(app)
    app.register_error_handler(HTTPException, problems.problem_api(app).handle_http_exception)
    away.stand_in(app, forestay)
    app.extensions["known_callers"] = known_callers.Known()
    auth.guard(app, forestay)
    app.before_request(fresh_patience)
    heavy.pass_on(app, forestay, lane)
    app.wsgi_app = hosts.under_known_names(Refusals(app.wsgi_app), hosts.names_of(settings.web))  # type: ignore[assignment,method-assign]

    @app.after_request
    def harden(response: Response) -> Response:
        said = {name.lower() for name, _ in response.headers}
        for name, value in HEADERS.items():
            if name.lower() not in said:
                response.headers.add(name, value)
        if "cache-control" not in said and not request.path.startswith("/static/"):
            response.headers.add("Cache-Control", "private, no-cache")
        return response

    return app


def application() -> Flask:
    """For a server that imports it (gunicorn): the application by file and environment; no request compiles, a process beside it
    does."""
    os.umask(0o077)
    settings = load_settings()
    keep_kernels_in(settings.cache_folder / "kernels")
    arguments = ["--data", str(settings.data_folder)]
    never_compile_in_requests(Beside(arguments))
    app = create_app(settings, lane=lane_of(settings, arguments))
    away.keep_known(app.extensions["forestay"])
    return app


def lane_of(settings: Settings, arguments: Sequence[str]) -> Lane | None:
    """The lane of heavy questions that the settings ask for; `arguments`: the options by which its processes open the same
    estate."""
    web = settings.web
    if not web.heavy_processes:
        return None
    limits = Limits(web.heavy_processes, web.heavy_waiting, web.heavy_per_caller, web.heavy_seconds)
    return Lane([sys.executable, "-m", "app", *arguments, "answer"], limits)
