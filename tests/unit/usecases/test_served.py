"""Links lead to where the service is reached."""

from __future__ import annotations

from pathlib import Path

from app.settings import load_settings
from app.storage.sqlite_store import SqliteStore
from app.usecases.keep.process import this_process
from app.usecases.keep.served import SERVED, Served, base_url, note_served


def test_links_go_to_the_public_address_else_to_the_process_that_serves_else_to_the_settings(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    plain, public = load_settings(environment={}), load_settings(environment={"FORESTAY_WEB_PUBLIC_URL": "https://bc.example/"})
    assert base_url(plain, store) == f"http://{plain.web.host}:{plain.web.port}" == base_url(plain, None)
    machine, _, started = this_process().split("/")
    SERVED.put(store, f"{machine}/1/{started}x", Served("http://127.0.0.1:1", "2026-11-30T09"))  # it runs no more
    assert base_url(plain, store).endswith(str(plain.web.port))
    note_served(store, "http://127.0.0.1:4711", "2026-11-30T08")
    assert base_url(plain, store) == "http://127.0.0.1:4711" and base_url(public, store) == "https://bc.example"
    assert [kept.key for kept in SERVED.every(store)] == [this_process()]
    store.close()
