"""A Prometheus that answers range queries from what a test says; strict in what it takes, like the real one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from werkzeug import Request, Response

Answer = Callable[[int], float | str | None]  # the value at a moment, None where there is no sample


class RangeServer:
    """`series`: by query. `failing`: how many answers from now on are a 503; `asked`: (query, start, end) of each question."""

    def __init__(self) -> None:
        self.series: dict[str, Sequence[Answer]] = {}
        self.failing, self.warnings = 0, list[str]()
        self.asked: list[tuple[str, int, int]] = []

    def __call__(self, request: Request) -> Response:
        if request.path != "/api/v1/query_range" or request.method != "POST":
            return self._error(404, "not_found", f"{request.method} {request.path}")
        query, start, end, step = (request.form[name] for name in ("query", "start", "end", "step"))
        begin, until, wide = int(start), int(end), int(step)
        self.asked.append((query, begin, until))
        if self.failing:
            self.failing -= 1
            return self._error(503, "unavailable", "storage is away")
        if (until - begin) / wide > 11_000:
            return self._error(400, "bad_data", "exceeded maximum resolution of 11,000 points per timeseries")
        if query not in self.series:
            return self._error(400, "bad_data", f"parse error: {query}")
        result = []
        for number, value in enumerate(self.series[query]):
            values = [[at, str(found)] for at in range(begin, until + 1, wide) if (found := value(at)) is not None]
            if values:
                result.append({"metric": {"n": str(number)}, "values": values})
        body = {"status": "success", "data": {"resultType": "matrix", "result": result}}
        return Response(
            json.dumps(body | ({"warnings": self.warnings} if self.warnings else {})), content_type="application/json"
        )

    def _error(self, status: int, kind: str, text: str) -> Response:
        return Response(
            json.dumps({"status": "error", "errorType": kind, "error": text}), status, content_type="application/json"
        )
