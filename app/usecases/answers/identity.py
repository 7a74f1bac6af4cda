"""Why records are one CI, and why two CIs are not one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from app.domain.decisions import PART, decided
from app.domain.identity import Place, partition
from app.domain.identity_rules import effective, searched
from app.domain.records import CiRecord
from app.usecases.find import identify_recorded
from app.usecases.keep.sources import MANUAL, find_source, told_of
from app.usecases.sync.components import Closer, Closure, Decisions, NothingStaged
from app.usecases.sync.roster import Roster
from app.usecases.tools import Tools


@dataclass(frozen=True, slots=True)
class IdentityLink:
    """Two records ("source:class:id") that are one CI by a rule: a kind of identifier with the value they share, or "decided" by
    a person."""

    record: str
    with_record: str
    rule: str
    value: str


@dataclass(frozen=True, slots=True)
class Identity:
    """`records` of the CI and of the `other` one that the question named; `same`: they are one CI; `links`: what joins them;
    `against`: sentences on what does not count or speaks against it."""

    revision: int
    key: str
    other: str | None
    same: bool
    records: Sequence[str]
    links: Sequence[IdentityLink]
    against: Sequence[str]


def identity(tools: Tools, ci: str, other: str | None = None) -> Identity:
    """Explains what makes the records of a CI one, and, with `other`, why both are one or are not."""
    revision = tools.store.current().revision
    names = {source.source_id: source.name for source in told_of(tools.documents)}
    ids = {name: source_id for source_id, name in names.items()}
    hits = [identify_recorded(tools.store, revision, text, ids) for text in (ci, other) if text]
    manual = find_source(tools.documents, MANUAL)
    decisions = Decisions(tools.store, revision, manual.source_id if manual else 0)
    ci_ids = {hit.ci_id for hit in hits}
    closure, _ = Closer(tools.store, revision, 0, Roster(), NothingStaged(), decisions).close((), sorted(ci_ids))
    claims = closure.claims()  # of all that shares something with them, as an identifier may be in doubt for a third one's sake
    split = partition(claims, decided(decision for _, decision in closure.decided))
    records = {place: member.record for place, member in sorted(closure.members.items()) if member.ci_id in ci_ids}
    names_of = {place: f"{names.get(place[0], place[0])}:{place[1]}" for place in closure.members}
    links = [
        IdentityLink(names_of[claims[link.a].place], names_of[claims[link.b].place], link.rule, link.value)
        for link in split.links
        if claims[link.a].place in records and claims[link.b].place in records
    ]
    against = [*_about(split.conflicts, records, names_of), *_crowded(closure, records), *_uncounted(records)]
    if any(decision.kind == PART for _, decision in decisions.about(records)):
        against.append("a person decided that these records are not one CI")
    if len(ci_ids) > 1 and not links and not against:
        against.append("they share no identifier that counts for their classes; names never merge by themselves")
    asked = hits[1].key if len(hits) > 1 else None
    return Identity(
        revision,
        hits[0].key,
        asked,
        len(ci_ids) == 1,
        [names_of[place] for place in records],
        links,
        list(dict.fromkeys(against)),
    )


def _about(conflicts: Iterable[str], records: Iterable[Place], told: Mapping[Place, str]) -> list[str]:
    """Returns those of the conflicts that name one of the records, with each record under the name of its source."""
    ours = [f"source {source_id} {key}" for source_id, key in records]
    about = []
    for text in conflicts:
        head, _, listed = text.rpartition(": source ")
        named = f"source {listed}".split(", ")
        if set(named) & set(ours):
            spelled = {f"source {source_id} {key}": name for (source_id, key), name in told.items()}
            about.append(f"{head}: {', '.join(spelled.get(name, name) for name in named)}")
    return about


def _crowded(closure: Closure, records: Mapping[Place, CiRecord]) -> list[str]:
    held = {identifier for place in records for identifier in closure.members[place].identifiers}
    return [
        f"{kind} {value} is held by {count} CIs and ignored"
        for (kind, value), count in sorted(closure.crowded.items())
        if (kind, value) in held
    ]


def _uncounted(records: dict[Place, CiRecord]) -> list[str]:
    """Returns the identifiers that several records hold and that do not count between two of them."""
    holders: dict[tuple[str, str], list[CiRecord]] = {}
    for record in records.values():
        for identifier in dict.fromkeys(searched(record)):
            holders.setdefault(identifier, []).append(record)
    sentences = []
    for (kind, value), held in sorted(holders.items()):
        meant = [(record.ci_class, set(effective(record, [(kind, value)]))) for record in held]
        apart = [(a, b) for (a, one), (b, other) in combinations(meant, 2) if not one & other]
        if apart:
            classes = ", ".join(sorted({name for pair in apart for name in pair}))
            sentences.append(f"{kind} {value} is shared, but does not count between {classes} (identity rules)")
    return sentences
