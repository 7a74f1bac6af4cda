"""Groups, services, incidents and observations on their way in: few enough to be held, and compared row by row with the
ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from app.domain.changes import RowChanges, differences, rows_of, same_row
from app.domain.nouns import EXPOSURE, INCIDENT, OBSERVATION, REDUNDANCY_GROUP, Identity, Noun
from app.domain.observations import numbered_scope, scope_of, union
from app.domain.readable import readable
from app.domain.records import GroupRecord, ObservationRecord, ServiceRecord
from app.domain.rows import LedgerGroup, LedgerObservation, SmallRow
from app.domain.sentences import listed
from app.ports.ci_source import SmallBlock, SmallRecord
from app.ports.graph_store import GraphStore
from app.usecases.sync.one_form import small_in_one_form
from app.usecases.sync.resolver import Resolver
from app.usecases.sync.setup import Doubt, Ledgerkeeper, SyncSettings
from app.usecases.sync.small_rows import Refused, SmallRows, partly
from app.usecases.sync.unread import Unread

NOUN_OF: dict[str, Noun[Any]] = {"group": REDUNDANCY_GROUP, "service": EXPOSURE, "incident": INCIDENT, "observation": OBSERVATION}
CLASH = ("key", "was given before in this run with other content; the first one counts", "remove one of the rows")


@dataclass(slots=True)
class SmallIntake:
    """Takes records of one kind and holds their rows by `identity_here`."""

    kind: str
    settings: SyncSettings
    resolver: Resolver
    books: Ledgerkeeper
    rows: dict[Identity, SmallRow] = field(default_factory=dict)
    positions: dict[Identity, tuple[str, int]] = field(default_factory=dict)
    # observations by scope, before they are united
    windows: dict[str, list[tuple[int, LedgerObservation]]] = field(default_factory=dict)
    _made: SmallRows = field(init=False)

    def __post_init__(self) -> None:
        self._made = SmallRows(self.settings, self.resolver.one, self.resolver.key_of)

    def take(self, blocks: Iterable[SmallBlock], lazy: bool = False) -> None:
        for given in blocks:
            block = small_in_one_form(self.kind, given, self.books.respelled)
            self.books.read(self.kind, len(block.records), block.left_out)
            self.resolver.prepare(t for r in block.records for t in references(r)) if lazy else None
            own = self.resolver.own()
            self.resolver.others(t for r in block.records for t in references(r) if t not in own)
            for record, position in zip(block.records, block.positions, strict=True):
                self._take_one(record, block.place, position)
            self.books.step(f"reading {self.kind}s", len(self.rows))
        self._unite_windows()

    def _take_one(self, record: SmallRecord, place: str, position: int) -> None:
        record = self._readable(record, place, position)
        try:
            row = self._row_of(record, place, position)
        except Refused as refused:
            unread = Unread(self.kind, about_of(record), said_of(record), refused.fault[1], record=record)
            self.books.reject(self.kind, place, position, name_of(record), refused.fault, unread)
            return
        if isinstance(record, GroupRecord) and record.needed == 0:
            self.books.ignore(self.kind, "needs no member", position)
            return
        identity = identity_here(row)
        if isinstance(row, LedgerObservation):
            self.windows.setdefault(row.scope, []).append((position, row))
            self.positions.setdefault(identity, (place, position))
            return
        before = self.rows.get(identity)
        if before is None:
            self.rows[identity] = row
            self.positions[identity] = (place, position)
        elif same_row(row, before):
            self.books.duplicate(self.kind, position)
        else:
            unread = Unread(self.kind, about_of(record), said_of(record), CLASH[1])
            self.books.reject(self.kind, place, position, name_of(record), CLASH, unread)

    def _unite_windows(self) -> None:
        """Makes the windows of each scope a union, with a row for each piece of it.

        A window that went into another's row is a duplicate. Lines of a scope with several windows are never plain: what becomes
        of one depends on the others.
        """
        for scope, windows in self.windows.items():
            pieces = union((row.observed_from, row.observed_until) for _, row in windows)
            for number, piece in enumerate(pieces, 1):
                row = LedgerObservation(self.settings.source_id, numbered_scope(scope, number), *piece)
                self.rows[identity_here(row)] = row
            for position, _ in windows[len(pieces) :]:
                self.books.duplicate(self.kind, position)
            if len(windows) > 1:
                self.books.not_plain[self.kind].update(position for position, _ in windows)
        self.windows.clear()

    def _readable(self, record: SmallRecord, place: str, position: int) -> SmallRecord:
        """Returns the record without cells that cannot be used: a bad cell costs the cell, and the record goes on without it,
        marked."""
        kept, faults = readable(record)
        for fault in faults:
            self.books.lose_cell(self.kind, place, position, name_of(record), fault, about_of(record))
        return kept

    def _row_of(self, record: SmallRecord, place: str, position: int) -> SmallRow:
        if not isinstance(record, GroupRecord):
            return self._made.row_of(record)
        taken = self._made.group(record)
        if record.needed and (unread := partly(taken, record)) is not None:
            self.books.take_part(
                self.kind, place, position, record.key, unread, ("members", unread.reason, "correct the members")
            )
        return taken.row


def identity_here(row: SmallRow) -> Identity:
    """Returns what identifies a row while it is taken: groups go by their key, as their ids are given at the end."""
    return (row.key,) if isinstance(row, LedgerGroup) else row[:2]


def references(record: SmallRecord) -> list[str]:
    if isinstance(record, GroupRecord):
        return [record.dependent, *record.members]
    if isinstance(record, ObservationRecord):
        return [record.scope[3:]] if record.scope.startswith("ci:") else []
    return [record.ci]


def about_of(record: SmallRecord) -> str:
    """Returns the CI whose needs or figures a record tells, as the source names it."""
    if isinstance(record, ObservationRecord):
        return record.scope[3:] if record.scope.startswith("ci:") else ""
    return record.dependent if isinstance(record, GroupRecord) else record.ci


def said_of(record: SmallRecord) -> str:
    if isinstance(record, GroupRecord):
        return f"group {record.key}: {record.needed} of {listed(record.members)}"
    return f"{type(record).__name__.removesuffix('Record').lower()} {name_of(record)}"


def name_of(record: SmallRecord) -> str:
    if isinstance(record, ObservationRecord):
        return record.scope
    return record.ci if isinstance(record, ServiceRecord) else record.key


def old_rows(store: GraphStore, revision: int, kind: str, source_id: int) -> dict[Identity, SmallRow]:
    """Returns the rows of a source in the ledger by `identity_here`."""
    noun = NOUN_OF[kind]
    return {identity_here(row): row for row in rows_of(noun, store.load_columns(revision, noun.name, None, source_id))}


def rows_about(
    store: GraphStore, revision: int, kind: str, source_id: int, identities: Collection[Identity], ci_ids: Collection[int]
) -> dict[Identity, SmallRow]:
    """Of `old_rows` at least those with these identities and those that name one of these CIs.

    Groups and exposures are as many as the estate is large, so they are asked for by name; incidents and observations are read
    whole.
    """
    noun = NOUN_OF[kind]
    lookups: list[tuple[str, Collection[int | str]]] = []
    if noun is REDUNDANCY_GROUP:
        lookups = [("key", {identity[0] for identity in identities}), ("dependent_id", ci_ids)]
    elif noun is EXPOSURE:
        lookups = [("ci_id", {identity[0] for identity in identities} | set(ci_ids))]
    else:
        return old_rows(store, revision, kind, source_id)
    rows = [
        row
        for column, values in lookups
        if values
        for row in rows_of(noun, store.rows(revision, noun.name, column, sorted(values)))
    ]
    if noun is REDUNDANCY_GROUP and ci_ids:
        rows += rows_of(noun, store.groups_of_members(revision, sorted(ci_ids)))
    return {identity_here(row): row for row in rows if row.source_id == source_id}


def small_changes(
    intake: SmallIntake, old: dict[Identity, SmallRow], retire: bool, next_group_id: int
) -> tuple[RowChanges[Any], int]:
    """Returns the changes of one kind and the next free group id; counts go to the books."""
    noun, new, next_id = NOUN_OF[intake.kind], intake.rows, next_group_id
    if noun is REDUNDANCY_GROUP:
        numbered, next_id = _numbered(new, old, next_group_id)
        new, old = noun.by_identity(numbered), noun.by_identity(old.values())
    if noun is OBSERVATION and not retire:  # what a source says of a scope is all its windows
        stated = {scope_of(identity[1]) for identity in new}
        old, retire = {identity: row for identity, row in old.items() if scope_of(identity[1]) in stated}, True
    changes, added, changed, _, unchanged = differences(noun, new, old, retire)
    counts = intake.books.counts(intake.kind)
    counts.stored += added + changed
    counts.unchanged += unchanged
    return changes, next_id


def _numbered(new: dict[Identity, SmallRow], old: dict[Identity, SmallRow], next_group_id: int) -> tuple[list[LedgerGroup], int]:
    """Returns groups with their ids, and the next free id: groups of a known key keep theirs."""
    groups: list[LedgerGroup] = []
    for identity, row in sorted(new.items()):
        assert isinstance(row, LedgerGroup)
        before = old.get(identity)
        if isinstance(before, LedgerGroup):
            groups.append(row._replace(group_id=before.group_id))
        else:
            groups.append(row._replace(group_id=next_group_id))
            next_group_id += 1
    return groups, next_group_id


def drop_untouched(intake: SmallIntake, old: dict[Identity, SmallRow], gone: set[Identity]) -> dict[Identity, SmallRow]:
    """The old rows of lines that went, for a line difference.

    An examined row whose key an untouched row holds is a duplicate of it, or where they differ a reason to read everything.
    """
    if intake.kind == "observation" and any(scope_of(str(text)) != text for _, text in (*old, *intake.rows)):
        raise Doubt("a scope has several windows of observation")
    for identity in [identity for identity in intake.rows if identity in old and identity not in gone]:
        row, before = intake.rows.pop(identity), old[identity]
        if isinstance(row, LedgerGroup) and isinstance(before, LedgerGroup):
            row = row._replace(group_id=before.group_id)
        if not same_row(row, before):
            raise Doubt(f"a {intake.kind} says otherwise than an untouched row")
        intake.books.duplicate(intake.kind, intake.positions[identity][1])
    return {identity: row for identity, row in old.items() if identity in gone}
