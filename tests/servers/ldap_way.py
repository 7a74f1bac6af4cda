"""A way to a real directory (LDAP, RFC 4511): a page is an answer to a search."""

from __future__ import annotations

import socket
import ssl

from tests.servers.running import TLS
from tests.servers.way import Way, exactly

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


def message(source: socket.socket) -> bytes:
    """One whole message; b"" at the end."""
    head = exactly(source, 2)
    if len(head) < 2:
        return b""
    more = exactly(source, head[1] & 0x7F) if head[1] & 0x80 else b""
    size = int.from_bytes(more, "big") if more else head[1]
    return head + more + exactly(source, size)


def split(whole: bytes) -> tuple[bytes, int]:
    """The message's number, as it stands there, and the tag of what it says."""
    at = 2 + (whole[1] & 0x7F if whole[1] & 0x80 else 0)
    end = at + 2 + whole[at + 1]
    return whole[at:end], whole[end]


class LdapWay(Way):
    def far(self) -> socket.socket:
        context = ssl.create_default_context(cafile=str(TLS / "ca.pem"))
        return context.wrap_socket(super().far(), server_hostname="localhost")

    def serve(self, near: socket.socket, far: socket.socket) -> None:
        while asked := message(near):
            far.sendall(asked)
            if split(asked)[1] == UNBIND:
                return
            entries = []
            while split(answer := message(far))[1] in (ENTRY, REFERENCE):
                entries.append(answer)
            honest = b"".join(entries) + answer
            number, what = split(answer)
            if what != DONE or not self.page():
                near.sendall(honest)
            elif not self.play(near, honest, self._played(KEYS_ONLY in asked, number, entries, answer)):
                return

    def _played(self, counts: bool, number: bytes, entries: list[bytes], answer: bytes) -> bytes | None:
        if self.fault in CODES:
            return done(number, CODES[self.fault])
        if self.fault == "empty list":
            return done(number, 0, b"")
        if self.fault == "missing last page":
            return b"".join(entries) + answer if counts else done(number, 0, b"")
        if self.fault == "total changed":
            return b"".join(entries[counts:]) + answer
        return None
