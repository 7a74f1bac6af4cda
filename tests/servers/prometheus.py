"""A strict Prometheus for tests of one query at a time: answers what it was given for a query that holds a text. Written from the
wire format.

Values are texts; a query nobody expected is bad data (400). What PromQL means is tested on a real Prometheus (tests/real).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from werkzeug import Request, Response

TOKEN = "t0ken-prometheus"


@dataclass
class PrometheusStub:
    """`vectors`: by a text that the query holds, rows of (labels, value)."""

    vectors: dict[str, list[tuple[dict[str, str], str]]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Response("Unauthorized", 401)
        if request.path != "/api/v1/query" or set(request.values) - {"query", "time", "timeout"}:
            return Response("404 page not found", 404)
        query = request.values.get("query", "")
        self.asked.append(query)
        rows = next((rows for text, rows in self.vectors.items() if query.startswith(text)), None)
        if rows is None:
            return self.made({"status": "error", "errorType": "bad_data", "error": f"invalid parameter query: {query}"}, 400)
        result = [{"metric": labels, "value": [1763950000.781, value]} for labels, value in rows]
        body: dict[str, Any] = {"status": "success", "data": {"resultType": "vector", "result": result}}
        return self.made({**body, **({"warnings": self.warnings} if self.warnings else {})}, 200)

    def made(self, body: Any, status: int) -> Response:
        return Response(json.dumps(body), status, content_type="application/json")
