"""Bulk and small reads, exact at a revision, as columns.

The database promises read committed only. So current rows are read first and ended ones after, and an ended row overrides a
current one of its identity: a row that a writer ends meanwhile is found in one of both. A revision that is being taken back
moves rows the other way; then ended rows are read before as well, and where that began only after us, everything is read again:
what was ended after the first look and taken back before the last is in neither.
Nothing has ended after the newest revision: where that is asked for and nobody wrote meanwhile, ended rows are not read at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from app.domain.columns import Columns
from app.domain.errors import InvalidInput, StoreUnavailable
from app.domain.nouns import Noun
from app.ports.graph_store import Changes
from app.storage.neo4j.connection import Neo4jConnected, Transaction, rows
from app.storage.neo4j.lists import collected, columns_of, lists, property_of
from app.storage.shared import ReadColumns
from app.storage.statements import cypher
from app.storage.tables import column_of, in_order, join_columns, noun_of, override, take, wanted_columns

BLOCK = 5_000  # ids of one block of nodes
DEPENDENCY_BLOCK = 2_000
KEY_BLOCK = 5_000
ROW_BLOCK = 20_000
WHOLE_FROM = 6  # columns from which reading all properties in one walk is quicker than each by itself
WHOLE_FROM_OF_DEPENDENCY = 4  # as above, of dependencies: two of the columns are its ends
SESSIONS = 2  # how many read blocks at the same time: the server works while we take an answer apart
TRIES = 5
LABELS = ("ConfigurationItem", "RetiredItem")
T = TypeVar("T")


class Reading(ReadColumns, Neo4jConnected):
    def load_columns(self, revision: int, noun: str, names: Sequence[str] | None = None, source_id: int | None = None) -> Columns:
        kind = noun_of(noun)
        wanted = wanted_columns(kind, names)
        if source_id is not None and "source_id" not in kind.types():
            raise InvalidInput(f"{noun} has no source_id", field="source_id")
        names_read = (*kind.identity, *(name for name in wanted if name not in kind.identity))
        columns = self._exact(
            (revision,),
            lambda: self._current(kind, names_read, revision, source_id),
            lambda: self._plain(kind, names_read, f"neo4j_only/{noun}", "load_ended", revision=revision),
            kind,
        )
        if source_id is not None and kind.identity[0] != "source_id":
            columns = take(columns, np.flatnonzero(columns["source_id"] == source_id))
        elif source_id is not None:
            columns = take(columns, columns["source_id"] == source_id)
        return {name: columns[name] for name in wanted}

    def _between(self, noun: Noun[Any], a: int, b: int) -> Changes:
        names = noun.names()
        begun = self._exact(
            (a, b),
            lambda: [self._plain(noun, names, noun.name, "begun", a=a, b=b)],
            lambda: self._plain(noun, names, f"neo4j_only/{noun.name}", "begun_ended", a=a, b=b),
            noun,
        )
        return Changes(begun, in_order(noun, self._plain(noun, names, noun.name, "ended", a=a, b=b)))

    def ids_of_keys(self, revision: int, keys: Sequence[str]) -> dict[str, int]:
        parameters = {"values": list(dict.fromkeys(keys)), "revision": revision}
        self.check_readable(revision)
        records = self.select("ci", "ids_of_keys", **parameters) + self.select("neo4j_only/ci", "ids_of_keys_ended", **parameters)
        return dict(sorted((row["key"], row["ci_id"]) for row in records))

    def _rows_by(self, revision: int, noun: str, column: str, values: Sequence[int | str]) -> Columns:
        kind = noun_of(noun)
        plain_values = [value if isinstance(value, str) else int(value) for value in dict.fromkeys(values)]
        parameters: dict[str, Any] = {
            "values": plain_values,
            "revision": revision,
            "texts": [str(value) for value in plain_values],
        }
        return self._exact(
            (revision,),
            lambda: [self._gathered(kind, noun, f"rows_by_{column}", **parameters)],
            lambda: self._gathered(kind, f"neo4j_only/{noun}", f"rows_by_{column}_ended", **parameters),
            kind,
        )

    def _exact(
        self,
        revisions: tuple[int, ...],
        current: Callable[[], list[dict[str, Any]]],
        ended: Callable[[], dict[str, Any]],
        noun: Noun[Any],
    ) -> dict[str, Any]:
        for _ in range(TRIES):
            before = self.check_readable(*revisions)
            earlier = [ended()] if before["unpublished"] else []
            parts = [*earlier, *current()]
            if max(revisions) == before["revision"] and not earlier and self.pointer() == before:
                return override(noun, parts)
            columns = override(noun, [*parts, ended()])
            if self.pointer()["undos"] == before["undos"]:
                return columns
        raise StoreUnavailable("revisions are taken back again and again")

    def _plain(self, noun: Noun[Any], names: Sequence[str], place: str, verb: str, **parameters: Any) -> dict[str, Any]:
        """Returns the columns of a statement that answers with rows. They are streamed: millions of rows may have ended since an
        old revision."""
        types = noun.types()
        wanted = [noun.names().index(name) for name in names]

        def work(transaction: Transaction) -> list[dict[str, Any]]:
            result = transaction.run(cypher(place, verb), parameters)
            blocks = []
            while records := result.fetch(ROW_BLOCK):
                columns = list(zip(*(record.values() for record in records), strict=True))
                blocks.append({name: column_of(types[name], columns[i]) for name, i in zip(names, wanted, strict=True)})
            return blocks

        blocks = self.read(work)
        return {name: join_columns(types[name], [block[name] for block in blocks]) for name in names}

    def _gathered(self, noun: Noun[Any], place: str, verb: str, **parameters: Any) -> dict[str, Any]:
        """Returns the columns of a statement with few rows, collected as lists: this takes a tenth of the time of as many
        records."""
        statement = f"CALL () {{\n{cypher(place, verb)}\n}}\nRETURN {collected(noun, noun.names(), str)}"
        return columns_of(noun, noun.names(), self.read(lambda transaction: lists(transaction, statement, parameters)))

    def _current(self, noun: Noun[Any], names: Sequence[str], revision: int, source_id: int | None) -> list[dict[str, Any]]:
        if noun.name == "dependency":
            return self._current_dependencies(noun, names, revision)
        return [self._joined(noun, names, self._blocks(noun, names, revision, source_id))]

    def _current_dependencies(self, noun: Noun[Any], names: Sequence[str], revision: int) -> list[dict[str, Any]]:
        """Returns current dependencies in parts that may have rows in common: a dependent that was retired during the read is met
        under both of its labels. One that was revived may be met under none, so where anything was written during the read, those
        of standing CIs are read once more."""
        statement, before = self._load_statement(noun, names), self.pointer()
        node_ci_ids = self._node_ci_ids()

        def part(label: str) -> dict[str, Any]:
            def with_providers(block: list[list[Any]]) -> dict[str, Any]:
                return self._providers(columns_of(noun, names, block), node_ci_ids)

            return self._joined(
                noun, names, self._id_blocks(noun, statement.replace("{label}", label), with_providers, label, revision=revision)
            )

        parts = [part(label) for label in LABELS]
        after = self.pointer()
        meanwhile = before["unpublished"] or after["unpublished"] or before["revision"] != after["revision"]
        return [*parts, part(LABELS[0])] if meanwhile else parts

    def _joined(self, noun: Noun[Any], names: Sequence[str], blocks: Iterator[dict[str, Any]]) -> dict[str, Any]:
        ordered, types = [in_order(noun, block) for block in blocks], noun.types()
        return {name: join_columns(types[name], [block[name] for block in ordered]) for name in names}

    def _load_statement(self, noun: Noun[Any], names: Sequence[str]) -> str:
        holder, whole_from = ("d", WHOLE_FROM_OF_DEPENDENCY) if noun.name == "dependency" else ("n", WHOLE_FROM)
        row = f"properties({holder})" if len(names) >= whole_from else holder
        return cypher(noun.name, "load").replace("{columns}", collected(noun, names, property_of(noun))).replace("{row}", row)

    def _blocks(self, noun: Noun[Any], names: Sequence[str], revision: int, source_id: int | None) -> Iterator[dict[str, Any]]:
        statement = self._load_statement(noun, names)
        if noun.identity[0] == "source_id":
            sources = [source_id] if source_id is not None else self._sources(noun)
            for source in sources:
                yield from self._key_blocks(noun, names, statement, {"revision": revision, "source_id": source})
        else:
            yield from self._id_blocks(noun, statement, lambda block: columns_of(noun, names, block), revision=revision)

    def _node_ci_ids(self) -> Any:
        """Returns the ci_id of each node by the node's number in the database (-1: no CI). To ask each dependency's provider for
        it, a node of two dozen properties, would take as long as all the rest. Numbers of deleted nodes are given out again, but
        only undoing a revision deletes a CI that a reader may have met."""
        statement = cypher("neo4j_only/dependency", "nodes")
        kind = noun_of("dependency")
        parts = [
            block
            for label in LABELS
            for block in self._id_blocks(
                kind, statement.replace("{label}", label), lambda block: np.array(block[0], np.int64), label
            )
        ]
        nodes, ci_ids = np.concatenate([np.zeros((2, 0), np.int64), *parts], axis=1)
        table = np.full(int(nodes.max(initial=0)) + 1, -1, np.int64)
        table[nodes] = ci_ids
        return table

    def _providers(self, columns: dict[str, Any], node_ci_ids: Any) -> dict[str, Any]:
        """Returns the block with ci_ids in place of the providers' nodes. A node that changed its label while nodes were read is
        looked up."""
        nodes = columns["provider_id"]
        ci_ids = node_ci_ids[np.minimum(nodes, len(node_ci_ids) - 1)]
        ci_ids[nodes >= len(node_ci_ids)] = -1
        missed = nodes[ci_ids < 0]
        if len(missed):
            records = self.select("neo4j_only/dependency", "ci_ids_of_nodes", nodes=np.unique(missed).tolist())
            known = {row["node"]: row["ci_id"] for row in records}
            ci_ids[ci_ids < 0] = [
                known.get(node, 0) for node in missed.tolist()
            ]  # 0 for nodes of a revision that was undone meanwhile: everything is then read again
        return {**columns, "provider_id": ci_ids}

    def _sources(self, noun: Noun[Any]) -> list[int]:
        return [row["source_id"] for row in self.select(f"neo4j_only/{noun.name}", "sources")]

    def _key_blocks(
        self, noun: Noun[Any], names: Sequence[str], statement: str, parameters: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        after, size = "", KEY_BLOCK
        while size == KEY_BLOCK:
            block = columns_of(noun, names, self._lists(statement, {**parameters, "after": after, "limit": KEY_BLOCK}))
            size = len(block[noun.identity[0]])
            if size:
                yield block
                after = max(block[noun.identity[1]])

    def _lists(self, statement: str, parameters: dict[str, Any]) -> list[list[Any]]:
        return self.read(lambda transaction: lists(transaction, statement, parameters))

    def _id_blocks(
        self, noun: Noun[Any], statement: str, build: Callable[[list[list[Any]]], T], label: str = "", **parameters: Any
    ) -> Iterator[T]:
        """Yields what `made` returns for each block of ids that is not empty, in order."""
        bound = cypher(f"neo4j_only/{noun.name}", "bound").replace("{label}", label)
        bounds = self.read(lambda transaction: rows(transaction, bound, {}))
        size = DEPENDENCY_BLOCK if noun.name == "dependency" else BLOCK

        def block_from(low: int) -> T | None:
            block = self._lists(statement, {**parameters, "low": low, "high": low + size})
            return build(block) if block else None

        with ThreadPoolExecutor(SESSIONS) as pool:
            starts = range(0, bounds[0]["highest"] + 1 if bounds else 0, size)
            yield from (block for block in pool.map(block_from, starts) if block is not None)
