"""i-doit over JSON-RPC: objects by type with the categories that the mapping names, relations as dependencies (README.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.domain.errors import ForestayError, SourceFailed
from importers.idoit.relations import CATEGORY, Sightings, read_relations, relation_records, rows_of, team_of
from importers.idoit.rest import Rest
from importers.lists.mirror import Row
from importers.lists.number_keys import key_of, keys_between
from importers.lists.raw_lists import Lists, RawList
from importers.lists.rule_lists import ci_lists, looked_at, relations_by_list
from importers.mapping.mapped import Mapped
from importers.mapping.rows import map_row, pick, text_of
from importers.mapping.rule_fields import fields_of
from importers.mapping.rules import ListRule, RelationRule, RuleSet

TIME = "%Y-%m-%d %H:%M:%S"
OVERLAP = timedelta(minutes=65)  # times are local: the hour that comes twice in autumn, and five minutes
GROUPS = "C__OBJTYPE__PERSON_GROUP"


@dataclass(slots=True)
class Idoit(Lists):
    rest: Rest
    rules: RuleSet
    _objects: dict[str, dict[int, Mapping[str, Any]]] = field(default_factory=dict)
    _failed: dict[str, ForestayError] = field(default_factory=dict)
    _groups: dict[int, str] | None = None
    _relations: Sightings | None = None

    def check(self) -> Sequence[str]:
        def first_page(name: str) -> str:
            number = len(self.rest.page(name, 0, self.rest.page_size))
            return f"{number}{' or more' if number == self.rest.page_size else ''} objects"

        return looked_at(self.rules.lists.values(), first_page, (403, 404))

    def lists(self) -> Sequence[RawList]:
        return [*ci_lists(self.rules), *relations_by_list(self.rules)]

    def fingerprint(self) -> str:
        return f"{self.rest.client.base} {self.rules.text}"

    def latest(self, name: str) -> str:
        """Returns the newest `updated` of a type. Its objects are listed here, once a run; what changed is found by comparing
        their times."""
        if self.rules.lists and name == next(iter(self.rules.lists)):
            self._objects, self._failed, self._groups, self._relations = {}, {}, None, None
        if name not in self.rules.lists:
            return ""
        try:
            self._objects[name] = self.rest.objects(name)
        except ForestayError as error:
            self._failed[name] = error
            raise
        return max((text_of(row.get("updated")) for row in self._objects[name].values()), default="")

    def earlier(self, stamp: str) -> str:
        try:
            return (datetime.strptime(stamp, TIME) - OVERLAP).strftime(TIME)
        except ValueError:
            raise SourceFailed(f"updated is {stamp!r}, not a time as 2026-05-10 15:40:27") from None

    def read(self, name: str, since: str) -> Iterator[Sequence[Row]]:
        rule = self.rules.lists.get(name)
        if rule is None:
            relation, place = self._relation(name)
            yield from self._pages(self._related(relation, place))
            return
        objects = self._objects[name]
        wanted = [number for number, row in objects.items() if not since or (text_of(row.get("updated")) or since) >= since]
        for start in range(0, len(wanted), self.rest.page_size):
            numbers = wanted[start : start + self.rest.page_size]
            bodies = self._bodies(rule, {number: objects[number] for number in numbers})
            stamps = (text_of(objects[number].get("updated")) or since for number in numbers)
            yield [(key_of(number), stamp, body) for number, stamp, body in zip(numbers, stamps, bodies, strict=True)]

    def _pages(self, rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
        for start in range(0, len(rows), self.rest.page_size):
            yield rows[start : start + self.rest.page_size]

    def _bodies(self, rule: ListRule, objects: Mapping[int, Mapping[str, Any]]) -> Iterator[dict[str, str]]:
        """Yields each object with its categories. Of several entries of a category the primary one counts, else that of the
        lowest id."""
        wanted = fields_of(rule)
        categories = sorted({name.partition(".")[0] for name in wanted if name.startswith("C__")})
        kinds = rule.ask.get("team", ())
        names = [*categories, *([CATEGORY] if kinds else [])]
        questions = [{"objID": number, "category": word, "status": 2} for number in objects for word in names]
        answers = self.rest.batch("cmdb.category.read", questions)
        for row in objects.values():
            whole: dict[str, Any] = dict(row)
            for word in names:
                entries = next(answers)
                if word == CATEGORY and kinds:
                    whole["team"] = team_of(entries, kinds, self._person_groups())
                if word in categories:
                    whole[word] = _entry(entries)
            texts = {name: text_of(pick(whole, name)) for name in wanted}
            yield {name: text for name, text in texts.items() if text}

    def _person_groups(self) -> dict[int, str]:
        if self._groups is None:
            groups = {number: text_of(row.get("title")) for number, row in self.rest.objects(GROUPS).items()}
            if not groups:  # i-doit comes with some, so they may not be read; without them every team would go
                raise SourceFailed(
                    f"i-doit shows no object of {GROUPS}, so who is in charge is not known: may the person read them?"
                )
            self._groups = groups
        return self._groups

    # --- relations
    def _relation(self, name: str) -> tuple[RelationRule, str]:
        word, _, place = name.partition(" ")
        return self.rules.relations[word], place

    def _related(self, rule: RelationRule, place: str) -> list[Row]:
        if place in self._failed:
            raise type(self._failed[place])(f"its objects could not be listed: {self._failed[place].message}",
                                            **self._failed[place].details)  # fmt: skip
        if self._relations is None:
            self._relations = read_relations(self.rest, {name: list(rows) for name, rows in self._objects.items()})
        if place in self._relations.failed:
            raise self._relations.failed[place]
        everywhere = {number for rows in self._objects.values() for number in rows}
        return rows_of(rule, self._relations, list(self._objects[place]), everywhere)

    def records(self, name: str, key: str, body: Any) -> Iterable[Mapped]:
        rule = self.rules.lists.get(name)
        if rule is not None:
            return map_row(self.rules, rule, body, f"{name} {int(key)}")
        return relation_records(self._relation(name)[0], body, f"{name} {key}")

    # --- numbers
    def total(self, name: str, after: str, upto: str) -> int | None:
        if name not in self.rules.lists:
            return None
        return sum(1 for _ in self.keys(name, after, upto))

    def keys(self, name: str, after: str, upto: str) -> Iterator[str]:
        return keys_between(map(key_of, self._objects[name]), after, upto)


def _entry(entries: Any) -> Any:
    dictionaries = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    primary = [entry for entry in dictionaries if text_of(_plain(entry.get("primary"))) in ("1", "true")]
    return min(primary or dictionaries, key=lambda entry: int(text_of(entry.get("id")) or 0), default={})


def _plain(value: Any) -> Any:
    """Returns a plain value: yes and no are a dialogue field in some versions, {"value": "1", "title": "Yes"}."""
    return value.get("value") if isinstance(value, dict) else value
