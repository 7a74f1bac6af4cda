"""What holds for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

os.environ.setdefault(
    "FORESTAY_KERNELS", "interpreted"
)  # `make test` compiles nothing; the suites that need compiled kernels set it (suites.toml)

from tests.disk import without_waiting


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    with without_waiting():
        yield
