"""A store is made on a server that has no schema; a database of an earlier layout is brought up to date when it is opened, its
rows as they were."""

from __future__ import annotations

import pytest

from app.storage.neo4j.schema import SCHEMA
from app.storage.neo4j_store import Neo4jStore
from tests import neo4j_server
from tests.contract.estate import batch, ci, rows_of

pytestmark = pytest.mark.neo4j


def names_of(store: Neo4jStore, kinds: str) -> set[str]:
    with store.session() as session:
        return {record["name"] for record in session.run(f"SHOW {kinds} YIELD name, type WHERE type <> 'LOOKUP' RETURN name")}


def test_a_store_is_made_with_its_schema_and_the_first_import_adds_the_rest():
    neo4j_server.without_schema()
    store = Neo4jStore(neo4j_server.uri(), neo4j_server.auth())
    try:
        assert {"configurationitem_ci_id", "document_kind_key"} <= names_of(store, "CONSTRAINTS")
        assert "cistate_until" in names_of(store, "INDEXES") and "ci_search" not in names_of(store, "INDEXES")
        assert store.search(0, "web", 10) == []
        store.open_revision("first", 0)
        store.write(1, 1, batch("ci", [ci(1), ci(2)]))
        store.publish(1, 0, {})
        assert {"ci_search", "configurationitem_name", "depends_on_since"} <= names_of(store, "INDEXES")
        assert rows_of(store.load_columns(1, "ci"), "ci_id") == [(1,), (2,)]
    finally:
        store.close()


def test_a_database_of_the_first_layout_gets_the_later_indexes():
    neo4j_server.empty_database()
    old = Neo4jStore(neo4j_server.uri(), neo4j_server.auth())
    old.open_revision("first", 0)
    old.write(1, 1, batch("ci", [ci(1), ci(2)]))
    old.publish(1, 0, {})
    for name in ("redundancygroup_key", "endedredundancygroup_key"):
        old.run_alone(f"DROP INDEX {name}")
    old.run_alone("MATCH (l:Ledger {one: 1}) SET l.schema = 1")
    old.close()
    new = Neo4jStore(neo4j_server.uri(), neo4j_server.auth())
    try:
        assert rows_of(new.load_columns(1, "ci"), "ci_id") == [(1,), (2,)]
        assert rows_of(new.rows(1, "redundancy_group", "key", ["s:1"]), "group_id") == []
        with new.session() as session:
            names = session.run("SHOW INDEXES YIELD name, state WHERE state = 'ONLINE' RETURN collect(name) AS names").single()[
                "names"
            ]
            schema = session.run("MATCH (l:Ledger {one: 1}) RETURN l.schema AS schema").single()["schema"]
        assert {"redundancygroup_key", "endedredundancygroup_key"} <= set(names)
        assert schema == SCHEMA
    finally:
        new.close()
