"""Request bodies: strict JSON and nothing else."""

from __future__ import annotations

from typing import Any

import flask_smorest
import marshmallow as ma
from flask import Request, abort
from webargs.core import missing
from webargs.flaskparser import FlaskParser, is_json_request

from app.domain.errors import InvalidInput, LimitExceeded
from app.domain.strict_json import has_halves, strict_json

DEPTH, VALUES = 16, 50_000


class StrictParser(FlaskParser):
    """Refuses unknown query parameters as it refuses unknown fields. A body passes the gate of `strict_json`; a body of another
    kind is refused too, for it would be ignored in silence."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION | {"query": ma.RAISE}

    def _raw_load_json(self, req: Request) -> Any:
        body = req.get_data(cache=True)
        if not body or not is_json_request(req):
            if body:
                abort(415, description="the body must be JSON: Content-Type: application/json")
            return missing
        if has_halves(body) or body.startswith(b"\xef\xbb\xbf"):
            abort(400, description="the body is not strict JSON: it holds half a character or begins with a byte order mark")
        try:
            return strict_json(body, "the body", DEPTH, VALUES, finite=True)
        except LimitExceeded as error:
            abort(413, description=error.message)
        except InvalidInput as error:
            abort(400, description=error.message)


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    ARGUMENTS_PARSER = StrictParser()

    def arguments(self, schema: type[ma.Schema], **options: Any) -> Any:
        """As the library's, with one schema for all requests: given the class, the parser makes a schema anew for every
        request."""
        return super().arguments(schema(), **options)
