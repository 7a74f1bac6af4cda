"""Identity components: changed records with all records of any source that may be the same CI."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from app.domain.decisions import SET, Decision, decision_of
from app.domain.identity import MAX_HOLDERS, Claim, Place, claim_of
from app.domain.identity_rules import lookups, searched
from app.domain.identity_spelling import FQDN, HOST, Identifier
from app.domain.json_columns import has_alias_starting
from app.domain.payloads import record_of
from app.domain.records import CiRecord
from app.domain.rows import LedgerRecord
from app.ports.graph_store import GraphStore
from app.usecases.sync.roster import CHANGED, NEW, NO_CI, RETIRED, Roster


@dataclass(slots=True)
class Member:
    """A record as it is after this run. `ci_id`: the CI it belonged to; `fresh`: it is new or changed."""

    source_id: int
    source_key: str
    record: CiRecord
    payload: str
    content_hash: int
    ci_id: int
    fresh: bool
    identifiers: list[Identifier] = field(init=False)

    def __post_init__(self) -> None:
        self.identifiers = searched(self.record)

    @property
    def place(self) -> Place:
        return self.source_id, self.source_key

    def row(self, ci_id: int) -> LedgerRecord:
        """The row of this record as one of that CI."""
        return LedgerRecord(self.source_id, self.source_key, ci_id, self.content_hash, self.payload)


@dataclass(slots=True)
class Closure:
    """Everything that touches some changed records: what remains, what goes, and every CI involved."""

    members: dict[Place, Member] = field(default_factory=dict)
    retired: dict[Place, int] = field(default_factory=dict)  # place -> the CI it belonged to
    ci_ids: set[int] = field(default_factory=set)
    crowded: dict[Identifier, int] = field(default_factory=dict)
    decided: list[tuple[Member, Decision]] = field(default_factory=list)  # what people decided of these records
    left: set[Identifier] = field(default_factory=set)  # that a changed or retired record held before

    def claims(self) -> list[Claim]:
        return [claim_of(place, m.record, m.identifiers, self.crowded) for place, m in sorted(self.members.items())]


class Decisions:
    """All decisions of people; they are few, so they are held in memory.

    `fresh`: those that this run brings; `gone`: source keys of those it takes back.
    """

    def __init__(
        self, store: GraphStore, revision: int, manual_id: int, fresh: Iterable[Member] = (), gone: Iterable[str] = ()
    ) -> None:
        self.manual_id = manual_id
        self.gone: dict[str, int] = {}
        self._members: dict[str, Member] = {}
        self._of: dict[Place, list[str]] = {}
        self._corrections: dict[int, list[str]] = {}  # by CI
        if manual_id and revision:
            rows = store.load_columns(revision, "source_record", None, manual_id)
            for row, key in enumerate(rows["source_key"]):
                payload, ci_id = rows["payload"][row], int(rows["ci_id"][row])
                member = Member(manual_id, key, record_of(payload), payload, int(rows["content_hash"][row]), ci_id, False)
                self._members[key] = member
        for key in gone:
            self.gone[key] = self._members.pop(key).ci_id
        for member in fresh:
            before = self._members.get(member.source_key)
            self._members[member.source_key] = replace(member, ci_id=before.ci_id) if before else member
        self._decisions = {key: decision_of(member.record) for key, member in self._members.items()}
        for key, decision in sorted(self._decisions.items()):
            for place in (*decision.places, *decision.others):
                self._of.setdefault(place, []).append(key)
            if decision.kind == SET and self._members[key].ci_id != NO_CI:
                self._corrections.setdefault(self._members[key].ci_id, []).append(key)

    def __len__(self) -> int:
        return len(self._members)

    def about(self, places: Iterable[Place], ci_ids: Iterable[int] = ()) -> list[tuple[Member, Decision]]:
        """Returns the decisions that name one of these records, and corrections of these CIs, whatever became of the records they
        name."""
        named = {key for place in places for key in self._of.get(place, ())}
        named.update(key for ci_id in ci_ids for key in self._corrections.get(ci_id, ()))
        keys = sorted(named)
        return [(self._members[key], self._decisions[key]) for key in keys]


class Staged(Protocol):
    """What a closure needs of a staging file."""

    def payloads(self, numbers: Sequence[int]) -> Mapping[int, str]: ...
    def holders(self, identifiers: Sequence[Identifier]) -> Mapping[Identifier, Sequence[int]]: ...


class NothingStaged:
    """Stands for the staging file in a closure over what the ledger holds."""

    def payloads(self, numbers: Sequence[int]) -> dict[int, str]:
        return {}

    def holders(self, identifiers: Sequence[Identifier]) -> dict[Identifier, list[int]]:
        return {}


class Closer:
    """Closes over shared identifiers and decisions through the ledger and the staging file."""

    def __init__(
        self, store: GraphStore, revision: int, source_id: int, roster: Roster, staging: Staged, decisions: Decisions
    ) -> None:
        self._decisions = decisions
        self._store, self._revision, self._source_id = store, revision, source_id
        self._roster, self._staging = roster, staging
        self._keys = roster.keys()

    def close(self, numbers: Iterable[int], ci_ids: Iterable[int] = ()) -> tuple[Closure, set[int]]:
        """Returns the closure of some numbers of the roster and some CIs, and all numbers that it took in."""
        closure, taken = Closure(), set[int]()
        seen: set[Identifier] = set()
        named, looked = set[Place](), set[Place]()
        cis, fresh = set(ci_ids), list(numbers)
        while fresh or cis:
            cis |= self._take_staged(closure, fresh, taken)
            cis -= closure.ci_ids
            self._take_cis(closure, cis, taken)
            new = [member for place, member in closure.members.items() if place not in looked]
            looked.update(closure.members)
            identifiers = [i for member in new for i in member.identifiers if i not in seen]
            identifiers = list(dict.fromkeys([*identifiers, *sorted(closure.left - seen)]))
            seen.update(identifiers)
            cis, fresh = self._holders(closure, identifiers, taken)
            if len(self._decisions):
                cis |= self._named(closure, named, fresh)
        closure.decided = self._decisions.about(closure.members, closure.ci_ids) if len(self._decisions) else []
        return closure, taken

    def _named(self, closure: Closure, named: set[Place], fresh: list[int]) -> set[int]:
        """Returns the CIs of records that decisions name together with records in the closure."""
        about = self._decisions.about(closure.members)
        places = {place for _, d in about for place in (*d.places, *d.others)} - named - set(closure.members)
        named |= places
        cis: set[int] = set()
        keys = sorted({key for _, key in places})
        for start in range(0, len(keys), 5_000):
            rows = self._store.rows(self._revision, "source_record", "source_key", keys[start : start + 5_000])
            for row, key in enumerate(rows["source_key"]):
                if (int(rows["source_id"][row]), key) in places:
                    cis.add(int(rows["ci_id"][row]))
        fresh += [n for s, k in sorted(places) if s == self._source_id and (n := self._roster.number(k)) is not None]
        return cis - closure.ci_ids

    def _take_staged(self, closure: Closure, numbers: list[int], taken: set[int]) -> set[int]:
        roster, cis = self._roster, set[int]()
        wanted = [number for number in numbers if number not in taken]
        taken.update(wanted)
        payloads = self._staging.payloads([n for n in wanted if roster.states[n] in (CHANGED, NEW)])
        for number in wanted:
            place = (self._source_id, ":".join(self._keys[number]))
            ci_id = roster.ci_ids[number]
            if ci_id != NO_CI:
                cis.add(ci_id)
            if number in payloads:
                payload = payloads[number]
                closure.members[place] = Member(*place, record_of(payload), payload, roster.hashes[number], ci_id, True)
            elif roster.states[number] == RETIRED:
                closure.retired[place] = ci_id
        return cis

    def _take_cis(self, closure: Closure, cis: set[int], taken: set[int]) -> None:
        closure.ci_ids |= cis
        ids, changed = sorted(cis), list[int]()
        for start in range(0, len(ids), 5_000):
            rows = self._store.rows(self._revision, "source_record", "ci_id", ids[start : start + 5_000])
            for row, key in enumerate(rows["source_key"]):
                source_id, ci_id = int(rows["source_id"][row]), int(rows["ci_id"][row])
                number = self._roster.number(key) if source_id == self._source_id else None
                payload = rows["payload"][row]
                if number is not None and self._roster.states[number] in (CHANGED, RETIRED):
                    changed.append(number)
                    closure.left.update(searched(record_of(payload)))
                    continue
                if source_id == self._decisions.manual_id:
                    continue
                member = Member(source_id, key, record_of(payload), payload, int(rows["content_hash"][row]), ci_id, False)
                closure.members[member.place] = member
        self._take_staged(closure, changed, taken)

    def _holders(self, closure: Closure, identifiers: list[Identifier], taken: set[int]) -> tuple[set[int], list[int]]:
        looks = list(dict.fromkeys(look for identifier in identifiers for look in lookups(identifier)))
        staged = self._staging.holders([identifier for identifier, _ in looks])
        ledger = self._in_ledger(looks)
        cis, fresh = set[int](), list[int]()
        for identifier, _ in looks:
            numbers = staged.get(identifier, [])
            before = ledger.get(identifier, set())
            among = before | {self._roster.ci_ids[n] for n in numbers if self._roster.ci_ids[n] != NO_CI}
            holders = len(among) + sum(1 for n in numbers if self._roster.ci_ids[n] == NO_CI)
            if holders > MAX_HOLDERS:
                closure.crowded[identifier] = holders
                if len(before) <= MAX_HOLDERS:  # what it joined while it was rarer comes apart
                    cis |= before - closure.ci_ids
                continue
            cis |= among - closure.ci_ids
            fresh += [number for number in numbers if number not in taken]
        return cis, fresh

    def _in_ledger(self, looks: list[tuple[Identifier, tuple[str, ...]]]) -> dict[Identifier, set[int]]:
        by_kinds: dict[tuple[str, ...], list[Identifier]] = {}
        for identifier, kinds in looks:
            by_kinds.setdefault(kinds, []).append(identifier)
        holders: dict[Identifier, set[int]] = {}
        for kinds, identifiers in sorted(by_kinds.items()):
            for start in range(0, len(identifiers), 5_000):
                part = identifiers[start : start + 5_000]
                hits = self._store.find(self._revision, [value for _, value in part], kinds)
                for kind, value in part:
                    held = {hit.ci_id for hit in hits.get(value, ())}
                    holders[kind, value] = self._hosts(value, held) if kind == HOST else held
        return holders

    def _hosts(self, host: str, ci_ids: set[int]) -> set[int]:
        """Of the CIs that answer to the name of a host, return those with a DNS name of it."""
        rows = self._store.states(self._revision, sorted(ci_ids)) if ci_ids else {"ci_id": [], "aliases": []}
        texts = zip(rows["ci_id"], rows["aliases"], strict=True)
        return {int(ci_id) for ci_id, aliases in texts if has_alias_starting(aliases, FQDN, f"{host}.")}
