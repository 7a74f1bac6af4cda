"""Why records are one CI, and why two CIs are not one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from app.domain.decisions import PART, decided
from app.domain.identity import Place, claim_of, partition
from app.domain.identity_rules import effective, searched
from app.domain.nouns import SOURCE_RECORD
from app.domain.payloads import record_of
from app.domain.records import CiRecord
from app.ports.documents import Documents
from app.ports.graph_store import GraphStore
from app.usecases.find import identify_recorded
from app.usecases.keep.sources import MANUAL, find_source, list_sources
from app.usecases.sync.components import Decisions


@dataclass(frozen=True, slots=True)
class IdentityLink:
    """Two records ("source:class:id") that are one CI by a rule: a kind of identifier with the value they share, or "decided" by a person."""

    record: str
    with_record: str
    rule: str
    value: str


@dataclass(frozen=True, slots=True)
class Identity:
    """`records` of the CI and of the `other` one that was asked about; `same`: they are one CI; `links`: what joins; `against`: what does not
    count or speaks against, a sentence each."""

    revision: int
    key: str
    other: str | None
    same: bool
    records: Sequence[str]
    links: Sequence[IdentityLink]
    against: Sequence[str]


def identity(store: GraphStore, documents: Documents, ci: str, other: str | None = None) -> Identity:
    """What makes the records of a CI one, and, with `other`, why both are one or are not."""
    revision = store.current().revision
    names = {source.source_id: source.name for source in list_sources(documents)}
    ids = {name: source_id for source_id, name in names.items()}
    hits = [identify_recorded(store, revision, text, ids) for text in (ci, other) if text]
    manual = find_source(documents, MANUAL)
    decisions = Decisions(store, revision, manual.source_id if manual else 0)
    records = _records(store, revision, sorted({hit.ci_id for hit in hits}), decisions.manual_id)
    places = sorted(records)
    claims = [claim_of(place, records[place], searched(records[place])) for place in places]
    about = [decision for _, decision in decisions.about(places)]
    found = partition(claims, decided(about))
    told = [f"{names.get(place[0], place[0])}:{place[1]}" for place in places]
    links = [IdentityLink(told[link.a], told[link.b], link.rule, link.value) for link in found.links]
    same = len({hit.ci_id for hit in hits}) == 1
    against = [*found.conflicts, *_uncounted(records)]
    against += ["a person decided that these records are not one CI" for decision in about if decision.kind == PART]
    if not same and not links and not against:
        against.append("they share no identifier that counts for their classes; names never merge by themselves")
    return Identity(
        revision, hits[0].key, hits[1].key if len(hits) > 1 else None, same, told, links, list(dict.fromkeys(against))
    )


def _records(store: GraphStore, revision: int, ci_ids: list[int], manual_id: int) -> dict[Place, CiRecord]:
    rows = store.rows(revision, SOURCE_RECORD.name, "ci_id", ci_ids)
    places = ((int(rows["source_id"][row]), rows["source_key"][row], row) for row in range(len(rows["source_key"])))
    return {(source, key): record_of(rows["payload"][row]) for source, key, row in places if source != manual_id}


def _uncounted(records: dict[Place, CiRecord]) -> list[str]:
    """Identifiers that several records hold and that do not count between two of them."""
    holders: dict[tuple[str, str], list[CiRecord]] = {}
    for record in records.values():
        for identifier in dict.fromkeys(searched(record)):
            holders.setdefault(identifier, []).append(record)
    found = []
    for (kind, value), held in sorted(holders.items()):
        meant = [(record.ci_class, set(effective(record, [(kind, value)]))) for record in held]
        apart = [(a, b) for (a, one), (b, other) in combinations(meant, 2) if not one & other]
        if apart:
            classes = ", ".join(sorted({name for pair in apart for name in pair}))
            found.append(f"{kind} {value} is shared, but does not count between {classes} (identity rules)")
    return found
