"""Jira Assets: objects by type, what changed by their time of update, references as dependencies by their names (README.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.errors import SourceFailed
from importers.jira_assets.rest import Rest, text
from importers.lists.mirror import Row
from importers.lists.number_keys import NumberKeys, key_of
from importers.lists.raw_lists import Lists, RawList
from importers.lists.rule_lists import looked_at
from importers.mapping.mapped import Mapped
from importers.mapping.rows import map_relation, map_row, text_of
from importers.mapping.rule_fields import fields_of
from importers.mapping.rules import RelationRule, RuleSet

STAMP = "%Y-%m-%dT%H:%M:%SZ"
OVERLAP = timedelta(minutes=5)
ZONES = timedelta(hours=14)  # AQL takes times in the zone of whoever asks, which the API does not tell


@dataclass(slots=True)
class JiraAssets(Lists):
    rest: Rest
    rules: RuleSet
    _keys: NumberKeys = field(init=False)

    def __post_init__(self) -> None:
        self._keys = NumberKeys(lambda name: self.rest.objects(_aql(name)))

    def check(self) -> Sequence[str]:
        return looked_at(self.rules.lists.values(), lambda name: f"{self.rest.api.total(_aql(name))} objects", (400, 403, 404))

    def lists(self) -> Sequence[RawList]:
        return [
            RawList(rule.name, (*(kind for kind in rule.gives() if kind != "dependency"), "dependency"), (rule.source_class,),
                    optional=rule.optional)
            for rule in self.rules.lists.values()
        ]  # fmt: skip

    def fingerprint(self) -> str:
        return f"{self.rest.api.client.base} {self.rules.text}"

    def read(self, name: str, since: str) -> Iterator[Sequence[Row]]:
        aql = _aql(name)
        if since:
            aql += f" AND Updated >= {text((_time(since) - ZONES).strftime('%Y-%m-%d %H:%M'))}"
        page: list[Row] = []
        for number, row in self.rest.objects(aql).items():
            stamp = _stamp(row.get("updated"))
            if stamp >= since:
                page.append((key_of(number), stamp, self._body(name, row)))
            if len(page) == self.rest.page_size:
                yield page
                page = []
        if page:
            yield page

    def _body(self, name: str, row: Mapping[str, Any]) -> dict[str, Any]:
        kind = row.get("objectType") if isinstance(row.get("objectType"), dict) else {}
        body: dict[str, Any] = {word: text_of(row.get(word)) for word in ("id", "label", "objectKey")}
        body["objectType"] = text_of(kind.get("name")) if isinstance(kind, dict) else ""
        names = self.rest.names(text_of(kind.get("id")) if isinstance(kind, dict) else "")
        wanted, refs = fields_of(self.rules.lists[name]), []
        for attribute in row.get("attributes") or ():
            called, reference = names.get(text_of(attribute.get("objectTypeAttributeId")), ("", ""))
            values = attribute.get("objectAttributeValues") or []
            if called in wanted:
                body[called] = ", ".join(filter(None, (_shown(value) for value in values)))
            for value in values:
                target = value.get("referencedObject")
                if isinstance(target, dict) and target.get("id") is not None:
                    refs.append([called, reference, text_of(target["id"])])
        return {word: value for word, value in body.items() if value and word in wanted} | (
            {"refs": sorted(refs)} if refs else {}
        )

    def records(self, name: str, key: str, body: Any) -> Iterable[Mapped]:
        where = f"{name} {int(key)}"
        yield from map_row(self.rules, self.rules.lists[name], body, where)
        for rule in self.rules.relations.values():
            for called, reference, target in body.get("refs", ()):
                row = {"holder": str(int(key)), "target": target, "type": _word(rule, called, reference)}
                yield from map_relation(rule, row, where)

    # --- changes and numbers
    def latest(self, name: str) -> str:
        self._keys.forget(name)
        if name == next(iter(self.rules.lists)):
            self.rest.forget()
        newest = self.rest.newest(_aql(name))
        return _stamp(newest.get("updated")) if newest else ""

    def earlier(self, stamp: str) -> str:
        return (_time(stamp) - OVERLAP).strftime(STAMP)

    def total(self, name: str, after: str, upto: str) -> int | None:
        if not after and not upto:
            return self.rest.api.total(_aql(name))
        return self._keys.count(name, after, upto)

    def keys(self, name: str, after: str, upto: str) -> Iterator[str]:
        return self._keys.between(name, after, upto)


def _word(rule: RelationRule, called: str, reference: str) -> str:
    """Returns the name of the attribute where the mapping knows it, else the kind of reference."""
    return called if called.casefold() in rule.types or not reference else reference


def _shown(value: Mapping[str, Any]) -> str:
    return text_of(value.get("displayValue")) or text_of(value.get("value"))


def _aql(name: str) -> str:
    return f"objectType = {text(name)}"


def _stamp(value: Any) -> str:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        raise SourceFailed(f"Jira Assets gave {value!r} as the time of an update") from None
    if at.tzinfo is None:
        raise SourceFailed(f"Jira Assets gave {value!r} as the time of an update: without a zone")
    return at.astimezone(UTC).strftime(STAMP)


def _time(stamp: str) -> datetime:
    return datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
