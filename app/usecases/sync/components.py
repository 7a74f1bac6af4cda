"""Identity components: changed records with all records of any source that may be the same CI."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.domain.identity import MAX_HOLDERS, Claim, Identifier, normalise
from app.domain.payloads import record_of
from app.domain.records import CiRecord
from app.ports.graph_store import GraphStore
from app.ports.staging import Staging
from app.usecases.sync.roster import CHANGED, NEW, NO_CI, RETIRED, Roster

Place = tuple[int, str]


@dataclass(slots=True)
class Member:
    """A record as it is after this run. `ci_id`: the CI it belonged to, `before`: it is in the ledger; `fresh`: new or
    changed."""

    source_id: int
    source_key: str
    record: CiRecord
    payload: str
    content_hash: int
    ci_id: int
    fresh: bool

    @property
    def place(self) -> Place:
        return self.source_id, self.source_key


@dataclass(slots=True)
class Closure:
    """Everything that touches some changed records: what remains, what goes, and every CI involved."""

    members: dict[Place, Member] = field(default_factory=dict)
    retired: dict[Place, int] = field(default_factory=dict)  # place -> the CI it belonged to
    ci_ids: set[int] = field(default_factory=set)
    crowded: dict[Identifier, int] = field(default_factory=dict)

    def claims(self) -> list[Claim]:
        return [
            Claim(m.source_id, m.source_key, tuple(i for i in _identifiers(m) if i not in self.crowded))
            for _, m in sorted(self.members.items())
        ]


class Closer:
    """Closes over shared identifiers through the ledger and the staging file."""

    def __init__(self, store: GraphStore, revision: int, source_id: int, roster: Roster, staging: Staging) -> None:
        self._store, self._revision, self._source_id = store, revision, source_id
        self._roster, self._staging = roster, staging
        self._keys = roster.keys()

    def close(self, numbers: Iterable[int]) -> tuple[Closure, set[int]]:
        """The closure of some numbers of the roster, and all numbers it took in."""
        found, taken = Closure(), set[int]()
        seen: set[Identifier] = set()
        cis, fresh = set[int](), list(numbers)
        while fresh or cis:
            cis |= self._take_staged(found, fresh, taken)
            cis -= found.ci_ids
            self._take_cis(found, cis, taken)
            identifiers = [i for m in found.members.values() for i in _identifiers(m) if i not in seen]
            identifiers = list(dict.fromkeys(identifiers))
            seen.update(identifiers)
            cis, fresh = self._holders(found, identifiers, taken)
        return found, taken

    def _take_staged(self, found: Closure, numbers: list[int], taken: set[int]) -> set[int]:
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
                found.members[place] = Member(*place, record_of(payload), payload, roster.hashes[number], ci_id, True)
            elif roster.states[number] == RETIRED:
                found.retired[place] = ci_id
        return cis

    def _take_cis(self, found: Closure, cis: set[int], taken: set[int]) -> None:
        found.ci_ids |= cis
        ids, changed = sorted(cis), list[int]()
        for start in range(0, len(ids), 5_000):
            rows = self._store.rows(self._revision, "source_record", "ci_id", ids[start : start + 5_000])
            for row, key in enumerate(rows["source_key"]):
                source_id, ci_id = int(rows["source_id"][row]), int(rows["ci_id"][row])
                number = self._roster.number(key) if source_id == self._source_id else None
                if number is not None and self._roster.states[number] in (CHANGED, RETIRED):
                    changed.append(number)
                    continue
                payload = rows["payload"][row]
                member = Member(source_id, key, record_of(payload), payload, int(rows["content_hash"][row]), ci_id, False)
                found.members[member.place] = member
        self._take_staged(found, changed, taken)

    def _holders(self, found: Closure, identifiers: list[Identifier], taken: set[int]) -> tuple[set[int], list[int]]:
        staged = self._staging.holders(identifiers)
        by_kind: dict[str, list[str]] = {}
        for kind, value in identifiers:
            by_kind.setdefault(kind, []).append(value)
        ledger: dict[Identifier, set[int]] = {}
        for kind, values in sorted(by_kind.items()):
            for start in range(0, len(values), 5_000):
                hits = self._store.find(self._revision, values[start : start + 5_000], [kind])
                for value, held in hits.items():
                    ledger[kind, value] = {hit.ci_id for hit in held}
        cis, fresh = set[int](), list[int]()
        for identifier in identifiers:
            numbers = staged.get(identifier, [])
            among = ledger.get(identifier, set()) | {self._roster.ci_ids[n] for n in numbers if self._roster.ci_ids[n] != NO_CI}
            holders = len(among) + sum(1 for n in numbers if self._roster.ci_ids[n] == NO_CI)
            if holders > MAX_HOLDERS:
                found.crowded[identifier] = holders
                continue
            cis |= among - found.ci_ids
            fresh += [number for number in numbers if number not in taken]
        return cis, fresh


def _identifiers(member: Member) -> list[Identifier]:
    return [normalise(kind, value) for kind, value in member.record.identifiers]
