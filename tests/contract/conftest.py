from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.storage.neo4j_store import Neo4jStore
from app.storage.sqlite_store import SqliteStore
from tests import neo4j_server

STORES = ["sqlite", pytest.param("neo4j", marks=pytest.mark.neo4j)]


@pytest.fixture(params=STORES)
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Any]]:
    """Opens the same empty-at-first store, as often as it is called: another process's view of it."""
    opened: list[Any] = []
    if request.param == "neo4j":
        neo4j_server.empty_database(bulk=request.node.get_closest_marker("bulk") is not None)

    def make() -> Any:
        if request.param == "sqlite":
            opened.append(SqliteStore(tmp_path / "forestay.db"))
        else:
            opened.append(Neo4jStore(neo4j_server.uri(), neo4j_server.auth()))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[[], Any]) -> Any:
    return open_store()
