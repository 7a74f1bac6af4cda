"""Suggest pairs of CIs that may be one, for a person to accept or refuse.

A refused pair is parted for good and never suggested again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain.columns import Columns
from app.domain.decisions import PART, decision_of
from app.domain.errors import NotFound
from app.domain.identity import Place
from app.domain.identity_rules import rule_of
from app.domain.identity_spelling import FQDN, HOST, host_of
from app.domain.json_columns import aliases_of
from app.domain.nouns import CI, SOURCE_RECORD
from app.domain.payloads import record_of
from app.ports.documents import Documents
from app.ports.graph_store import GraphStore
from app.ports.records import Records
from app.usecases import decide
from app.usecases.keep.sources import MANUAL, find_source
from app.usecases.operation_progress import Listener, silent
from app.usecases.suggestions.alike import LEAST, TELLING, Look, alike
from app.usecases.suggestions.candidates import Blocks, keys_of
from app.usecases.tools import Tools

KEPT = 1000  # the best ones
COMPARED = ("serial", "uuid", "cloud_id", "asset_tag", "mac", "address")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two CIs, by key, that look like one: `score` from 60 to 100, and why.

    `suggestion` is its name, the same as long as score and keys are.
    """

    suggestion: str
    a: str
    b: str
    a_name: str
    b_name: str
    score: int
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class SuggestionRun:
    """What was compared: `pairs` of `cis`; `capped`: there were more pairs than are compared; `kept` of `found` suggestions."""

    revision: int
    at: str
    cis: int
    pairs: int
    capped: bool
    found: int
    kept: int


SUGGESTIONS, RUNS = Records("suggestion", Suggestion), Records("suggestion_run", SuggestionRun)


@dataclass(frozen=True, slots=True)
class SuggestionPage:
    run: SuggestionRun | None  # None: nobody looked yet
    items: Sequence[Suggestion]
    limit: int
    truncated: bool
    next: str | None


def suggest(tools: Tools, listen: Listener = silent) -> SuggestionRun:
    """Looks through the current revision and keeps the best suggestions in place of those kept before."""
    revision = tools.store.current().revision
    listen("reading CIs", 0.0)
    cis = tools.store.load_columns(revision, CI.name, ["ci_id", "key", "name", "ci_class", "environment", "site", "aliases"])
    sources = _sources(tools.store, revision)
    pairs, capped = list[tuple[int, int]](), False
    if any(held != next(iter(sources.values())) for held in sources.values()):  # one source does not list a thing twice
        listen("pairing", 0.3)
        pairs, capped = _candidates(cis, sources, _apart(tools, revision))
    listen("comparing", 0.6)
    suggestions = _scored(cis, pairs)
    best = sorted(suggestions, key=lambda item: (-item.score, item.a, item.b))[:KEPT]
    run = SuggestionRun(
        revision, datetime.now(UTC).isoformat(), len(cis["ci_id"]), len(pairs), capped, len(suggestions), len(best)
    )
    _keep(tools.documents, run, best)
    return run


def _candidates(
    cis: Columns, sources: Mapping[int, int], apart: Container[tuple[int, int]]
) -> tuple[list[tuple[int, int]], bool]:
    """Returns pairs of rows of different sources, of one family and environment, that people did not part."""
    ids = [int(ci_id) for ci_id in cis["ci_id"]]
    families = [rule_of(ci_class or "other").family for ci_class in cis["ci_class"]]
    environments = list(cis["environment"])
    held = [_telling(aliases_of(aliases)) for aliases in cis["aliases"]]
    blocks = Blocks()
    for row, (name, aliases) in enumerate(zip(cis["name"], cis["aliases"], strict=True)):
        blocks.add(row, keys_of(name or "", aliases_of(aliases)))

    def possible(a: int, b: int) -> bool:
        if sources.get(ids[a], 0) & sources.get(ids[b], 0):
            return False
        if families[a] != families[b] and not held[a] & held[b]:
            return False
        return environments[a] == environments[b] and (ids[a], ids[b]) not in apart

    return blocks.pairs(possible)


