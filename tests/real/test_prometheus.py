"""A real Prometheus (scripts/prometheus/with-server): service-graph metrics scraped, imported, changed, imported again; a history
that was filled in afterwards (promtool), measured end to end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest
from werkzeug import Request, Response

from app.usecases.answers.goals import service_goals
from app.usecases.goals.read import read_gauges
from importers.http.client import Outbound
from importers.registry import open_source
from tests.e2e.conftest import Service, make_service  # noqa: F401 - a fixture
from tests.e2e.test_gauges import WHO
from tests.e2e.test_goals import fill, goal, moment, put
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


BEGIN, END = "2026-10-24T22:00", "2026-10-25T23:00"  # Sunday 25 October 2026 in Berlin, 25 hours long: the clock goes back
DOWN = (("2026-10-25T00:30", "2026-10-25T01:30"), ("2026-10-25T12:00", "2026-10-25T12:07"))
GAP = ("2026-10-25T18:00", "2026-10-25T18:20")


def history() -> str:
    """A sample in the middle of each minute: whether the shop is up, and its requests, of which each 200th failed."""
    lines = {"shop_up": [], "shop_requests": [], "shop_failed": []}  # type: dict[str, list[str]]
    for begin in range(moment(BEGIN), moment(END), 60):
        if moment(GAP[0]) <= begin < moment(GAP[1]):
            continue
        down = any(moment(a) <= begin < moment(b) for a, b in DOWN)
        for name, value in (("shop_up", 0 if down else 1), ("shop_requests", 200), ("shop_failed", 200 if down else 1)):
            lines[name].append(f"{name} {value} {begin + 30}")
    return "".join(f"# TYPE {name} gauge\n" + "\n".join(rows) + "\n" for name, rows in lines.items()) + "# EOF\n"


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[str]:
    """A server whose history was written by promtool before it started."""
    loader = SourceFileLoader("with_prometheus", str(Path("scripts/prometheus/with-server").resolve()))
    script = module_from_spec(spec_from_loader(loader.name, loader) or pytest.fail("no script"))
    loader.exec_module(script)
    home = tmp_path / "prometheus"
    home.mkdir()
    (home / "history").write_text(history())
    promtool = Path(shutil.which(os.environ.get("FORESTAY_PROMETHEUS", "prometheus")) or "").parent / "promtool"
    subprocess.run(
        [promtool, "tsdb", "create-blocks-from", "openmetrics", home / "history", home / "data"], check=True, timeout=60
    )
    with script.running(home) as (url, _):
        yield url


def test_a_back_filled_history_is_measured_to_the_second(filled: str, make_service: Callable[..., Service]) -> None:  # noqa: F811
    service = make_service(FORESTAY_OUTBOUND_HOSTS="127.0.0.1")
    fill(service, ("a", "2026-10-25T00:40", "2026-10-25T01:30"), ("b", "2026-10-25T12:05", "2026-10-25T12:10"))
    body: dict[str, Any] = {
        "settings": {"url": filled}, "up_query": "min(min_over_time(shop_up[1m]))", "step_seconds": 60,
        "requests_query": "sum(sum_over_time(shop_requests[1m]))", "errors_query": "sum(sum_over_time(shop_failed[1m]))",
        "since": f"{BEGIN}:00Z",
    }  # fmt: skip
    put(service, "/services/shop/gauge", body, **{"If-None-Match": "*"})
    goal(service, "availability", 0.95, window="month", zone="Europe/Berlin")
    goal(service, "error_rate", 0.01, window="1d")
    end = datetime.fromisoformat(END).replace(tzinfo=UTC)
    assert read_gauges(service.forestay, WHO, end + timedelta(seconds=120)) == 2  # two days of UTC
    assert service.get("/services/shop/gauge")["error"] == ""
    told = service_goals(service.forestay, "shop", end)
    way = next(one for one in told.ways if one.way == "prometheus")
    # of 25 h = 90,000 s: down 60 + 7 min = 4,020 s, no sample for 20 min = 1,200 s, up 84,780 s; the month began 24 days before
    # (30 September 22:00 UTC to 24 October 22:00 UTC = 2,073,600 s), of which nothing was measured
    assert (way.down_seconds, way.up_seconds, way.missing_seconds) == (4_020, 84_780, 2_073_600 + 1_200)
    assert way.value == 84_780 / 88_800 and way.outages == 2
    assert told.time_to_detect.hours == pytest.approx((10 + 5) / 2 / 60) and told.time_to_detect.n == 2
    assert told.difference is not None and told.difference.both_seconds == (50 + 2) * 60
    assert (told.difference.incidents_alone_seconds, told.difference.prometheus_alone_seconds) == (3 * 60, (10 + 5) * 60)
    rate = next(row for row in told.kpis if row.kind == "error_rate")
    # the last 24 h hold 1,420 minutes of samples: 67 of them with 200 failed of 200, 1,353 with 1 of 200
    assert (rate.n, rate.value) == (284_000, (67 * 200 + 1_353) / 284_000) and rate.verdict == "missed"
    assert rate.missing_share == pytest.approx(20 / 1_440)
    # two series of one query are no answer
    put(service, "/services/shop/gauge", {**body, "up_query": '{__name__=~"shop_.*"}'}, **{"If-Match": "*"})
    assert read_gauges(service.forestay, WHO, end + timedelta(seconds=120)) == 0
    assert "aggregate it to one" in service.get("/services/shop/gauge")["error"]
    put(service, "/services/shop/gauge", {**body, "up_query": "min("}, **{"If-Match": "*"})
    assert read_gauges(service.forestay, WHO, end + timedelta(seconds=120)) == 0
    assert "parse error" in service.get("/services/shop/gauge")["error"]
