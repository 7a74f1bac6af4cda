"""Signing in with an identity provider: the way there and back, and out again there."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, render_template, request, session, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.api.auth import sign_in_terms
from app.api.common import whole
from app.domain.errors import ForestayError, NotAllowed, NotFound
from app.usecases.keep import access, audit
from app.usecases.sign_in.roles import person_of
from app.web.views import local_place

blueprint = Blueprint("provider_web", __name__)
UNDER_WAY = "under_way"


@blueprint.get("/sign-in/provider")
def begin() -> Response | tuple[str, int]:
    """Goes to the provider; what its answer is checked with stays in this browser's signed cookie."""
    from app.usecases.sign_in.flow import begin as begun

    then = local_place(request.args.get("then", ""))
    _only_by_provider()
    try:
        where, under_way = begun(whole().provider, whole().settings.sign_in, _back(), then)
    except ForestayError as error:
        return _refused(error)
    session[UNDER_WAY] = asdict(under_way)
    return redirect(where)


@blueprint.get("/sign-in/back")
def back() -> Response | tuple[str, int]:
    """Comes back from the provider; who has a role here enters a session of their own, with a new token."""
    from app.usecases.sign_in.flow import UnderWay, finish

    _only_by_provider()
    service, kept = whole(), session.pop(UNDER_WAY, None)
    settings = service.settings
    under_way = UnderWay(**kept) if isinstance(kept, dict) else None
    try:
        claims = finish(service.provider, settings.sign_in, _back(), under_way, request.args.to_dict())
        person = person_of(claims, settings.sign_in)
    except ForestayError as error:
        return _refused(error)
    with service.documents.together():
        if old := session.get("token"):
            access.close_session(service.documents, str(old))
        token = access.open_session_of(service.documents, person, sign_in_terms(service), settings.web.session_hours)
        audit.record(service.documents, person.name, "signed in", person.subject, {"role": person.role, "scope": person.scope})
    session.clear()
    session["token"] = token
    return redirect(local_place(under_way.then if under_way else ""))


@blueprint.get("/sign-out/provider")
def sign_out_there() -> Response | tuple[str, int]:
    """Goes on to where the provider ends its own session; the one here has ended before."""
    from app.usecases.sign_in.flow import sign_out_address

    _only_by_provider()
    service = whole()
    try:
        where = sign_out_address(service.provider, service.settings.sign_in, _public(url_for("web.sign_in")))
    except ForestayError as error:
        return _refused(error)
    return redirect(where or url_for("web.sign_in"))


def _only_by_provider() -> None:
    if whole().settings.web.sign_in != "oidc":
        raise NotFound("there is no identity provider in the settings (web.sign_in)")


def _back() -> str:
    return _public(url_for("provider_web.back"))


def _public(path: str) -> str:
    return whole().settings.web.public_url.rstrip("/") + path


def _refused(error: ForestayError) -> tuple[str, int]:
    said = error.message if isinstance(error, NotAllowed) else f"the identity provider cannot be asked: {error.message}"
    page: dict[str, Any] = {"then": "/", "why": said}
    return render_template("sign_in.html", **page), 403 if isinstance(error, NotAllowed) else 502
