"""What a stopped run would change: listed while its changeset is at hand, and kept for those who read and approve it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from hashlib import blake2b

from app.domain.change_list import ChangeList
from app.domain.payloads import canonical
from app.ports.documents import Documents
from app.ports.graph_store import GraphStore, Revision
from app.usecases.changes.kept import ListHead, Losses, keep_list
from app.usecases.changes.losses import losses_of
from app.usecases.changes.of_run import RunChanges
from app.usecases.estate import Estates
from app.usecases.sync.run import Outcome


class ShownChanges:
    """Lists the changeset of a sync, which calls it.

    `source_id`: of the source that is synced; `sources`: names by id; `estates` is called once CIs would go. The digest covers
    what would go with them, so that an approval is for exactly what was shown.
    """

    def __init__(self, store: GraphStore, estates: Callable[[], Estates], source_id: int, sources: Mapping[int, str]) -> None:
        self._store, self._estates, self._source_id, self._sources = store, estates, source_id, sources
        self.list = ChangeList()
        self.base, self.losses = 0, Losses()
        self.joins: list[str] = []
        self.joins_total = 0

    def __call__(self, outcome: Outcome, base: Revision) -> str:
        self.base, self.list = base.revision, ChangeList()
        changes = RunChanges(self._store, base.revision, self._source_id, self._sources)
        changes.take(outcome, self.list)
        self.joins, self.joins_total = changes.joins, changes.joins_total
        self.losses = losses_of(self._store, self._estates(), base.revision, changes.retired) if changes.retired else Losses()
        at_stake = canonical([asdict(self.losses), self.joins])
        return f"{self.list.digest()}-{blake2b(at_stake.encode(), digest_size=8).hexdigest()}"

    def keep(self, documents: Documents, run_id: str) -> ListHead:
        changes = self.list
        source = self._sources[self._source_id]
        kept = len(changes.lines())
        head = ListHead(
            run_id,
            source,
            self.base,
            changes.digest(),
            len(changes),
            kept,
            changes.totals(),
            self.joins,
            self.joins_total,
            self.losses,
        )
        keep_list(documents, head, changes)
        return head
