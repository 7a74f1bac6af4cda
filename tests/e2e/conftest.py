"""A whole service in a temporary folder, asked through its public ways in: API, command line, page."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask, Response, request
from flask.testing import FlaskClient

from app.bootstrap import Forestay, assemble_service
from app.cli import main
from app.settings import load_settings
from app.usecases.assess import assess
from app.usecases.keep import sources as keep
from app.usecases.run_sync import SyncRequest, run_sync
from app.wsgi import create_app
from tests import neo4j_server

Rows = Sequence[Mapping[str, Any]]


@dataclass
class Service:
    """`get`, `post` and `page` ask over HTTP (Flask's client), `cli` through the command line, each on the same store."""

    folder: Path
    forestay: Forestay

    @cached_property
    def client(self) -> FlaskClient:
        """Of an application that is made when it is first asked: many tests never do."""
        return keeping_its_word(create_app(self.forestay.settings, self.forestay)).test_client()

    def csv(self, name: str = "csv", complete: bool = True, approve: bool = False, **sheets: Rows) -> Any:
        """Write a CSV folder (cis=..., dependencies=..., groups=...), import it, assess; the run's report."""
        folder = self.folder / "input" / name
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.csv"):
            old.unlink()
        for sheet, rows in sheets.items():
            names = list(dict.fromkeys(key for row in rows for key in row))
            with (folder / f"{sheet}.csv").open("w", newline="", encoding="utf-8", errors="surrogatepass") as file:
                writer = csv.DictWriter(file, names, restval="")
                writer.writeheader()
                writer.writerows(rows)
        return self.sync(name, "csv", folder, complete, approve)

    def document(self, estate: Mapping[str, Any], name: str = "json") -> Any:
        path = self.folder / "input" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(estate))
        return self.sync(name, "json", path)

    def sync(self, name: str, kind: str, location: Path, complete: bool = True, approve: bool = False, **settings: Any) -> Any:
        if keep.find_source(self.forestay.documents, name) is None:
            keep.add_source(self.forestay.documents, name, kind, str(location), None, settings)
        report = run_sync(self.forestay, SyncRequest(name, apply=True, complete=complete, approve=approve))
        assess(self.forestay)
        return report

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        answer = self.client.get("/api/v1" + path, query_string=query)
        assert answer.status_code == status, answer.text
        return answer.get_json()

    def post(self, path: str, body: Any, status: int = 201) -> Any:
        answer = self.client.post("/api/v1" + path, json=body)
        assert answer.status_code == status, answer.text
        return answer.get_json()

    def page(self, path: str, **query: Any) -> str:
        answer = self.client.get(path, query_string=query)
        assert answer.status_code == 200, answer.text
        return answer.text

    def cli(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["--data", str(self.folder / "data"), *arguments])

    def cli_json(self, *arguments: str) -> Any:
        result = self.cli(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def failed(self, *down: str) -> set[str]:
        """Keys (without source and class) of what falls with these, through the API, page by page."""
        found: set[str] = set()
        after: dict[str, Any] = {}
        while True:
            answer = self.get(f"/cis/{down[0]}/blast-radius", also=list(down[1:]), limit=500, **after)
            found |= {row["name"] for row in answer["fallen"] if row["state"] == "down"}
            if not answer["truncated"]:
                return found
            after = {"after": answer["next"]}


def keeping_its_word(app: Flask) -> Flask:
    """Returns the application; where it answers with an error that the operation's description does not name, the test fails."""

    @app.after_request
    def named(response: Response) -> Response:
        view = app.view_functions.get(request.endpoint or "")
        told = getattr(view, "_apidoc", {}).get("response", {}).get("responses", {})
        unnamed = told and response.status_code >= 400 and response.status_code not in (405, 500, *told)
        assert not unnamed, f"{request.endpoint} answers {response.status_code}, which its description does not name"
        return response

    return app


@pytest.fixture
def make_service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    made: list[Forestay] = []

    def make(**environment: str) -> Service:
        folder = tmp_path / f"service{len(made)}"
        settings = load_settings(
            environment={"FORESTAY_WEB_REQUESTS_PER_MINUTE": "1000000", "FORESTAY_LIMITS_RECOVERY_DRAWS": "50", **environment},
            data_folder=folder / "data",
        )
        forestay = assemble_service(settings)
        made.append(forestay)
        return Service(folder, forestay)

    yield make
    for forestay in made:
        forestay.close()


@pytest.fixture
def service(make_service: Callable[..., Service]) -> Service:
    return make_service()


@pytest.fixture(params=["sqlite", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def on_each_store(
    request: pytest.FixtureRequest, make_service: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> Service:
    """A service for what both stores must answer alike."""
    if request.param == "sqlite":
        return make_service()
    neo4j_server.empty_database()
    where = {"FORESTAY_STORE_URL": neo4j_server.uri(), "FORESTAY_STORE_PASSWORD": neo4j_server.auth()[1]}
    for name, value in where.items():
        monkeypatch.setenv(name, value)
    return make_service(**where)
