"""Turns errors into HTTP, here and nowhere else: RFC 9457 problem documents under /api, a plain page elsewhere."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import marshmallow as ma
import structlog
from flask import Response, render_template, request
from werkzeug.exceptions import HTTPException

from app.api.description import DescribedWhenAsked
from app.api.problem_document import PROBLEM, problem_document
from app.domain.errors import (
    Ambiguous,
    Conflict,
    ForestayError,
    InvalidInput,
    LimitExceeded,
    NotAllowed,
    NotFound,
    NotReady,
    OutOfTime,
    SourceFailed,
    Stale,
    StoreUnavailable,
    TooBusy,
    Unconditional,
)

FAULTS = 20  # how many faults of one input an answer names
NAMED = 200  # characters of a name in an answer
STATUS: tuple[tuple[type[ForestayError], int], ...] = (
    (LimitExceeded, 413),
    (InvalidInput, 422),
    (NotFound, 404),
    (Ambiguous, 409),
    (Stale, 412),
    (Unconditional, 428),
    (Conflict, 409),
    (NotAllowed, 403),
    (TooBusy, 429),
    (OutOfTime, 503),
    (SourceFailed, 502),
    (StoreUnavailable, 503),
    (NotReady, 503),
)


class ProblemSchema(ma.Schema):
    """The one error body of the API (RFC 9457); further members say more of single problems."""

    class Meta:
        unknown = ma.INCLUDE

    type = ma.fields.String(metadata={"description": "A stable name of the problem"})
    title = ma.fields.String()
    status = ma.fields.Integer()
    code = ma.fields.String(metadata={"description": "The error's code in the service's error tree"})
    detail = ma.fields.String(metadata={"description": "What is wrong and what to do"})
    field = ma.fields.String(metadata={"description": "The field that was refused, where it is one"})
    errors = ma.fields.Raw(metadata={"description": "Field by field, where the input was refused"})
    candidates = ma.fields.List(ma.fields.String(), metadata={"description": "CIs that answer to an ambiguous identity"})


class ProblemApi(DescribedWhenAsked):
    """flask-smorest with problem documents, both in its answers and in its documentation."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = None  # every operation names its own errors

    def _register_responses(self) -> None:
        usual: str = DescribedWhenAsked.DEFAULT_RESPONSE_CONTENT_TYPE
        self.DEFAULT_RESPONSE_CONTENT_TYPE: str = PROBLEM
        super()._register_responses()
        self.DEFAULT_RESPONSE_CONTENT_TYPE = usual

    def handle_http_exception(self, error: HTTPException) -> Response:
        data = getattr(error, "data", None) or {}
        status = error.code or 500
        details: dict[str, Any] = {}
        if errors := data.get("errors") or data.get("messages"):
            details["errors"] = _shortened(errors)
        message = data.get("message") or error.description or error.name
        title = "No such page" if status == 404 and not request.path.startswith("/api/") else error.name
        response = answer(status, title, error.name.lower().replace(" ", "_"), message, details)
        for name, value in [*error.get_headers(), *(data.get("headers") or {}).items()]:
            if name.lower() in ("allow", "retry-after", "www-authenticate"):
                response.headers[name] = value
        return response


def _shortened(errors: Any) -> Any:
    """Returns the first faults of an input that has very many: an answer is no larger for a larger mistake."""
    if not isinstance(errors, dict):
        return errors
    first = {str(name)[:NAMED]: _shortened(fault) for name, fault in islice(errors.items(), FAULTS)}
    return first if len(errors) <= FAULTS else {**first, "...": [f"and {len(errors) - FAULTS:,} more"]}


def handle_forestay_error(error: ForestayError) -> Response:
    status = next((code for kind, code in STATUS if isinstance(error, kind)), 500)
    status = int(error.details.get("status", status))  # type: ignore[call-overload]
    details = {name: value for name, value in error.details.items() if name != "status"}
    response = answer(status, error.title, error.code, error.message, details, error)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, NotReady | TooBusy):
        response.headers["Retry-After"] = str(error.details["retry_after"])
        if not request.path.startswith("/api/"):
            response.headers["Refresh"] = str(error.details["retry_after"])  # a browser asks again by itself
    return response


def handle_unexpected(error: Exception) -> Response:
    """The outermost door: an error that nobody foresaw is logged in full and answered without its details."""
    structlog.get_logger().exception("unexpected error", path=request.path)
    return answer(500, "Internal Server Error", "internal_error", "Something went wrong here; the log has the details.", {})


def handle_memory(error: MemoryError) -> Response:
    """Answers a question that needs more memory than its process may hold."""
    return handle_forestay_error(LimitExceeded("this answer needs more memory than web.heavy_memory_bytes allows: ask for less"))


def answer(
    status: int, title: str, code: str, detail: str, details: dict[str, Any], error: ForestayError | None = None
) -> Response:
    if not request.path.startswith("/api/"):
        page = render_template("problem.html", status=status, title=title, detail=detail, error=error)
        return Response(page, status, mimetype="text/html")
    body = problem_document(status, title, code, detail, **details)
    return Response(json.dumps(body, default=str), status, mimetype=PROBLEM)


def problem_api(app: Any) -> ProblemApi:
    return app.extensions["flask-smorest"]["apis"][""]["ext_obj"]  # type: ignore[no-any-return]
