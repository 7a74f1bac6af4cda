"""CI records on their way in: checked, hashed, compared with the roster, and staged where they are new or changed."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from itertools import pairwise

from app.domain.ci_classes import OTHER
from app.domain.identity_rules import searched
from app.domain.identity_rules import staged as found_under
from app.domain.identity_spelling import normalise
from app.domain.payloads import content_hash, payload_of, record_of
from app.domain.precedence import ci_row
from app.domain.readable import readable_ci
from app.domain.record_checks import ci_fault, text_fault
from app.domain.records import CiRecord
from app.domain.texts import NO_TEXT, one_form
from app.ports.ci_source import CiBlock
from app.ports.staging import StagedRecord, Staging
from app.usecases.sync.one_form import ci_in_one_form, plain_json
from app.usecases.sync.roster import CHANGED, KEPT, NEW, NO_CI, RETIRED, UNCHANGED, UNSEEN, Roster
from app.usecases.sync.setup import Doubt, Ledgerkeeper
from app.usecases.sync.unread import Unread

CLASH = (
    "key",
    "was given before in this run with other content; the first one counts",
    "remove one of the rows, or give it a key of its own",
)


class CiIntake:
    """`claims`: accepted records by class, and `known`: of these, those that were in the ledger before."""

    def __init__(self, roster: Roster, staging: Staging, books: Ledgerkeeper, alone: bool) -> None:
        self._roster, self._staging, self._books, self._alone = roster, staging, books, alone
        self.untouched: set[int] = set()  # numbers of records whose row is not read again
        self._identifiers = array("q")  # hashes, where no other source could share one
        self.claims: dict[str, int] = {}
        self.known: dict[str, int] = {}
        self.unknown_classes: dict[str, int] = {}

    def take(self, blocks: Iterable[CiBlock]) -> None:
        done = 0
        for block in blocks:
            self._books.read("ci", len(block.records), block.left_out)
            staged: list[StagedRecord] = []
            for record, position in zip(block.records, block.positions, strict=True):
                self._take_one(record, position, block.place, staged)
            self._staging.put(staged)
            for rejected in block.left_out.rejected:
                self._keep_known(one_form(rejected.key))
            done += len(block.records)
            self._books.step("reading CIs", done)

    def _take_one(self, record: CiRecord, position: int, place: str, staged: list[StagedRecord]) -> None:
        payload = payload_of(record)
        if not plain_json(payload) and (tidy := ci_in_one_form(record)) != record:
            self._books.respelled()
            record, payload = tidy, payload_of(tidy)
        fault = ci_fault(record) or text_fault(payload)
        if fault and (kept := readable_ci(record))[1]:
            record, lost = kept
            for cell in lost:
                self._books.lose_cell("ci", place, position, _shown(record.source_id), cell, record.source_key)
            payload = payload_of(record)
            fault = ci_fault(record) or text_fault(payload)
        if fault:
            me = _shown(record.source_id)
            unread = Unread("ci", f"{record.source_class}:{me}", me, f"{fault[0]} {fault[1]}") if me else None
            self._books.reject("ci", place, position, me, fault, unread)
            self._keep_known(f"{record.source_class}:{record.source_id}")
            return
        roster, digest = self._roster, content_hash(payload)
        number = roster.by_class.setdefault(record.source_class, {}).get(record.source_id)
        if number is None:
            number = roster.add(record.source_class, record.source_id, NO_CI, digest, NEW)
        else:
            state = roster.states[number]
            if state not in (UNSEEN, KEPT):
                if roster.hashes[number] == digest:
                    self._books.duplicate("ci", position)
                elif number in self.untouched:
                    raise Doubt(f"{place} {position} says otherwise than an untouched row of the same key")
                else:
                    unread = Unread("ci", record.source_key, f"{record.source_id}, given twice", CLASH[1])
                    self._books.reject("ci", place, position, record.source_id, CLASH, unread)
                return
            self.known[record.ci_class] = self.known.get(record.ci_class, 0) + 1
            roster.states[number] = UNCHANGED if roster.hashes[number] == digest else CHANGED
            roster.hashes[number] = digest
        self._count(record)
        if roster.states[number] == UNCHANGED:
            self._books.counts("ci").unchanged += 1
            return
        self._books.counts("ci").stored += 1
        staged.append((number, record.source_key, payload, ci_row(0, "", [record])[2:] if self._alone else ()))
        if self._alone:
            for identifier in record.identifiers:
                self._identifiers.append(hash(normalise(*identifier)))
        elif identifiers := found_under(searched(record)):
            self._staging.put_identifiers((identifier, number) for identifier in identifiers)

    def _count(self, record: CiRecord) -> None:
        self.claims[record.ci_class] = self.claims.get(record.ci_class, 0) + 1
        if record.ci_class == OTHER and record.raw_class:
            self.unknown_classes[record.raw_class] = self.unknown_classes.get(record.raw_class, 0) + 1

    def _keep_known(self, key: str) -> None:
        """Keeps what was known last of a record that was refused this time: it is not gone."""
        roster = self._roster
        number = roster.number(key)
        if number is None and ":" not in key:
            numbers = [ids[key] for ids in roster.by_class.values() if key in ids]
            number = numbers[0] if len(numbers) == 1 else None
        if number is not None and roster.states[number] == UNSEEN:
            roster.states[number] = KEPT

    def shared_identifiers(self) -> list[str]:
        """Returns, as sentences, the identifiers that several staged records of this source hold; they are only kept where the
        source is alone."""
        ordered = sorted(self._identifiers)
        twice = {a for a, b in pairwise(ordered) if a == b}
        if not twice:
            return []
        holders: dict[tuple[str, str], list[str]] = {}
        for _, _, payload, _ in self._staging.records():
            record = record_of(payload)
            for identifier in dict.fromkeys(normalise(*pair) for pair in record.identifiers):
                if hash(identifier) in twice:
                    holders.setdefault(identifier, []).append(record.source_key)
        return [
            f"{kind} {value} is held by {len(keys)} records and ignored: {', '.join(sorted(keys)[:5])}"
            for (kind, value), keys in sorted(holders.items())
            if len(keys) > 1
        ]

    def retire_unseen(self, ends_class: Callable[[str], bool]) -> list[int]:
        """Retires the records that were not seen, of classes that are proven complete, and returns their numbers."""
        numbers = self._roster.numbers_in(UNSEEN)
        classes = self._roster.by_class
        kept = {name for name in classes if not ends_class(name)} if numbers else set()
        if kept:
            staying = {number for name in kept for number in classes[name].values()}
            numbers = [number for number in numbers if number not in staying]
        for number in numbers:
            self._roster.states[number] = RETIRED
        return numbers


def _shown(text: str) -> str:
    return NO_TEXT.sub("?", text[:200])
