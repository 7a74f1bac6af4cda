"""Any Neo4j graph: the admin's own Cypher says what CIs, dependencies, groups and services there are (README.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.errors import InvalidInput
from app.domain.records import GroupRecord, RejectedRecord
from importers.cypher_graph.graph import Graph
from importers.lists.mirror import Row
from importers.lists.raw_lists import Lists, RawList
from importers.mapping.mapped import Mapped
from importers.mapping.rows import map_relation, map_row, pick, text_of
from importers.mapping.rules import ListRule, RelationRule, RuleSet

GROUPS = "group"  # ask.gives of a table that holds groups


@dataclass(slots=True)
class CypherGraph(Lists):
    graph: Graph
    rules: RuleSet

    def __post_init__(self) -> None:
        tables: list[ListRule | RelationRule] = [*self.rules.lists.values(), *self.rules.relations.values()]
        if not self.rules.lists:
            raise InvalidInput("cypher: give a mapping with at least one list, or a recipe", field="mapping")
        for rule in tables:
            if not isinstance(rule.ask.get("query"), str) or not rule.ask["query"].strip():
                raise InvalidInput(f"mapping: {rule.name} has no ask.query", field="mapping")

    def check(self) -> Sequence[str]:
        return [f"{raw.name}: {self.graph.count(raw.name, self._query(raw.name))} rows" for raw in self.lists()]

    def _query(self, name: str) -> str:
        rule = self.rules.lists.get(name) or self.rules.relations[name]
        return str(rule.ask["query"])

    def lists(self) -> Sequence[RawList]:
        lists, relations = self.rules.lists.values(), self.rules.relations.values()
        raw_lists = [
            RawList(rule.name, rule.gives(), () if rule.of else (rule.source_class,), ordered=False, optional=rule.optional)
            for rule in lists
        ]
        kinds = {rule.name: "group" if rule.ask.get("gives") == GROUPS else "dependency" for rule in relations}
        return [
            *raw_lists,
            *(RawList(rule.name, (kinds[rule.name],), ordered=False, optional=rule.optional) for rule in relations),
        ]

    def fingerprint(self) -> str:
        return f"{self.graph.location} {self.graph.database} {self.rules.text}"

    def read(self, name: str, since: str) -> Iterator[Sequence[Row]]:
        """Yields each row under its key; a key that comes twice gets a second one, so that the row is seen and counted."""
        seen: dict[str, int] = {}
        for block in self.graph.rows(name, self._query(name)):
            page = []
            for row in block:
                key = self._key(name, row)
                seen[key] = again = seen.get(key, 0) + 1
                page.append((f"{key} ({again})" if again > 1 else key, "", row))
            yield page

    def total(self, name: str, after: str, upto: str) -> int | None:
        """Returns the number that the server counts after the rows were read. Rows that came or went in between make the list
        unproven, once."""
        return self.graph.count(name, self._query(name))

    def _key(self, name: str, row: Mapping[str, Any]) -> str:
        rule = self.rules.lists.get(name)
        if rule is not None:
            return text_of(pick(row, rule.key))
        relation = self.rules.relations[name]
        if relation.ask.get("gives") == GROUPS:
            return text_of(row.get("key"))
        words = (relation.parent_class, relation.parent, relation.child_class, relation.child, relation.type)
        return " ".join(text_of(row.get(word)) for word in words if word)

    def records(self, name: str, key: str, body: Any) -> Iterable[Mapped]:
        rule = self.rules.lists.get(name)
        where = f"{name} {key}"
        if rule is not None:
            return map_row(self.rules, rule, body, where)
        relation = self.rules.relations[name]
        return [group_of(body, where)] if relation.ask.get("gives") == GROUPS else map_relation(relation, body, where)


def group_of(body: Mapping[str, Any], where: str) -> Mapped:
    """Returns the group of a row with key, dependent, members (a list), needed (1 without) and kind (ordinary without)."""
    key, dependent, members = text_of(body.get("key")), text_of(body.get("dependent")), body.get("members")
    if not key or not dependent:
        return RejectedRecord("group", where, key, "dependent" if key else "key", "is missing", "return it in the statement")
    if not isinstance(members, list) or not members:
        return RejectedRecord(
            "group", where, key, "members", "is no list with something in it", "return collect(...) AS members", dependent
        )
    needed = body.get("needed", 1)
    if not isinstance(needed, int) or isinstance(needed, bool):
        return RejectedRecord(
            "group", where, key, "needed", f"{needed!r} is no whole number", "say how many of the members suffice", dependent
        )
    return GroupRecord(
        key, dependent, tuple(text_of(member) for member in members), needed, text_of(body.get("kind")) or "ordinary"
    )
