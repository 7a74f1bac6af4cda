"""Documents, kept in the same database as the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.domain.errors import Conflict, StoreUnavailable
from app.domain.signing import Signer
from app.ports.documents import Document
from app.storage.checked import check_document
from app.storage.neo4j.connection import Neo4jConnected, Transaction, count, rows
from app.storage.shared import ReadDocuments
from app.storage.statements import cypher
from app.storage.times import time_text


class Neo4jDocuments(ReadDocuments, Neo4jConnected):
    signer = Signer()

    def put(self, kind: str, key: str, body: str, expected: int | None = None, operation_id: str | None = None) -> Document:
        check_document(kind, key, body)

        def work(transaction: Transaction) -> Document:
            done = _done(transaction, operation_id)
            if done:
                return done
            version = int(rows(transaction, cypher("neo4j_only/document", "lock"), {"kind": kind, "key": key})[0]["version"])
            if expected is not None and expected != version:
                if version == 0:
                    rows(transaction, cypher("document", "delete"), {"kind": kind, "key": key})  # taking the lock made the node
                raise Conflict(f"{kind} {key} is at version {version}, not {expected}", version=version)
            return _keep(transaction, Document(kind, key, version + 1, body), operation_id)

        return self._retried(work, operation_id)

    def delete(self, kind: str, key: str) -> bool:
        return self.write_in(lambda transaction: count(transaction, cypher("document", "delete"), {"kind": kind, "key": key}) > 0)

    def append(self, kind: str, body: str, operation_id: str | None = None) -> Document:
        check_document(kind, "0", body)

        def work(transaction: Transaction) -> Document:
            done = _done(transaction, operation_id)
            if done:
                return done
            number = rows(transaction, cypher("document", "next_number"), {"kind": kind})[0]["number"]
            return _keep(transaction, Document(kind, f"{number:020d}", 1, body), operation_id)

        return self._retried(work, operation_id)

    def kinds(self) -> Mapping[str, int]:
        return {row["kind"]: row["last"] for row in self.select("document", "kinds")}

    def restore(self, documents: Sequence[Document], last_numbers: Mapping[str, int]) -> None:
        for document in documents:
            check_document(document.kind, document.key, document.body)

        def work(transaction: Transaction) -> None:
            for document in documents:
                _keep(transaction, document, None)
            for kind, last in last_numbers.items():
                if last:
                    rows(transaction, cypher("document", "restore_number"), {"kind": kind, "last": last})

        self.write_in(work)

    def _retried(self, work: Callable[[Transaction], Document], operation_id: str | None) -> Document:
        """Runs `work`, and once more where the answer of the commit was lost: the operation id then tells whether it was
        written."""
        try:
            return self.write_in(work)
        except StoreUnavailable as error:
            if not operation_id or not error.details.get("unknown"):
                raise
        return self.write_in(work)


def _done(transaction: Transaction, operation_id: str | None) -> Document | None:
    if not operation_id:
        return None
    records = rows(transaction, cypher("document", "operation"), {"operation_id": operation_id})
    return Document(**records[0]) if records else None


def _keep(transaction: Transaction, document: Document, operation_id: str | None) -> Document:
    fields: dict[str, Any] = {"kind": document.kind, "key": document.key, "version": document.version, "body": document.body}
    rows(transaction, cypher("document", "put"), fields)
    if operation_id:
        noted = {**fields, "operation_id": operation_id, "at": time_text(datetime.now(UTC))}
        rows(transaction, cypher("document", "remember_operation"), noted)
    return document
