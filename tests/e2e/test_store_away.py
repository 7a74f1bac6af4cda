"""The store goes away: reads are answered from what was kept, marked with its age; writes are refused; then it comes back."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from app.api import away, known_callers
from app.bootstrap import assemble_beside, assemble_to_serve
from app.storage.neo4j import connection
from app.usecases.keep.access import create_key, revoke_key
from app.usecases.search.index import SearchIndex
from tests import neo4j_server
from tests.e2e.conftest import Service
from tests.e2e.test_search import ESTATE

READS = (
    "/cis/orders-db-01/blast-radius",
    "/cis/SN-77120",
    "/cis",
    "/areas",
    "/area?name=orders-db-01",
    "/services",
    "/services/shop",
    "/recovery",
    "/recovery/gaps",
    "/services/shop/recovery",
    "/now",
    "/now/causes",
    "/now/restore-first",
    "/impact?id=orders-db-01",
    "/search?q=orders",
)
PAGES = (
    "/",
    "/services",
    "/now",
    "/recovery",
    "/ci?key=orders-db-01",
    "/search?q=orders",
    "/what-if?scenario=t%3D0+fail+ci:orders-db-01+for+4h",
)
TOLD = "the store does not answer since"
OF_THE_MOMENT = ("minutes", "minutes_left", "money_so_far", "sentence")  # of /now: a minute may end between two questions


def plain(document: Any, without: Sequence[str] = ()) -> Any:
    """An answer without what differs when the store is away: the warning, and when it was asked."""
    if isinstance(document, dict):
        return {
            name: [text for text in value if TOLD not in text] if name == "warnings" else plain(value, without)
            for name, value in document.items()
            if name not in ("simulation", "seconds", "now_at", "at", "records", "attributes", *without)
        }
    return [plain(part, without) for part in document] if isinstance(document, list) else document


def ask(service: Service, **headers: str) -> dict[str, Any]:
    """Every answer by its question."""
    found = {path: service.client.get("/api/v1" + path, headers=headers) for path in READS}
    body = {"cis": ["orders-db-01"], "duration_hours": 4}
    found["POST /simulations"] = service.client.post("/api/v1/simulations", json=body, headers=headers)
    timeline = {"text": "t=0 fail ci:orders-db-01 for 4h"}
    found["POST /timelines"] = service.client.post("/api/v1/timelines", json=timeline, headers=headers)
    return found


def come_back(service: Service) -> None:
    until = time.monotonic() + 20
    while service.client.application.extensions["away"].since is not None:
        assert time.monotonic() < until
        time.sleep(0.02)


def goes_and_comes(service: Service, take_away: Any, bring_back: Any) -> None:
    service.document(ESTATE)
    assert (
        service.client.put("/api/v1/live/orders-db-01", json={"state": "down", "started_at": "2026-11-01T00:00:00Z"}).status_code
        == 200
    )
    assert service.client.get("/readyz").status_code == 200
    before = ask(service)
    assert {path: answer.status_code for path, answer in before.items() if answer.status_code not in (200, 201)} == {}
    service.forestay.keep_known()
    service.forestay.cache.settle()
    take_away()
    try:
        during = ask(service)
        assert {path: answer.status_code for path, answer in during.items() if answer.status_code not in (200, 201)} == {}
        for path, answer in during.items():
            body = answer.get_json()
            told = [text for text in body["stamp"]["warnings"] if TOLD in text]
            assert len(told) == 1 and "as of revision 1, read 0 min ago" in told[0], path
            assert TOLD in answer.headers["Warning"]
            without = OF_THE_MOMENT if path == "/now" else ()
            assert plain(body, without) == plain(before[path].get_json(), without), path
        for path in PAGES:
            page = service.client.get(path, follow_redirects=True)
            assert page.status_code == 200 and "The store does not answer since" in page.text, path
        assert service.client.get("/readyz").status_code == 503 and service.client.get("/livez").status_code == 200
        for answer in (
            service.client.put("/api/v1/live/shop", json={"state": "down"}), service.client.get("/api/v1/health"),
            service.client.get("/api/v1/keys"), service.client.get("/api/v1/areas", query_string={"revision": "0"}),
            service.client.post("/api/v1/keys", json={"name": "n", "role": "viewer"}),
        ):  # fmt: skip
            assert answer.status_code == 503, answer.text
    finally:
        bring_back()
    come_back(service)
    after = ask(service)
    assert all(TOLD not in answer.text and "Warning" not in answer.headers for answer in after.values())
    assert service.client.get("/readyz").status_code == 200


def moves(service: Service) -> tuple[Any, Any]:
    path = service.forestay.store.path
    aside = path.with_name("moved.db")
    return lambda: path.rename(aside), lambda: aside.rename(path)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(away, "ASK_EVERY", 0.02)


def test_a_file_that_is_moved_away(service: Service) -> None:
    goes_and_comes(service, *moves(service))


class Line:
    """The line to a server: connections are passed on to it until the line is cut."""

    def __init__(self, host: str, port: int) -> None:
        self._to, self._open = (host, port), []
        self.port = 0
        self.mend()

    def mend(self) -> None:
        self._door = socket.create_server(("127.0.0.1", self.port))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._door,), daemon=True).start()

    def cut(self) -> None:
        for end in (self._door, *self._open):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def _accept(self, door: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, far = door.accept()[0], socket.create_connection(self._to)
                self._open += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, from_: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while part := from_.recv(65536):
                to.sendall(part)
            to.shutdown(socket.SHUT_RDWR)


@pytest.mark.neo4j
def test_a_neo4j_that_cannot_be_reached(make_service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "RETRY_SECONDS", 0.5)  # each write that is refused meanwhile waits for it
    neo4j_server.empty_database()
    there = urlsplit(neo4j_server.uri())
    line = Line(there.hostname or "localhost", there.port or 7687)
    where = {"FORESTAY_STORE_URL": f"bolt://127.0.0.1:{line.port}", "FORESTAY_STORE_PASSWORD": neo4j_server.auth()[1]}
    service = make_service(**where)
    goes_and_comes(service, line.cut, line.mend)
    service.forestay.close()
    line.cut()


def test_who_is_answered_while_keys_cannot_be_looked_up(make_service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    service = make_service(FORESTAY_WEB_SIGN_IN="keys")
    service.document(ESTATE)
    keys = {name: create_key(service.forestay.documents, name, "viewer") for name in ("seen", "unseen", "revoked", "short")}

    keys["north"] = create_key(service.forestay.documents, "north", "viewer", scope="site=north")

    def get(name: str, path: str = "/api/v1/areas") -> Any:
        return service.client.get(path, headers={"Authorization": f"Bearer {keys[name][0]}"})

    assert [get(name).status_code for name in ("seen", "revoked", "short", "north")] == [200] * 4
    revoke_key(service.forestay.documents, keys["revoked"][1].prefix)
    assert get("revoked").status_code == 401
    known: known_callers.Known = service.client.application.extensions["known_callers"]
    for digest, (caller, _, at) in list(known._of.items()):
        if caller.name == "short":
            known._of[digest] = (caller, "2020-01-01T00:00:00+00:00", at)
    service.forestay.keep_known()
    service.forestay.cache.settle()
    take_away, bring_back = moves(service)
    take_away()
    try:
        assert get("seen").status_code == 200 and TOLD in get("seen").text
        for path in ("areas", "cis", "search?q=orders", "services", "cis/orders-db-01/blast-radius"):
            part = get("north", f"/api/v1/{path}")
            assert part.status_code == 200 and TOLD in part.text and "orders-db-02" not in part.text, path
            assert "orders-db-02" in get("seen", f"/api/v1/{path}").text or "services" in path or "blast" in path, path
        assert get("north", "/api/v1/cis/orders-db-02").status_code == 404
        for name in ("unseen", "revoked", "short"):
            answer = get(name)
            assert answer.status_code == 503 and "cannot be looked up" in answer.text, name
        assert service.client.get("/api/v1/areas").status_code == 401
        monkeypatch.setattr(known_callers, "REMEMBERED_SECONDS", 0.0)
        assert get("seen").status_code == 503
        kept = (service.forestay.settings.cache_folder / "last-known.json").read_text()
        assert not any(row.prefix in kept for _, row in keys.values())
    finally:
        bring_back()
    come_back(service)


@pytest.mark.parametrize("assemble", [assemble_beside, lambda settings: assemble_to_serve(settings)[0]], ids=["beside", "serve"])
def test_a_process_starts_while_the_store_is_away(service: Service, assemble: Any) -> None:
    """It answers from what was kept, begins no store anew, and opens the store once it is there."""
    service.document(ESTATE)
    service.forestay.keep_known()
    service.forestay.cache.settle()
    take_away, bring_back = moves(service)
    take_away()
    beside = assemble(service.forestay.settings)
    asked = Service(service.folder, beside)
    try:
        assert asked.client.get("/readyz").status_code == 503 and asked.client.get("/livez").status_code == 200
        assert TOLD in asked.get("/areas")["stamp"]["warnings"][0]
        assert not service.forestay.store.path.exists()
    finally:
        bring_back()
    come_back(asked)
    assert asked.get("/areas")["stamp"]["warnings"] == []
    assert asked.client.get("/readyz").status_code == 200
    assert asked.client.put("/api/v1/live/orders-db-01", json={"state": "down"}).status_code == 200
    beside.close()


@pytest.mark.slow
def test_serve_starts_while_the_store_is_away(service: Service) -> None:
    service.document(ESTATE)
    service.forestay.keep_known()
    service.forestay.cache.settle()
    take_away, bring_back = moves(service)
    take_away()
    command = [sys.executable, "-m", "app", "--data", str(service.forestay.settings.data_folder), "serve", "--port", "0"]
    server = subprocess.Popen([*command, "--no-runner"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None and server.stderr is not None
        at = server.stdout.readline().split()[-1].rstrip("/")
        assert "The store does not answer" in server.stderr.readline()
        areas = requests.get(f"{at}/api/v1/areas", timeout=20).json()
        assert TOLD in areas["stamp"]["warnings"][0] and areas["items"]
        assert requests.get(f"{at}/readyz", timeout=20).status_code == 503
        bring_back()
        until = time.monotonic() + 20
        while requests.get(f"{at}/readyz", timeout=20).status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.1)
        assert requests.get(f"{at}/api/v1/areas", timeout=20).json()["stamp"]["warnings"] == []
    finally:
        server.terminate()
        server.communicate(timeout=20)


def test_nothing_stands_in_where_nothing_was_kept(service: Service) -> None:
    service.document(ESTATE)
    take_away, bring_back = moves(service)
    take_away()
    try:
        assert service.client.get("/api/v1/areas").status_code == 503
    finally:
        bring_back()
    come_back(service)
    assert service.client.get("/api/v1/areas").status_code == 200
    assert isinstance(service.forestay.searches.at(service.forestay.store.current()), SearchIndex)
