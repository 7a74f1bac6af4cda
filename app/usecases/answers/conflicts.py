"""Conflicts: attributes of CIs on which sources disagree, read from their records page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from app.domain.decisions import JOIN, PART
from app.domain.disagreements import Disagreement, SaidValue, disagreements
from app.domain.nouns import SOURCE_RECORD
from app.domain.payloads import record_of
from app.domain.precedence import Said, SourceRank, in_order
from app.ports.documents import Documents
from app.ports.graph_store import GraphStore
from app.usecases import paging
from app.usecases.answers.cis import state_rows
from app.usecases.find import identify_recorded
from app.usecases.keep.sources import MANUAL, told_of
from app.usecases.tools import Tools

BLOCK = 500
EXAMINED = 20_000  # CIs looked at for one page; a page of a rare filter may end before it is full, with its `next`


@dataclass(frozen=True, slots=True)
class ConflictQuestion:
    """Which conflicts are wanted: those of one CI (key, alias or record), those in which a source has a value, those on one
    attribute, those of CIs of one class."""

    ci: str | None = None
    source: str | None = None
    attribute: str | None = None
    ci_class: str | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """`values` in order of precedence; `value` is the one that counts, by `rule`.

    `since_revision`: the earliest revision since which the values have stood like this, as far back as the ledger remembers; it
    was published at `since_at`.
    """

    ci: str
    name: str
    ci_class: str
    attribute: str
    value: str
    source: str
    rule: str
    values: Sequence[SaidValue]
    since_revision: int
    since_at: datetime | None


@dataclass(frozen=True, slots=True)
class ConflictPage:
    """`examined`: how many CIs with several records were compared for this page."""

    revision: int
    examined: int
    items: Sequence[Conflict]
    limit: int
    truncated: bool
    next: str | None


Found = tuple[int, Disagreement]


def conflicts(tools: Tools, question: ConflictQuestion, limit: int, after: str | None = None) -> ConflictPage:
    """Returns conflicts in order of the CI's number, as the records of the current revision (or that of the cursor) have them."""
    start = (
        paging.decode(after, "revision", "ci", "row")
        if after
        else {"revision": tools.store.current().revision, "ci": 0, "row": 0}
    )
    look = _Look(tools.store, tools.documents, start["revision"])
    if question.ci:
        ids = [identify_recorded(tools.store, look.revision, question.ci, look.source_ids()).ci_id]
    else:
        ids = list(look.several())
    ids = [ci_id for ci_id in ids if ci_id >= start["ci"]]
    items: list[Found] = []
    examined, following = 0, None
    while examined < len(ids) and len(items) <= limit:
        if examined >= EXAMINED:
            following = (ids[examined], 0)
            break
        block = ids[examined : examined + BLOCK]
        examined += len(block)
        found = look.found(look.revision, block, question)
        items += [item for ci_id in block for row, item in enumerate(found[ci_id]) if (ci_id, row) >= (start["ci"], start["row"])]
    if len(items) > limit:
        ci_id = items[limit][0]
        before = sum(item[0] == ci_id for item in items[:limit])
        following = (ci_id, before + (start["row"] if ci_id == start["ci"] else 0))
        items = items[:limit]
    cursor = None if following is None else paging.encode(revision=look.revision, ci=following[0], row=following[1])
    return ConflictPage(look.revision, examined, look.told(items), limit, cursor is not None, cursor)


def with_several_records(tools: Tools, revision: int) -> Sequence[int]:
    """Returns the numbers of CIs that more than one record tells of, in order."""
    return _Look(tools.store, tools.documents, revision).several()


def disagreeing(tools: Tools, revision: int, ci_ids: Sequence[int]) -> list[int]:
    """Returns those of the CIs on which sources disagree."""
    look, found = _Look(tools.store, tools.documents, revision), list[int]()
    for start in range(0, len(ci_ids), BLOCK):
        block = sorted(ci_ids[start : start + BLOCK])
        found += [ci_id for ci_id, items in look.found(revision, block, ConflictQuestion()).items() if items]
    return found


