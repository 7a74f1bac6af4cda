"""What people see in Neo4j beside us: docs/neo4j.md, run on a real server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.storage.neo4j_store import Neo4jStore
from tests import neo4j_server
from tests.contract.estate import batch, ci, revise
from tests.contract.test_scores import scores

pytestmark = pytest.mark.neo4j
DOCUMENT = Path(__file__).parents[2] / "docs" / "neo4j.md"
TOP, BLAST, POINTS = re.findall(r"```cypher\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL) or ("", "", "")


@pytest.fixture
def shop():
    """Shop and ledger on one database; the app has two servers in a group, one server is retired in revision 2."""
    neo4j_server.empty_database()
    store = Neo4jStore(neo4j_server.uri(), neo4j_server.auth())
    cis = [
        ci(1, "shop", ci_class="business_service", team="Payments", is_service=1),
        ci(2, "app", ci_class="application", team="Payments"),
        ci(3, "db-main", ci_class="database", site="Cologne", supplier="A + B"),
        ci(4, "old-server"),
        ci(5, "books", ci_class="application", team="Payments"),
        ci(6, "Rhine", ci_class="site", site="Cologne"),
    ]
    links = [(1, 2), (2, 3), (2, 4), (5, 3)]
    revise(
        store,
        batch("ci", cis),
        batch("dependency", [{"dependent_id": a, "provider_id": b} for a, b in links]),
        batch("redundancy_group", [{"group_id": 1, "key": "s:1", "dependent_id": 2, "members": "[3, 4]"}]),
        batch("exposure", [{"ci_id": 5, "customers": 100.0}]),
    )
    store.write_scores("a1", 1, scores({3: 1, 2: 2, 1: 3}))
    gone = {"dependent_id": 2, "provider_id": 4, "kind": "hard", "source_id": 1}
    revise(
        store,
        batch("dependency", [], [gone]),
        batch("redundancy_group", [], [{"group_id": 1}]),
        batch("ci", [ci(3, "db-main", ci_class="data_store", site="Bonn", supplier="A")], [ci(3), ci(4)]),
    )
    yield store
    store.close()


def test_the_queries_of_the_document(shop):
    top = neo4j_server.query(TOP)
    assert [(row["rank"], row["name"], row["money_per_year"]) for row in top] == [
        (1.0, "db-main", 5.0),
        (2.0, "app", 10.0),
        (3.0, "shop", 15.0),
    ]
    paths = neo4j_server.query(BLAST, name="db-main")
    assert sorted(row["path"][0]["name"] for row in paths) == ["app", "books", "shop"]
    assert neo4j_server.query(POINTS, team="Payments") == [
        {"service": "books", "single_points_of_failure": ["db-main"]},
        {"service": "shop", "single_points_of_failure": ["app", "db-main"]},
    ]


def test_ended_things_never_show_in_a_plain_query(shop):
    assert neo4j_server.query("MATCH (n) WHERE n.name = 'old-server' RETURN labels(n) AS labels ORDER BY labels") == [
        {"labels": ["CiState"]},
        {"labels": ["RetiredItem"]},
    ]
    counts = neo4j_server.query("MATCH ()-[d:DEPENDS_ON]->() RETURN count(d) AS links")
    assert counts == [{"links": 3}]
    assert neo4j_server.query("MATCH (:RedundancyGroup)--() RETURN 1") == []
    assert neo4j_server.query("MATCH ()-[l:NEEDS|MEMBER]-() RETURN l") == []


def test_classes_sites_teams_and_suppliers(shop):
    found = neo4j_server.query(
        "MATCH (c:ConfigurationItem {name: 'db-main'})-[r]->(o) WHERE NOT o:CiState "
        "RETURN labels(c) AS labels, type(r) AS type, o.name AS name ORDER BY name"
    )
    assert [(sorted(row["labels"]), row["type"], row["name"]) for row in found] == [
        (["ConfigurationItem", "DataStore"], "SUPPLIED_BY", "A"),
        (["ConfigurationItem", "DataStore"], "LOCATED_AT", "Bonn"),
    ]
    services = neo4j_server.query("MATCH (c:BusinessService) RETURN c.name AS name ORDER BY name")
    assert [row["name"] for row in services] == ["books", "shop"]
    revise(shop, batch("exposure", [], [{"ci_id": 5}]))
    assert [row["name"] for row in neo4j_server.query("MATCH (c:BusinessService) RETURN c.name AS name")] == ["shop"]
    assert neo4j_server.query("MATCH (s:SiteItem)-[:LOCATED_AT]->(p:Site) RETURN s.name AS name, p.name AS place") == [
        {"name": "Rhine", "place": "Cologne"}
    ]


def test_scores_name_their_assessment(shop):
    row = neo4j_server.query(
        "MATCH (c:ConfigurationItem {name: 'app'}) "
        "RETURN c.score_assessment AS a, c.score_revision AS r, c.score_assessed_at AS at"
    )
    assert (row[0]["a"], row[0]["r"]) == ("a1", 1)
    assert str(row[0]["at"]).endswith("Z")


def test_a_driver_is_made_again_after_a_fork(shop):
    import os

    shop.current()
    child = os.fork()
    if child == 0:
        os._exit(0 if shop.current().revision == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert shop.current().revision == 2