def _telling(aliases: Sequence[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Returns the identifiers that would make two CIs one if nothing spoke against it."""
    return frozenset((kind, value) for kind, value in aliases if kind in TELLING)


def _scored(cis: Columns, pairs: Sequence[tuple[int, int]]) -> list[Suggestion]:
    looks: dict[int, Look] = {}
    for row in sorted({row for pair in pairs for row in pair}):
        identifiers = _identifiers(aliases_of(cis["aliases"][row]))
        looks[row] = Look(cis["name"][row] or "", cis["ci_class"][row] or "other", cis["site"][row] or "", identifiers)
    suggestions: list[Suggestion] = []
    for pair in pairs:
        a, b = sorted(pair, key=lambda row: str(cis["key"][row]))
        score, reasons = alike(looks[a], looks[b])
        if score >= LEAST:
            digest = hashlib.sha256(f"{cis['key'][a]} {cis['key'][b]}".encode()).hexdigest()[:16]
            suggestions.append(
                Suggestion(
                    f"{100 - score:03}-{digest}", cis["key"][a], cis["key"][b], looks[a].name, looks[b].name, score, reasons
                )
            )
    return suggestions


def _sources(store: GraphStore, revision: int) -> dict[int, int]:
    """Returns the sources of each CI, one bit each."""
    rows, sources = store.load_columns(revision, SOURCE_RECORD.name, ["source_id", "ci_id"]), dict[int, int]()
    for source_id, ci_id in zip(map(int, rows["source_id"]), map(int, rows["ci_id"]), strict=True):
        sources[ci_id] = sources.get(ci_id, 0) | 1 << source_id
    return sources


def _apart(tools: Tools, revision: int) -> set[tuple[int, int]]:
    """Returns the pairs of CIs whose records people parted, both ways round."""
    manual = find_source(tools.documents, MANUAL)
    if manual is None or not revision:
        return set()
    kept = tools.store.load_columns(revision, SOURCE_RECORD.name, ["payload"], manual.source_id)["payload"]
    parts = [decision_of(record) for payload in kept if (record := record_of(payload)).source_class == PART]
    ci_of: dict[Place, int] = {}
    keys = sorted({key for part in parts for _, key in (*part.places, *part.others)})
    for start in range(0, len(keys), 5_000):
        rows = tools.store.rows(revision, SOURCE_RECORD.name, "source_key", keys[start : start + 5_000])
        for row, key in enumerate(rows["source_key"]):
            ci_of[int(rows["source_id"][row]), key] = int(rows["ci_id"][row])
    sides = [({ci_of.get(p, 0) for p in part.places}, {ci_of.get(p, 0) for p in part.others}) for part in parts]
    pairs = {(a, b) for one, other in sides for a in one for b in other}
    return pairs | {(b, a) for a, b in pairs}


def _identifiers(aliases: Sequence[tuple[str, str]]) -> dict[str, frozenset[str]]:
    identifiers: dict[str, set[str]] = {}
    for kind, value in aliases:
        if kind in COMPARED:
            identifiers.setdefault(kind, set()).add(value)
        elif kind == FQDN:
            identifiers.setdefault(HOST, set()).add(host_of(value))
    return {kind: frozenset(values) for kind, values in identifiers.items()}


def _keep(documents: Documents, run: SuggestionRun, best: Sequence[Suggestion]) -> None:
    with documents.together():
        for old in list(SUGGESTIONS.every(documents)):
            SUGGESTIONS.delete(documents, old.key)
        for item in best:
            SUGGESTIONS.put(documents, item.suggestion, item)
        RUNS.put(documents, "last", run)


def suggestion_page(documents: Documents, limit: int, after: str = "") -> SuggestionPage:
    """Returns a page of kept suggestions, the best first."""
    suggestions = [kept.value for kept in SUGGESTIONS.page(documents, after, limit + 1)]
    more, items = len(suggestions) > limit, suggestions[:limit]
    return SuggestionPage(RUNS.find(documents, "last"), items, limit, more, items[-1].suggestion if more else None)


def accept(tools: Tools, suggestion: str, caller: str, reason: str = "") -> decide.Decided:
    """Makes the two CIs one, as `decide.merge` does."""
    item = _get(tools.documents, suggestion)
    why = reason or f"suggested with {item.score} points"
    return decide.merge(tools, item.a, item.b, caller, why, [(SUGGESTIONS.kind, suggestion)])


def refuse(tools: Tools, suggestion: str, caller: str, reason: str = "") -> decide.Decided:
    """Parts the two CIs, whatever their identifiers will say; the pair is never suggested again."""
    item = _get(tools.documents, suggestion)
    why = reason or f"a suggestion with {item.score} points, refused"
    return decide.part(tools, item.a, item.b, caller, why, [(SUGGESTIONS.kind, suggestion)])


def _get(documents: Documents, suggestion: str) -> Suggestion:
    kept = SUGGESTIONS.find(documents, suggestion)
    if kept is None:
        raise NotFound(
            f"no suggestion {suggestion!r}: it was decided, or later suggestions took its place; see forestay suggestions"
        )
    return kept
