"""Finds CIs by what they answer to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.ports.graph_store import Former, Hit
from app.storage.aliases import match
from app.storage.sqlite.reading import Reading
from app.storage.statements import sql


class Search(Reading):
    def find(self, revision: int, values: Sequence[str], kinds: Sequence[str] | None = None) -> Mapping[str, Sequence[Hit]]:
        self.check_readable(revision)
        by_folded: dict[str, list[str]] = {}
        for value in dict.fromkeys(values):
            by_folded.setdefault(value.casefold(), []).append(value)
        hits: dict[str, list[Hit]] = {}
        for row in self.select("ci", "find", {"values": json.dumps(list(by_folded)), "revision": revision}):
            hit = self._hit(row, row[0], kinds=kinds)
            for value in by_folded[row[0]] if hit else ():
                hits.setdefault(value, []).extend([hit] if hit else [])
        return {value: hits[value] for value in dict.fromkeys(values) if value in hits}

    def find_former(self, revision: int, values: Sequence[str]) -> Mapping[str, Sequence[Former]]:
        self.check_readable(revision)
        by_folded: dict[str, list[str]] = {}
        for value in dict.fromkeys(values):
            by_folded.setdefault(value.casefold(), []).append(value)
        former: dict[str, list[Former]] = {}
        for folded, *row in self.select("ci", "find_former", {"values": json.dumps(list(by_folded)), "revision": revision}):
            for value in by_folded[folded]:
                former.setdefault(value, []).append(Former(*row))
        return {value: former[value] for value in dict.fromkeys(values) if value in former}

    def search(self, revision: int, text: str, limit: int) -> Sequence[Hit]:
        self.check_readable(revision)
        folded = text.casefold()
        if not folded or limit < 1:
            return []
        hits: dict[int, Hit] = {}
        beyond = folded + "\U0010ffff"
        with self._errors():
            for verb, parameters in (("search_prefix", {"beyond": beyond}), ("search_anywhere", {})):
                cursor = self.connection.execute(
                    sql("sqlite_only/ci", verb), {"text": folded, "revision": revision, **parameters}
                )
                self._collect(hits, cursor, limit)
                cursor.close()
                if len(hits) >= limit:
                    break
        return list(hits.values())

    def _collect(self, hits: dict[int, Hit], rows: Iterable[Any], limit: int) -> None:
        for row in rows:
            if row[1] not in hits:
                hit = self._hit(row, row[0])
                if hit:
                    hits[row[1]] = hit
                if len(hits) >= limit:
                    return

    def _hit(self, row: Sequence[Any], folded: str, kinds: Sequence[str] | None = None) -> Hit | None:
        _, ci_id, key, name, ci_class, aliases = row
        entry = match(key, name, aliases, folded, kinds=kinds)
        if entry is None:
            return None
        return Hit(ci_id, key, name, self._categories.values(ci_class)[ci_class - 1] if ci_class else "", *entry)
