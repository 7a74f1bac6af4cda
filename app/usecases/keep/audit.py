"""The audit trail: what was changed and which sensitive answers were read, by whom.

Each entry carries its number, the hash of the one before and a signature by a key that lies outside of the database; the head,
signed too, names the last one. If someone changes, moves, adds or takes away an entry without the key, `audit_verify` finds it
and names the entry. The anchor (audit_anchor.py) finds what the head of an earlier moment, put back, would hide.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from app.domain.errors import Conflict, ForestayError
from app.domain.signing import Signer
from app.ports.documents import Document, Documents

KIND, HEAD = "audit", "audit_head"
START = "0" * 64
SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Entry:
    at: str
    caller: str
    action: str
    subject: str
    details: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry: its number and the hash of its text. `signed`: False for one that an earlier version wrote."""

    number: int
    digest: str
    signed: bool = True


def entry(caller: str, action: str, subject: str, details: Mapping[str, object] | None = None) -> Entry:
    return Entry(datetime.now(UTC).isoformat(), caller, action, subject, dict(details or {}))


def record(documents: Documents, caller: str, action: str, subject: str, details: Mapping[str, object] | None = None) -> None:
    """Appends one entry."""
    record_all(documents, [entry(caller, action, subject, details)])


def record_all(documents: Documents, new: Sequence[Entry]) -> None:
    """Appends entries. The head is held to the end of the unit of work, so two writers cannot fork the chain."""
    with documents.together():
        head = _hold_head(documents)
        for one in new:
            body = signed(documents.signer, {**asdict(one), "number": head.number + 1, "previous": head.digest})
            written = documents.append(KIND, body)
            if int(written.key) != head.number + 1:
                raise Conflict(
                    f"entry {int(written.key)} of the audit trail does not follow {head.number}: see forestay audit verify"
                )
            head = Head(head.number + 1, digest_of(body))
        documents.put(HEAD, "head", _head_text(documents.signer, head))


def _hold_head(documents: Documents) -> Head:
    """Returns what the head names, and keeps others from changing it until the unit of work ends: it is written as it was."""
    while True:
        kept = documents.get(HEAD, "head")
        head = _head_of(documents, kept)
        with suppress(Conflict):
            body = kept.body if kept else _head_text(documents.signer, head)
            documents.put(HEAD, "head", body, expected=kept.version if kept else 0)
            return head


def _head_of(documents: Documents, kept: Document | None) -> Head:
    if kept is None:
        return Head(0, START)
    body = _object(kept.body)
    if "number" in body and "digest" in body:
        return Head(int(body["number"]), str(body["digest"]), bool(body.get(SIGNATURE)))
    last = documents.page(KIND, "", 1, descending=True)  # an earlier version kept the hash alone
    return Head(int(last[0].key) if last else 0, kept.body, signed=False)


def _head_text(signer: Signer, head: Head) -> str:
    return signed(signer, {"number": head.number, "digest": head.digest})


def signed(signer: Signer, body: Mapping[str, Any]) -> str:
    """Returns the text of an entry, the head or an anchor, with the name of the key and a signature over all the rest."""
    if not signer.key_id:
        return _text(body)
    named = {**body, "key": signer.key_id}
    return _text({**named, SIGNATURE: signer.sign(_text(named))})


def fits(signer: Signer, body: Mapping[str, Any]) -> bool | None:
    """Whether the signature is that of the rest; None where its key is not here. KeyError where there is no signature."""
    rest = {name: value for name, value in body.items() if name != SIGNATURE}
    return signer.fits(str(body["key"]), _text(rest), str(body[SIGNATURE]))


def begin_signing(documents: Documents) -> None:
    """Signs a trail that an earlier version wrote, from here on, and with it what was there."""
    kept = documents.get(HEAD, "head")
    if kept is not None and documents.signer.key_id and not _head_of(documents, kept).signed:
        record(documents, "forestay", "audit trail signed", documents.signer.key_id)


class ReadTrail:
    """Records reads of sensitive answers in the background, in one unit of work a second, so that a read does not wait for the
    disk.

    At most FULL entries wait: beyond that the reader writes them itself. The reads of the last second of a killed process are
    lost; changes are never recorded this way.
    """

    FULL, PAUSE_SECONDS = 5000, 1.0

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._waiting: list[Entry] = []
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, caller: str, action: str, subject: str) -> None:
        with self._lock:
            self._waiting.append(entry(caller, action, subject))
            full = len(self._waiting) >= self.FULL
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
        if full:
            self.flush()

    def flush(self) -> None:
        with self._lock:
            taken, self._waiting = self._waiting, []
        if not taken:
            return
        try:
            record_all(self._documents, taken)
        except ForestayError:
            with self._lock:
                self._waiting = taken + self._waiting
            raise

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._stop.wait(self.PAUSE_SECONDS):
            with suppress(ForestayError):  # the store is away: the entries wait
                self.flush()


def entries(documents: Documents, after: str = "", limit: int = 100) -> Sequence[Document]:
    """Returns entries, the newest first."""
    return documents.page(KIND, after, limit, descending=True)


def time_of(document: Document) -> datetime:
    """Returns when an entry was made; ValueError where it does not say."""
    at = datetime.fromisoformat(str(_object(document.body).get("at", "")))
    if at.tzinfo is None:
        raise ValueError("a time without zone")
    return at


def all_entries(documents: Documents) -> Iterator[Document]:
    """Yields all entries, the oldest first."""
    after = ""
    while page := documents.page(KIND, after, 1000):
        yield from page
        after = page[-1].key


def current_head(documents: Documents) -> Head:
    return _head_of(documents, documents.get(HEAD, "head"))


def digest_of(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _object(body: str) -> dict[str, Any]:
    """Returns what a text holds; empty where it is no JSON object."""
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(body: Mapping[str, Any]) -> str:
    return json.dumps(body, sort_keys=True)
