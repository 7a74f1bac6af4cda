"""The audit trail: what changed and which sensitive answers were read, by whom; each entry carries the hash of the one before."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from app.domain.errors import Conflict, ForestayError
from app.ports.documents import Document, Documents

KIND = "audit"
START = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    at: str
    caller: str
    action: str
    subject: str
    details: Mapping[str, object]


def entry(caller: str, action: str, subject: str, details: Mapping[str, object] | None = None) -> Entry:
    return Entry(datetime.now(UTC).isoformat(), caller, action, subject, dict(details or {}))


def record(documents: Documents, caller: str, action: str, subject: str, details: Mapping[str, object] | None = None) -> None:
    """Append one entry."""
    record_all(documents, [entry(caller, action, subject, details)])


def record_all(documents: Documents, new: Sequence[Entry]) -> None:
    """Append entries. The head is held to the end of the unit of work, so two writers cannot fork the chain."""
    with documents.together():
        previous = _hold_head(documents)
        for one in new:
            body = json.dumps({**asdict(one), "previous": previous}, sort_keys=True)
            documents.append(KIND, body)
            previous = _digest(body)
        documents.put(KIND + "_head", "head", previous)


def _hold_head(documents: Documents) -> str:
    """What the head names, which nobody else changes until the unit of work ends: it is written as it was."""
    while True:
        head = documents.get(KIND + "_head", "head")
        body = head.body if head else START
        with suppress(Conflict):
            documents.put(KIND + "_head", "head", body, expected=head.version if head else 0)
            return body


class ReadTrail:
    """Reads of sensitive answers, written in the background in one unit of work a second, so that a read does not wait for the disk.

    At most FULL entries wait: beyond it the reader writes them itself. What a killed process had read in its last second is lost; changes
    are never recorded this way.
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
    """Newest first."""
    return documents.page(KIND, after, limit, descending=True)


def verify(documents: Documents) -> list[str]:
    """Walk the chain; faults found, each a sentence. Empty: the trail is whole."""
    faults, previous = [], START
    for document in _all(documents):
        if json.loads(document.body)["previous"] != previous:
            faults.append(f"entry {int(document.key)} does not follow the one before it")
        previous = _digest(document.body)
    head = documents.get(KIND + "_head", "head")
    if previous != (head.body if head else START):
        faults.append("the last entry is not the one the head names: entries were taken away or changed")
    return faults


def _all(documents: Documents) -> Iterator[Document]:
    after = ""
    while page := documents.page(KIND, after, 1000):
        yield from page
        after = page[-1].key


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
