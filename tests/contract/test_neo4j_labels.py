"""Dependencies of a CI that falls or rises while Neo4j is read, label by label: once each, whatever happens between."""

from __future__ import annotations

import pytest

from app.storage.neo4j import reading
from app.storage.neo4j_store import Neo4jStore
from tests import neo4j_server
from tests.contract.estate import batch, ci, revise, rows_of

pytestmark = pytest.mark.neo4j
LINKS = [{"dependent_id": n, "provider_id": n + 1} for n in range(1, 9)]


@pytest.fixture
def stores():
    neo4j_server.empty_database()
    found = [Neo4jStore(neo4j_server.uri(), neo4j_server.auth()) for _ in range(2)]
    revise(found[0], batch("ci", [ci(n) for n in range(1, 10)]), batch("dependency", LINKS))
    yield found
    for store in found:
        store.close()


def between_labels(reader, monkeypatch, act):
    """Do something once, after the dependencies of standing CIs were read and before those of retired ones."""
    whole, done = reader._id_blocks, []

    def blocks(noun, statement, made, label="", **parameters):
        if label == reading.LABELS[1] and "revision" in parameters and not done:
            done.append(act())
        return whole(noun, statement, made, label, **parameters)

    monkeypatch.setattr(reader, "_id_blocks", blocks)
    return done


def ends(columns):
    return sorted(rows_of(columns, "dependent_id", "provider_id"))


WANTED = [(row["dependent_id"], row["provider_id"]) for row in LINKS]


@pytest.mark.parametrize("published", [True, False])
def test_one_that_falls_is_not_met_twice(stores, monkeypatch, published):
    writer, reader = stores

    def fall():
        if published:
            return revise(writer, batch("ci", [], [ci(4)]))
        writer.open_revision("fall", 1)
        return writer.write(2, 1, batch("ci", [], [ci(4)]))

    done = between_labels(reader, monkeypatch, fall)
    assert ends(reader.load_columns(1, "dependency")) == WANTED
    assert done


@pytest.mark.parametrize("published", [True, False])
def test_one_that_rises_is_not_lost(stores, monkeypatch, published):
    writer, reader = stores
    revise(writer, batch("ci", [], [ci(4)]))
    assert ends(reader.load_columns(1, "dependency")) == WANTED

    def rise():
        if published:
            return revise(writer, batch("ci", [ci(4)]))
        writer.open_revision("rise", 2)
        return writer.write(3, 1, batch("ci", [ci(4)]))

    done = between_labels(reader, monkeypatch, rise)
    assert ends(reader.load_columns(1, "dependency")) == WANTED
    assert done
