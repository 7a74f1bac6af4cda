"""The real k6, Locust and Chaos Toolkit write their files in this run (scripts/loadtest/with-server), and Forestay reads them."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.domain.stability_tests import ReadTest
from app.usecases.stability_tests.files.read import read_results
from tests.e2e.conftest import Service, make_service, service

__all__ = ["make_service", "service"]
pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]
K6, PYTHON = os.environ.get("FORESTAY_TEST_K6", ""), os.environ.get("FORESTAY_TEST_TOOLS_PYTHON", "")
SCRIPT = """
import http from 'k6/http';
const thresholds = {{ http_req_failed: ['rate<0.01'], http_req_duration: ['p(95)<60000'] }};
export const options = {{ vus: 2, iterations: 60, thresholds }};
export default function () {{ http.get('{url}/'); }}
{summary}
"""
LOCUSTFILE = """
from locust import HttpUser, constant, task


class Shopper(HttpUser):
    wait_time = constant(0.01)

    @task
    def look(self):
        self.client.get("/")
"""


class Shop(ThreadingHTTPServer):
    """A shop that counts what it is asked, and answers every tenth with an error; `closed`: it answers nothing else."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked = self.refused = 0
        self.closed = False
        self.lock = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up at its end is no error."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        shop: Any = self.server
        with shop.lock:
            shop.asked += 1
            bad = shop.closed or shop.asked % 10 == 0
            shop.refused += bad
            if self.path == "/close":
                shop.closed = True
        self.send_response(503 if bad and self.path == "/" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words: Any) -> None:
        """Nothing is written."""


@pytest.fixture
def shop() -> Iterator[Shop]:
    server = Shop()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def run(folder: Path, *command: str, good: tuple[int, ...] = (0,)) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode in good, done.stdout[-2000:] + done.stderr[-2000:]


def one(path: Path) -> ReadTest:
    (found,) = read_results(path.read_bytes())
    return found


@pytest.mark.parametrize("form", ["summary-export", "handleSummary"])
def test_a_summary_of_k6(shop: Shop, tmp_path: Path, form: str) -> None:
    own = (
        "export function handleSummary(data) { return { 'out.json': JSON.stringify(data) }; }" if form == "handleSummary" else ""
    )
    (tmp_path / "script.js").write_text(SCRIPT.format(url=shop.url, summary=own))
    options = ["--summary-export", "out.json"] if not own else []
    run(tmp_path, K6, "run", "--no-usage-report", "--quiet", *options, "script.js", good=(99,))  # a threshold was broken
    test = one(tmp_path / "out.json")
    assert test.load is not None
    assert (test.tool, test.outcome) == ("k6", "failed")
    assert (test.load.requests, test.load.failed) == (60, 6) == (shop.asked, shop.refused)
    assert test.load.limits_broken == ("http_req_failed: rate<0.01",)
    assert test.load.per_second and test.load.p95_ms is not None and test.load.p95_ms >= 0 and test.started_at is None


def test_both_tables_of_locust(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE)
    words = [
        "--headless",
        "--users",
        "3",
        "--spawn-rate",
        "3",
        "--run-time",
        "4s",
        "--host",
        shop.url,
        "--csv",
        "out",
        "--only-summary",
    ]
    run(tmp_path, PYTHON, "-m", "locust", *words, "--csv-full-history", good=(0, 1))  # 1: requests failed
    total, history = one(tmp_path / "out_stats.csv"), one(tmp_path / "out_stats_history.csv")
    assert total.load is not None and history.load is not None
    # Locust writes its tables once a second, so that what was asked after the last time is in none of them
    assert shop.asked / 2 < total.load.requests <= shop.asked
    assert 0 < total.load.failed <= shop.refused
    assert 0.08 < total.load.error_rate < 0.12
    assert total.started_at is None and history.started_at is not None
    assert history.load.requests <= total.load.requests and history.refused_total == 0


def experiment(shop: Shop, method: list[dict[str, Any]]) -> dict[str, Any]:
    probe = {
        "type": "probe", "name": "the shop answers", "tolerance": 200,
        "provider": {"type": "http", "url": f"{shop.url}/", "timeout": 5},
    }  # fmt: skip
    return {
        "version": "1.0.0", "title": "The shop closes", "description": "-",
        "steady-state-hypothesis": {"title": "It answers", "probes": [probe]}, "method": method, "rollbacks": [],
    }  # fmt: skip


@pytest.mark.parametrize("closes", [False, True])
def test_a_journal_of_chaos_toolkit(shop: Shop, service: Service, tmp_path: Path, closes: bool) -> None:
    """The failed experiment is handed in as a result for a group; the failure rates stay as they were."""
    path = "/close" if closes else "/else"
    action = {"type": "action", "name": "close it", "provider": {"type": "http", "url": f"{shop.url}{path}", "timeout": 5}}
    (tmp_path / "experiment.json").write_text(json.dumps(experiment(shop, [action])))
    words = ["--no-version-check", "run", "--journal-path", "journal.json", "experiment.json"]
    run(tmp_path, PYTHON, "-m", "chaostoolkit", *words, good=(0, 1))
    journal = tmp_path / "journal.json"
    test = one(journal)
    assert (test.tool, test.kind, test.title) == ("Chaos Toolkit", "game_day", "The shop closes")
    assert (test.outcome, test.fell) == (("failed", ("the shop answers",)) if closes else ("passed", ()))
    assert test.started_at is not None and test.seconds is not None
    service.document(
        {
            "cis": [{"key": "S", "unavailability": 0}, *({"key": k, "failures_per_year": 2, "repair_hours": 4} for k in "ab")],
            "dependencies": [],
            "groups": [{"key": "g", "dependent": "S", "needed": 1, "members": ["a", "b"], "failover_minutes": 5,
                        "failover_success": 0.9}],
            "services": [{"key": "S", "money_per_hour": 100}],
        }
    )  # fmt: skip
    before = service.get("/cis/a")["values"]
    answer = service.client.post("/api/v1/tests?group=S&filename=journal.json", data=journal.read_bytes())
    assert answer.status_code == 201, answer.text
    (row,) = service.get("/redundancy")["items"]
    assert (row["state"], row["success"]) == (("failed", 0.45) if closes else ("validated", 0.95))
    assert service.get("/cis/a")["values"] == before
