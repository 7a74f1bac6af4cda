"""A promotion, a restore and a backup that are killed at the steps that they take: the source is as it was, and done again they
give the same store."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import Forestay, assemble_service, open_store
from app.settings import load_settings
from app.usecases.backup import backup, restore
from app.usecases.doctor import repair
from app.usecases.promote import promote
from tests import acts, neo4j_server
from tests.integration.test_killed_acts import EVERY, points_of
from tests.kill_points import Killer
from tests.seeds import THOROUGH

EVERY_COPY = EVERY if THOROUGH else 2 * EVERY
GOES_ON = (
    ("key made and revoked", False),
    ("page edit", False),
    ("job asked and cancelled", False),
    ("key made and revoked", True),
    ("page edit", True),
    ("job asked and cancelled", True),
)


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
    """Killed, resumed after the source went on by an act, and equal at the end; `url` is where it goes."""
    asked = {"verb": "promote", "to": url}
    with Killer(service.settings.data_folder, os.environ) as killer:
        empty()
        points = points_of(killer.steps(asked))[::EVERY_COPY]
        for turn, (step, number) in enumerate(points):
            empty()
            state = acts.state(service)
            killer.kill_at(asked, step, number)
            assert acts.state(service) == state, step
            act, back = GOES_ON[turn % len(GOES_ON)]
            acts.ACTS[act].do(service, back)
            target = open_store(url, service.settings)
            try:
                promote(service.store, service.documents, target, target)  # proves that both are equal
                assert list(target.check()) == [], step
                seen = Forestay(service.settings, target, target, service.cache)
                assert acts.state(seen) == acts.state(service), step
                assert acts.disagreements(seen) == [], step
            finally:
                target.close()
    return len(points)


def take_leftovers_away(service: Forestay) -> None:
    """An hour later the doctor knows every file that a dead process did not finish."""
    folder, long_ago = service.settings.data_folder, time.time() - 3600
    for path in folder.iterdir():
        os.utime(path, (long_ago, long_ago))
    repair(service)
    assert {path.name for path in folder.iterdir()} <= {
        "forestay.db",
        "forestay.db-journal",
        "forestay.db-wal",
        "forestay.db-shm",
    }


def check_backups(service: Forestay, folder: Path) -> int:
    """Killed, made again under the same name: the copy restores to what is there now, and nothing unfinished is left beside
    it."""
    folder.mkdir()
    file = folder / "backup.db"

    def opened(path: Path) -> Any:
        return open_store(f"sqlite:{path}", service.settings)

    asked = {"verb": "backup", "file": str(file)}
    with Killer(service.settings.data_folder, os.environ) as killer:
        points = points_of(killer.steps(asked))[::EVERY_COPY]
        for turn, (step, number) in enumerate(points):
            file.unlink(missing_ok=True)
            killer.kill_at(asked, step, number)
            file.unlink(missing_ok=True)  # killed while it was verified
            act, back = GOES_ON[turn % len(GOES_ON)]
            acts.ACTS[act].do(service, back)
            backup(service.store, file, opened)
            assert [path.name for path in folder.iterdir() if path.stat().st_size] == ["backup.db"], step
            copy = opened(file)
            try:
                assert acts.state(Forestay(service.settings, copy, copy, service.cache)) == acts.state(service), step
            finally:
                copy.close()
    return len(points)


def check_restores(service: Forestay, folder: Path, empty: Callable[[], None]) -> int:
    """Into the store that the environment names, or one in `folder`."""
    file = folder.with_name("backup.db")
    backup(service.store, file, lambda path: open_store(f"sqlite:{path}", service.settings))
    state, asked = acts.state(service), {"verb": "restore", "file": str(file)}
    environment = {**os.environ, "FORESTAY_AUDIT_KEY": (service.settings.data_folder / "audit.key").read_text()}
    with Killer(folder, environment) as killer:
        empty()
        points = points_of(killer.steps(asked))[::EVERY_COPY]
        for step, number in points:
            empty()
            killer.kill_at(asked, step, number)
            made = assemble_service(load_settings(environment=environment, data_folder=folder))
            try:
                take_leftovers_away(made)
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

    hit = {
        "restore": check_restores(service, tmp_path / "restored", no_folder),
        "promotion": check_promotions(service, f"sqlite:{tmp_path / 'target.db'}", no_target),
        "backup": check_backups(service, tmp_path / "backups"),
    }
    print(f"killed at {sum(hit.values())} points: {hit}")
    assert all(hit.values())


@pytest.mark.neo4j
@pytest.mark.timeout(7200)
def test_promotions_into_neo4j_killed_at_their_steps(service: Forestay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORESTAY_STORE_PASSWORD", neo4j_server.auth()[1])
    settings = load_settings(data_folder=service.settings.data_folder)
    there = Forestay(settings, service.store, service.documents, service.cache)
    count = check_promotions(there, neo4j_server.uri(), neo4j_server.empty_database)
    print(f"killed at {count} points of a promotion into Neo4j")
    assert count


@pytest.mark.neo4j
@pytest.mark.timeout(7200)
def test_restores_into_neo4j_killed_at_their_steps(service: Forestay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in neo4j_server.as_settings().items():
        monkeypatch.setenv(name, value)
    count = check_restores(service, tmp_path / "restored", neo4j_server.empty_database)
    print(f"killed at {count} points of a restore into Neo4j")
    assert count
