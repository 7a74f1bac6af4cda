"""Large writes to Neo4j go in pieces that overlap: nothing twice, nothing lost, whatever breaks."""

from __future__ import annotations

import pytest

from app.domain.errors import Conflict, StoreUnavailable
from app.storage.neo4j import writing
from app.storage.neo4j_store import Neo4jStore
from tests import neo4j_server
from tests.contract.estate import batch, ci, rows_of

pytestmark = pytest.mark.neo4j
CIS, PIECE = 45, 10


def dependency(dependent_id, provider_id):
    return {"dependent_id": dependent_id, "provider_id": provider_id}


LINKS = [dependency(n, n + step) for n in range(1, CIS - 1) for step in (1, 2)]


@pytest.fixture
def store(monkeypatch):
    neo4j_server.empty_database()
    monkeypatch.setattr(writing, "ROWS", PIECE)
    store = Neo4jStore(neo4j_server.uri(), neo4j_server.auth())
    store.open_revision("pieces", 0)
    store.write(1, 1, batch("ci", [ci(n) for n in range(1, CIS + 1)]))
    yield store
    store.close()


def held(store):
    store.publish(1, 0, {})
    return [len(rows_of(store.load_columns(1, noun))) for noun in ("ci", "dependency")]


def test_written_again_nothing_is_added(store):
    for _ in range(2):
        store.write(1, 2, batch("dependency", LINKS))
    assert held(store) == [CIS, len(LINKS)]


@pytest.mark.parametrize("breaks", [0, 1, 4, 8])
@pytest.mark.parametrize("written", [True, False])
def test_a_connection_that_breaks_in_a_piece_loses_and_repeats_nothing(store, monkeypatch, breaks, written):
    calls, whole = [], store.write_in

    def broken(work):
        calls.append(work)
        if len(calls) != breaks + 1:
            return whole(work)
        if written:
            whole(work)
        raise StoreUnavailable("the connection broke", unknown=True)

    monkeypatch.setattr(store, "write_in", broken)
    store.write(1, 2, batch("dependency", LINKS))
    monkeypatch.undo()
    assert len(calls) > len(LINKS) // PIECE
    assert held(store) == [CIS, len(LINKS)]


def test_a_piece_that_is_refused_refuses_the_write_and_goes_on_once_corrected(store):
    wrong = [*LINKS[:55], dependency(1, CIS + 1), *LINKS[56:]]
    with pytest.raises(Conflict, match="name a CI that does not hold"):
        store.write(1, 2, batch("dependency", wrong))
    store.write(1, 2, batch("dependency", LINKS))
    assert held(store) == [CIS, len(LINKS)]
