"""The answer to a search: one page of the CIs found, the weightiest first, with the words by which each was found."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.domain.results import SearchPage, SearchRow
from app.ports.graph_store import Hit, Revision
from app.usecases import paging
from app.usecases.estate import resolve_revision
from app.usecases.find import checked_text, search
from app.usecases.search.index import SearchIndex
from app.usecases.search.terms import folded, terms_of
from app.usecases.stamps import plain_stamp
from app.usecases.tools import Tools


def search_page(
    tools: Tools, query: str, limit: int, after: str | None = None, revision: int | None = None, as_of: datetime | None = None
) -> SearchPage:
    """Returns a page of the CIs that answer to all words of a query, in any order, each the beginning of a word of the CI."""
    query = checked_text(query)
    parts = paging.decode(after, "revision", "start") if after else None
    at = resolve_revision(tools.store, parts["revision"] if parts else revision, None if parts else as_of)
    index = tools.searches.at(at)
    if index is None:
        return _from_the_store(tools, query, limit, at)
    found, first = index.find(query), parts["start"] if parts else 0
    ranks = found.ranks[first : first + limit].tolist()
    total = len(found.ranks)
    return SearchPage(
        stamp=plain_stamp(at, tools.documents),
        query=query,
        limit=limit,
        total=total,
        truncated=first + limit < total,
        corrected=found.corrected and total > 0,
        ranked=True,
        items=[_row(index, rank, folded(query).split()) for rank in ranks],
        next=paging.encode(revision=at.revision, start=first + limit) if first + limit < total else None,
    )


def _from_the_store(tools: Tools, query: str, limit: int, at: Revision) -> SearchPage:
    hits = search(tools.store, at.revision, query, limit + 1)
    cut = len(hits) > limit
    return SearchPage(
        plain_stamp(at, tools.documents), query, limit, cut, None if cut else len(hits), False, False,
        [_plain_row(hit) for hit in hits[:limit]],
    )  # fmt: skip


def _plain_row(hit: Hit) -> SearchRow:
    return SearchRow(hit.key, hit.name or hit.key, hit.ci_class, hit.alias_kind, hit.alias, None, None, None, None)


def _row(index: SearchIndex, rank: int, words: list[str]) -> SearchRow:
    kind, text = _found_by(index, rank, words)
    row = int(index.row[rank])
    impact: dict[str, Any] = {name: float(column[row]) for name, column in index.impact.items()}
    impact = {name: None if value != value else value for name, value in impact.items()}
    hit = impact.pop("services_hit")
    services = None if hit is None else int(hit)
    return SearchRow(
        index.key[row], index.name[row] or index.key[row], index.ci_class[row] or "other", kind, text, services, **impact
    )


def _found_by(index: SearchIndex, rank: int, words: list[str]) -> tuple[str, str]:
    """Returns the first of the texts of a CI that hold the most words: (kind, text)."""
    best, most = ("", ""), -1
    for entry in index.entries(rank):
        held = _words_in(entry[1], words)
        if held > most:
            best, most = entry, held
        if held == len(words):
            break
    return best


def _words_in(text: str, words: list[str]) -> int:
    """Returns how many of the words begin a term of the text."""
    terms = terms_of(folded(text))
    return sum(any(term.startswith(word) for term in terms) for word in words)
