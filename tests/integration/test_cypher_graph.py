"""Sources of kind cypher: what needs no server; and against a real Neo4j (mark neo4j)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.domain.errors import ForestayError, InvalidInput, NotAllowed
from importers.http.client import Outbound, Unreachable
from importers.registry import open_source
from tests import neo4j_server
from tests.contract.importers.faults import FAULTS, SHARE
from tests.seeds import some_of
from tests.servers.bolt_way import BoltWay
from tests.servers.desk import Synced
from tests.servers.running import TLS, lasting_port

OWN = '''
[lists.Host]
class = "server"
key = "id"
fields = { name = "name", site = "place" }
identifiers = { serial = "serial" }
attributes = []
ask = { query = "MATCH (h:Host) RETURN h.id AS id, h.name AS name, h.serial AS serial, h.place AS place" }

[lists.App]
class = "application"
key = "id"
fields = { name = "name" }
attributes = []
ask = { query = "MATCH (a:App) RETURN a.id AS id, a.name AS name" }

[lists.worth]
key = "id"
of = "ci"
exposure = { customers = "customers", rto_hours = "rto" }
ask.query = """MATCH (a:App) WHERE a.customers IS NOT NULL
RETURN a.id AS id, 'App:' + a.id AS ci, a.customers AS customers, a.rto AS rto"""

# (:Host)-[:SERVES]->(:App): the application depends on the host
[relations.serves]
types = { SERVES = "child", TALKS_TO = { depends = "parent", kind = "soft", weight = 0.5 } }
ask.query = """MATCH (a)-[r:SERVES|TALKS_TO]->(b)
RETURN labels(a)[0] + ':' + a.id AS parent, labels(b)[0] + ':' + b.id AS child, type(r) AS type"""

[relations.pairs]
ask.gives = "group"
ask.query = """MATCH (h:Host)-[:BACKS]->(a:App) WITH a, collect('Host:' + h.id) AS members
RETURN a.id AS key, 'App:' + a.id AS dependent, members, 1 AS needed"""
'''


def opened(location: str, **settings: object):
    return open_source("cypher", location, {"password_env": "GRAPH_PASSWORD", **settings}, Outbound(["localhost", "127.0.0.1"]))


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPH_PASSWORD", "s3cret-of-the-graph")
    path = tmp_path / "own.toml"
    path.write_text(OWN, "utf-8")
    return path


def test_only_bolt_to_a_host_that_was_named(own):
    for location in ("neo4j://localhost:7687", "bolt+ssc://localhost:7687", "http://localhost:7687"):
        with pytest.raises(InvalidInput, match=r"bolt://"):
            opened(location, mapping=str(own))
    with pytest.raises(NotAllowed, match=r"outbound\.hosts"):
        opened("bolt://other.example.com:7687", mapping=str(own))
    with pytest.raises(InvalidInput, match="without a user"):
        opened("bolt://neo4j:secret@localhost:7687", mapping=str(own))


def test_a_mapping_needs_lists_and_statements(own):
    with pytest.raises(InvalidInput, match="at least one list"):
        opened("bolt://localhost:7687")
    own.write_text('[lists.Host]\nkey = "id"\n', "utf-8")
    with pytest.raises(InvalidInput, match=r"Host has no ask\.query"):
        opened("bolt://localhost:7687", mapping=str(own))


def test_nobody_at_home_is_said(own):
    with pytest.raises(Unreachable, match="localhost:1"):
        opened("bolt://localhost:1", mapping=str(own)).check()


# --- on a real server
class Place(Synced):
    def __init__(self, home, location: str = "", **settings: object) -> None:
        location = location or neo4j_server.uri().replace("neo4j://", "bolt://")
        super().__init__(home, "graph", opened(location, **{"block_size": 2, **settings}))


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPH_PASSWORD", neo4j_server.auth()[1])
    neo4j_server.empty_database()
    made = []

    def make(home: Path = tmp_path / "home", **settings: object) -> Place:
        made.append(Place(home, **settings))
        return made[-1]

    yield make
    for one in made:
        one.store.close()
    neo4j_server.empty_database()


@pytest.fixture
def mapping(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(OWN, "utf-8")
    return path


def fill() -> None:
    neo4j_server.query(
        """CREATE (h1:Host {id: 'h1', name: 'lnux100', serial: 'S1', place: 'Zurich'}),
        (h2:Host {id: 'h2', name: 'lnux200', serial: 'S2'}), (h3:Host {id: 'h3', name: 'lnux300', serial: 'S3'}),
        (a:App {id: 'a1', name: 'Bond Trading', customers: 900, rto: 4}), (b:App {id: 'a2', name: 'Quotes'}),
        (h1)-[:SERVES]->(a), (a)-[:TALKS_TO]->(b), (h2)-[:BACKS]->(b), (h3)-[:BACKS]->(b)"""
    )


@pytest.mark.neo4j
def test_own_statements_give_cis_dependencies_groups_and_services(place, mapping):
    fill()
    desk = place(mapping=str(mapping))
    assert desk.source.check() == ["Host: 3 rows", "App: 2 rows", "worth: 1 rows", "serves: 2 rows", "pairs: 1 rows"]
    report = desk.sync()
    assert (report.complete, report.created, report.rejected) == (True, 5, [])
    assert desk.needs() == {("Bond Trading", "lnux100", "hard"), ("Bond Trading", "Quotes", "soft")}
    assert [(int(needed), kind) for needed, kind in desk.load("redundancy_group", "needed", "kind")] == [(1, "ordinary")]
    assert [(float(customers), float(rto)) for customers, rto in desk.load("exposure", "customers", "rto_hours")] == [
        (900.0, 4.0)
    ]
    assert {row[0]: row[1] for row in desk.load("ci", "name", "site")}["lnux100"] == "Zurich"
    neo4j_server.query("MATCH (h:Host {id: 'h3'}) DETACH DELETE h")
    neo4j_server.query("MATCH (h:Host {id: 'h1'}) SET h.name = 'renamed'")
    report = desk.sync()
    assert (report.path, report.changed, report.retired) == ("difference", 1, 1)
    assert desk.sync().state == "unchanged"


@pytest.mark.neo4j
@pytest.mark.parametrize(
    "statement",
    [
        "MATCH (h:Host) SET h.seen = 1 RETURN h.id AS id",
        "CREATE (x:Host {id: 'x'}) RETURN x.id AS id",
        "CREATE INDEX own FOR (h:Host) ON (h.id)",
        "MATCH (h:Host) CALL (h) { DETACH DELETE h } RETURN 1 AS id",
    ],
)
def test_a_statement_that_writes_is_refused_before_it_runs(place, mapping, statement):
    fill()
    mapping.write_text(f'[lists.Host]\nkey = "id"\nask = {{ query = "{statement}" }}\n', "utf-8")
    desk = place(mapping=str(mapping))
    with pytest.raises(NotAllowed, match="does not only read"):
        desk.sync()
    assert neo4j_server.query("MATCH (h:Host) RETURN count(h) AS n, count(h.seen) AS seen") == [{"n": 3, "seen": 0}]


@pytest.mark.neo4j
def test_what_is_not_right_is_said_and_the_rest_goes_on(place, mapping):
    fill()
    neo4j_server.query("MATCH (h:Host {id: 'h2'}) REMOVE h.id"), neo4j_server.query("CREATE (:Host {id: 'h1', name: 'twin'})")
    desk = place(mapping=str(mapping))
    report = desk.sync()
    assert report.counts["ci"].rejected == 2 and all(counts.closes() for counts in report.counts.values())
    mapping.write_text(OWN.replace("MATCH (a:App) RETURN a.id", "MATCH (a:App) RETURN a"), "utf-8")
    report = place(mapping=str(mapping)).sync()
    assert "return properties" in report.incomplete["App"] and report.retired == 0
    mapping.write_text(OWN.replace("MATCH (a:App) RETURN", "MATCH (a:App RETURN"), "utf-8")
    report = place(mapping=str(mapping)).sync()
    assert "SyntaxError" in report.incomplete["App"] and report.retired == 0


@pytest.mark.neo4j
def test_a_statement_that_fails_in_the_middle_ends_nothing(place, mapping):
    fill()
    desk = place(mapping=str(mapping))
    desk.sync()
    mapping.write_text(
        OWN.replace("h.place AS place", "1 / (size(h.name) - 7 + CASE h.id WHEN 'h3' THEN 0 ELSE 1 END) AS place"), "utf-8"
    )
    report = place(mapping=str(mapping)).sync()
    assert "zero" in report.incomplete["Host"] and report.retired == 0


@pytest.mark.neo4j
def test_a_wrong_password_is_said_without_it(place, mapping, monkeypatch):
    monkeypatch.setenv("GRAPH_PASSWORD", "wrong-secret")
    with pytest.raises(NotAllowed, match="refuses the sign-in") as refused:
        place(mapping=str(mapping)).source.check()
    assert "wrong-secret" not in refused.value.message


@pytest.mark.neo4j
def test_a_large_answer_streams_in_blocks(place, mapping):
    neo4j_server.query("UNWIND range(1, 20000) AS n CREATE (:Host {id: toString(n), name: 'h' + n})")
    desk = place(mapping=str(mapping))
    blocks = desk.source.lists.graph.rows("Host", "MATCH (h:Host) RETURN h.id AS id")
    assert [len(next(blocks)) for _ in range(3)] == [2, 2, 2]
    blocks.close()


@pytest.mark.neo4j
def test_a_cartography_graph_by_its_recipe(place):
    neo4j_server.query(
        """CREATE (c:KubernetesCluster {id: 'c1', name: 'prod', lastupdated: 1}),
        (ns:KubernetesNamespace {id: 'n1', name: 'shop'}),
        (d:KubernetesDeployment {id: 'd1', name: 'cart'}), (s:KubernetesStatefulSet {id: 's1', name: 'db'}),
        (p1:KubernetesPod {id: 'p1', name: 'cart-1'}), (p2:KubernetesPod {id: 'p2', name: 'cart-2'}),
        (p3:KubernetesPod {id: 'p3', name: 'db-0'})
        FOREACH (p IN [p1, p2, p3] | CREATE (c)-[:RESOURCE]->(p), (ns)-[:CONTAINS]->(p))
        CREATE (p1)-[:WORKLOAD_PARENT]->(d), (p2)-[:WORKLOAD_PARENT]->(d), (p3)-[:WORKLOAD_PARENT]->(s)"""
    )
    desk = place(recipe="cartography")
    report = desk.sync()
    assert (report.complete, report.created, report.rejected) == (True, 6, [])
    assert desk.needs() == {
        ("cart-1", "prod", "hard"),
        ("cart-2", "prod", "hard"),
        ("db-0", "prod", "hard"),
        ("db", "db-0", "hard"),
    }
    assert [int(needed) for (needed,) in desk.load("redundancy_group", "needed")] == [1]
    assert {row[0]: row[1] for row in desk.load("ci", "name", "ci_class")}["prod"] == "container_cluster"


def outcome(desk: Place, full: bool) -> str:
    """What a run said that was not whole, "" of one that was."""
    try:
        report = desk.sync(full=full)
    except ForestayError as error:
        return error.message
    return "; ".join([*report.held_because, *report.incomplete.values()])


TWO = OWN[: OWN.index("[lists.App]")] + OWN[OWN.index("# (:Host)-[:SERVES]") : OWN.index("[relations.pairs]")]
PAGES = 21  # ten blocks of 38 hosts, nine of 36 relations, and how many there are of each


@pytest.mark.neo4j
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_every_page_ends_nothing_that_is_there(place, tmp_path, mapping, fault):
    """The fault table, with the codes that a Neo4j gives for what HTTP says with a status."""
    mapping.write_text(TWO, "utf-8")
    neo4j_server.query(
        "UNWIND range(10, 48) AS n CREATE (h:Host {id: toString(n), name: 'host ' + n}) WITH collect(h) AS hosts UNWIND "
        "range(0, 37) AS n WITH hosts[n] AS a, hosts[n + 1] AS b CREATE (a)-[:SERVES]->(b)"
    )
    port = int(neo4j_server.uri().rpartition(":")[2])
    way = BoltWay(port, listen=lasting_port())
    settings = {
        "mapping": str(mapping),
        "location": f"bolt+s://localhost:{way.port}",
        "ca_file": str(TLS / "ca.pem"),
        "block_size": 4,
    }
    first = place(**settings)
    assert first.sync().complete
    way.close()
    neo4j_server.query("MATCH (h:Host {id: '20'}) DETACH DELETE h")
    cis = {row["name"] for row in neo4j_server.query("MATCH (h:Host) RETURN h.name AS name")}
    pairs = neo4j_server.query("MATCH (a:Host)-[:SERVES]->(b) RETURN b.name AS dependent, a.name AS provider")
    needs = {(row["dependent"], row["provider"], "hard") for row in pairs}
    first.store.close()
    for at in some_of(range(1, PAGES + 1), SHARE):
        for full in (True, False) if at % 5 == 1 else (True,):
            home = tmp_path / f"{at} {full}"
            shutil.copytree(tmp_path / "home", home)
            way = BoltWay(port, fault, at, listen=way.port)
            desk = place(home=home, **settings)
            desk.number = 1  # the first run was another's
            before, said = desk.store.current().revision, outcome(desk, full)
            way.close()
            assert bool(said) == way.felt, (fault, at, said)
            assert set(desk.names().values()) >= cis and desk.needs() >= needs, (fault, at, said)
            assert said or desk.store.current().revision > before
            desk.store.close()
    assert way.pages >= PAGES or way.felt
