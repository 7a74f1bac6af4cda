"""Request bodies: strict JSON, nothing else."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

import flask_smorest
import marshmallow as ma
from flask import Request, abort
from webargs.core import missing
from webargs.flaskparser import FlaskParser, is_json_request


class StrictParser(FlaskParser):
    """Unknown query parameters are refused as unknown fields are. Refuses what JSON does not have (NaN, Infinity, 1e999), nesting without end, texts that are no Unicode (lone surrogates), and a
    body of another kind, which would be ignored in silence."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": ma.RAISE}  # noqa: RUF012

    def _raw_load_json(self, req: Request) -> Any:
        body = req.get_data(cache=True)
        if not body or not is_json_request(req):
            if body:
                abort(415, description="the body must be JSON: Content-Type: application/json")
            return missing
        try:
            value = json.loads(body.decode("utf-8"), parse_constant=_no_number, parse_float=_finite)
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError) as error:
            reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            abort(400, description=f"the body is not strict JSON: {reason[:200]}")
        return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_number(text)


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    ARGUMENTS_PARSER = StrictParser()

    def arguments(self, schema: type[ma.Schema], **options: Any) -> Any:
        """The parser makes a schema anew for every request when it is given the class."""
        return super().arguments(schema(), **options)
