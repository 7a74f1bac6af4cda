"""Find CIs by what they answer to: a text index over the folded values of current CIs and of earlier states."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.ports.graph_store import Former, Hit
from app.storage.aliases import match
from app.storage.neo4j.connection import Rows
from app.storage.neo4j.reading import Reading

CANDIDATES = 5_000  # states looked at for one search
ASKED_AT_ONCE = 200  # values in one query of the index


class Search(Reading):
    def find(self, revision: int, values: Sequence[str], kinds: Sequence[str] | None = None) -> Mapping[str, Sequence[Hit]]:
        folded_values = list(dict.fromkeys(value.casefold() for value in values if value))
        answers: dict[str, dict[int, Hit]] = {}
        for start in range(0, len(folded_values), ASKED_AT_ONCE):
            part = folded_values[start : start + ASKED_AT_ONCE]
            for row in self._query(revision, " OR ".join(escaped(value) for value in part)):
                for folded in set(part).intersection(row["search_texts"]):
                    hit = _hit(row, folded, kinds)
                    if hit:
                        answers.setdefault(folded, {})[hit.ci_id] = hit
        return {
            value: [answers[value.casefold()][ci_id] for ci_id in sorted(answers[value.casefold()])]
            for value in dict.fromkeys(values)
            if value.casefold() in answers
        }

    def find_former(self, revision: int, values: Sequence[str]) -> Mapping[str, Sequence[Former]]:
        self.check_readable(revision)
        folded_values = list(dict.fromkeys(value.casefold() for value in values if value))
        answers: dict[str, dict[int, Former]] = {}
        for start in range(0, len(folded_values) if revision else 0, ASKED_AT_ONCE):
            part = folded_values[start : start + ASKED_AT_ONCE]
            query = " OR ".join(escaped(value) for value in part)
            for row in self.select("ci", "find_former", query=query, limit=CANDIDATES, revision=revision):
                for folded in set(part).intersection(row["search_texts"]):
                    known = answers.setdefault(folded, {}).get(row["ci_id"])
                    if known is None or known.until < row["until"]:
                        answers[folded][row["ci_id"]] = Former(row["ci_id"], row["key"], row["until"])
        return {
            value: [former for _, former in sorted(answers[value.casefold()].items())]
            for value in dict.fromkeys(values)
            if value.casefold() in answers
        }

    def search(self, revision: int, text: str, limit: int) -> Sequence[Hit]:
        folded = text.casefold()
        if not folded or limit < 1:
            self.check_readable(revision)
            return []
        hits: dict[int, Hit] = {}
        term = escaped(folded)
        for query, anywhere in ((term, False), (f"{term}*", False), (f"*{term}*", True)):
            rows = self._query(revision, query)
            ranked = sorted(
                (value, row["ci_id"], place)
                for place, row in enumerate(rows)
                for value in row["search_texts"]
                if (folded in value and not value.startswith(folded) if anywhere else value.startswith(folded))
            )
            for value, ci_id, place in ranked:
                hit = _hit(rows[place], value) if ci_id not in hits and len(hits) < limit else None
                if hit:
                    hits[ci_id] = hit
            if len(hits) >= limit:
                break
        return list(hits.values())

    def _query(self, revision: int, query: str) -> Rows:
        self.check_readable(revision)
        if revision == 0:
            return []  # the index is made with the first import
        return self.select("ci", "find", query=query, limit=CANDIDATES, revision=revision)


def escaped(text: str) -> str:
    """Returns the text as one term of the index's query language; a wildcard or an operator in it stands for itself."""
    return re.sub(r'([+\-&|!(){}\[\]^"~*?:\\/<>=\s]|\b(?:AND|OR|NOT|TO)\b)', r"\\\1", text)


def _hit(row: Mapping[str, Any], folded: str, kinds: Sequence[str] | None = None) -> Hit | None:
    entry = match(row["key"], row["name"], row["aliases"], folded, kinds=kinds)
    return Hit(row["ci_id"], row["key"], row["name"], row["ci_class"], *entry) if entry else None
