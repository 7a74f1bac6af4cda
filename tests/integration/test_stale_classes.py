"""A class that was not read whole is marked stale, through `run_sync`; a run that dies leaves the mirror as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.errors import NotAllowed
from app.storage.sqlite_store import SqliteStore
from app.storage.workbench import LocalWorkbench
from app.usecases.keep import sync_runs
from app.usecases.keep.sources import add_source, get_source
from app.usecases.run_sync import SyncRequest, run_sync
from importers.lists.listed import Listed
from tests.integration.test_listed import LISTS, Tables


class Shop:
    short_lived = frozenset[str]()

    def __init__(self, home: Path) -> None:
        self.store = self.documents = SqliteStore(home / "store.db")
        self.workbench, self.staging_folder, self.home = LocalWorkbench(), home / "staging", home
        self.tables = Tables()

    def open_source(self, source):
        return Listed(self.tables)

    def spool_folder(self, source) -> Path:
        return self.home / "spool" / source.name


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path)
    for n in range(12):
        shop.tables.put("server", f"s{n:02}", f"server {n}")
        shop.tables.put("rack", f"r{n:02}", f"rack {n}")
        shop.tables.put("relation", f"e{n:02}", f"server:s{n:02} rack:r{n:02}")
    add_source(shop.documents, "cmdb", "servicenow", "https://cmdb.example/")
    yield shop
    shop.store.close()


def test_a_class_is_stale_since_it_was_last_read_whole(shop):
    run_sync(shop, SyncRequest("cmdb", apply=True))
    first = get_source(shop.documents, "cmdb")
    assert set(first.complete_at) == {"server", "rack", "rest", "dependency", "group"}
    assert first.incomplete == {}
    shop.tables.broken["rack"] = (2, NotAllowed("rack refuses access (403)", answered=403))
    report = run_sync(shop, SyncRequest("cmdb"))
    later = get_source(shop.documents, "cmdb")
    assert (report.state, later.incomplete["rack"]) == ("partial", "rack: rack refuses access (403)")
    assert later.complete_at["rack"] == first.complete_at["rack"]
    assert later.complete_at["server"] > first.complete_at["server"]
    assert sync_runs.get_run(shop.documents, report.run_id).incomplete == report.incomplete


def test_when_everything_fails_the_run_is_recorded_as_failed(shop):
    run_sync(shop, SyncRequest("cmdb", apply=True))
    shop.tables.broken = {raw.name: (0, NotAllowed(f"{raw.name} refuses (403)", answered=403)) for raw in LISTS}
    with pytest.raises(NotAllowed):
        run_sync(shop, SyncRequest("cmdb"))
    source = get_source(shop.documents, "cmdb")
    assert (source.last_state, "refuses (403)" in sync_runs.get_run(shop.documents, source.last_run).error) == ("failed", True)


@pytest.mark.parametrize("full", [True, False])
def test_a_run_that_dies_leaves_the_mirror_as_it_was(shop, monkeypatch, full):
    run_sync(shop, SyncRequest("cmdb", apply=True))
    mirror = shop.home / "spool" / "cmdb" / "mirror.db"
    before, revision = mirror.read_bytes(), shop.store.current().revision
    shop.tables.put("server", "s03", "renamed")

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(SqliteStore, "publish", dies)
        with pytest.raises(KeyboardInterrupt):
            run_sync(shop, SyncRequest("cmdb", full=full))
    assert (mirror.read_bytes(), shop.store.current().revision) == (before, revision)
    assert run_sync(shop, SyncRequest("cmdb")).changed == 1


def test_a_mirror_that_is_behind_the_ledger_is_not_trusted(shop, monkeypatch):
    run_sync(shop, SyncRequest("cmdb", apply=True))
    shop.tables.put("server", "s03", "renamed")
    with monkeypatch.context() as patched:
        patched.setattr(Listed, "keep", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run_sync(shop, SyncRequest("cmdb"))  # published, but the mirror did not move
    report = run_sync(shop, SyncRequest("cmdb"))
    assert (report.path, report.state) == ("full", "unchanged")
    assert any("was written since" in text for text in report.warnings)
    assert run_sync(shop, SyncRequest("cmdb")).path == "difference"
