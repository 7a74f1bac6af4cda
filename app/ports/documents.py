"""Documents: everything the service keeps that is not the estate, in the same database as the ledger.

Sources, sync runs, jobs, assessments, simulations, keys and the audit trail are documents: a JSON text under (kind, key) with a
version that counts its writes. Small typed ports stand on it (`records.py`). Keys sort by code point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from app.domain.signing import Signer


@dataclass(frozen=True, slots=True)
class Document:
    kind: str
    key: str
    version: int
    body: str


class Documents(Protocol):
    @property
    def signer(self) -> Signer:
        """The signer of the audit trail, given when the store is opened."""
        ...

    def get(self, kind: str, key: str) -> Document | None: ...

    def put(self, kind: str, key: str, body: str, expected: int | None = None, operation_id: str | None = None) -> Document:
        """Writes a document. `expected`: the version it must have now, 0 for absent (else Conflict). The same operation_id
        given again (a retry, for 30 days) changes nothing and returns what that operation wrote. Deleted documents start again at
        version 1."""
        ...

    def delete(self, kind: str, key: str) -> bool: ...

    def page(self, kind: str, after: str = "", limit: int = 100, descending: bool = False) -> Sequence[Document]:
        """Documents of a kind in order of key, beyond `after` ("" from the end it starts at)."""
        ...

    def append(self, kind: str, body: str, operation_id: str | None = None) -> Document:
        """Writes under the next number of the kind, as a key of 20 digits: without gaps, in the order of commits."""
        ...

    def together(self) -> AbstractContextManager[None]:
        """Opens one unit of work: all document writes inside commit together or not at all (not across threads)."""
        ...

    def kinds(self) -> Mapping[str, int]:
        """Every kind with the last number `append` gave out under it (0: none)."""
        ...

    def restore(self, documents: Sequence[Document], last_numbers: Mapping[str, int]) -> None:
        """Writes documents as they stood elsewhere, version included, and goes on counting from these numbers (copies of a
        store)."""
        ...
