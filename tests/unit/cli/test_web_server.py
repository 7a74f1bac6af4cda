"""Large bodies on a real connection: dropped where no view streams them, and their sender learns why."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask, request

from app.cli.web_server import server_of
from app.settings import WebSettings

MOST = 10_000


@pytest.fixture
def port() -> Iterator[int]:
    app = Flask("large")

    @app.post("/small")
    def small() -> str:
        return str(len(request.get_data()))

    @app.put("/file/<name>")
    def file(name: str) -> str:
        return str(len(request.get_data()))

    file.streams = True  # type: ignore[attr-defined]
    web = replace(WebSettings(), host="127.0.0.1", port=0, request_bytes=MOST, upload_bytes=1_000_000)
    server = server_of(app, web, waiting=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield server.effective_port
    server.close()
    thread.join(5)


def send(port: int, method: str, path: str, body: object) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body, encode_chunked=not isinstance(body, bytes))  # type: ignore[arg-type]
    answer = connection.getresponse()
    found = answer.status, answer.getheader("Content-Type", ""), answer.read()
    connection.close()
    return found


def test_a_body_up_to_the_limit_is_read(port: int) -> None:
    assert send(port, "POST", "/small", b"x" * MOST)[::2] == (200, str(MOST).encode())


@pytest.mark.parametrize("path", ["/small", "/nowhere"])
def test_a_larger_one_is_dropped_and_its_sender_learns_why(port: int, path: str) -> None:
    status, kind, body = send(port, "POST", path, b"x" * 900_000)
    assert (status, kind) == (413, "application/problem+json")
    assert json.loads(body)["detail"] == f"a request body here has at most {MOST:,} bytes"


def test_the_next_request_is_answered(port: int, caplog: pytest.LogCaptureFixture) -> None:
    assert [send(port, "POST", "/small", b"x" * size)[0] for size in (50_000, 5, 50_000, 6)] == [413, 200, 413, 200]
    assert not caplog.records  # the server has no trouble with what it dropped


def test_what_a_view_streams_comes_through(port: int) -> None:
    assert send(port, "PUT", "/file/a", b"x" * 900_000)[::2] == (200, b"900000")


def test_a_chunked_body_has_the_same_limit(port: int) -> None:
    assert send(port, "POST", "/small", iter([b"x" * 1000] * 5))[0] == 200
    assert send(port, "PUT", "/file/a", iter([b"x" * 1000] * 50))[0] == 200
    try:
        assert send(port, "POST", "/small", iter([b"x" * 1000] * 50))[0] == 413
    except ConnectionError:
        pass  # the server hangs up on one that goes on after its answer
