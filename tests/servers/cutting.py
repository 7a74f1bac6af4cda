"""A way to a real server that breaks off after so many bytes of its answers, or falls silent: for servers that do not speak HTTP."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Cutting:
    """`limit`: bytes that the server may answer in all (None: no end); then every connection is closed, or with `silent` stays open and dead."""

    def __init__(self, port: int, limit: int | None = None, silent: bool = False) -> None:
        self.target, self.limit, self.silent, self.passed = port, limit, silent, 0
        self._lock, self._open = threading.Lock(), list[socket.socket]()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
                self._open += [near, far]
                threading.Thread(target=self._pass, args=(near, far, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(far, near, True), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while data := source.recv(4096):
                with self._lock:
                    if answers:
                        left = len(data) if self.limit is None else max(0, self.limit - self.passed)
                        self.passed += len(data)
                        data, done = data[:left], left < len(data)
                    else:
                        done = False
                if data:
                    sink.sendall(data)
                if done:
                    if self.silent:
                        return
                    break
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.close()
