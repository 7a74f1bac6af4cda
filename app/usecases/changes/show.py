"""Word of what a stopped run would change: made while its changeset is at hand, kept for those who read and approve it."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.change_list import ChangeList
from app.ports.documents import Documents
from app.ports.graph_store import GraphStore, Revision
from app.usecases.changes.kept import ListHead, keep_list
from app.usecases.changes.of_run import RunChanges
from app.usecases.sync.run import Outcome


class ShownChanges:
    """`source_id`: of the source that is synced; `sources`: names by id. Called by the sync with its changeset."""

    def __init__(self, store: GraphStore, source_id: int, sources: Mapping[int, str]) -> None:
        self._store, self._source_id, self._sources = store, source_id, sources
        self.list = ChangeList()
        self.base = 0

    def __call__(self, outcome: Outcome, base: Revision) -> str:
        self.base, self.list = base.revision, ChangeList()
        RunChanges(self._store, base.revision, self._source_id, self._sources).take(outcome, self.list)
        return self.list.digest()

    def keep(self, documents: Documents, run_id: str) -> ListHead:
        found = self.list
        source = self._sources[self._source_id]
        head = ListHead(run_id, source, self.base, found.digest(), len(found), len(found.lines()), found.totals())
        keep_list(documents, head, found)
        return head
