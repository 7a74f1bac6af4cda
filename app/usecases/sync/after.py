"""What texts mean once a run is written: the ledger as it is, with the CIs and records on top that the run begins, changes and
ends."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from app.domain.changes import rows_of
from app.domain.identity_spelling import normalise
from app.domain.json_columns import aliases_of
from app.domain.nouns import CI
from app.domain.payloads import record_of
from app.domain.records import CiRecord
from app.domain.references import Unresolved, from_ledger, once_called
from app.domain.rows import LedgerCi
from app.ports.graph_store import GraphStore
from app.usecases.sync.reconcile import CiChanges

BLOCK = 5_000
T = TypeVar("T")
Mention = tuple[int, str]  # source_id and text


class AfterRun:
    """The ledger after a run. `changes` can be read any number of times."""

    def __init__(self, store: GraphStore, revision: int, changes: Callable[[], Iterable[CiChanges]]) -> None:
        self._store, self._revision, self._changes = store, revision, changes
        self._known: dict[Mention, int | Unresolved] = {}
        self.called_before: list[str] = []  # texts that were answered by a name of the past, as sentences

    def learn(self, texts: Iterable[Mention]) -> Mapping[Mention, int | Unresolved]:
        """Finds out what these texts mean in these sources: the source's own record first, then the CI that alone answers to the
        text, then a name of the past."""
        fresh = [pair for pair in dict.fromkeys(texts) if pair not in self._known]
        if fresh:
            self._resolve(fresh)
        return self._known

    def one(self, source_id: int, text: str) -> int | Unresolved:
        return self.learn([(source_id, text)])[source_id, text]

    def key_of(self, ci_id: int) -> str:
        """Returns the key of a CI as it is after the run; its id in words where it does not hold then."""
        for chunk in self._changes():
            for row in chunk.begun:
                if row.ci_id == ci_id:
                    return row.key
        rows = self._store.states(self._revision, [ci_id])
        return rows["key"][0] if len(rows["ci_id"]) else f"CI {ci_id}"

    def rows_of_cis(self, ci_ids: Iterable[int]) -> dict[int, LedgerCi]:
        """Returns the rows of those of the CIs that hold after the run."""
        wanted, rows = set(ci_ids), dict[int, LedgerCi]()
        for part in _blocks(sorted(wanted)):
            rows.update((row.ci_id, row) for row in rows_of(CI, self._store.states(self._revision, part)))
        for chunk in self._changes() if wanted else ():
            for (ci_id,) in chunk.ended:
                rows.pop(ci_id, None)
            rows.update((row.ci_id, row) for row in chunk.begun if row.ci_id in wanted)
        return rows

    def records_at(self, places: Collection[tuple[int, str]]) -> dict[tuple[int, str], int]:
        """Returns the CI of each of these records after the run, without those that are gone."""
        return self._by_record(list(places))

    def holding(self, ci_ids: Iterable[int]) -> set[int]:
        """Returns those of the CIs that hold after the run."""
        return set(self.rows_of_cis(ci_ids))

    def _resolve(self, fresh: Sequence[Mention]) -> None:
        answering = self._hits({text.casefold() for _, text in fresh if text})
        doubtful = [pair for pair in fresh if len(answering.get(pair[1].casefold(), {})) > 1]
        records = self._records({ci_id for _, text in doubtful for ci_id in answering[text.casefold()]}) if doubtful else {}
        by_record = self._by_record([pair for pair in fresh if ":" in pair[1] and not answering.get(pair[1].casefold())])
        nobody: list[Mention] = []
        for source_id, text in fresh:
            hits = answering.get(text.casefold(), {})
            own = by_record.get((source_id, text))
            if own is None and len(hits) > 1:
                own = own_answer(text, {ci_id: records.get(ci_id, ()) for ci_id in hits}, source_id, hits)
            answer = own if own is not None else from_ledger(text, sorted(hits.items()))
            self._known[source_id, text] = answer
            if not hits and own is None and text:
                nobody.append((source_id, text))
        self._ask_the_past(nobody)

    def _ask_the_past(self, texts: Sequence[Mention]) -> None:
        if not texts or not self._revision:
            return
        former = {
            text: hits_of
            for part in _blocks(sorted({text for _, text in texts}))
            for text, hits_of in self._store.find_former(self._revision, part).items()
        }
        gone = self._gone() if former else set()
        for source_id, text in texts:
            hits = {hit.ci_id: hit for hit in former.get(text, ()) if hit.ci_id not in gone}
            if len(hits) == 1:
                hit = next(iter(hits.values()))
                self._known[source_id, text] = hit.ci_id
                self.called_before.append(once_called(text, hit.key, hit.until))

    def _gone(self) -> set[int]:
        ended, begun = set[int](), set[int]()
        for chunk in self._changes():
            ended.update(ci_id for (ci_id,) in chunk.ended)
            begun.update(row.ci_id for row in chunk.begun)
        return ended - begun

    def _hits(self, folded: set[str]) -> dict[str, dict[int, str]]:
        answering: dict[str, dict[int, str]] = {value: {} for value in folded}
        touched: set[int] = set()
        for chunk in self._changes() if folded else ():
            touched.update(ci_id for (ci_id,) in chunk.ended)
            for row in chunk.begun:
                touched.add(row.ci_id)
                for value in answers(row):
                    if value in answering:
                        answering[value][row.ci_id] = row.key
        for part in _blocks(sorted(folded)):
            for value, hits in self._store.find(self._revision, part).items():
                for hit in hits:
                    if hit.ci_id not in touched:
                        answering[value.casefold()][hit.ci_id] = hit.key
        return answering

    def _records(self, ci_ids: set[int]) -> dict[int, list[tuple[int, CiRecord]]]:
        """Returns (source_id, record) of these CIs after the run."""
        held: dict[tuple[int, str], tuple[int, str]] = {}
        for part in _blocks(sorted(ci_ids)):
            rows = self._store.rows(self._revision, "source_record", "ci_id", part)
            for row, key in enumerate(rows["source_key"]):
                held[int(rows["source_id"][row]), key] = (int(rows["ci_id"][row]), rows["payload"][row])
        for chunk in self._changes():
            for place in chunk.records_ended:
                held.pop(place, None)
            for record in chunk.records_begun:
                if record.ci_id in ci_ids:
                    held[record.source_id, record.source_key] = (record.ci_id, record.payload)
        records: dict[int, list[tuple[int, CiRecord]]] = {}
        for (source_id, _), (ci_id, payload) in sorted(held.items()):
            records.setdefault(ci_id, []).append((source_id, record_of(payload)))
        return records

    def _by_record(self, texts: Sequence[Mention]) -> dict[Mention, int]:
        """Returns the CIs of texts that name a record of their source as class:id."""
        wanted = set(texts)
        cis: dict[Mention, int] = {}
        for part in _blocks(sorted({text for _, text in wanted})):
            rows = self._store.rows(self._revision, "source_record", "source_key", part)
            for row, key in enumerate(rows["source_key"]):
                if (int(rows["source_id"][row]), key) in wanted:
                    cis[int(rows["source_id"][row]), key] = int(rows["ci_id"][row])
        for chunk in self._changes() if wanted else ():
            for place in chunk.records_ended:
                cis.pop(place, None)
            for record in chunk.records_begun:
                if (record.source_id, record.source_key) in wanted:
                    cis[record.source_id, record.source_key] = record.ci_id
        return cis


def own_answer(
    text: str, records: Mapping[int, Iterable[tuple[int, CiRecord]]], source_id: int, keys: Mapping[int, str]
) -> int | None:
    """Of several CIs that answer to a text, return the one that is certainly meant: the one whose key it is; else the one whose
    record of this very source has the text as its id; else as a name of its own. None where no single one is."""
    if by_key := [ci_id for ci_id, key in keys.items() if key == text]:
        return by_key[0]
    folded = text.casefold()
    mine = {ci_id: [record for source, record in own if source == source_id] for ci_id, own in records.items()}
    for matches in (_has_id, _calls_itself):
        meant = [ci_id for ci_id, own in sorted(mine.items()) if any(matches(record, folded) for record in own)]
        if len(meant) == 1:
            return meant[0]
        if meant:
            return None
    return None


def _has_id(record: CiRecord, folded: str) -> bool:
    return folded in (record.source_id.casefold(), record.source_key.casefold())


def _calls_itself(record: CiRecord, folded: str) -> bool:
    return (
        record.name.casefold() == folded
        or any(value.casefold() == folded for _, value in record.aliases)
        or any(folded in (value.casefold(), normalise(kind, value)[1].casefold()) for kind, value in record.identifiers)
    )


def answers(row: LedgerCi) -> set[str]:
    """Returns the texts that a CI answers to, casefolded."""
    texts = {value.casefold() for _, value in aliases_of(row.aliases)}
    return texts | {row.key.casefold(), (row.name or "").casefold()}


def _blocks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    return (values[start : start + BLOCK] for start in range(0, len(values), BLOCK))
