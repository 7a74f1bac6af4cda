"""The whole service on a real Neo4j: the same imports give the same answers as on SQLite, and promote proves that both are
equal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app.cli import main
from app.demo import retailer
from tests.neo4j_server import auth, empty_database
from tests.neo4j_server import uri as server

pytestmark = pytest.mark.neo4j


@pytest.fixture
def on_neo4j(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The test server, emptied."""
    empty_database(bulk=True)
    uri, password = server(), auth()[1]
    monkeypatch.setenv("FORESTAY_STORE_PASSWORD", password)
    return uri


def ask(folder: Path, *arguments: str) -> Any:
    result = CliRunner().invoke(main, ["--data", str(folder), *arguments])
    assert result.exit_code == 0, result.output
    return result


def imported(folder: Path, places: dict[str, Path]) -> None:
    for name, kind in (("cmdb", "csv"), ("datacentre", "json"), ("tracing", "callgraph")):
        ask(folder, "import", kind, str(places[name]), "--name", name, "--complete", "--no-assess")
    ask(folder, "assess")


def answers(folder: Path) -> list[Any]:
    """What the service says, less what is about when it was asked."""
    said = []
    for question in (
        ("areas", "--limit", "100"),
        ("areas", "--kind", "team"),
        ("services",),
        ("blast", "san-fra1-02"),
        ("ci", "db-payment"),
        ("service", "show", "svc-checkout"),
    ):
        answer = json.loads(ask(folder, *question, "--json").stdout)
        answer["stamp"] = {**answer["stamp"], "revision_at": "", "sources": []}
        said.append(answer)
    return said


def test_both_stores_answer_alike_through_backup_and_promotion(
    tmp_path: Path, on_neo4j: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same imports into each; what is backed up of Neo4j is restored into SQLite; promotion from SQLite fills Neo4j."""
    places = retailer.write(retailer.build(), tmp_path / "example")
    imported(tmp_path / "trial", places)
    on_sqlite = answers(tmp_path / "trial")

    monkeypatch.setenv("FORESTAY_STORE_URL", on_neo4j)
    imported(tmp_path / "neo4j", places)
    assert answers(tmp_path / "neo4j") == on_sqlite
    ask(tmp_path / "neo4j", "backup", str(tmp_path / "backup.db"))
    monkeypatch.delenv("FORESTAY_STORE_URL")
    ask(tmp_path / "restored", "restore", str(tmp_path / "backup.db"))
    assert answers(tmp_path / "restored") == on_sqlite

    empty_database(bulk=True)
    report = json.loads(ask(tmp_path / "trial", "promote", "--to", on_neo4j, "--json").stdout)
    assert report["revisions"] == 3 and report["digests"] > 0
    monkeypatch.setenv("FORESTAY_STORE_URL", on_neo4j)
    assert answers(tmp_path / "production") == on_sqlite
