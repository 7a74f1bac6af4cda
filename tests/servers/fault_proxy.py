"""A proxy before a server that speaks HTTP, real or not, which plays one fault at a named request and passes on the rest."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from werkzeug import Request, Response

from tests.servers.running import Running

HOPS = ("host", "connection", "content-length", "keep-alive", "transfer-encoding")
FAULTS = [(when, how) for when in ("before", "after") for how in ("reset", "500", "429", "503")]


@dataclass(frozen=True)
class Fault:
    """`at`: the request, from 1. `when`: before (the server does not see it) or after (it did it, the answer is lost). `how`:
    reset, or the status that is answered."""

    at: int
    when: str
    how: str


class FaultProxy:
    """`asked`: requests since it was last armed; `felt`: whether the fault was played."""

    def __init__(self, upstream: str) -> None:
        self._place = urlsplit(upstream).netloc
        self._lock, self._fault = threading.Lock(), Fault(0, "before", "reset")
        self.asked, self.felt = 0, False
        self._running = Running(self._serve)
        self.url = self._running.url

    def arm(self, fault: Fault | None) -> None:
        with self._lock:
            self._fault, self.asked, self.felt = fault or Fault(0, "before", "reset"), 0, False

    def close(self) -> None:
        self._running.close()

    def _serve(self, request: Request) -> Response:
        with self._lock:
            self.asked += 1
            fault = self._fault if self.asked == self._fault.at else None
            self.felt = self.felt or fault is not None
        if fault and fault.when == "before":
            return self._played(fault, request)
        answer = self._passed_on(request)
        return self._played(fault, request) if fault else answer

    def _passed_on(self, request: Request) -> Response:
        connection = http.client.HTTPConnection(self._place, timeout=60)
        target = request.environ.get("RAW_URI") or request.full_path
        headers = {name: value for name, value in request.headers if name.lower() not in HOPS}
        connection.request(request.method, target, request.get_data() or None, headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in (*HOPS, "content-length")]
        return Response(body, answer.status, kept)

    def _played(self, fault: Fault, request: Request) -> Response:
        if fault.how == "reset":
            with suppress(OSError):
                request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            return Response("", 500)
        headers = {"Retry-After": "7"} if fault.how == "429" else {}
        return Response(json.dumps({"message": "played"}), int(fault.how), headers, content_type="application/json")
