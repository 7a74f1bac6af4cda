"""A real Prometheus (scripts/prometheus/with-server): service-graph metrics scraped, imported, changed, imported again."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from werkzeug import Request, Response

from importers.http.client import Outbound
from importers.registry import open_source
from tests.servers.running import Running

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]
URL, TARGETS = os.environ.get("FORESTAY_TEST_PROMETHEUS_URL", ""), os.environ.get("FORESTAY_TEST_PROMETHEUS_TARGETS", "")


class Exporter:
    """Counters of calls by (client, server, connection_type), 10 a second more for those that are busy."""

    def __init__(self) -> None:
        self.started, self.busy = time.monotonic(), dict[tuple[str, str, str], float]()

    def __call__(self, request: Request) -> Response:
        lines = ["# TYPE traces_service_graph_request_total counter"]
        for (client, server, kind), rate in self.busy.items():
            labels = f'client="{client}",server="{server}",connection_type="{kind}"'
            lines.append(f"traces_service_graph_request_total{{{labels}}} {rate * (time.monotonic() - self.started):.3f}")
        return Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4")


def test_what_was_scraped_is_what_is_imported():
    exporter = Exporter()
    exporter.busy = {
        ("frontend", "checkout", ""): 10,
        ("checkout", "orders", "messaging_system"): 5,
        ("checkout", "pg", "database"): 20,
        ("user", "frontend", ""): 10,
        ("batch", "idle", ""): 0,
    }
    running = Running(exporter)
    try:
        Path(TARGETS).write_text(json.dumps([{"targets": [f"localhost:{running.port}"]}]))
        source = open_source("servicegraph", URL, {"window_hours": 0.02}, Outbound(["127.0.0.1"]))
        until = time.monotonic() + 60
        while len((found := source.read()).ci_records) < 4 or not all(
            "last_called_on" in ci.attributes for ci in found.ci_records if ci.source_id != "batch"
        ):
            assert time.monotonic() < until, found
            time.sleep(1)
        assert source.check() == ["traces_service_graph_request_total: 5 series"]
    finally:
        running.close()
    # the client depends on the server
    assert {(row.dependent, row.provider, row.kind) for row in found.dependency_records} == {
        ("service:frontend", "service:checkout", "hard"),
        ("service:checkout", "messaging_system:orders", "soft"),
        ("service:checkout", "database:pg", "hard"),
    }
    cis = {ci.source_id: ci for ci in found.ci_records}
    assert {name: ci.ci_class for name, ci in cis.items()} == {
        "frontend": "microservice", "checkout": "microservice", "orders": "message_queue", "pg": "database",
    }  # fmt: skip
    assert cis["pg"].attributes["last_called_on"] == time.strftime("%Y-%m-%d", time.gmtime())
    assert 0 < float(cis["orders"].attributes["requests_per_second"]) < float(cis["pg"].attributes["requests_per_second"]) <= 30
    assert found.ignored == {"dependency": {"client is user: the outside world": 1}}
