"""The roster: every CI record of one source by number, with the CI it belongs to and what this run has found out about it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from app.domain.columns import Columns
from app.ports.graph_store import GraphStore

UNSEEN, UNCHANGED, CHANGED, NEW, KEPT, RETIRED = range(6)  # KEPT: this time refused, so what was known last stays
NO_CI = -1


class Roster:
    def __init__(self) -> None:
        self.by_class: dict[str, dict[str, int]] = {}
        self.ci_ids = array("q")
        self.hashes = array("q")
        self.states = bytearray()

    def __len__(self) -> int:
        return len(self.states)

    def add(self, source_class: str, source_id: str, ci_id: int, content_hash: int, state: int) -> int:
        number = len(self.states)
        self.by_class.setdefault(source_class, {})[source_id] = number
        self.ci_ids.append(ci_id)
        self.hashes.append(content_hash)
        self.states.append(state)
        return number

    def number(self, source_key: str) -> int | None:
        source_class, _, source_id = source_key.partition(":")
        return self.by_class.get(source_class, {}).get(source_id)

    def keys(self) -> list[tuple[str, str]]:
        """Returns (class, id) by number."""
        keys: list[tuple[str, str]] = [("", "")] * len(self.states)
        for source_class, ids in self.by_class.items():
            for source_id, number in ids.items():
                keys[number] = (source_class, source_id)
        return keys

    def numbers_in(self, *states: int) -> list[int]:
        wanted = bytes(1 if state in states else 0 for state in range(6)) + bytes(250)
        marks = self.states.translate(wanted)
        numbers, at = [], marks.find(1)
        while at >= 0:
            numbers.append(at)
            at = marks.find(1, at + 1)
        return numbers

    def take(self, columns: Columns) -> None:
        """Adds records of the ledger, as unseen."""
        ids, hashes = columns["ci_id"], columns["content_hash"]
        by_class, number = self.by_class, len(self.states)
        for source_key in columns["source_key"]:
            source_class, _, source_id = source_key.partition(":")
            by_class.setdefault(source_class, {})[source_id] = number
            number += 1
        self.ci_ids.extend(map(int, ids))
        self.hashes.extend(map(int, hashes))
        self.states.extend(bytes(len(ids)))


def whole_roster(store: GraphStore, revision: int, source_id: int) -> Roster:
    roster = Roster()
    roster.take(store.load_columns(revision, "source_record", ["source_key", "content_hash", "ci_id"], source_id))
    return roster


def add_from_ledger(roster: Roster, store: GraphStore, revision: int, source_id: int, source_keys: Iterable[str]) -> None:
    """Adds those of the named records that the ledger has and the roster lacks."""
    wanted = [key for key in dict.fromkeys(source_keys) if roster.number(key) is None]
    for start in range(0, len(wanted), 5_000):
        part: Sequence[str] = wanted[start : start + 5_000]
        rows = store.rows(revision, "source_record", "source_key", part)
        for row, key in enumerate(rows["source_key"]):
            if int(rows["source_id"][row]) == source_id:
                source_class, _, name = key.partition(":")
                roster.add(source_class, name, int(rows["ci_id"][row]), int(rows["content_hash"][row]), UNSEEN)
