"""Makes constraints, indexes and the first nodes when the store is first used; every statement can be run again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from app.domain.errors import StoreUnavailable
from app.storage.neo4j.connection import Neo4jConnected, Transaction, rows
from app.storage.statements import cypher
from app.storage.times import time_text

SCHEMA = 3


def statements_of(verb: str) -> Iterator[str]:
    return (part.strip() for part in cypher("neo4j_only/schema", verb).split(";") if part.strip())


def migrate(store: Neo4jConnected) -> None:
    """Brings the schema up to date. Each later version adds its steps here, all idempotent, and then raises `Ledger.schema`.
    Version 2 finds groups by their key, version 3 has open needs."""
    known = store.select("neo4j_only/schema", "version")
    version = int(known[0]["schema"]) if known else 0
    if version > SCHEMA:
        raise StoreUnavailable(f"the database was written by a newer version: its schema is {version}, this one knows {SCHEMA}")
    if version < SCHEMA:
        for statement in statements_of("first"):
            store.run_alone(statement)
    if version < 1:
        known_as = {"at": time_text(datetime.now(UTC)), "schema": SCHEMA}
        store.write_in(lambda transaction: rows(transaction, cypher("neo4j_only/revision", "first"), known_as))
    elif version < SCHEMA:
        make_indexes(store)
        store.write_in(lambda transaction: rows(transaction, cypher("neo4j_only/schema", "raise"), {"schema": SCHEMA}))


def make_indexes(store: Neo4jConnected) -> None:
    """Makes all indexes in one transaction, so that one walk over the store fills them."""

    def work(transaction: Transaction) -> None:
        for statement in statements_of("after_first_import"):
            transaction.run(statement).consume()

    store.write_in(work)
    store.run_alone(cypher("neo4j_only/schema", "await_indexes"))
