"""One database: the ledger and the documents, written in one unit of work."""

from __future__ import annotations

from typing import Protocol

from app.ports.documents import Documents
from app.ports.graph_store import GraphStore


class Store(GraphStore, Documents, Protocol):
    """The ledger and the documents of one database: what is written inside `together` of the one is written with the other."""
