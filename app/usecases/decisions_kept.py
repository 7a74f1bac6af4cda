"""What people decided about CIs and still holds, the newest first; each can be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.decisions import JOIN, PART, SET, decision_of
from app.domain.identity import Place
from app.domain.nouns import SOURCE_RECORD
from app.domain.payloads import record_of
from app.domain.records import CiRecord
from app.usecases import paging
from app.usecases.decide import NUMBERS, TEXTS
from app.usecases.keep.sources import MANUAL, find_source, told_of
from app.usecases.tools import Tools

WORDS = {JOIN: "merged", PART: "kept apart", SET: "corrected"}
BLOCK = 5_000


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """`decision`: its name, by which it is taken back; `records` of one side ("source:class:id") and `others` of the other;
    `values` of a correction; `cis`: the keys of the CIs that they are today; `at`: "" where nobody wrote it down."""

    decision: str
    word: str
    records: Sequence[str]
    others: Sequence[str]
    values: Mapping[str, str]
    cis: Sequence[str]
    by: str
    at: str
    why: str


@dataclass(frozen=True, slots=True)
class DecisionPage:
    revision: int
    items: Sequence[KeptDecision]
    total: int
    limit: int
    truncated: bool
    next: str | None


def decision_page(tools: Tools, limit: int, after: str | None = None) -> DecisionPage:
    """Returns a page of the decisions that hold at the current revision."""
    skip = int(paging.decode(after, "skip")["skip"]) if after else 0
    store, manual = tools.store, find_source(tools.documents, MANUAL)
    revision = store.current().revision
    if manual is None or not revision:
        return DecisionPage(revision, [], 0, limit, False, None)
    rows = store.load_columns(revision, SOURCE_RECORD.name, ["source_key", "payload"], manual.source_id)
    records = [(key, record_of(payload)) for key, payload in zip(rows["source_key"], rows["payload"], strict=True)]
    found = [(key, record) for key, record in records if record.source_class in WORDS]
    found.sort(key=lambda pair: (_said(pair[1], "at"), pair[0]), reverse=True)
    shown = found[skip : skip + limit]
    names = {source.source_id: source.name for source in told_of(tools.documents)}
    cis = _cis(tools, revision, manual.source_id, shown)
    more, items = len(found) > skip + limit, [_kept(key, record, names, cis[key]) for key, record in shown]
    return DecisionPage(revision, items, len(found), limit, more, paging.encode(skip=skip + limit) if more else None)


def _kept(key: str, record: CiRecord, names: Mapping[int, str], cis: Sequence[str]) -> KeptDecision:
    decision = decision_of(record)
    one, other = ([f"{names.get(source, source)}:{text}" for source, text in side] for side in (decision.places, decision.others))
    values: dict[str, str] = {}
    if record.source_class == SET:
        values = {name: str(value) for name in (*TEXTS, *NUMBERS) if (value := getattr(record, name)) not in ("", None)}
        values |= record.attributes
    said = [_said(record, name) for name in ("by", "at", "why")]
    return KeptDecision(key, WORDS[record.source_class], one, other, values, cis, *said)


def _said(record: CiRecord, name: str) -> str:
    """Returns what was written down with a decision; the attributes of a correction are its values."""
    return record.attributes.get(name, "") if record.source_class != SET else ""


def _cis(tools: Tools, revision: int, manual: int, shown: Sequence[tuple[str, CiRecord]]) -> dict[str, list[str]]:
    """Returns the keys of the CIs that each decision is about."""
    about: dict[str, set[Place]] = {}
    for key, record in shown:
        decision = decision_of(record)
        own = {(manual, key)} if record.source_class == SET else set()
        about[key] = {*decision.places, *decision.others} | own
    keys, ci_of = sorted({key for places in about.values() for _, key in places}), dict[Place, int]()
    for start in range(0, len(keys), BLOCK):
        rows = tools.store.rows(revision, SOURCE_RECORD.name, "source_key", keys[start : start + BLOCK])
        for row, key in enumerate(rows["source_key"]):
            ci_of[int(rows["source_id"][row]), key] = int(rows["ci_id"][row])
    ids = sorted({ci_of[place] for places in about.values() for place in places if ci_of.get(place, 0) > 0})
    states = tools.store.states(revision, ids)
    key_of = dict(zip(map(int, states["ci_id"]), states["key"], strict=True))
    return {
        key: sorted({key_of[ci_of[place]] for place in places if ci_of.get(place, 0) in key_of}) for key, places in about.items()
    }
