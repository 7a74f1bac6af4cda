"""The peer of an import into Neo4j: the same rows through the driver in a plain loop, nothing compared, checked, resumed or kept
for history."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np
from neo4j import GraphDatabase

from app.domain.columns import Columns
from app.ports.graph_store import GraphStore
from app.storage.neo4j.writing import as_lists
from app.storage.tables import take

ROWS = 10_000
ENDS = ("dependent_id", "provider_id")
CREATE_NODES = "UNWIND range(0, size($rows.{identity}) - 1) AS i CREATE (n:{label} {{{columns}}})"
CREATE_DEPENDENCIES = (
    "UNWIND range(0, size($rows.dependent_id) - 1) AS i MATCH (a:BareItem {ci_id: $rows.dependent_id[i]}) "
    "MATCH (b:BareItem {ci_id: $rows.provider_id[i]}) CREATE (a)-[:BARE_DEPENDS_ON {"
)


def bare_loop(store: GraphStore, revision: int) -> float:
    """Seconds to create the CIs, source records and dependencies of a revision once more, under labels of their own."""
    cis, records, dependencies = (store.load_columns(revision, noun) for noun in ("ci", "source_record", "dependency"))
    uri, password = os.environ["FORESTAY_TEST_NEO4J_URI"], os.environ["FORESTAY_TEST_NEO4J_PASSWORD"]
    seconds = 0.0
    with GraphDatabase.driver(uri, auth=("neo4j", password)) as driver:
        driver.execute_query("CREATE CONSTRAINT bare_item IF NOT EXISTS FOR (n:BareItem) REQUIRE n.ci_id IS UNIQUE")
        for statement, columns in (
            (_nodes("BareItem", "ci_id", cis), cis),
            (_nodes("BareRecord", "source_key", records), records),
            (CREATE_DEPENDENCIES + _properties([name for name in dependencies if name not in ENDS]) + "}]->(b)", dependencies),
        ):
            for rows in _blocks(columns):
                started = time.perf_counter()
                with driver.session() as session:
                    session.execute_write(lambda transaction, s=statement, r=rows: transaction.run(s, rows=r).consume())
                seconds += time.perf_counter() - started
    return seconds


def _blocks(columns: Columns) -> Any:
    count = len(next(iter(columns.values())))
    for start in range(0, count, ROWS):
        part = as_lists(take(columns, np.arange(start, min(start + ROWS, count))))
        yield {name: list(values) for name, values in part.items()}


def _nodes(label: str, identity: str, columns: Columns) -> str:
    return CREATE_NODES.format(label=label, identity=identity, columns=_properties(list(columns)))


def _properties(names: list[str]) -> str:
    return ", ".join(f"{name}: $rows.{name}[i]" for name in names)
