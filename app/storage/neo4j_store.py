"""The ledger and the documents in Neo4j: the production store.

People read the plain current view in the same database (docs/neo4j.md); rows that ended lie apart under other labels and types.
"""

from __future__ import annotations

from app.storage.neo4j.care import Care
from app.storage.neo4j.documents import Neo4jDocuments
from app.storage.neo4j.revisions import Revisions
from app.storage.neo4j.schema import migrate
from app.storage.neo4j.scores import Scores
from app.storage.neo4j.search import Search
from app.storage.neo4j.writing import Writing


class Neo4jStore(Revisions, Writing, Search, Scores, Care, Neo4jDocuments):
    """GraphStore and Documents. Safe for many threads; opening makes the constraints. The driver is made again after a fork."""

    def __init__(self, uri: str, auth: tuple[str, str] | None, database: str = "neo4j") -> None:
        super().__init__(uri, auth, database)
        migrate(self)
