"""Reconciliation: changed source records become changes of CIs.

Only changed records and those that share an identity component with them are compared. A source that is alone in the ledger
cannot merge with anything, so its records go straight through, which makes a first bulk import fast.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from app.domain.changes import Row, rows_of, same_row
from app.domain.decisions import SET, Decision, decided
from app.domain.identity import Place, partition
from app.domain.kept_keys import keep_keys
from app.domain.nouns import CI, Identity
from app.domain.payloads import record_of
from app.domain.precedence import ci_row, in_order
from app.domain.rows import LedgerCi, LedgerRecord
from app.ports.graph_store import GraphStore, Revision
from app.ports.staging import StagedRecord, Staging
from app.usecases.sync.components import Closer, Closure, Decisions, Member
from app.usecases.sync.doubts import Doubts
from app.usecases.sync.minting import Mint, key_aliases
from app.usecases.sync.roster import CHANGED, NEW, NO_CI, RETIRED, Roster
from app.usecases.sync.setup import SyncSettings

BLOCK, COMPONENT_BLOCK = 10_000, 5_000


@dataclass(slots=True)
class CiChanges:
    """One chunk: rows of nouns `ci` and `source_record` that begin, identities that end."""

    begun: list[LedgerCi] = field(default_factory=list)
    ended: list[Identity] = field(default_factory=list)
    records_begun: list[LedgerRecord] = field(default_factory=list)
    records_ended: list[Identity] = field(default_factory=list)

    def counts(self) -> tuple[int, int, int]:
        """How many CIs are created, changed and retired."""
        began, ended = {row.ci_id for row in self.begun}, {ci_id for (ci_id,) in self.ended}
        return len(began - ended), len(began & ended), len(ended - began)

    def plain(self) -> tuple[list[Row], list[Row], list[Row], list[Row]]:
        """The chunk as plain tuples, as a staging file takes it."""
        return list(map(tuple, self.begun)), self.ended, list(map(tuple, self.records_begun)), self.records_ended

    @classmethod
    def of_plain(cls, begun: list[Row], ended: list[Row], records_begun: list[Row], records_ended: list[Row]) -> CiChanges:
        return cls(list(map(LedgerCi._make, begun)), ended, list(map(LedgerRecord._make, records_begun)), records_ended)


# what became of a CI that lost records or went: source_id -> the CI that this source now means; 0: any other source
Fates = dict[int, dict[int, int]]


class Reconciliation:
    def __init__(
        self,
        store: GraphStore,
        base: Revision,
        settings: SyncSettings,
        roster: Roster,
        staging: Staging,
        alone: bool,
        decisions: Decisions | None = None,
    ) -> None:
        revision = base.revision
        self._decisions = Decisions(store, revision, settings.manual_id) if decisions is None else decisions
        self._store, self._revision, self._settings = store, revision, settings
        self._roster, self._staging = roster, staging
        self._mint = Mint(store, revision, base.counters.get(CI.name, 1))
        self._keys = roster.keys()
        self.alone = alone
        self.fates: Fates = {}
        self.conflicts: set[str] = set()
        self.doubts = Doubts(store, revision)
        self.reconciled = 0

    @property
    def next_ci_id(self) -> int:
        return self._mint.next_ci_id

    def run(self) -> None:
        """Gives every record its CI; afterwards `changes` can be read, any number of times."""
        if self.alone:
            self.doubts.nothing()
            self._assign_alone()
            return
        self._staging.index_identifiers()
        closer = self._closer()
        pending, done = self._roster.numbers_in(CHANGED, NEW, RETIRED), set[int]()
        for start in range(0, len(pending), COMPONENT_BLOCK):
            numbers = [n for n in pending[start : start + COMPONENT_BLOCK] if n not in done]
            closure, taken = closer.close(numbers)
            done |= taken
            chunk = self._reconcile(closure)
            self._staging.spill(chunk.plain())

    def _closer(self) -> Closer:
        return Closer(self._store, self._revision, self._settings.source_id, self._roster, self._staging, self._decisions)

    def regroup(self, ci_ids: Iterable[int]) -> CiChanges:
        """Returns what decisions that came or went make of these CIs, from the records that the ledger holds."""
        self._staging.index_identifiers()
        closure, _ = self._closer().close((), ci_ids)
        chunk = self._reconcile(closure)
        chunk.records_ended += [(self._decisions.manual_id, key) for key in sorted(self._decisions.gone)]
        return chunk

    def changes(self) -> Iterator[CiChanges]:
        if self.alone:
            yield from self._alone_changes()
        else:
            for chunk in self._staging.spilled():
                yield CiChanges.of_plain(*chunk)

    # --- a source that is alone
    def _assign_alone(self) -> None:
        """Gives ids in the order of keys, so the order of the rows changes nothing and the ledger is filled from one end."""
        roster, keys = self._roster, self._keys
        new = sorted(roster.numbers_in(NEW), key=keys.__getitem__)
        for start in range(0, len(new), BLOCK):
            numbers = new[start : start + BLOCK]
            ids = self._mint.ids([self._minted(":".join(keys[n])) for n in numbers])
            for number, ci_id in zip(numbers, ids, strict=True):
                roster.ci_ids[number] = ci_id
        for number in roster.numbers_in(RETIRED):
            self.fates[roster.ci_ids[number]] = {}
        self.reconciled = len(new) + len(roster.numbers_in(CHANGED, RETIRED))

    def _alone_changes(self) -> Iterator[CiChanges]:
        records = self._staging.records()
        while block := list(islice(records, BLOCK)):
            yield self._alone_chunk(block)
        retired = self._roster.numbers_in(RETIRED)
        for start in range(0, len(retired), BLOCK):
            numbers = retired[start : start + BLOCK]
            yield CiChanges(
                ended=[(self._roster.ci_ids[n],) for n in numbers],
                records_ended=[(self._settings.source_id, ":".join(self._keys[n])) for n in numbers],
            )

    def _alone_chunk(self, block: list[StagedRecord]) -> CiChanges:
        roster, source_id, chunk = self._roster, self._settings.source_id, CiChanges()
        before = self._states([roster.ci_ids[n] for n, *_ in block if roster.states[n] == CHANGED])
        for number, source_key, payload, cells in block:
            ci_id = roster.ci_ids[number]
            chunk.records_begun.append(LedgerRecord(source_id, source_key, ci_id, roster.hashes[number], payload))
            old = before.get(ci_id) if roster.states[number] == CHANGED else None
            if old is None:
                chunk.begun.append(LedgerCi(ci_id, self._mint.key_of(ci_id, self._minted(source_key)), *cells))
                continue
            chunk.records_ended.append((source_id, source_key))
            others = key_aliases([old])
            row = ci_row(ci_id, old.key, [record_of(payload)], others) if others else LedgerCi(ci_id, old.key, *cells)
            if not same_row(row, old):
                chunk.ended.append((ci_id,))
                chunk.begun.append(row)
        return chunk

    # --- several sources
    def _reconcile(self, closure: Closure) -> CiChanges:
        self.reconciled += len(closure.members) + len(closure.retired)
        claims = closure.claims()
        split = partition(claims, decided(decision for _, decision in closure.decided))
        self.conflicts.update(split.conflicts)
        self.doubts.look(closure.members, closure.retired, split.doubts)
        for (kind, value), count in closure.crowded.items():
            self.conflicts.add(f"{kind} {value} is held by {count} CIs and ignored")
        before = self._states(sorted(closure.ci_ids))
        groups = [[claims[position] for position in group] for group in split.groups]
        held: dict[Place, int] = {m.place: m.ci_id for m in closure.members.values() if m.ci_id != NO_CI}
        founders = {m.ci_id: m.place for m in closure.members.values() if self._founded(m, before)}
        ids: list[int] = []
        minted: dict[int, str] = {}
        taken = set(before)
        for group, kept in zip(groups, keep_keys(groups, held, founders), strict=True):
            if kept is None:
                own = next((c for c in group if c.source_id == self._settings.source_id), group[0])
                key = f"{self._settings.rank(own.source_id).name}:{own.source_key}"
                kept = self._mint.ids([key], live=taken)[0]
                minted[kept] = self._mint.key_of(kept, key)
            ids.append(kept)
            taken.add(kept)
        return self._component_changes(closure, [[closure.members[c.place] for c in g] for g in groups], ids, before, minted)

    def _component_changes(
        self, closure: Closure, groups: list[list[Member]], ids: list[int], before: dict[int, LedgerCi], minted: dict[int, str]
    ) -> CiChanges:
        chunk, source_id = CiChanges(), self._settings.source_id
        ci_of = {m.place: ci_id for ci_id, members in zip(ids, groups, strict=True) for m in members}
        became = {m.ci_id: ci_of[m.place] for m in closure.members.values() if m.ci_id != NO_CI} | {ci_id: ci_id for ci_id in ids}
        corrected = self._decided_of(chunk, closure.decided, ci_of, became)
        staying = {(m.ci_id, m.source_id) for m in closure.members.values() if ci_of[m.place] == m.ci_id}
        live = {ci_id: minted.get(ci_id) or before[ci_id].key for ci_id in ids}
        living = set(live.values())
        moved: dict[int, dict[int, int]] = {}
        for ci_id, members in zip(ids, groups, strict=True):
            ranked = in_order((self._settings.rank(m.source_id), m.record) for m in [*members, *corrected.get(ci_id, ())])
            sources = [before[old] for old in sorted({m.ci_id for m in members} | {ci_id}) if old in before]
            others = [key for key in key_aliases(sources, own_keys=True) if key not in living]
            row = ci_row(ci_id, live[ci_id], [record for _, record in ranked], others)
            if ci_id not in before:
                chunk.begun.append(row)
            elif not same_row(row, before[ci_id]):
                chunk.ended.append((ci_id,))
                chunk.begun.append(row)
            for member in members:
                self._note_member(chunk, member, ci_id, moved, staying)
        for (_, source_key), old in closure.retired.items():
            chunk.records_ended.append((source_id, source_key))
            moved.setdefault(old, {})
        for old in sorted(set(before) - set(ids)):
            chunk.ended.append((old,))
            moved.setdefault(old, {})
        for old, targets in moved.items():
            self._note_fate(old, targets, old in live)
        return chunk

    def _decided_of(
        self,
        chunk: CiChanges,
        about: list[tuple[Member, Decision]],
        ci_of: Mapping[Place, int],
        became: Mapping[int, int],
    ) -> dict[int, list[Member]]:
        """Enters decisions into the chunk and returns the corrections by CI.

        A correction stays with its CI, or with what that became by a merge. Any other decision is kept with the CI of the first
        record it names; while that is gone, the decision waits.
        """
        corrected: dict[int, list[Member]] = {}
        for member, decision in about:
            ci_id = became.get(member.ci_id) if decision.kind == SET else None
            if ci_id is None:
                ci_id = next((ci_of[place] for place in decision.places if place in ci_of), None)
            if ci_id is None:
                continue
            if decision.kind == SET:
                corrected.setdefault(ci_id, []).append(member)
            if member.fresh or member.ci_id != ci_id:
                if member.ci_id != NO_CI:
                    chunk.records_ended.append(member.place)
                chunk.records_begun.append(member.row(ci_id))
        return corrected

    def _note_member(
        self, chunk: CiChanges, member: Member, ci_id: int, moved: dict[int, dict[int, int]], staying: set[tuple[int, int]]
    ) -> None:
        if member.source_id == self._settings.source_id:
            number = self._roster.number(member.source_key)
            if number is not None:
                self._roster.ci_ids[number] = ci_id
        if member.ci_id not in (NO_CI, ci_id):
            targets = moved.setdefault(member.ci_id, {})
            if (member.ci_id, member.source_id) not in staying:
                targets[member.source_id] = ci_id
        if member.fresh or member.ci_id != ci_id:
            if member.ci_id != NO_CI:
                chunk.records_ended.append(member.place)
            chunk.records_begun.append(member.row(ci_id))

    def _note_fate(self, old: int, targets: dict[int, int], lives: bool) -> None:
        """Notes where rows that named a CI now belong: with their own source's record, else with what remains of the CI."""
        if lives and not targets:
            return
        fate = dict(targets)
        if lives:
            fate[0] = old
        elif targets:
            fate[0] = min(targets.values())
        self.fates[old] = fate

    def _founded(self, member: Member, before: dict[int, LedgerCi]) -> bool:
        row = before.get(member.ci_id)
        return row is not None and row.key == f"{self._settings.rank(member.source_id).name}:{member.source_key}"

    def _states(self, ci_ids: list[int]) -> dict[int, LedgerCi]:
        if not ci_ids:
            return {}
        return {row.ci_id: row for row in rows_of(CI, self._store.states(self._revision, ci_ids))}

    def _minted(self, source_key: str) -> str:
        return f"{self._settings.source}:{source_key}"
