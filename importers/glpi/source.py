"""GLPI over its REST API: items by type, what changed by date_mod, impact relations as dependencies (README.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.domain.errors import SourceFailed
from importers.glpi.rest import Rest
from importers.lists.mirror import Row
from importers.lists.number_keys import NumberKeys, key_of
from importers.lists.raw_lists import Lists, RawList
from importers.lists.rule_lists import ci_lists, looked_at, relation_lists
from importers.mapping.mapped import Ignored, Mapped
from importers.mapping.rows import map_relation, map_row, text_of
from importers.mapping.rule_fields import fields_of
from importers.mapping.rules import ListRule, RelationRule, RuleSet

TIME = "%Y-%m-%d %H:%M:%S"
OVERLAP = timedelta(minutes=65)  # times are local: the hour that comes twice in autumn, and five minutes
NAMES = {  # fields that hold the id of a named thing
    "locations_id": "Location",
    "states_id": "State",
    "groups_id": "Group",
    "groups_id_tech": "Group",
    "manufacturers_id": "Manufacturer",
    "entities_id": "Entity",
    "computertypes_id": "ComputerType",
    "networkequipmenttypes_id": "NetworkEquipmentType",
    "appliancetypes_id": "ApplianceType",
    "applianceenvironments_id": "ApplianceEnvironment",
    "clustertypes_id": "ClusterType",
}


@dataclass(slots=True)
class Glpi(Lists):
    rest: Rest
    rules: RuleSet
    _names: dict[str, dict[int, Mapping[str, Any]]] = field(default_factory=dict)
    _keys: NumberKeys = field(init=False)

    def __post_init__(self) -> None:
        self._keys = NumberKeys(lambda name: self.rest.items(name))

    def check(self) -> Sequence[str]:
        return looked_at(self.lists(), lambda name: f"{self.rest.total(name)} items", (400, 403, 404))

    def lists(self) -> Sequence[RawList]:
        return [*ci_lists(self.rules), *relation_lists(self.rules)]

    def fingerprint(self) -> str:
        return f"{self.rest.client.base} {self.rules.text}"

    def read(self, name: str, since: str) -> Iterator[Sequence[Row]]:
        rows = self._changed(name, since) if since else self.rest.items(name).items()
        guests = self._guests() if name in self.rules.relations and self.rules.relations[name].ask.get("guests") else {}
        page: list[Row] = []
        for number, row in rows:
            page.append((key_of(number), text_of(row.get("date_mod")), self._body(name, row, guests)))
            if len(page) == self.rest.page_size:
                yield page
                page = []
        if page:
            yield page

    def _changed(self, name: str, since: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
        for number in self.rest.changed(name, self._table(name), since):
            row = self.rest.item(name, number)
            if row is not None:
                yield number, row

    def _guests(self) -> dict[str, int]:
        """Returns which computer has which UUID: a virtual machine names its own computer only so."""
        return {
            uuid: number for number, row in self.rest.items("Computer").items() if (uuid := text_of(row.get("uuid")).casefold())
        }

    def _body(self, name: str, row: Mapping[str, Any], guests: Mapping[str, int]) -> dict[str, str]:
        rule = self.rules.lists.get(name)
        if rule is None:
            return self._related(self.rules.relations[name], row, guests)
        texts = {field: self._text(row, field) for field in fields_of(rule)}
        return {field: text for field, text in texts.items() if text}

    def _text(self, row: Mapping[str, Any], path: str) -> str:
        """Returns a field, or, for `locations_id.completename`, what the thing that it names is called; `root` is the first part
        of that."""
        name, _, part = path.partition(".")
        if not part or name not in NAMES:
            return text_of(row.get(path))
        number = text_of(row.get(name))
        thing = self._named(NAMES[name]).get(int(number), {}) if number.isdigit() else {}
        whole = text_of(thing.get("completename")) or text_of(thing.get("name"))
        return whole.partition(" > ")[0] if part == "root" else whole if part == "completename" else text_of(thing.get(part))

    def _named(self, itemtype: str) -> Mapping[int, Mapping[str, Any]]:
        if itemtype not in self._names:
            self._names[itemtype] = self.rest.items(itemtype)
        return self._names[itemtype]

    def _related(self, rule: RelationRule, row: Mapping[str, Any], guests: Mapping[str, int]) -> dict[str, str]:
        wanted = (rule.parent, rule.child, rule.parent_class, rule.child_class, rule.type, "is_deleted")
        texts = {name: text_of(row.get(name)) for name in wanted if name} | dict(rule.ask.get("constants", {}))
        if rule.ask.get("guests"):
            texts["guest"] = text_of(guests.get(text_of(row.get("uuid")).casefold()))
        return {name: text for name, text in texts.items() if text}

    def records(self, name: str, key: str, body: Any) -> Iterable[Mapped]:
        rule = self.rules.lists.get(name)
        where = f"{name} {int(key)}"
        if rule is not None:
            return map_row(self.rules, rule, body, where)
        relation = self.rules.relations[name]
        if body.get("is_deleted") == "1":
            return [Ignored("dependency", f"{name}: is_deleted is 1")]
        if relation.ask.get("guests") and not body.get("guest"):
            return [Ignored("dependency", f"{name}: no computer has its uuid")]
        return map_relation(relation, body, where)

    # --- changes and numbers
    def latest(self, name: str) -> str:
        self._keys.forget(name)
        if not self.rules.lists or name == next(iter(self.rules.lists)):
            self._names.clear()  # names are read once a run
        return self.rest.newest(name, self._table(name)) if name in self.rules.lists else ""

    def earlier(self, stamp: str) -> str:
        try:
            return (datetime.strptime(stamp, TIME) - OVERLAP).strftime(TIME)
        except ValueError:
            raise SourceFailed(f"date_mod is {stamp!r}, not a time as 2026-11-02 17:52:55") from None

    def total(self, name: str, after: str, upto: str) -> int | None:
        if not after and not upto:
            return self.rest.total(name)
        return self._keys.count(name, after, upto)

    def keys(self, name: str, after: str, upto: str) -> Iterator[str]:
        return self._keys.between(name, after, upto)

    def _table(self, name: str) -> str:
        rule: ListRule = self.rules.lists[name]
        return str(rule.ask.get("table") or f"glpi_{name.lower()}s")
