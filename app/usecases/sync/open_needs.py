"""Open needs are kept as long as they stand, and resolved again whenever CIs come, go, change their names or become one,
whichever source stated them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from app.domain.changes import RowChanges, differences, rows_of, same_row
from app.domain.columns import Columns
from app.domain.nouns import DEPENDENCY, EXPOSURE, INCIDENT, OBSERVATION, OPEN_NEED, REDUNDANCY_GROUP, Identity, Noun
from app.domain.records import DependencyRecord, GroupRecord
from app.domain.references import Unresolved
from app.domain.rows import LedgerDependency, LedgerExposure, LedgerIncident, LedgerNeed, LedgerObservation
from app.ports.graph_store import GraphStore
from app.usecases.sync.after import AfterRun, Mention
from app.usecases.sync.doubts import DOUBT, Doubts
from app.usecases.sync.setup import SyncSettings
from app.usecases.sync.small_rows import Refused, SmallRows, partly
from app.usecases.sync.unread import Unread, texts_of, unread_of
from app.usecases.sync.windows import add_windows

R = TypeVar("R", bound=tuple[Any, ...])


@dataclass(slots=True)
class OpenNeeds:
    """What is open, and what of it resolves.

    `meant(ci_id, source_id)` returns the CI to which an id of the ledger goes on, None where it is gone; `begun` returns the
    identities of the dependencies that the run begins anyway.
    """

    store: GraphStore
    revision: int
    settings: SyncSettings
    after: AfterRun
    meant: Callable[[int, int], int | None]
    doubts: Doubts
    begun: Callable[[], set[Identity]] = set
    changes: dict[str, RowChanges[Any]] = field(default_factory=dict)
    holding: set[int] = field(default_factory=set)  # of the CIs that texts meant last, those that hold after the run
    resolved: int = 0
    open: int = 0  # needs of the synced source that are not read

    def settle(
        self,
        own: Iterable[Unread],
        lost: Iterable[tuple[int, Unread]],
        ends: Callable[[str], bool],
        rewired: Sequence[RowChanges[Any]],
        next_group: int,
        again: bool,
    ) -> tuple[list[RowChanges[Any]], int]:
        """The changes of open needs, with those of what is resolved (put into `rewired`), and the next free group id.

        `own` is what the synced source stated and this run could not read, and `lost` what lost a CI in this run; `again` tells
        that CIs came, went or changed.
        """
        self.changes = {part.noun.name: part for part in rewired}
        known = self._before()
        before = {place: row for place, row in known.items() if row.kind != DOUBT}
        mine = self.settings.source_id
        new = {(mine, unread.key): unread for unread in reversed(list(own))}
        kept = {
            place: unread_of(row)
            for place, row in before.items()
            if place not in new and (row.source_id != mine or not ends(row.kind))
        }
        for source_id, unread in lost:
            if (source_id, unread.key) not in new:
                kept.setdefault((source_id, unread.key), unread)
                again = True
        self._look_up([*new.items(), *(kept.items() if again else ())])
        rows = {place: unread.row(place[0], self._dependent(place[0], unread)) for place, unread in new.items()}
        for place, unread in kept.items():
            if not again:
                rows[place] = before[place]
                continue
            left, next_group = self._again(place[0], unread, next_group)
            if left is not None:
                rows[place] = left.row(place[0], self._dependent(place[0], left))
        self.open = sum(row.needs for row in rows.values() if row.source_id == mine)
        groups = self._part(REDUNDANCY_GROUP) if REDUNDANCY_GROUP.name in self.changes else RowChanges(REDUNDANCY_GROUP)
        rows.update(self.doubts.rows(self.after, groups.begun, set(groups.ended)))
        changes, *_ = differences(OPEN_NEED, rows, known, True)
        changes.ended.sort(key=str)
        self.changes[OPEN_NEED.name] = changes
        return list(self.changes.values()), next_group

    def _before(self) -> dict[Identity, LedgerNeed]:
        if not self.revision:
            return {}
        return OPEN_NEED.by_identity(rows_of(OPEN_NEED, self.store.load_columns(self.revision, OPEN_NEED.name)))

    def _look_up(self, unread: Iterable[tuple[Identity, Unread]]) -> None:
        """Looks all texts up at once: the ledger is asked in blocks."""
        mentions: dict[Mention, None] = {}
        last = set[int | None]()
        for (source_id, _), one in unread:
            last.update(self.meant(ci_id, source_id) for ci_id in one.resolved.values())
            texts = [one.about, *(texts_of(one.record) if one.record is not None else ())]
            mentions.update(
                {(source_id, other): None for text in texts for other in (text, *one.known_as.get(text, ())) if other}
            )
        self.after.learn(mentions)
        self.holding = self.after.holding(ci_id for ci_id in last if ci_id is not None)

    def _one(self, source_id: int, unread: Unread, text: str) -> int | Unresolved:
        """Returns what a text means now; else what another name of it means; else what it meant last, if that CI goes on."""
        answer = self.after.one(source_id, text)
        if not isinstance(answer, Unresolved):
            return answer
        for other in unread.known_as.get(text, ()):
            meant = self.after.one(source_id, other)
            if not isinstance(meant, Unresolved):
                return meant
        known = unread.resolved.get(text)
        goes_on = None if known is None else self.meant(known, source_id)
        return goes_on if goes_on is not None and goes_on in self.holding else answer

    def _dependent(self, source_id: int, unread: Unread) -> int | None:
        if not unread.about:
            return None
        meant = self._one(source_id, unread, unread.about)
        return None if isinstance(meant, Unresolved) else meant

    def _again(self, source_id: int, unread: Unread, next_group: int) -> tuple[Unread | None, int]:
        """Resolves an open need again, and returns what is left of it; what is resolved is entered into the changes."""
        record = unread.record
        if record is None:
            return unread, next_group
        if isinstance(record, GroupRecord):
            return self._group(source_id, unread, record, next_group)
        if isinstance(record, DependencyRecord):
            ends = [self._one(source_id, unread, text) for text in (record.dependent, record.provider)]
            for end in ends:
                if isinstance(end, Unresolved):
                    return replace(unread, reason=end.reason), next_group
            if ends[0] != ends[1]:
                a, b = (end for end in ends if not isinstance(end, Unresolved))
                self._begin_dependency(LedgerDependency(a, b, record.kind, source_id, record.weight, record.relation or None))
            self.resolved += 1
            return None, next_group
        try:
            row = self._rows_for(source_id, unread).row_of(record)
        except Refused as refused:
            return replace(unread, reason=refused.fault[1]), next_group
        if isinstance(row, LedgerObservation):
            held = rows_of(OBSERVATION, self.store.load_columns(self.revision, OBSERVATION.name))
            add_windows(self._part(OBSERVATION), held, source_id, row.scope, [(row.observed_from, row.observed_until)])
        elif isinstance(row, LedgerExposure):
            self._begin(EXPOSURE, row, self.store.rows(self.revision, EXPOSURE.name, "ci_id", [row.ci_id]))
        elif isinstance(row, LedgerIncident):
            self._begin(INCIDENT, row, self.store.load_columns(self.revision, INCIDENT.name, None, row.source_id))
        self.resolved += 1
        return None, next_group

    def _rows_for(self, source_id: int, unread: Unread) -> SmallRows:
        rank = self.settings.rank(source_id)
        settings = replace(self.settings, source=rank.name, source_id=source_id)
        return SmallRows(settings, lambda text: self._one(source_id, unread, text), self.after.key_of)

    def _part(self, noun: Noun[R]) -> RowChanges[R]:
        return self.changes.setdefault(noun.name, RowChanges(noun))

    def _begin_dependency(self, row: LedgerDependency) -> None:
        if DEPENDENCY.identity_of(row) not in self.begun():
            self._begin(DEPENDENCY, row, self.store.rows(self.revision, DEPENDENCY.name, "dependent_id", [row.dependent_id]))

    def _begin(self, noun: Noun[R], row: R, near: Columns) -> None:
        """Begins a row, unless one of its identity begins already or goes on; `near`: those rows of the ledger among which it
        would be."""
        part, identity = self._part(noun), noun.identity_of(row)
        if any(noun.identity_of(other) == identity for other in part.begun):
            return
        if identity not in noun.by_identity(rows_of(noun, near)) or identity in part.ended:
            part.begun.append(row)

    def _group(self, source_id: int, unread: Unread, record: GroupRecord, next_group: int) -> tuple[Unread | None, int]:
        part = self._part(REDUNDANCY_GROUP)
        rank = self.settings.rank(source_id)
        columns = self.store.rows(self.revision, REDUNDANCY_GROUP.name, "key", [f"{rank.name}:{record.key}"])
        held = next((row for row in rows_of(REDUNDANCY_GROUP, columns) if row.source_id == source_id), None)
        try:
            taken = self._rows_for(source_id, unread).group(record)
        except Refused as refused:
            return replace(unread, reason=refused.fault[1], needs=max(unread.needs, 1)), next_group
        number = next_group if held is None else held.group_id
        row = taken.row._replace(group_id=number)
        part.begun[:] = [other for other in part.begun if other.group_id != number]
        if held is not None and same_row(row, held):
            part.ended[:] = [identity for identity in part.ended if identity != (number,)]
        else:
            part.begun.append(row)
            if held is not None and (number,) not in part.ended:
                part.ended.append((number,))
        self.resolved += not taken.missing
        return partly(taken, record, unread), next_group + (held is None)


def nothing_ends(kind: str) -> bool:
    return False
