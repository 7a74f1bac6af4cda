"""The real Neo4j that `scripts/neo4j/with-server` started, emptied for each test; each test worker has one of its own.

To plan every statement anew takes seconds, half of the suite's time when each test did it: so constraints, indexes and plans
stay (scripts/neo4j/with-server lets a server keep a plan for an hour, whatever the database holds by then), and a test whose
subject they are asks for a server without any. But a plan that was made for two rows may be a bad one for thousands, and the
index of texts makes each write slower, which a first import does without: for a test that writes thousands (`bulk`) that index
goes, and all plans with it.
"""

from __future__ import annotations

import os

import neo4j

URI = "FORESTAY_TEST_NEO4J_URI"
PASSWORD = "FORESTAY_TEST_NEO4J_PASSWORD"


def uri() -> str:
    """This worker's server: of several, the one of its number."""
    if URI not in os.environ:
        raise RuntimeError(f"{URI} is not set: run `make test-neo4j`")
    found = os.environ[URI].split()
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    if worker >= len(found):
        raise RuntimeError(f"test worker {worker} has no Neo4j of its own: scripts/neo4j/with-server --servers {worker + 1} ...")
    return found[worker]


def auth() -> tuple[str, str]:
    return "neo4j", os.environ[PASSWORD]


def as_settings() -> dict[str, str]:
    """The environment under which the service keeps its store there."""
    return {"FORESTAY_STORE_URL": uri(), "FORESTAY_STORE_PASSWORD": auth()[1]}


def empty_database(bulk: bool = False) -> None:
    """Nodes and relations away; constraints and indexes stay, and plans, unless a test writes in bulk."""
    with neo4j.GraphDatabase.driver(uri(), auth=auth(), notifications_min_severity="OFF") as driver:
        while driver.execute_query("MATCH (n) WITH n LIMIT 20000 DETACH DELETE n RETURN count(*) AS gone").records[0]["gone"]:
            pass
        if bulk:
            driver.execute_query("DROP INDEX ci_search IF EXISTS")


def without_schema() -> None:
    """A server as it was before the first store was made there."""
    empty_database()
    with neo4j.GraphDatabase.driver(uri(), auth=auth(), notifications_min_severity="OFF") as driver:
        for kinds, kind in (("CONSTRAINTS", "CONSTRAINT"), ("INDEXES", "INDEX")):  # the index of a constraint goes with it
            for record in driver.execute_query(f"SHOW {kinds} YIELD name").records:
                driver.execute_query(f"DROP {kind} `{record['name']}` IF EXISTS")


def query(text: str, **parameters: object) -> list[dict[str, object]]:
    """What a person would ask beside us."""
    with neo4j.GraphDatabase.driver(uri(), auth=auth(), notifications_min_severity="OFF") as driver:
        return [record.data() for record in driver.execute_query(text, parameters).records]
