"""Takes back what an abandoned revision wrote, and forgets old rows, block by block; each block is idempotent."""

from __future__ import annotations

from typing import Any

from app.domain.nouns import CI, NOUNS
from app.storage.aliases import folded_values
from app.storage.neo4j.connection import Neo4jConnected, Rows, Transaction, rows
from app.storage.neo4j.items import item_columns, mark_services, put_items
from app.storage.neo4j.labels import every_label
from app.storage.neo4j.links import link
from app.storage.statements import cypher

BLOCK = 10_000
ITEM_BLOCK = 1_000
NODES = ("exposure", "redundancy_group", "incident", "observation", "open_need", "source_record")


def take_back(store: Neo4jConnected, revision: int) -> None:
    """Removes dependencies and groups before the CIs that they hang on; CIs hold again before groups are linked to them again."""
    for noun in ("dependency", *NODES):
        _repeat(store, noun, "undo_begun", revision)
    while store.write_in(lambda transaction: _restore_items(transaction, revision)):
        pass
    _repeat(store, "ci", "undo_begun", revision)
    _repeat(store, "ci", "undo_ended", revision)
    _repeat(store, "dependency", "undo_ended", revision)
    for noun in NODES:
        while store.write_in(lambda transaction, noun=noun: _restore_nodes(transaction, noun, revision)):  # type: ignore[misc]
            pass


def prune(store: Neo4jConnected, before: int) -> int:
    return sum(_repeat(store, noun, "prune", before) for noun in NOUNS)


def _repeat(store: Neo4jConnected, noun: str, verb: str, revision: int) -> int:
    statement = cypher(noun, verb).replace("{labels}", every_label())
    total = 0
    while True:
        records = store.write_in(lambda transaction: rows(transaction, statement, {"revision": revision, "limit": BLOCK}))
        if not records[0]["count"]:
            return total
        total += records[0]["count"]


def _restore_items(transaction: Transaction, revision: int) -> int:
    statement = cypher("neo4j_only/ci", "undo_changed").replace("{labels}", every_label())
    records = rows(transaction, statement, {"revision": revision, "limit": ITEM_BLOCK})
    columns = {name: [row[name] for row in records] for name in CI.names()}
    folded = folded_values(columns["key"], columns["name"], columns["aliases"])
    put_items(transaction, item_columns(columns, [row["since"] for row in records], folded), first=False)
    return len(records)


def _restore_nodes(transaction: Transaction, noun: str, revision: int) -> int:
    records: Rows = rows(transaction, cypher(noun, "undo_ended"), {"revision": revision, "limit": ITEM_BLOCK})
    columns: dict[str, Any] = records[0]
    if columns["count"]:
        link(transaction, noun, columns)
        if noun == "exposure":
            mark_services(transaction, columns["ci_id"])
    return int(columns["count"])