class _Look:
    """The records of CIs at any revision, and what they disagree on."""

    def __init__(self, store: GraphStore, documents: Documents, revision: int) -> None:
        self.store, self.revision = store, revision
        self._sources = told_of(documents)
        self._ranks = {source.source_id: SourceRank(source.source_id, source.name, source.priority) for source in self._sources}
        self._manual = next((source.source_id for source in self._sources if source.name == MANUAL), 0)

    def source_ids(self) -> dict[str, int]:
        return {source.name: source.source_id for source in self._sources}

    def several(self) -> Sequence[int]:
        """Returns the CIs with more than one record, in order."""
        if _several.store is not self.store or _several.revision != self.revision:
            records = self.store.load_columns(self.revision, SOURCE_RECORD.name, ["ci_id"])
            ids, counts = np.unique(np.asarray(records["ci_id"], np.int64), return_counts=True)
            _several.ids = ids[counts > 1].tolist()
            _several.store, _several.revision = self.store, self.revision
        return _several.ids

    def found(self, revision: int, ci_ids: Sequence[int], question: ConflictQuestion) -> dict[int, list[Found]]:
        rows = self.store.rows(revision, SOURCE_RECORD.name, "ci_id", ci_ids)
        said: dict[int, list[Said]] = {}
        for row, payload in enumerate(rows["payload"]):
            record, source_id = record_of(payload), int(rows["source_id"][row])
            if source_id in self._ranks and not (source_id == self._manual and record.source_class in (JOIN, PART)):
                said.setdefault(int(rows["ci_id"][row]), []).append((self._ranks[source_id], record))
        classes: Mapping[int, tuple[str, str, str]] = {}
        if question.ci_class:
            classes = state_rows(self.store, revision, ci_ids)
        answer: dict[int, list[Found]] = {}
        for ci_id in ci_ids:
            other = question.ci_class and classes.get(ci_id, ("", "", ""))[2] != question.ci_class
            held = () if other else disagreements(in_order(said.get(ci_id, ())), self._manual)
            answer[ci_id] = [(ci_id, item) for item in held if _asked(item, question)]
        return answer

    def told(self, items: Sequence[Found]) -> list[Conflict]:
        states = state_rows(self.store, self.revision, sorted({ci_id for ci_id, _ in items}))
        since = self._since(items)
        at = {number: self.store.revision(number).published_at for number in sorted(set(since))}
        return [
            Conflict(
                *states[ci_id],
                item.attribute,
                item.values[0].value,
                item.values[0].source,
                item.rule,
                item.values,
                number,
                at[number],
            )
            for (ci_id, item), number in zip(items, since, strict=True)
        ]

    def _since(self, items: Sequence[Found]) -> list[int]:
        """Finds by halving the earliest revision since which each conflict has stood.

        Probes are shared, as most conflicts began with one sync.
        """
        first = max(self.store.horizon(), 1)
        low, high = [first] * len(items), [self.revision] * len(items)
        while open_items := [n for n in range(len(items)) if low[n] < high[n]]:
            probes: dict[int, list[int]] = {}
            for n in open_items:
                probes.setdefault((low[n] + high[n]) // 2, []).append(n)
            for revision, numbers in sorted(probes.items()):
                held = self.found(revision, sorted({items[n][0] for n in numbers}), ConflictQuestion())
                for n in numbers:
                    stood = any(_same(item, items[n][1]) for _, item in held[items[n][0]])
                    low[n], high[n] = (low[n], revision) if stood else (revision + 1, high[n])
        return high


@dataclass(slots=True)
class _Several:
    """The last answer of `several`, for the pages of one list."""

    store: object = None
    revision: int = -1
    ids: Sequence[int] = ()


_several = _Several()


def _same(a: Disagreement, b: Disagreement) -> bool:
    return replace(a, rule="") == replace(b, rule="")


def _asked(item: Disagreement, question: ConflictQuestion) -> bool:
    if question.attribute and item.attribute != question.attribute:
        return False
    return not question.source or any(value.source == question.source for value in item.values)
