"""Documents, kept in the same database as the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from app.domain.errors import Conflict
from app.domain.signing import Signer
from app.ports.documents import Document
from app.storage.checked import check_document
from app.storage.shared import ReadDocuments
from app.storage.sqlite.connection import Connected
from app.storage.statements import sql
from app.storage.times import time_text


class SqliteDocuments(ReadDocuments, Connected):
    signer = Signer()

    def put(self, kind: str, key: str, body: str, expected: int | None = None, operation_id: str | None = None) -> Document:
        check_document(kind, key, body)
        with self.transaction() as connection:
            done = self._done(operation_id)
            if done:
                return done
            now = self.get(kind, key)
            version = now.version if now else 0
            if expected is not None and expected != version:
                raise Conflict(f"{kind} {key} is at version {version}, not {expected}", version=version)
            document = Document(kind, key, version + 1, body)
            connection.execute(sql("document", "put"), (kind, key, version + 1, body))
            self._remember(operation_id, document)
        return document

    def delete(self, kind: str, key: str) -> bool:
        with self.transaction() as connection:
            return connection.execute(sql("document", "delete"), (kind, key)).rowcount > 0

    def append(self, kind: str, body: str, operation_id: str | None = None) -> Document:
        check_document(kind, "0", body)
        with self.transaction() as connection:
            done = self._done(operation_id)
            if done:
                return done
            number = connection.execute(sql("document", "next_number"), (kind,)).fetchall()[0][0]
            document = Document(kind, f"{number:020d}", 1, body)
            connection.execute(sql("document", "put"), (kind, document.key, 1, body))
            self._remember(operation_id, document)
        return document

    @contextmanager
    def together(self) -> Iterator[None]:
        with self.transaction():
            yield

    def kinds(self) -> Mapping[str, int]:
        return {kind: last or 0 for kind, last in self.select("document", "kinds")}

    def restore(self, documents: Sequence[Document], last_numbers: Mapping[str, int]) -> None:
        for document in documents:
            check_document(document.kind, document.key, document.body)
        with self.transaction() as connection:
            rows = [(document.kind, document.key, document.version, document.body) for document in documents]
            connection.executemany(sql("document", "put"), rows)
            connection.executemany(
                sql("document", "restore_number"), [(kind, last) for kind, last in last_numbers.items() if last]
            )

    def _done(self, operation_id: str | None) -> Document | None:
        row = self.first_row("document", "operation", operation_id=operation_id) if operation_id else None
        return Document(**row) if row else None

    def _remember(self, operation_id: str | None, document: Document) -> None:
        if operation_id:
            row = (operation_id, document.kind, document.key, document.version, document.body, time_text(datetime.now(UTC)))
            self.connection.execute(sql("document", "remember_operation"), row)
