"""The index of a revision: every term in order, and which CIs have it. Found CIs are numbered by rank, so the first are the
weightiest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.columns import Categorical, Texts
from app.domain.json_columns import aliases_of
from app.usecases.search.terms import LEAST_FOR_ERRORS, TERM_BYTES, WHOLE, folded, terms_of, with_one_error

LOOKED_AT = 200  # hits, the weightiest first, of which is seen whether one is just what was asked for
FEW = 500  # CIs times spellings that are compared as texts rather than marked
BEYOND = b"\xff"  # sorts after every sign


@dataclass(frozen=True, slots=True)
class Found:
    """`ranks`: the numbers of the CIs found, in the order in which they are shown."""

    ranks: Any
    corrected: bool  # nothing was found as written, and one typing error in each word was forgiven


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """V terms, P postings, N CIs: rows of the ledger in order of id, and in order of rank the numbers of those rows.

    What is found depends on names alone, the order on the assessment alone.
    """

    terms: Any  # S32[V] in order
    starts: Any  # int64[V + 1]: where the postings of a term begin
    postings: Any  # int32[P] rows, those of one term in order
    signs: str  # that a typing error may have left out or put in place of another
    ci_id: Any  # int64[N]
    key: Texts
    name: Texts
    ci_class: Categorical
    aliases: Texts
    row: Any  # int32[N]: the row of each rank
    rank: Any  # int32[N]: the rank of each row
    impact: Mapping[str, Any]  # float64[N] of each measure, by row; NaN: unknown, or not assessed

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
        row = int(self.row[rank])
        yield "name", self.name[row]
        yield "key", self.key[row]
        yield from aliases_of(self.aliases[row])

    def _of_words(self, words: Sequence[str], meant: Sequence[Sequence[str]]) -> Any:
        spans = [self._spans(spellings) for spellings in meant]
        if not words or any(len(begin) == 0 for begin, _ in spans):
            return np.zeros(0, np.int64)
        order = sorted(range(len(spans)), key=lambda word: int((spans[word][1] - spans[word][0]).sum()))
        marks: Any = None
        ranks: Any = None
        for place, word in enumerate(order):
            if ranks is not None and len(ranks) * sum(len(meant[other]) for other in order[place:]) <= FEW:
                left = [meant[other] for other in order[place:]]
                ranks = np.asarray(
                    [rank for rank in ranks.tolist() if all(self._begins(rank, texts) for texts in left)], np.int64
                )
                break
            mark = np.zeros(len(self), np.bool_)
            for first, last in zip(*(ends.tolist() for ends in spans[word]), strict=True):
                mark[self.rank[self.postings[first:last]]] = True
            marks = mark if marks is None else marks & mark
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
            having = self.rank[self.postings[begin:end]]
            likely = np.sort(np.partition(having, LOOKED_AT)[:LOOKED_AT] if len(having) > LOOKED_AT else having)
        exact = [rank for rank in likely.tolist() if any(folded(text) == query for _, text in self.entries(rank))]
        return np.concatenate([np.asarray(exact, np.int64), ranks[~np.isin(ranks, exact)]]) if exact else ranks

    def likely(self, revision: int, text: str) -> list[int]:
        """Returns ids of CIs that may answer to just this text, the likeliest first; of one revision's index."""
        return self.ci_id[self.row[self.find(text).ranks[:LOOKED_AT]]].tolist()  # type: ignore[no-any-return]

    def aliases_by_id(self, revision: int, ci_ids: Any) -> list[str]:
        """Returns the alias text of each CI; "" for one that is not in the index."""
        if not len(self):
            return [""] * len(ci_ids)
        place = np.minimum(np.searchsorted(self.ci_id, ci_ids), len(self) - 1)
        there = self.ci_id[place] == ci_ids
        texts = self.aliases.at(place)
        return [text if known else "" for text, known in zip(texts, there.tolist(), strict=True)]

    def to_arrays(self) -> dict[str, Any]:
        """Returns the index as named arrays, to be kept."""
        return {
            "terms": self.terms, "starts": self.starts, "postings": self.postings, "signs": self.signs, "ci_id": self.ci_id,
            "key": self.key, "name": self.name, "ci_class": self.ci_class, "aliases": self.aliases, "row": self.row,
            "rank": self.rank,
            **{f"impact.{name}": column for name, column in self.impact.items()},
        }  # fmt: skip

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> SearchIndex:
        impact = {name.removeprefix("impact."): column for name, column in arrays.items() if name.startswith("impact.")}
        return cls(**{name: column for name, column in arrays.items() if not name.startswith("impact.")}, impact=impact)
