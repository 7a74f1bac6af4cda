"""The index of a revision: every term in order, and which CIs have it; CIs are numbered by rank, so the first found are the
weightiest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.columns import Categorical, Texts
from app.domain.json_columns import aliases_of, aliases_of_all
from app.usecases.search.terms import LEAST_FOR_ERRORS, TERM_BYTES, folded, terms_of, with_one_error

BLOCK = 50_000  # CIs whose terms are made at once
SIGNS = 100  # the most frequent signs, which a typing error may have left out or put in place of another
LOOKED_AT = 200  # hits, the weightiest first, of which is seen whether one is just what was asked for
BEYOND = b"\xff"  # sorts after every sign
WHOLE = "\x01"  # begins the term of a text that is one word: a CI of that very name comes first


@dataclass(frozen=True, slots=True)
class Found:
    """`ranks`: the numbers of the CIs found, in the order in which they are shown."""

    ranks: Any
    corrected: bool  # nothing was found as written, and one typing error in each word was forgiven


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """V terms, P postings, N CIs in order of rank."""

    terms: Any  # S32[V] in order
    starts: Any  # int64[V + 1]: where the postings of a term begin
    postings: Any  # int32[P] numbers of CIs
    signs: str  # the most frequent of all terms
    ci_id: Any  # int64[N]
    key: Texts
    name: Texts
    ci_class: Categorical
    aliases: Texts
    impact: Mapping[str, Any]  # float64[N] of each measure; NaN: unknown, or not assessed

    def __len__(self) -> int:
        return len(self.ci_id)

    def find(self, query: str) -> Found:
        """Returns the CIs that answer to every word of a query; where none does, forgives one typing error in each word."""
        words = list(dict.fromkeys(folded(query).split()))
        as_written = self._of_words(words, [[word] for word in words])
        if len(as_written) or not any(len(word) >= LEAST_FOR_ERRORS for word in words):
            return Found(self._exact_first(folded(query), as_written), False)
        meant = [[word, *sorted(with_one_error(word, self.signs))] if len(word) >= LEAST_FOR_ERRORS else [word] for word in words]
        return Found(self._of_words(words, meant), True)

    def entries(self, rank: int) -> Iterator[tuple[str, str]]:
        """Returns (kind, text) of everything that a CI answers to: its name, its key, its aliases."""
        yield "name", self.name[rank]
        yield "key", self.key[rank]
        yield from aliases_of(self.aliases[rank])

    def _of_words(self, words: Sequence[str], meant: Sequence[Sequence[str]]) -> Any:
        spans = [self._spans(spellings) for spellings in meant]
        if not words or any(len(begin) == 0 for begin, _ in spans):
            return np.zeros(0, np.int64)
        marks = np.ones(len(self), np.bool_)
        for begin, end in sorted(spans, key=lambda span: int((span[1] - span[0]).sum())):
            mark = np.zeros(len(self), np.bool_)
            for first, last in zip(begin.tolist(), end.tolist(), strict=True):
                mark[self.postings[first:last]] = True
            marks &= mark
        ranks = np.flatnonzero(marks)
        cut = [list(spellings) for spellings in meant if max(len(text.encode()) for text in spellings) > TERM_BYTES]
        if not cut:
            return ranks
        return np.asarray([rank for rank in ranks.tolist() if all(self._begins(rank, texts) for texts in cut)], np.int64)

    def _spans(self, spellings: Sequence[str]) -> tuple[Any, Any]:
        """Returns the stretches of postings whose terms begin with one of the spellings."""
        raw = [text.encode() for text in spellings]
        least = np.asarray([text[:TERM_BYTES] for text in raw], self.terms.dtype)
        most = np.asarray([(text + BEYOND)[:TERM_BYTES] for text in raw], self.terms.dtype)
        begin = self.starts[np.searchsorted(self.terms, least, "left")]
        end = self.starts[np.searchsorted(self.terms, most, "right")]
        some = begin < end
        return begin[some], end[some]

    def _begins(self, rank: int, texts: Sequence[str]) -> bool:
        own = [term for _, text in self.entries(rank) for term in terms_of(folded(text))]
        return any(term.startswith(text) for text in texts for term in own)

    def _exact_first(self, query: str, ranks: Any) -> Any:
        """Returns the ranks with those first that answer to just this text."""
        if len(ranks) < 2:
            return ranks
        likely = ranks[:LOOKED_AT]
        if " " not in query:  # a text that is just this has it as a term
            term = np.asarray(((WHOLE if query.isalnum() else "") + query).encode()[:TERM_BYTES], self.terms.dtype)
            begin, end = (int(self.starts[np.searchsorted(self.terms, term, side)]) for side in ("left", "right"))
            likely = np.unique(self.postings[begin:end])[:LOOKED_AT]
        exact = [rank for rank in likely.tolist() if any(folded(text) == query for _, text in self.entries(rank))]
        return np.concatenate([np.asarray(exact, np.int64), ranks[~np.isin(ranks, exact)]]) if exact else ranks

    def likely(self, revision: int, text: str) -> list[int]:
        """Returns ids of CIs that may answer to just this text, the likeliest first; of one revision's index."""
        return [int(self.ci_id[rank]) for rank in self.find(text).ranks[:LOOKED_AT]]

    def aliases_by_id(self, revision: int, ci_ids: Any) -> list[str]:
        """Returns the alias text of each CI; "" for one that is not in the index."""
        if not len(self):
            return [""] * len(ci_ids)
        order = np.argsort(self.ci_id, kind="stable")
        place = np.minimum(np.searchsorted(self.ci_id, ci_ids, sorter=order), len(self) - 1)
        there = self.ci_id[order[place]] == ci_ids
        texts = self.aliases.at(order[place])
        return [text if known else "" for text, known in zip(texts, there.tolist(), strict=True)]

    def to_arrays(self) -> dict[str, Any]:
        """Returns the index as named arrays, to be kept."""
        return {
            "terms": self.terms, "starts": self.starts, "postings": self.postings, "signs": self.signs, "ci_id": self.ci_id,
            "key": self.key, "name": self.name, "ci_class": self.ci_class, "aliases": self.aliases,
            **{f"impact.{name}": column for name, column in self.impact.items()},
        }  # fmt: skip

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> SearchIndex:
        impact = {name.removeprefix("impact."): column for name, column in arrays.items() if name.startswith("impact.")}
        return cls(**{name: column for name, column in arrays.items() if not name.startswith("impact.")}, impact=impact)


