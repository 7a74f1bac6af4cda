"""Approval, removal and data quality once more, on a real Neo4j."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import neo4j_server
from tests.e2e.conftest import Service
from tests.e2e.test_approval import *  # noqa: F403  the same tests and fixtures, with the service below
from tests.e2e.test_quality import asked as asked
from tests.e2e.test_quality import test_findings_and_what_they_weigh as test_findings_and_what_they_weigh
from tests.e2e.test_source_removal import (
    test_a_removed_source_leaves_nothing_behind as test_a_removed_source_leaves_nothing_behind,
)
from tests.e2e.test_source_removal import (
    test_kept_cis_stay_as_last_known_and_are_its_own_again as test_kept_cis_stay_as_last_known_and_are_its_own_again,
)
from tests.e2e.test_source_removal import two as two

pytestmark = pytest.mark.neo4j


@pytest.fixture
def service(make_service: Callable[..., Service], monkeypatch: pytest.MonkeyPatch) -> Service:
    neo4j_server.empty_database()
    named = {"FORESTAY_STORE_URL": neo4j_server.uri(), "FORESTAY_STORE_PASSWORD": neo4j_server.auth()[1]}
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    return make_service(**named)
