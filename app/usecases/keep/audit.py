"""The audit trail: what changed and which sensitive answers were read, by whom; each entry carries the hash of the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from app.domain.errors import Conflict
from app.ports.documents import Document, Documents

KIND = "audit"
START = "0" * 64
TRIES = 20


def record(documents: Documents, caller: str, action: str, subject: str, details: Mapping[str, object] | None = None) -> None:
    """Append an entry. The head document is compared and set in the same unit of work, so two writers cannot fork the chain."""
    for attempt in range(TRIES):
        try:
            with documents.together():
                head = documents.get(KIND + "_head", "head")
                previous = head.body if head else START
                entry = {
                    "at": datetime.now(UTC).isoformat(),
                    "caller": caller,
                    "action": action,
                    "subject": subject,
                    "details": dict(details or {}),
                    "previous": previous,
                }
                body = json.dumps(entry, sort_keys=True)
                documents.append(KIND, body)
                documents.put(KIND + "_head", "head", _digest(body), expected=head.version if head else 0)
            return
        except Conflict:
            if attempt == TRIES - 1:
                raise


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
