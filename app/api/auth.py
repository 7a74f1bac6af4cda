"""Who may call what. Default-deny: a route without a permission stops the service from starting."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

from flask import Flask, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from app.api import known_callers, refusals
from app.api.answering import CALLER
from app.api.hosts import address_of, is_own_page
from app.bootstrap import Forestay
from app.domain.errors import ForestayError, NotAllowed, TooBusy
from app.usecases.keep import access
from app.usecases.sign_in.roles import terms_of

View = TypeVar("View", bound=Callable[..., Any])

# the whole list of what an anonymous caller gets when sign-in is on; the inbox asks for a credential of its sender
PUBLIC = frozenset(
    {
        "static",
        "operate.alive",
        "operate.ready",
        "web.sign_in",
        "web.enter",
        "provider_web.begin",
        "provider_web.back",
        "provider_web.sign_out_there",
        "inbox.receive",
        "inbox.receive_ticket",
        "goals.shared",  # where an administrator opened it
        "shared_web.page",
    }
)
ASKING = "forestay.asking"  # in the environment of a request: the caller, once looked up
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def permission(name: str) -> Callable[[View], View]:
    """Declares the permission that a view needs."""
    if name not in access.PERMISSIONS:
        raise ValueError(f"unknown permission {name}")

    def mark(view: View) -> View:
        view.permission = name  # type: ignore[attr-defined]
        return view

    return mark


def scoped(view: View) -> View:
    """Declares that a caller with a scope may use this view: all that it reads is read through `seen_by`."""
    view.scoped = True  # type: ignore[attr-defined]
    return view


def seen_by(asking: access.Caller | None, whole: Forestay) -> Forestay:
    """Returns the service as a caller sees it."""
    return whole.scopes.view(asking.scope) if asking is not None and asking.scope else whole


def permission_of(app: Flask, endpoint: str) -> str:
    view: Any = app.view_functions[endpoint]
    return str(view.permission)


def caller() -> access.Caller:
    return g.caller  # type: ignore[no-any-return]


def guard(app: Flask, forestay: Forestay) -> None:
    """Checks each route's declaration now, and each request's caller from now on."""
    undeclared = [
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in PUBLIC and not hasattr(app.view_functions[rule.endpoint], "permission")
    ]
    if undeclared:
        raise RuntimeError(f"routes without a permission: {', '.join(sorted(set(undeclared)))}")

    @app.before_request
    def check() -> Response | None:
        if request.endpoint in PUBLIC:
            g.caller = None
            return None
        g.caller, by_key = asking(forestay)
        if request.endpoint is None:  # 404 and 405 answer as such, to known callers only
            return None if g.caller else _refuse()
        if g.caller is None:
            return _refuse()
        wanted = permission_of(app, request.endpoint)
        if not g.caller.may(wanted):
            raise NotAllowed(f"role {g.caller.role} may not {wanted}", status=403)
        if g.caller.scope and not hasattr(app.view_functions[request.endpoint], "scoped"):
            raise NotAllowed("a key with a scope may not ask this: it is about more than what the key sees", status=403)
        if by_key and g.caller.key and not is_passed_on():
            _note_use(forestay, g.caller.key)
        if request.method not in SAFE and not by_key and not is_own_page(request.headers, forestay.settings.web):
            raise NotAllowed("a page of another site may not do this", status=403)
        return None


def is_passed_on() -> bool:
    """Returns whether a web process has judged this request already and this process only answers it."""
    return CALLER in request.environ


def asking(forestay: Forestay) -> tuple[access.Caller | None, bool]:
    """Returns the caller, looked up once a request: the limit of requests and the guard both need it."""
    if ASKING not in request.environ:
        request.environ[ASKING] = _asking(forestay)
    return request.environ[ASKING]  # type: ignore[no-any-return]


def _asking(forestay: Forestay) -> tuple[access.Caller | None, bool]:
    """Returns the caller by the credential that the request is answered under, and whether that is a key: a browser sends
    sessions and its place on this machine with whatever page asks, a key only where a program put it in. Raises NotAllowed for a
    key that is not valid."""
    if judged := request.environ.get(CALLER):  # set by the web process that passes the question on, never by a request
        return access.Caller(*judged), True
    if forestay.settings.web.sign_in == "off":
        return access.LOCAL, False
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        secret = header.removeprefix("Bearer ")
        return known_callers.verified("key", secret, lambda: access.verified_key(forestay.documents, secret)), True
    token = str(session.get("token") or "")
    if not token:
        return None, False
    terms = sign_in_terms(forestay)
    return known_callers.verified(
        "session", token, lambda: access.verified_session(forestay.documents, token, terms=terms)
    ), False


def sign_in_terms(forestay: Forestay) -> str:
    """Returns a digest of how roles are given to people by an identity provider; "" where there is none."""
    return terms_of(forestay.settings.sign_in) if forestay.settings.web.sign_in == "oidc" else ""


USE_SECONDS = 300.0  # how exact the time of a key's last use is
_used: dict[str, float] = {}  # when this process last noted the use of a key


def _note_use(forestay: Forestay, key: str) -> None:
    now = time.monotonic()
    if now - _used.get(key, -USE_SECONDS) < USE_SECONDS:
        return
    _used[key] = now
    with suppress(ForestayError):  # an answer is worth more than the note
        access.note_use(forestay.documents, key)


def counted_as(forestay: Forestay) -> str:
    """Returns the name under which a request counts against the limit of requests: its key's, or the address of a caller without
    a key."""
    try:
        caller, _ = asking(forestay)
    except ForestayError:
        caller = None
    return (
        f"key {caller.key}"
        if caller and caller.key
        else f"address {address_of(request.environ, forestay.settings.web.trusted_proxies)}"
    )


def refuse_for_a_while(most: int, until: float) -> NoReturn:
    """Raises TooBusy for a caller who has made all the requests of a minute, with the seconds until the next one begins."""
    request.environ[refusals.ABOUT] = refusals.EVERYTHING
    seconds = max(1, math.ceil(until - time.time()))
    raise TooBusy(f"more than {most} requests a minute: ask again later", retry_after=seconds)


def _refuse() -> Response:
    if request.path.startswith("/api/") or request.path == "/metrics":
        raise NotAllowed("sign in with an API key: Authorization: Bearer fsy_...", status=401)
    return redirect(url_for("web.sign_in", then=request.full_path.rstrip("?")))
