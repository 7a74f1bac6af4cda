"""Names that others use, matched with CIs: an alert, a ticket or a calendar says what it is about in its own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from app.ports.graph_store import GraphStore, Hit

NEAR = 5
FEW = 3  # letters that a search for near names needs
SEARCHED = 20  # texts of one call that match nothing for which near names are looked for
CANDIDATES = 50


@dataclass(frozen=True, slots=True)
class Match:
    """The CI that a text names; or the several that answer to one name; or those with a name like it."""

    ci: str = ""
    candidates: Sequence[str] = ()
    near: Sequence[str] = ()


def matches_of(store: GraphStore, named: Sequence[Sequence[Sequence[str]]]) -> list[Match]:
    """Returns the match of each of several, which are named by labels of texts, what says most first; the store is asked once for
    all of their names."""
    revision = store.current().revision
    texts = sorted({text for labels in named for label in labels for text in label})
    hits = store.find(revision, texts) if texts else {}
    matches: list[Match] = []
    searched = 0
    for labels in named:
        match = match_of(labels, hits)
        if not match.ci and not match.candidates and searched < SEARCHED:
            searched += 1
            match = Match(near=_near(store, revision, labels))
        matches.append(match)
    return matches


def match_of(labels: Sequence[Sequence[str]], hits: Mapping[str, Sequence[Hit]]) -> Match:
    """Returns the CI of the first label that any CI answers to. Where several answer to it, it is ambiguous: a later label
    says less of what is down than an earlier one."""
    for label in labels:
        for text in label:
            found = hits.get(text, ())
            keys = sorted({hit.key for hit in found if hit.key == text} or {hit.key for hit in found})
            if len(keys) == 1:
                return Match(keys[0])
            if keys:
                return Match(candidates=keys[:CANDIDATES])
    return Match()


def _near(store: GraphStore, revision: int, labels: Sequence[Sequence[str]]) -> list[str]:
    """Returns the keys of a few CIs whose names hold the first name, or else its first part."""
    for text in chain(*labels):
        short = text.split(".")[0]
        for part in (text, short, short.rstrip("0123456789").rstrip("-_")):
            if len(part) >= FEW and (found := store.search(revision, part, NEAR)):
                return [hit.key for hit in found]
    return []