def build_index(columns: Mapping[str, Any], impact: Mapping[str, Any], order: Any) -> SearchIndex:
    """Returns the index of all CIs. `columns`: ci_id, key, name, ci_class and aliases of the ledger; `order`: its rows by
    rank."""
    kept = {name: _taken(columns[name], order) for name in ("ci_id", "key", "name", "ci_class", "aliases")}
    parts, owners = [], []
    for first in range(0, len(order), BLOCK):
        rows = np.arange(first, min(first + BLOCK, len(order)))
        terms, lengths = _terms(*(kept[name].at(rows) for name in ("key", "name", "aliases")))
        parts.append(terms)
        owners.append(np.repeat(rows.astype(np.int32), lengths))
    found = np.concatenate([np.zeros(0, f"S{TERM_BYTES}"), *parts])
    by_term = np.argsort(found, kind="stable")
    found = found[by_term]
    begins = np.flatnonzero(np.concatenate([np.ones(min(1, len(found)), np.bool_), found[1:] != found[:-1]]))
    terms_kept = found[begins]
    return SearchIndex(
        terms=terms_kept,
        starts=np.append(begins, len(found)).astype(np.int64),
        postings=np.concatenate([np.zeros(0, np.int32), *owners])[by_term],
        signs=_signs(terms_kept),
        impact={name: np.asarray(column, np.float64)[order] for name, column in impact.items()},
        **kept,
    )


def _terms(keys: Sequence[str], names: Sequence[str], aliases: Sequence[str]) -> tuple[Any, list[int]]:
    """Returns the terms of some CIs, one after the other, and how many each has."""
    terms: list[str] = []
    lengths = []
    for key, name, more in zip(keys, names, aliases_of_all(aliases), strict=True):
        texts = [name, *(value for _, value in more)]
        words = [folded(text) for text in texts if text.isalnum() or not text.isascii()]
        own = {*terms_of(folded(" ".join((key, *texts)))), *(WHOLE + word for word in words if word.isalnum())}
        terms += own
        lengths.append(len(own))
    raw = terms if all(map(str.isascii, terms)) else [term.encode()[:TERM_BYTES] for term in terms]
    return np.asarray(raw, f"S{TERM_BYTES}"), lengths


def _signs(terms: Any) -> str:
    """Returns the most frequent signs of the terms."""
    counts: dict[str, int] = {}
    for first in range(0, len(terms), BLOCK):
        text = b"".join(terms[first : first + BLOCK].tolist()).decode("utf-8", "ignore")
        for sign in set(text):
            counts[sign] = counts.get(sign, 0) + text.count(sign)
    counts.pop(WHOLE, None)
    return "".join(sorted(sorted(counts), key=lambda sign: -counts[sign])[:SIGNS])


def _taken(column: Any, order: Any) -> Any:
    if isinstance(column, Categorical):
        return Categorical(np.asarray(column.codes)[order], column.values)
    if not isinstance(column, Texts):
        return np.asarray(column)[order]
    parts = [text.encode() for text in column.at(order)]
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
