"""A way to a real server over TLS that understands what passes on it and can play one fault: for servers that do not speak
HTTP."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress

from tests.servers.running import TLS

SIGN_IN_PAGE = b"HTTP/1.1 200 OK\r\n\r\n<!DOCTYPE html><html><title>Log in</title></html>"


def exactly(source: socket.socket, size: int) -> bytes:
    """So many bytes, fewer at the end."""
    found = b""
    while len(found) < size and (part := source.recv(size - len(found))):
        found += part
    return found


class Way:
    """`at`: the page from which on the fault is played; 0 never. `felt`: whether it was. `listen`: a port of its own; 0: any."""

    def __init__(self, port: int, fault: str = "", at: int = 0, stalls: float = 2.0, listen: int = 0) -> None:
        self.target, self.fault, self.at, self.stalls = port, fault, at, stalls
        self.pages, self.felt = 0, False
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(TLS / "server.pem", TLS / "server.key")
        self._listener = socket.create_server(("127.0.0.1", listen))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._meet, args=(self._listener.accept()[0],), daemon=True).start()

    def _meet(self, raw: socket.socket) -> None:
        with suppress(OSError), raw, self._tls.wrap_socket(raw, server_side=True) as near, self.far() as far:
            self.serve(near, far)

    def far(self) -> socket.socket:
        """A connection to the real server."""
        return socket.create_connection(("127.0.0.1", self.target))

    def serve(self, near: socket.socket, far: socket.socket) -> None:
        """Pass on what is asked and answered, until one side ends."""
        raise NotImplementedError

    def page(self) -> bool:
        """Count one more page; whether the fault is played on it."""
        self.pages += 1
        return 0 < self.at <= self.pages

    def play(self, near: socket.socket, honest: bytes, played: bytes | None) -> bool:
        """Send `played` in place of a page; None: what the fault does to any connection. Whether the connection goes on."""
        goes_on = played is not None
        if played is None:
            played = SIGN_IN_PAGE if self.fault == "sign-in page" else honest[: len(honest) // 2]
        self.felt |= played != honest
        if self.fault in ("refused", "tls"):
            played = b""
        if self.fault == "refused":
            self.close()
        elif self.fault == "tls":
            self._tls.load_cert_chain(TLS / "other.pem", TLS / "other.key")
        near.sendall(played)
        if self.fault == "stall":
            time.sleep(self.stalls)
        return goes_on

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
