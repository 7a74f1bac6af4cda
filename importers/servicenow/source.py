"""ServiceNow over its Table API: pages by sys_id, changes by sys_updated_on, numbers by X-Total-Count (README.md in this
folder)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from app.domain.errors import InvalidInput, NotAllowed, SourceFailed
from importers.http.client import Answer, Client
from importers.lists.mirror import Row
from importers.lists.raw_lists import Lists, RawList
from importers.lists.rule_lists import relation_lists
from importers.mapping.mapped import Mapped
from importers.mapping.rows import map_relation, map_row
from importers.mapping.rules import ListRule, RelationRule, RuleSet

KEY, STAMP, SHOWN = "sys_id", "sys_updated_on", ".display"
OVERLAP = timedelta(minutes=5)
AUDIT = "sys_audit_delete"
TIME = "%Y-%m-%d %H:%M:%S"


@dataclass(slots=True)
class ServiceNow(Lists):
    """The lists of a ServiceNow. `page_size`: rows in one answer."""

    client: Client
    rules: RuleSet
    page_size: int = 5000
    _audit: bool = True
    _above: dict[tuple[str, str], int] = field(default_factory=dict)

    def check(self) -> Sequence[str]:
        sentences = []
        for raw in self.lists():
            rule = self._rule(raw.name)
            answer = self._get(rule, "", [KEY], 1)
            if answer is None and not raw.optional:
                raise SourceFailed(f"there is no table {raw.name}")
            number = None if answer is None else answer.number("X-Total-Count")
            sentences.append(
                f"{raw.name}: {'not there' if answer is None else 'an unknown number of' if number is None else number} rows"
            )
        return sentences

    def lists(self) -> Sequence[RawList]:
        lists: list[RawList] = []
        for rule in sorted(self.rules.lists.values(), key=lambda rule: (bool(rule.of), bool(rule.ask.get("rest")))):
            classes = () if rule.of else (rule.source_class,)
            besides = tuple(raw.name for raw in lists) if rule.ask.get("rest") else ()
            lists.append(RawList(rule.name, rule.gives(), classes, besides=besides, optional=rule.optional))
        return [*lists, *relation_lists(self.rules)]

    def fingerprint(self) -> str:
        return f"{self.client.base} {self.rules.text}"

    def read(self, name: str, since: str) -> Iterator[Sequence[Row]]:
        rule = self._rule(name)
        fields = sorted({name.removesuffix(SHOWN) for name in _fields(rule)} | {KEY, STAMP})
        return self._pages(rule, [f"{STAMP}>={since}"] if since else [], fields, "")

    def records(self, name: str, key: str, body: Any) -> Iterable[Mapped]:
        rule = self.rules.lists.get(name)
        if rule is not None:
            return map_row(self.rules, rule, body, f"{name} {key}")
        return map_relation(self.rules.relations[name], body, f"{name} {key}")

    def latest(self, name: str) -> str:
        self._above.clear()
        rule = self._rule(name)
        answer = self._get(rule, _query([*_own(rule, self.rules), f"ORDERBYDESC{STAMP}"]), [KEY, STAMP], 1)
        rows = _rows(answer) if answer else []
        return _flat(rows[0]).get(STAMP, "") if rows else ""

    def earlier(self, stamp: str) -> str:
        try:
            return (datetime.strptime(stamp, TIME) - OVERLAP).strftime(TIME)
        except ValueError:
            raise SourceFailed(f"{STAMP} is {stamp!r}, not a time as 2026-11-02 08:11:04") from None

    def total(self, name: str, after: str, upto: str) -> int | None:
        above, beyond = self._number_above(name, after), self._number_above(name, upto) if upto else 0
        return None if above is None or beyond is None else above - beyond

    def _number_above(self, name: str, key: str) -> int | None:
        """Returns the number of rows whose key is greater. It is fetched once a list for a bound, each time for the whole
        list."""
        if key and (name, key) in self._above:
            return self._above[name, key]
        rule = self._rule(name)
        answer = self._get(rule, _query([*_own(rule, self.rules), *([f"{KEY}>{key}"] if key else [])]), [KEY], 1)
        number = answer.number("X-Total-Count") if answer else 0
        if number is not None:
            self._above[name, key] = number
        return number

    def gone(self, name: str, since: str) -> Iterator[str]:
        """Yields the keys that the audit of deletes names, where it is on and may be read."""
        if not self._audit:
            return
        rule = self.rules.relations.get(name) or self.rules.lists[name]
        audit = replace(rule, name=AUDIT, ask={}, optional=True)
        try:
            answer = self._get(audit, _query([f"sys_created_on>={since}", f"ORDERBY{KEY}"]), [KEY, "documentkey"], 10_000)
        except (NotAllowed, SourceFailed):
            answer = None
        self._audit = answer is not None
        for row in _rows(answer) if answer else ():
            yield _flat(row).get("documentkey", "")

    def keys(self, name: str, after: str, upto: str) -> Iterator[str]:
        bound = [f"{KEY}<={upto}"] if upto else []
        for page in self._pages(self._rule(name), bound, [KEY], after):
            for key, _, _ in page:
                if upto and key > upto:
                    return
                yield key

    def _pages(
        self, rule: ListRule | RelationRule, conditions: Sequence[str], fields: Sequence[str], last: str
    ) -> Iterator[list[Row]]:
        """Yields pages by key until none is left. The limit is applied before access rules, so a page may be short or empty
        although more follow."""
        wanted = {name for name in {*_fields(rule), KEY} if name.removesuffix(SHOWN) in fields}
        offset, taken = 0, _taken(wanted) if len(fields) > 1 else ()
        while True:
            bound = [f"{KEY}>{last}"] if last else []
            query = _query([*_own(rule, self.rules), *conditions, *bound, f"ORDERBY{KEY}"])
            answer = self._get(rule, query, fields, self.page_size, offset)
            if answer is None:
                raise SourceFailed(f"there is no table {rule.name}", answered=404)
            rows = [_row(rule.name, row, taken) for row in _rows(answer)]
            left = answer.number("X-Total-Count")
            if rows:
                yield rows
                last, offset = rows[-1][0], 0
                if left == len(rows):
                    return
                continue
            offset += self.page_size
            if not left or offset >= left:
                return

    def _get(
        self, rule: ListRule | RelationRule, query: str, fields: Sequence[str], limit: int, offset: int = 0
    ) -> Answer | None:
        """Returns the answer; None where there is no such table."""
        shown = "all" if any(name.endswith(SHOWN) for name in _fields(rule)) and len(fields) > 2 else "false"
        parameters = {
            "sysparm_query": query or _query(_own(rule, self.rules)),
            "sysparm_fields": ",".join(fields),
            "sysparm_display_value": str(rule.ask.get("display", shown)),
            "sysparm_exclude_reference_link": "true",
            "sysparm_limit": limit,
            **({"sysparm_offset": offset} if offset else {}),
        }
        answer = self.client.request(
            "GET", f"api/now/table/{rule.ask.get('table', rule.name)}", parameters=parameters, accept=(400, 404)
        )
        if answer.status not in (400, 404):
            return answer
        message = answer.message().casefold()
        if "no record" in message:  # how older versions say that a list is empty
            return Answer(answer.where, 200, {"x-total-count": "0"}, b'{"result": []}')
        if "invalid table" in message or (rule.optional and answer.status == 404):
            return None
        raise answer.failure()

    def _rule(self, name: str) -> ListRule | RelationRule:
        return self.rules.lists.get(name) or self.rules.relations[name]


def _own(rule: ListRule | RelationRule, rules: RuleSet) -> list[str]:
    """Returns the conditions of a list itself; for the rest, not to be one of the classes that other lists cover."""
    conditions = [str(rule.ask["query"])] if rule.ask.get("query") else []
    if rule.ask.get("rest"):
        covered = {name for other in rules.lists.values() for name in other.ask.get("covers", ())}
        conditions += [f"sys_class_name!={name}" for name in sorted(covered)]
    return conditions


def _query(parts: Sequence[str]) -> str:
    return "^".join(parts)


def _fields(rule: ListRule | RelationRule) -> set[str]:
    """Returns the fields that a rule needs, display values marked as such."""
    if isinstance(rule, RelationRule):
        named = (
            [rule.parent, rule.child] if rule.named else [rule.parent, rule.child, rule.parent_class, rule.child_class, rule.type]
        )
    else:
        named = [
            rule.class_field,
            rule.of,
            rule.criticality,
            *rule.fields_.values(),
            *rule.identifiers.values(),
            *rule.aliases.values(),
            *rule.references,
            *(rule.attributes or ()),
            *rule.service_if,
            *rule.skip_if,
            *rule.only_if,
            *rule.exposure.values(),
        ]
    return {name for name in named if name}


def _rows(answer: Answer) -> list[Any]:
    body = answer.json()
    if isinstance(body, dict) and body.get("error"):
        raise SourceFailed(f"{answer.where} answered {answer.status} with an error in it: {answer.message()}")
    if not isinstance(body, dict) or not isinstance(body.get("result"), list):
        raise SourceFailed(f"{answer.where} gave no list of results")
    rows: list[Any] = body["result"]
    return rows


Taken = Sequence[
    tuple[str, bool, str]
]  # field, whether its value is wanted, under which name its display value is ("": it is not)


def _taken(fields: Collection[str]) -> Taken:
    """
    >>> _taken(["name", "site.display"])
    [('name', True, ''), ('site', False, 'site.display')]
    """
    names = sorted({name.removesuffix(SHOWN) for name in fields})
    return [(name, name in fields, name + SHOWN if name + SHOWN in fields else "") for name in names]


def _row(name: str, raw: Any, taken: Taken) -> Row:
    """Returns key, stamp, and the fields that the mapping uses: others may change without changing anything here."""
    if not isinstance(raw, dict):
        raise SourceFailed(f"{name}: a row is no object")
    key = _texts(raw.get(KEY))[0]
    if not key:
        raise SourceFailed(f"{name}: a row has no {KEY}; may the account read that field?")
    texts = {}
    for name_there, wanted, display in taken:
        text, shown = _texts(raw.get(name_there))
        if wanted and text:
            texts[name_there] = text
        if display and shown:
            texts[display] = shown
    return key, _texts(raw.get(STAMP))[0], texts


def _flat(raw: Mapping[str, Any]) -> dict[str, str]:
    """Returns a row as texts, whichever of the three forms it has: `field` the value, `field.display` the display value where one
    is given. Empty fields are left out.

    >>> _flat({"a": "x", "b": {"link": "https://sn/api/now/table/t/77", "value": "77"}, "d": ""})
    {'a': 'x', 'b': '77'}
    >>> _flat({"c": {"display_value": "C", "value": "1"}})
    {'c': '1', 'c.display': 'C'}
    >>> _flat({"b": {"display_value": "Beth", "link": "https://sn/api/now/table/sys_user/46d4"}})
    {'b': '46d4', 'b.display': 'Beth'}
    """
    flat: dict[str, str] = {}
    for name, value in raw.items():
        text, shown = _texts(value)
        if text:
            flat[name] = text
        if shown:
            flat[f"{name}{SHOWN}"] = shown
    return flat


def _texts(value: Any) -> tuple[str, str]:
    """Returns value and display value; "" for one that is not there."""
    if not isinstance(value, dict):
        return ("" if value is None else str(value)), ""
    text, shown = value.get("value"), value.get("display_value")
    if text is None and value.get("link"):
        text = str(value["link"]).rpartition("/")[2]
    if text is None:
        text = shown
    return (str(text) if text else ""), (str(shown) if shown else "")


def page_size_of(settings: Mapping[str, Any]) -> int:
    try:
        size = int(settings.get("page_size", 5000))
    except ValueError:
        size = 0
    if not 1 <= size <= 10_000:
        raise InvalidInput("servicenow: page_size is a number from 1 to 10000", field="page_size")
    return size
