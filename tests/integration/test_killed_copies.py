"""A promotion and a restore that are killed at the steps that they take: the source is as it was, and done again they give the same store."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.bootstrap import Forestay, assemble_service, open_store
from app.settings import load_settings
from app.usecases.backup import backup, restore
from app.usecases.promote import promote
from tests import acts, neo4j_server
from tests.integration.test_killed_acts import EVERY, points_of
from tests.kill_points import Killer


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Forestay]:
    """What is copied; on SQLite."""
    found = assemble_service(load_settings(data_folder=tmp_path / "data"))
    acts.set_up(found)
    for name in ("service add", "merge and split", "correct"):
        acts.ACTS[name].do(found, False)
    yield found
    found.close()


def check_promotions(service: Forestay, url: str, empty: Callable[[], None]) -> int:
    state, asked = acts.state(service), {"verb": "promote", "to": url}
    with Killer(service.settings.data_folder, os.environ) as killer:
        empty()
        points = points_of(killer.steps(asked))[:: 2 * EVERY]
        for step, number in points:
            empty()
            killer.kill_at(asked, step, number)
            assert acts.state(service) == state
            target = open_store(url, service.settings)
            try:
                promote(service.store, service.documents, target, target)  # proves that both are equal
                assert list(target.check()) == []
            finally:
                target.close()
        acts.ACTS["service add"].do(service, True)
    return len(points)


def check_restores(service: Forestay, folder: Path, empty: Callable[[], None]) -> int:
    """Into the store that the environment names, or one in `folder`."""
    file = folder.with_name("backup.db")
    backup(service.store, file, lambda path: open_store(f"sqlite:{path}", service.settings))
    state, asked = acts.state(service), {"verb": "restore", "file": str(file)}
    environment = {**os.environ, "FORESTAY_AUDIT_KEY": (service.settings.data_folder / "audit.key").read_text()}
    with Killer(folder, environment) as killer:
        empty()
        points = points_of(killer.steps(asked))[:: 2 * EVERY]
        for step, number in points:
            empty()
            killer.kill_at(asked, step, number)
            made = assemble_service(load_settings(environment=environment, data_folder=folder))
            try:
                restore(file, made.store, lambda path: open_store(f"sqlite:{path}", service.settings))
                assert acts.state(made) == state
                acts.ACTS["service add"].do(made, True)
                assert acts.disagreements(made) == []
            finally:
                made.close()
    return len(points)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_copies_killed_at_their_steps(service: Forestay, tmp_path: Path) -> None:
    def no_target() -> None:
        for path in tmp_path.glob("target.db*"):
            path.unlink()

    def no_folder() -> None:
        shutil.rmtree(tmp_path / "restored", ignore_errors=True)

    restored = check_restores(service, tmp_path / "restored", no_folder)
    promoted = check_promotions(service, f"sqlite:{tmp_path / 'target.db'}", no_target)
    print(f"killed at {restored} points of a restore and {promoted} of a promotion")
    assert restored and promoted


@pytest.mark.neo4j
@pytest.mark.timeout(1800)
def test_copies_into_neo4j_killed_at_their_steps(service: Forestay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in neo4j_server.as_settings().items():
        monkeypatch.setenv(name, value)
    restored = check_restores(service, tmp_path / "restored", neo4j_server.empty_database)
    print(f"killed at {restored} points of a restore into Neo4j")
    assert restored
