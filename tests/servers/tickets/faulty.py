"""A stub that keeps what it was asked, and can play a fault at a named point: before a request is worked, or after it was."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from werkzeug import Request, Response


@dataclass
class Fault:
    """`when`: before (nothing is done) or after (it is done, the answer is lost). `how`: reset, 500, 502, 503 or 429. `on`:
    write, read or any."""

    when: str
    how: str
    on: str
    times: int
    retry_after: str


@dataclass
class Asking:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    write: bool

    def json(self) -> Any:
        return json.loads(self.body)


class Stub:
    """`asked`: every request, in order. `now`: the clock, a second later with each write."""

    def __init__(self) -> None:
        self.asked: list[Asking] = []
        self.faults: list[Fault] = []
        self.now = datetime(2026, 11, 20, 9, 0, 0, tzinfo=UTC)
        self._lock = threading.RLock()

    def fail_next(
        self, when: str = "after", how: str = "reset", on: str = "write", times: int = 1, retry_after: str = "7"
    ) -> None:
        assert when in ("before", "after") and how in ("reset", "500", "502", "503", "429"), (when, how)
        self.faults.append(Fault(when, how, on, times, retry_after))

    def writes(self) -> list[Asking]:
        return [one for one in self.asked if one.write]

    def tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def __call__(self, request: Request) -> Response:
        with self._lock:
            body = request.get_data()
            write = self.is_write(request)
            headers = {name.lower(): value for name, value in request.headers}
            self.asked.append(Asking(request.method, request.path, request.query_string.decode(), headers, body, write))
            fault = self._due(write)
            if fault and fault.when == "before":
                return self._played(fault, request)
            answer = self.answer(request)
            return self._played(fault, request) if fault else answer

    def is_write(self, request: Request) -> bool:
        return request.method != "GET"

    def answer(self, request: Request) -> Response:
        raise NotImplementedError

    def _due(self, write: bool) -> Fault | None:
        for fault in self.faults:
            if fault.on in ("any", "write" if write else "read"):
                fault.times -= 1
                if not fault.times:
                    self.faults.remove(fault)
                return fault
        return None

    def _played(self, fault: Fault, request: Request) -> Response:
        if fault.how == "reset":
            with suppress(OSError):
                request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            return Response("", 500)
        headers = {"Retry-After": fault.retry_after} if fault.how == "429" else {}
        return Response(json.dumps({"message": "played"}), int(fault.how), headers, content_type="application/json")


def said(body: Any, status: int = 200, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(json.dumps(body), status, named, content_type="application/json; charset=utf-8")


def empty(status: int = 204) -> Response:
    return Response("", status)
