"""What holds for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.disk import without_waiting


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    with without_waiting():
        yield
