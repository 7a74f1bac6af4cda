"""What every resource does: finds the service, answers with a document, honours If-None-Match."""

from __future__ import annotations

import hashlib
import http
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, TypedDict, Unpack
from urllib.parse import quote, urlencode

from flask import Response, current_app, g, request

from app.api import away
from app.api.auth import is_passed_on, permission, scoped, seen_by
from app.api.bodies import Blueprint
from app.api.heavy import heavy
from app.api.operations import errors_of, operation_id, parts_of, told_of
from app.api.schemas.answers import schema_of
from app.api.schemas.questions import When
from app.bootstrap import Forestay
from app.domain.errors import InvalidInput
from app.ports.graph_store import Revision
from app.usecases.answers.documents import as_bytes
from app.usecases.answers.plain_text import as_text
from app.usecases.estate import resolve_revision
from app.usecases.keep import runs
from app.usecases.keep.runs import Job
from app.usecases.stamps import MODEL_VERSION, ages


def whole() -> Forestay:
    """Returns the service as a whole, whoever the caller is."""
    stands = g.get("stands_in")
    return stands[0] if stands else current_app.extensions["forestay"]  # type: ignore[no-any-return]


def stood_in() -> bool:
    """Returns whether the store is away and this is answered from what was kept of it."""
    return g.get("stands_in") is not None


def forestay() -> Forestay:
    """Returns the service as the caller sees it."""
    return seen_by(g.get("caller"), whole())


