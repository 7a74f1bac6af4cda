"""A way to a real Neo4j (Bolt 5.4): a page is an answer to PULL, but for those of EXPLAIN."""

from __future__ import annotations

import socket

from tests.servers.way import Way, exactly

MAGIC = b"\x60\x60\xb0\x17"
VERSIONS = b"\x00\x04\x04\x05" + bytes(12)  # 5.4 back to 5.0, without the manifest of later ones
GOODBYE, HELLO, RUN, DISCARD, PULL = 0x02, 0x01, 0x10, 0x2F, 0x3F
SUCCESS, RECORD = 0x70, 0x71
SILENCE = b"connection.recv_timeout_seconds"  # how long the server tells a client to wait for a sign of life
NUMBER = b"RETURN count(*) AS "  # asks how many rows there are
CODES = {
    "401": "Neo.ClientError.Security.Unauthorized",
    "403": "Neo.ClientError.Security.Forbidden",
    "429": "Neo.TransientError.General.MemoryPoolOutOfMemoryError",
    "500": "Neo.DatabaseError.General.UnknownError",
}


def text(words: str) -> bytes:
    return bytes([0xD0, len(words)]) + words.encode()


def framed(payload: bytes) -> bytes:
    """A message of one chunk."""
    return len(payload).to_bytes(2, "big") + payload + b"\0\0"


def failure(code: str) -> bytes:
    return framed(b"\xb1\x7f\xa2" + text("code") + text(code) + text("message") + text("by a fault"))


def message(source: socket.socket) -> tuple[bytes, bytes]:
    """One whole message with and without its frame; (b"", b"") at the end."""
    whole, payload = b"", b""
    while len(head := exactly(source, 2)) == 2:
        part = exactly(source, int.from_bytes(head, "big"))
        whole, payload = whole + head + part, payload + part
        if not part and payload:
            return whole, payload
    return b"", b""


class BoltWay(Way):
    def serve(self, near: socket.socket, far: socket.socket) -> None:
        assert exactly(near, 20).startswith(MAGIC)
        far.sendall(MAGIC + VERSIONS)
        near.sendall(exactly(far, 4))
        statement = b""
        while (asked := message(near))[0]:
            whole, payload = asked
            far.sendall(whole)
            if payload[1] == GOODBYE:
                return
            if payload[1] == RUN:
                statement = payload
            records, answer, said = self._answer(far)
            if payload[1] == HELLO and SILENCE in answer:
                at = answer.index(SILENCE) + len(SILENCE)
                answer = answer[:at] + b"\x01" + answer[at + 1 :]  # a whole number below 128 is one byte
            honest = b"".join(records) + answer
            if payload[1] != PULL or said != SUCCESS or b"EXPLAIN" in statement or not self.page():
                near.sendall(honest)
            elif not self.play(near, honest, self._played(far, NUMBER in statement, records, answer)):
                return

    def _answer(self, far: socket.socket) -> tuple[list[bytes], bytes, int]:
        """Records, and the summary after them with its tag."""
        records = []
        while (answer := message(far))[0]:
            if answer[1][1] != RECORD:
                return records, answer[0], answer[1][1]
            records.append(answer[0])
        raise OSError("the server has gone")

    def _played(self, far: socket.socket, counts: bool, records: list[bytes], answer: bytes) -> bytes | None:
        if self.fault in CODES:
            return failure(CODES[self.fault])
        if self.fault in ("empty list", "missing last page", "total changed") and counts:
            number = records[0][5]
            wrong = {"empty list": 0, "total changed": number + 1}.get(self.fault, number)
            return framed(b"\xb1\x71\x91" + bytes([wrong])) + answer
        if self.fault == "total changed":
            return b"".join(records) + answer
        if self.fault in ("empty list", "missing last page"):
            return self._ended(far, answer)
        return None

    def _ended(self, far: socket.socket, answer: bytes) -> bytes:
        """The summary of an answer that has no more rows, though the server would have had some."""
        if b"has_more\xc3" not in answer:
            return answer
        far.sendall(framed(bytes([0xB1, DISCARD, 0xA1]) + text("n") + b"\xff"))
        return self._answer(far)[1]
