"""What holds for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from unittest.mock import patch

import pytest

os.environ.setdefault(
    "FORESTAY_KERNELS", "interpreted"
)  # `make test` compiles nothing; the suites that need compiled kernels set it (suites.toml)

from tests.disk import without_waiting
from tests.routes import compiled_once


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    with without_waiting():
        yield


@pytest.fixture(scope="session", autouse=True)
def routes_compiled_once() -> Iterator[None]:
    with compiled_once():
        yield


@pytest.fixture(scope="session", autouse=True)
def patience_with_neo4j() -> Iterator[None]:
    """Two servers, two workers and another lane share two cores: a transaction may take longer than in production."""
    with patch("app.storage.neo4j.connection.TRANSACTION_SECONDS", 300.0):
        yield
