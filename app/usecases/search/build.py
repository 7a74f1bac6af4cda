"""Build the index of a revision: of all its CIs, or of that of an earlier revision and the CIs that changed since. Both give the
same index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.columns import Categorical, Texts
from app.usecases.search.flat_terms import BLOCK, TERM, terms_of_cis
from app.usecases.search.index import SearchIndex
from app.usecases.search.terms import TERM_BYTES, WHOLE

COLUMNS = ("ci_id", "key", "name", "ci_class", "aliases")
SIGNS = 100  # the most frequent signs are tried for a typing error
_HIGH = np.uint64(0x8080808080808080)  # is in no byte of ASCII


@dataclass(frozen=True, slots=True)
class Words:
    """The part of an index that depends on names alone, as `SearchIndex` has it."""

    terms: Any
    starts: Any
    postings: Any


def build_index(columns: Mapping[str, Any], impact: Mapping[str, Any], order: Any) -> SearchIndex:
    """Returns the index of all CIs. `columns`: those of the ledger in order of ci_id; `order`: its rows by rank."""
    found, rows = terms_of_cis(columns["key"], columns["name"], columns["aliases"])
    begins = np.flatnonzero(np.concatenate([np.ones(min(1, len(found)), np.bool_), found[1:] != found[:-1]]))
    words = Words(found[begins], np.append(begins, len(found)).astype(np.int64), rows)
    return _index(words, columns, impact, order)


def carried_index(
    before: SearchIndex, columns: Mapping[str, Any], changed: Any, impact: Mapping[str, Any], order: Any
) -> SearchIndex:
    """Returns the index of all CIs, where those of `before` that are not among the ids `changed` are as they were."""
    ids = np.asarray(columns["ci_id"])
    place = np.minimum(np.searchsorted(ids, before.ci_id), max(len(ids) - 1, 0))
    stays = (ids[place] == before.ci_id) & ~np.isin(before.ci_id, changed) if len(ids) else np.zeros(len(before), np.bool_)
    fresh = np.flatnonzero(np.isin(ids, changed))
    texts = [_taken(columns[name], fresh) for name in ("key", "name", "aliases")]
    found, owners = terms_of_cis(*texts)
    words = _without(before, stays, place.astype(np.int32))
    return _index(_with(words, found, fresh[owners].astype(np.int32)), columns, impact, order)


def _index(words: Words, columns: Mapping[str, Any], impact: Mapping[str, Any], order: Any) -> SearchIndex:
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return SearchIndex(
        terms=words.terms,
        starts=words.starts,
        postings=words.postings,
        signs=_signs(words.terms),
        row=np.asarray(order, np.int32),
        rank=rank,
        impact={name: np.asarray(column, np.float64) for name, column in impact.items()},
        **{name: columns[name] for name in COLUMNS},
    )


def _without(index: SearchIndex, stays: Any, place: Any) -> Words:
    """Returns the words of the CIs that stay, under the numbers of their rows now. Terms that nobody has are left out."""
    kept = stays[index.postings]
    until = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])[index.starts]
    some = until[1:] > until[:-1]
    return Words(index.terms[some], np.append(until[:-1][some], until[-1]), place[index.postings[kept]])


def _with(words: Words, found: Any, rows: Any) -> Words:
    """Returns the words with more of them: terms in order and the row of each; none of these rows is among the words yet."""
    if not len(found):
        return words
    new = found[np.concatenate([np.ones(1, np.bool_), found[1:] != found[:-1]])]
    place = np.searchsorted(words.terms, new)
    there = np.zeros(len(new), np.bool_)
    inside = place < len(words.terms)
    there[inside] = words.terms[place[inside]] == new[inside]
    terms = np.insert(words.terms, place[~there], new[~there])
    counts = np.insert(np.diff(words.starts), place[~there], 0)
    numbers = np.searchsorted(terms, found)
    old = (np.repeat(np.arange(len(terms), dtype=np.int64), counts) << 32) | words.postings
    postings = np.insert(words.postings, np.searchsorted(old, (numbers << 32) | rows), rows)
    counts += np.bincount(numbers, minlength=len(terms))
    return Words(terms, np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]), postings)


def _signs(terms: Any) -> str:
    """Returns the most frequent signs of the terms."""
    counts: Counter[str] = Counter()
    for first in range(0, len(terms), BLOCK):
        block = np.ascontiguousarray(terms[first : first + BLOCK], TERM)
        beyond = (block.view(np.uint64).reshape(-1, TERM_BYTES // 8) & _HIGH).any(axis=1)
        signs = np.bincount(block[~beyond].view(np.uint8), minlength=128)
        counts.update({chr(sign): int(signs[sign]) for sign in range(1, 128) if signs[sign]})
        counts.update(b"".join(block[beyond].tolist()).decode("utf-8", "ignore"))
    counts.pop(WHOLE, None)
    return "".join(sorted(sorted(counts), key=lambda sign: -counts[sign])[:SIGNS])


def _taken(texts: Texts, rows: Any) -> Texts:
    parts = [text.encode() for text in texts.at(rows)]
    offsets = np.zeros(len(parts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)), out=offsets[1:])
    return Texts(np.frombuffer(b"".join(parts), np.uint8), offsets)


_NO_TEXTS = Texts(np.zeros(0, np.uint8), np.zeros(1, np.int64))
NOTHING = build_index(
    {
        "ci_id": np.zeros(0, np.int64), "key": _NO_TEXTS, "name": _NO_TEXTS, "aliases": _NO_TEXTS,
        "ci_class": Categorical(np.zeros(0, np.int32), ()),
    },
    {},
    np.zeros(0, np.int64),
)  # fmt: skip
