"""A client that a stranger generates from the OpenAPI document asks a served service."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from werkzeug.serving import make_server

from tests.e2e.conftest import Service

pytestmark = pytest.mark.slow
PACKAGE = "client_of_forestay"


@pytest.fixture
def served(service: Service) -> Iterator[str]:
    service.csv(
        cis=[
            {"key": "shop", "name": "Shop", "class": "business_service"},
            {"key": "db", "name": "DB", "class": "database", "failures_per_year": 2, "repair_hours": 3},
            {"key": "one", "name": "twin", "class": "server"},
            {"key": "two", "name": "twin", "class": "server"},
        ],
        dependencies=[{"dependent": "shop", "provider": "db"}],
        services=[{"key": "shop", "customers": 100, "money_per_hour": 50, "mtpd_hours": 2}],
    )
    server = make_server("127.0.0.1", 0, service.client.application)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def generated(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The client, made from what `forestay openapi` prints."""
    document, config = tmp_path / "openapi.json", tmp_path / "config.json"
    printed = service.cli("openapi")
    assert printed.exit_code == 0
    document.write_text(printed.stdout)
    config.write_text(json.dumps({"post_hooks": []}))
    options = ["--path", str(document), "--config", str(config), "--meta", "none", "--output-path", str(tmp_path / PACKAGE)]
    made = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", *options, "--fail-on-warning"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / PACKAGE
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def part(name: str) -> Any:
    return importlib.import_module(f"{PACKAGE}.{name}")


def test_a_generated_client_asks_areas_an_ambiguous_ci_and_an_outage(served: str, generated: Path) -> None:
    models = part("models")
    with part("client").Client(base_url=served) as client:
        areas = part("api.areas.areas_list").sync(client=client, limit=5)
        assert isinstance(areas, models.AreaPage) and areas.items[0].label == "DB"
        problem = part("api.cis.cis_get").sync_detailed(ci="twin", client=client)
        assert problem.status_code == 409 and isinstance(problem.parsed, models.Problem)
        assert problem.parsed.candidates == ["csv:ci:one", "csv:ci:two"]
        question = models.SimulationQuestion(cis=["db"], duration_hours=4.0)
        outage = part("api.simulations.simulations_create").sync(client=client, body=question)
        assert isinstance(outage, models.Simulation) and (outage.services_down, outage.money) == (1, 200.0)
        assert outage.first_mtpd_breached_at_hours == 2.0
    assert len(list((generated / "models").glob("*.py"))) > 200
