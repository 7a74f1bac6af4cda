"""Values of a query over a stretch of time, by `query_range` of Prometheus's HTTP API, as kinds that speak it do (Mimir, Thanos,
VictoriaMetrics)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.errors import InvalidInput, SourceFailed
from app.ports.web_client import Web, WebClient

SETTINGS = ("url", "user", "password_env", "token_env", "ca_file")
POINTS = 10_000  # of one question; Prometheus refuses more than 11,000


@dataclass(frozen=True, slots=True)
class PrometheusServers:
    """Opens servers by their settings."""

    http: Web

    def open(self, settings: Mapping[str, str]) -> PrometheusRange:
        for name, value in settings.items():
            if name not in SETTINGS:
                raise InvalidInput(f"settings.{name}: unknown; known: {', '.join(SETTINGS)}", field="settings")
            if not isinstance(value, str) or not value:
                raise InvalidInput(f"settings.{name}: a text", field="settings")
        nobody = None if {"user", "token_env"} & settings.keys() else dict[str, str]()  # Prometheus itself asks for no sign-in
        return PrometheusRange(self.http.client("prometheus", settings, headers=nobody))


@dataclass(frozen=True, slots=True)
class PrometheusRange:
    client: WebClient

    def values(self, query: str, begin: int, end: int, step: int) -> Sequence[tuple[int, float]]:
        found: list[tuple[int, float]] = []
        while begin <= end:
            until = min(end, begin + (POINTS - 1) * step)
            found += self._asked(query, begin, until, step)
            begin = until + step
        return found

    def _asked(self, query: str, begin: int, end: int, step: int) -> list[tuple[int, float]]:
        asked = {"query": query, "start": str(begin), "end": str(end), "step": str(step)}
        # 400, 422 and 503 carry Prometheus's own words
        answer = self.client.request("POST", "api/v1/query_range", form=asked, accept=(400, 422, 503))
        if not 200 <= answer.status < 300:
            raise answer.failure()
        body = answer.json()
        data = body.get("data") if isinstance(body, dict) else None
        if not isinstance(data, dict) or body.get("status") != "success" or data.get("resultType") != "matrix":
            raise SourceFailed(f"{answer.where} gave no matrix: {answer.message()}")
        if body.get("warnings"):
            raise SourceFailed(f"{answer.where} gave a part only: {'; '.join(map(str, body['warnings']))[:300]}")
        series = data.get("result")
        if not isinstance(series, list) or len(series) > 1:
            several = len(series) if isinstance(series, list) else "no list of"
            raise SourceFailed(
                f"{answer.where} gave {several} series for {query[:200]!r}: aggregate it to one, as by min(...) or sum(...)"
            )
        moments = range(begin, end + 1, step)
        return [value for row in series for value in _values(answer.where, row, moments)]


def _values(where: str, row: Any, moments: range) -> list[tuple[int, float]]:
    rows = row.get("values") if isinstance(row, dict) else None
    if not isinstance(rows, list):
        raise SourceFailed(f"{where} gave a series without values")
    found = []
    for pair in rows:
        try:
            at, value = float(pair[0]), float(pair[1])
        except (IndexError, TypeError, ValueError, KeyError):
            raise SourceFailed(f"{where} gave {str(pair)[:100]} as a sample") from None
        if not math.isfinite(at) or at != int(at) or int(at) not in moments:
            raise SourceFailed(f"{where} gave a sample at {pair[0]!r}, which was not asked for")
        if math.isfinite(value):
            found.append((int(at), value))
    if [at for at, _ in found] != sorted({at for at, _ in found}):
        raise SourceFailed(f"{where} gave samples twice or in no order")
    return found
