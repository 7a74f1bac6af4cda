"""A way to a real LDAP server over TLS that understands the messages on it (RFC 4511), and plays one fault from a given page of answers on."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress

from tests.servers.running import TLS

UNBIND, ENTRY, DONE, REFERENCE = 0x42, 0x64, 0x65, 0x73
PAGED = b"1.2.840.113556.1.4.319"
KEYS_ONLY = b"1.1"  # asks for no attribute: how many entries there are
CODES = {"401": 49, "403": 50, "429": 51, "500": 80}  # invalidCredentials, insufficientAccessRights, busy, other


def tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def done(number: bytes, code: int, cookie: bytes | None = None) -> bytes:
    """SearchResultDone with a result code and, where given, the cookie of the next page."""
    result = tlv(DONE, tlv(0x0A, bytes([code])) + tlv(4, b"") + tlv(4, b"by a fault" if code else b""))
    control = b"" if cookie is None else tlv(0xA0, tlv(0x30, tlv(4, PAGED) + tlv(4, tlv(0x30, tlv(2, b"\0") + tlv(4, cookie)))))
    return tlv(0x30, number + result + control)


def message(source: ssl.SSLSocket) -> bytes:
    """One whole message; b"" at the end."""
    head = _exactly(source, 2)
    if len(head) < 2:
        return b""
    more = _exactly(source, head[1] & 0x7F) if head[1] & 0x80 else b""
    size = int.from_bytes(more, "big") if more else head[1]
    return head + more + _exactly(source, size)


def _exactly(source: ssl.SSLSocket, size: int) -> bytes:
    found = b""
    while len(found) < size and (part := source.recv(size - len(found))):
        found += part
    return found


def split(whole: bytes) -> tuple[bytes, int]:
    """The message's number, as it stands there, and the tag of what it says."""
    at = 2 + (whole[1] & 0x7F if whole[1] & 0x80 else 0)
    end = at + 2 + whole[at + 1]
    return whole[at:end], whole[end]


class LdapWay:
    """`at`: the page (answer to a search) from which on the fault is played; 0 never. `felt`: whether it was."""

    def __init__(self, port: int, fault: str = "", at: int = 0, stalls: float = 2.0) -> None:
        self.target, self.fault, self.at, self.stalls = port, fault, at, stalls
        self.pages, self.felt = 0, False
        self._near = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._near.load_cert_chain(TLS / "server.pem", TLS / "server.key")
        self._far = ssl.create_default_context(cafile=str(TLS / "ca.pem"))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self._listener.accept()[0],), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        with suppress(OSError), raw:
            near = self._near.wrap_socket(raw, server_side=True)
            far = self._far.wrap_socket(socket.create_connection(("127.0.0.1", self.target)), server_hostname="localhost")
            with near, far:
                while asked := message(near):
                    far.sendall(asked)
                    if split(asked)[1] == UNBIND:
                        return
                    entries = []
                    while split(answer := message(far))[1] in (ENTRY, REFERENCE):
                        entries.append(answer)
                    if not self._answer(near, asked, entries, answer):
                        return

    def _answer(self, near: ssl.SSLSocket, asked: bytes, entries: list[bytes], answer: bytes) -> bool:
        """Hand on an answer, or play the fault; whether the connection goes on."""
        number, what = split(answer)
        self.pages += what == DONE
        if what != DONE or not self.at or self.pages < self.at:
            near.sendall(b"".join(entries) + answer)
            return True
        honest, played, goes_on = b"".join(entries) + answer, b"", True
        if self.fault in CODES:
            played = done(number, CODES[self.fault])
        elif self.fault == "empty list":
            played = done(number, 0, b"")
        elif self.fault == "missing last page":
            played = honest if KEYS_ONLY in asked else done(number, 0, b"")
        elif self.fault == "total changed":
            played = b"".join(entries[1:]) + answer if KEYS_ONLY in asked else honest
        elif self.fault == "sign-in page":
            played, goes_on = b"HTTP/1.1 200 OK\r\n\r\n<!DOCTYPE html><html><title>Log in</title></html>", False
        else:
            played, goes_on = honest[: len(honest) // 2], False
        self.felt |= played != honest
        if self.fault in ("refused", "tls"):
            played = b""
        if self.fault == "refused":
            self.close()
        elif self.fault == "tls":
            self._near.load_cert_chain(TLS / "other.pem", TLS / "other.key")
        near.sendall(played)
        if self.fault == "stall":
            time.sleep(self.stalls)
        return goes_on

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