def reply(result: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Returns an answer; while the store is away, with a warning among those of its stamp and in a header."""
    if told := away.warning():
        headers = {**(headers or {}), "Warning": f'199 forestay "{told}"'}
        if hasattr(result, "stamp"):
            result = replace(result, stamp=replace(result.stamp, warnings=[told, *result.stamp.warnings]))
    if links := _links(result):
        headers = {**(headers or {}), "Link": links}
    if wants_text() and hasattr(result, "stamp"):
        return Response(
            as_text(result, base_url(), request.url), status, headers={**(headers or {}), "Vary": "Accept"}, mimetype="text/plain"
        )
    return Response(as_bytes(result), status, headers=headers, mimetype="application/json")


def _links(result: Any) -> str:
    """Returns the pages after and before a page as a Link header (RFC 8288), "" where there are none."""
    if request.method != "GET":
        return ""
    cursors = [(name, getattr(result, field, None)) for name, field in (("next", "next"), ("prev", "previous"))]
    asked = request.args.to_dict(flat=False)
    return ", ".join(
        f'<{request.script_root}{quote(request.path)}?{urlencode({**asked, "after": cursor}, doseq=True)}>; rel="{name}"'
        for name, cursor in cursors
        if isinstance(cursor, str)
    )


def wants_text() -> bool:
    """Returns whether the caller asks for an answer as plain text (`Accept: text/plain`) rather than as a document."""
    if request.environ.get("HTTP_ACCEPT", "") in ("", "*/*", "application/json"):
        return False
    kinds = request.accept_mimetypes
    return kinds["text/plain"] > kinds["application/json"]


def base_url() -> str:
    """Returns where links to pages begin."""
    return whole().settings.web.public_url or request.host_url


def room_for_a_job() -> None:
    """Raises TooBusy where the caller, or all callers together, have as many jobs open as the settings allow."""
    web = whole().settings.web
    runs.admit(whole().documents, g.caller.name, web.open_jobs, web.open_jobs_per_caller)


class Traits(TypedDict, total=False):
    """How a route is answered.

    sensitive: a read that goes to the audit trail.
    long: the answer is computed in the lane and may become a job, as any answer about a past state.
    in_scope: a scoped key may ask.
    streams: the view reads a large body itself; without it, a request with a large body is answered in the lane.
    files: the answer is a file of one of these media types, not a document.
    asks_source: the view itself asks a source, which may fail.
    called: the operation's name in the description, where module and view do not make a good one.
    """

    sensitive: bool
    long: bool
    in_scope: bool
    streams: bool
    files: Sequence[str]
    asks_source: bool
    called: str


def route(
    blueprint: Blueprint,
    path: str,
    wants: str,
    answers: type,
    method: str = "GET",
    status: int = 200,
    **traits: Unpack[Traits],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Returns a decorator that declares a route: its permission, the dataclass it answers with, its documented errors."""
    long, sensitive = traits.get("long", False), traits.get("sensitive", False)

    def declare(view: Callable[..., Any]) -> Callable[..., Any]:
        parameters = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", ())
        takes_query = any(parameter["in"] == "query" for parameter in parameters)

        @wraps(view)
        def answering(*args: Any, **kwargs: Any) -> Response:
            if request.args and not takes_query:
                unknown = {name: ["Unknown field."] for name in request.args}
                raise InvalidInput("this address takes no query parameters", errors={"query": unknown})
            if answers is Job and method == "POST":
                room_for_a_job()
            result = view(*args, **kwargs)
            if sensitive and not is_passed_on():
                subject = request.full_path.rstrip("?")
                whole().reads.note(g.caller.name, f"read {request.endpoint}", subject)
            response = result if isinstance(result, Response) else reply(result, status)
            return by_content(response) if method == "GET" else response

        marked: Callable[..., Any] = (
            blueprint.doc(responses={status: _as_files(files)})
            if (files := traits.get("files"))
            else blueprint.response(status, schema_of(answers))
        )(answering)
        documented = marked
        has_body = "requestBody" in getattr(view, "_apidoc", {}).get("manual_doc", {})
        for code in errors_of(path, method, parameters, has_body, long, traits.get("asks_source", False)):
            documented = blueprint.alt_response(code, http.HTTPStatus(code).name)(documented)
        documented = blueprint.doc(
            operationId=operation_id(blueprint.name, view.__name__, traits.get("called", "")),
            **told_of(view.__doc__ or "", wants, traits.get("in_scope", False)),
        )(documented)
        if long or any(isinstance(parameter.get("schema"), When) for parameter in parameters):
            documented = blueprint.alt_response(202, schema=schema_of(Job))(documented)
        if long:
            heavy(marked)
        if traits.get("in_scope"):
            scoped(marked)
        marked.sensitive, marked.streams = sensitive, traits.get("streams", False)  # type: ignore[attr-defined]
        # the documentation that each wrapper added, without a call through all of them
        marked._apidoc = documented._apidoc  # type: ignore[attr-defined]
        return blueprint.route(path, methods=[method], parameters=parts_of(path))(permission(wants)(marked))  # type: ignore[no-any-return]

    return declare


def _as_files(media_types: Sequence[str]) -> Mapping[str, Any]:
    """Returns what the API's description says of an answer that is a file."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {"description": "The file", "content": dict.fromkeys(media_types, binary)}


def unchanged(at: Revision, own: str = "") -> Response | None:
    """Returns 304 where the caller holds this answer already, else None, and remembers the tag for the answer. The tag names the
    revision, settings and model that the numbers rest on, the age of each source, the role, the scope and the question: two
    answers with the same tag are the same byte for byte. `own`: the tag of what a person can change of it (see `conditions`),
    which stands behind a dot."""
    service = forestay()
    sources = [(source.name, source.synced_at, source.state) for source in ages(service.documents, at.revision)]
    parts = (
        at.revision,
        service.estates.settings_at(at),
        service.settings.model.detection_hours + service.settings.model.declaration_hours,  # before every recovery
        MODEL_VERSION,
        sources,
        g.caller.role,
        g.caller.scope,
        request.full_path,
        away.warning(),
        wants_text(),
    )
    text = "|".join(map(str, parts))
    tag = hashlib.sha256(text.encode()).hexdigest()[:32] + (f".{own}" if own else "")
    g.etag = tag
    if request.if_none_match.contains(tag):
        response = Response(status=304)
        response.set_etag(tag)
        return response
    return None


def answered(
    question: Mapping[str, Any],
    answer: Callable[[Forestay, Revision], Any],
    own: Callable[[Forestay, Revision], str] = lambda service, at: "",
) -> Response:
    """Returns the answer at the revision or moment that the question names, or 304 for a caller who holds it already."""
    service = forestay()
    at = resolve_revision(service.store, question.get("revision"), question.get("as_of"))
    return unchanged(at, own(service, at)) or tagged(answer(service, at))


def by_content(response: Response) -> Response:
    """Returns the response with a tag made of its bytes, where it has no tag known beforehand; 304 for a caller who holds just
    these bytes."""
    if response.status_code != 200 or response.is_streamed or response.get_etag()[0]:
        return response
    whose = f"{g.caller.role} {g.caller.scope} " if g.caller else ""  # nobody's: of what everyone may read
    tag = hashlib.sha256(whose.encode() + response.get_data()).hexdigest()[:32]
    if request.if_none_match.contains(tag):
        response = Response(status=304)
    response.set_etag(tag)
    return response


def tagged(result: Any) -> Response:
    response = reply(result)
    if tag := g.get("etag"):
        response.set_etag(tag)
    return response
