"""iTop over its REST/JSON service: classes in ranges of ids, what changed by the change log, impacts by their left side
(README.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.errors import ForestayError, InvalidInput, SourceFailed
from importers.http.client import Unreachable
from importers.itop.clock import OVERLAP, local_now, local_since, stamp_of, time_of
from importers.itop.impacts import impact_records
from importers.itop.rest import ItopObject, Rest, Window
from importers.lists.mirror import Row
from importers.lists.number_keys import key_of
from importers.lists.raw_lists import Lists, RawList
from importers.lists.rule_lists import ci_lists, relations_by_list
from importers.mapping.mapped import Mapped
from importers.mapping.rows import map_row, text_of
from importers.mapping.rule_fields import fields_of
from importers.mapping.rules import RelationRule, RuleSet

MANY = 500  # ids named in one question
AGAIN = 3  # times a window is looked at whose objects changed meanwhile


@dataclass(slots=True)
class Itop(Lists):
    """The lists of an iTop. `zone`: that of the server's clock; None: everything is read, as times cannot be compared."""

    rest: Rest
    rules: RuleSet
    zone: ZoneInfo | None = None
    page_size: int = 500
    _notes: list[str] = field(default_factory=list)
    _teams: dict[str, str] = field(default_factory=dict)
    _fields: dict[tuple[str, str], Sequence[str]] = field(default_factory=dict)  # list and final class -> fields to ask for

    def check(self) -> Sequence[str]:
        sentences = []
        for rule in self.rules.lists.values():
            try:
                sentences.append(f"{rule.name}: {self.rest.count(rule.name, '')} objects")
            except SourceFailed as error:
                if not rule.optional or error.details.get("answered") != 404:
                    raise
                sentences.append(f"{rule.name}: not there")
        log = "readable" if self._log_readable() else "not readable, so everything is read each time"
        return [*sentences, f"change log: {log}"]

    def lists(self) -> Sequence[RawList]:
        return [*ci_lists(self.rules), *relations_by_list(self.rules)]

    def _relation(self, name: str) -> tuple[RelationRule | None, str]:
        """Returns the rule of a list of impacts, and the list whose objects they come from."""
        word, _, place = name.partition(" ")
        return self.rules.relations.get(word) if place else None, place

    def fingerprint(self) -> str:
        return f"{self.rest.client.base} {self.rules.text}"

    def warnings(self) -> Sequence[str]:
        return list(dict.fromkeys(self._notes))

    # --- rows
    def read(self, name: str, since: str) -> Iterator[Sequence[Row]]:
        relation, place = self._relation(name)
        if relation is not None:
            return self._impacts(relation, place)
        return self._changed(name, since) if since else self._all(name)

    def _all(self, name: str) -> Iterator[list[Row]]:
        self._teams.clear()
        for window in self.rest.windows(name, "id", self.page_size):
            bound = f"> {window.after} AND {{field}} <= {window.upto}"
            yield self._rows(name, self._with_fields(name, window.objects), f"{{field}} {bound}", "")

    def _changed(self, name: str, since: str) -> Iterator[list[Row]]:
        self._teams.clear()
        numbers = sorted(self._changed_ids(since))
        for start in range(0, len(numbers), MANY):
            named = f"{{field}} IN ({', '.join(map(str, numbers[start : start + MANY]))})"
            objects, _ = self.rest.get(name, named.format(field="id"), "id")
            if objects:
                yield self._rows(name, self._with_fields(name, objects), named, since)

    def _with_fields(self, name: str, objects: Sequence[ItopObject]) -> list[ItopObject]:
        """Returns the objects with the fields that the mapping wants, fetched by final class: `*+` would give all fields, linked
        sets among them, for which iTop takes a hundred times as long. An object that went meanwhile is missing, which the count
        will show."""
        by_class: dict[str, list[int]] = {}
        for one in objects:
            by_class.setdefault(one.final_class, []).append(one.number)
        complete: list[ItopObject] = []
        for final_class, numbers in sorted(by_class.items()):
            fields = ",".join(self._mapped_fields(name, final_class, numbers[0])) or "id"
            for start in range(0, len(numbers), MANY):
                named = ", ".join(map(str, numbers[start : start + MANY]))
                complete += self.rest.get(final_class, f"id IN ({named})", fields)[0]
        return sorted(complete, key=lambda one: one.number)

    def _mapped_fields(self, name: str, final_class: str, number: int) -> Sequence[str]:
        """Returns which of the wanted fields a final class has, as one of its objects shows."""
        if (name, final_class) not in self._fields:
            objects, _ = self.rest.get(final_class, f"id = {number}", "*")
            if not objects:
                return ()
            self._fields[name, final_class] = sorted(fields_of(self.rules.lists[name]) & set(objects[0].fields) - {"id"})
        return self._fields[name, final_class]

    def _changed_ids(self, since: str) -> set[int]:
        now = self.rest.answered_at
        if self.zone is None or now is None:
            raise SourceFailed("iTop gives no time of day (header Date), so what changed cannot be asked for")
        first, last = local_since(since, now, self.zone), local_now(now, self.zone)
        ids: set[int] = set()
        for window in self.rest.windows("CMDBChangeOp", "date,objclass,objkey", self.page_size, f"date >= '{first}'"):
            for one in window.objects:
                date = text_of(one.fields.get("date"))
                if date < first:
                    raise SourceFailed(f"iTop ignores the question for changes since {first}: it gave one of {date}")
                if date > last and self.rest.answered_at and date > local_now(self.rest.answered_at, self.zone):
                    raise SourceFailed(f"iTop logged a change at {date}, later than its clock says: is the setting zone right?")
                ids.add(int(one.fields["objkey"]))
        return ids

    def _rows(self, name: str, objects: Sequence[ItopObject], bound: str, stamp: str) -> list[Row]:
        rule = self.rules.lists[name]
        teams = self._teams_of(bound) if rule.ask.get("teams") else {}
        wanted, rows = fields_of(rule), []
        for one in objects:
            texts = {"id": str(one.number), "finalclass": one.final_class, **teams.get(one.number, {})}
            texts |= {k: text_of(one.fields[k]) for k in wanted if k in one.fields and k not in texts}
            rows.append((key_of(one.number), stamp, {k: text for k, text in texts.items() if text and k in wanted}))
        return rows

    def _teams_of(self, bound: str) -> dict[int, dict[str, str]]:
        """Returns the teams among a CI's contacts: the one of the lowest id, and all of them."""
        if not self._teams:
            self._teams = {str(one.number): text_of(one.fields.get("name")) for one in self.rest.get("Team", "", "id,name")[0]}
        links, _ = self.rest.get("lnkContactToFunctionalCI", bound.format(field="functionalci_id"), "functionalci_id,contact_id")
        teams: dict[int, set[int]] = {}
        for link in links:
            if str(link.fields["contact_id"]) in self._teams:
                teams.setdefault(int(link.fields["functionalci_id"]), set()).add(int(link.fields["contact_id"]))
        names = {ci: [self._teams[str(number)] for number in sorted(numbers)] for ci, numbers in teams.items()}
        return {ci: {"team": many[0], "teams": ", ".join(many) if len(many) > 1 else ""} for ci, many in names.items()}

    # --- impacts
    def _impacts(self, rule: RelationRule, place: str) -> Iterator[list[Row]]:
        """Yields one row for each CI that others impact, with all of them: whether they are a group is a setting of them
        together."""
        sides: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for pair in self._pairs(place, self.rules.lists[place].optional):
            left, right = (_parts(end) for end in pair)
            sides.setdefault(right, set()).add(left)
        settings = self._redundancy(rule) if sides else {}
        rows: list[Row] = []
        for (its_class, number), providers in sides.items():
            of, setting = settings.get((its_class, number), ("", ""))
            body = {"class": its_class, "id": number, "of": of, "redundancy": setting, "providers": sorted(map(list, providers))}
            rows.append((f"{its_class} {key_of(int(number))}", "", body))
        rows.sort(key=lambda row: row[0])
        for start in range(0, len(rows), self.page_size):
            yield rows[start : start + self.page_size]

    def _pairs(self, name: str, optional: bool) -> Iterator[tuple[str, str]]:
        try:
            seen = 0
            for window in self.rest.windows(name, "id", self.page_size):
                number, pairs = self._of_window(name, window)
                seen += number
                yield from pairs
            if seen != (total := self.rest.count(name, "")):
                raise SourceFailed(f"iTop gave the impacts of {seen} of {total} objects of {name}")
        except SourceFailed as error:
            if not optional or error.details.get("answered") != 404:
                raise

    def _of_window(self, name: str, window: Window) -> tuple[int, list[tuple[str, str]]]:
        """Returns how many objects were looked at, and what they impact."""
        for _ in range(AGAIN - 1):
            try:
                return len(window.objects), self.rest.impacts(name, window)
            except Unreachable:
                raise
            except SourceFailed:
                bound = f"id > {window.after} AND id <= {window.upto}"
                window = Window(window.after, window.upto, self.rest.get(name, bound, "id")[0])
        return len(window.objects), self.rest.impacts(name, window)

    def _redundancy(self, rule: RelationRule) -> dict[tuple[str, str], tuple[str, str]]:
        settings: dict[tuple[str, str], tuple[str, str]] = {}
        for name in rule.ask.get("redundancy", {}):
            try:
                before = len(settings)
                for window in self.rest.windows(name, "id,redundancy", self.page_size):
                    for one in window.objects:
                        settings[one.final_class, str(one.number)] = (name, text_of(one.fields.get("redundancy")))
                if len(settings) - before != (total := self.rest.count(name, "")):
                    raise SourceFailed(f"iTop gave the redundancy of {len(settings) - before} of {total} objects of {name}")
            except SourceFailed as error:
                if error.details.get("answered") != 404:
                    raise
        return settings

    def records(self, name: str, key: str, body: Any) -> Iterable[Mapped]:
        relation, _ = self._relation(name)
        if relation is not None:
            return impact_records(relation, self._place, body)
        return map_row(self.rules, self.rules.lists[name], body, f"{name} {int(key)}")

    def _place(self, its_class: str, number: str) -> str:
        """Returns the reference to a CI by its final class: that of the list that covers it, else of the first."""
        covering = (rule for rule in self.rules.lists.values() if its_class in rule.ask.get("covers", ()))
        rule = next(covering, None) or next(iter(self.rules.lists.values()))
        return f"{rule.source_class}:{number}"

    # --- changes and numbers
    def latest(self, name: str) -> str:
        """Returns the server's clock: what it logs from now on is later."""
        if name not in self.rules.lists:
            return ""
        if self.zone is None:
            self._notes.append("the setting zone is not given, so everything is read each time")
            return ""
        if not self._log_readable():
            self._notes.append("the change log (CMDBChangeOp) cannot be read, so everything is read each time")
            return ""
        return stamp_of(self.rest.answered_at) if self.rest.answered_at else ""

    def _log_readable(self) -> bool:
        try:
            self.rest.count("CMDBChangeOp", "id = 1")
        except Unreachable:
            raise
        except ForestayError as error:
            if error.details.get("answered") in (200, 403, 404):
                return False
            raise
        return True

    def earlier(self, stamp: str) -> str:
        return stamp_of(time_of(stamp) - OVERLAP)

    def total(self, name: str, after: str, upto: str) -> int | None:
        if name not in self.rules.lists:
            return None
        return self.rest.count(name, _between(after, upto))

    def keys(self, name: str, after: str, upto: str) -> Iterator[str]:
        objects, _ = self.rest.get(name, _between(after, upto), "id")
        return (key_of(one.number) for one in objects)


def _between(after: str, upto: str) -> str:
    bounds = ([f"id > {int(after)}"] if after else []) + ([f"id <= {int(upto)}"] if upto else [])
    return " AND ".join(bounds)


def _parts(end: str) -> tuple[str, str]:
    its_class, _, number = end.partition("::")
    if not its_class or not number.isdigit():
        raise SourceFailed(f"iTop gave a relation whose end is {end!r}, not class::id")
    return its_class, number


def page_size_of(settings: Mapping[str, Any]) -> int:
    try:
        size = int(settings.get("page_size", 500))
    except ValueError:
        size = 0
    if not 1 <= size <= 10_000:
        raise InvalidInput("itop: page_size is a number from 1 to 10000", field="page_size")
    return size
