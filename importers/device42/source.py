"""Device42 over DOQL: views by rising key, what changed by their time of edit, pairs of devices as dependencies (README.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.errors import SourceFailed
from importers.device42.doql import Doql, View
from importers.lists.mirror import Row
from importers.lists.raw_lists import Lists, RawList
from importers.lists.rule_lists import ci_lists, looked_at, relation_lists
from importers.mapping.mapped import Mapped
from importers.mapping.rows import map_relation, map_row, text_of
from importers.mapping.rule_fields import fields_of
from importers.mapping.rules import RuleSet

UNZONED = timedelta(minutes=65)  # local times: the hour that comes twice in autumn, and five minutes
ZONED = timedelta(minutes=5)


@dataclass(slots=True)
class Device42(Lists):
    """The lists of a Device42. `stale_days`: a connection that was not seen for so long is no dependency any more."""

    doql: Doql
    rules: RuleSet
    page_size: int = 1000
    stale_days: int = 60
    _today: dict[str, str] = field(default_factory=dict)

    def check(self) -> Sequence[str]:
        return looked_at(self.lists(), lambda name: f"{self.total(name, '', '')} rows", (400, 403, 404, 500))

    def lists(self) -> Sequence[RawList]:
        return [*ci_lists(self.rules), *relation_lists(self.rules)]

    def fingerprint(self) -> str:
        return f"{self.doql.client.base} {self.stale_days} {self.rules.text}"

    def _view(self, name: str) -> View:
        rule = self.rules.lists.get(name)
        if rule is not None:
            stamp = [rule.ask["stamp"]] if rule.ask.get("stamp") else []
            where = [rule.ask["where"]] if rule.ask.get("where") else []
            return View(rule.ask.get("view", name), (rule.key,), (*sorted(fields_of(rule)), *stamp), where)
        relation = self.rules.relations[name]
        where = [f"{relation.parent} IS NOT NULL", f"{relation.child} IS NOT NULL", *relation.ask.get("where", ())]
        if seen := relation.ask.get("seen"):
            where.append(f"{seen} >= '{self._since(name)}'")
        return View(relation.ask.get("view", name), (relation.parent, relation.child), (), where, distinct=True)

    def _since(self, name: str) -> str:
        """Returns the day from which on a connection counts; it stays the same through the whole run."""
        if name not in self._today:
            self._today[name] = (datetime.now(UTC) - timedelta(days=self.stale_days)).strftime("%Y-%m-%d")
        return self._today[name]

    def read(self, name: str, since: str) -> Iterator[Sequence[Row]]:
        view, rule = self._view(name), self.rules.lists.get(name)
        stamp = str(rule.ask.get("stamp", "")) if rule else ""
        also = [f"{stamp} >= '{since}'"] if since else []
        wanted = fields_of(rule) if rule else {*view.keys}
        last = ""
        while rows := self.doql.rows(view.page(last, "", also, self.page_size)):
            page = []
            for row in rows:
                texts = {field: text for field in wanted if (text := text_of(row.get(field)))}
                page.append((view.key_of(row), _stamp(row.get(stamp)) if stamp else "", texts))
            if page[-1][0] <= last:
                raise SourceFailed(f"Device42 ignores the bounds of keys of {name}: it gave {page[-1][0]} after {last}")
            last = page[-1][0]
            yield page

    def records(self, name: str, key: str, body: Any) -> Iterable[Mapped]:
        rule = self.rules.lists.get(name)
        if rule is not None:
            return map_row(self.rules, rule, body, f"{name} {int(key)}")
        relation = self.rules.relations[name]
        return map_relation(relation, {**body, **relation.ask.get("constants", {})}, f"{name} {key}")

    # --- changes and numbers
    def latest(self, name: str) -> str:
        self._today.pop(name, None)
        rule = self.rules.lists.get(name)
        if rule is None or not rule.ask.get("stamp"):
            return ""
        return _stamp(self.doql.one(self._view(name).newest(rule.ask["stamp"]), "newest"))

    def earlier(self, stamp: str) -> str:
        at = datetime.fromisoformat(stamp)
        return _text(at - (ZONED if at.tzinfo else UNZONED))

    def total(self, name: str, after: str, upto: str) -> int | None:
        number = self.doql.one(self._view(name).count(after, upto), "number")
        try:
            return int(number)
        except (TypeError, ValueError):
            raise SourceFailed(f"Device42 does not say how many rows {name} has: {number!r}") from None

    def keys(self, name: str, after: str, upto: str) -> Iterator[str]:
        view = self._view(name)
        view = View(view.name, view.keys, (), view.where, view.distinct)
        while rows := self.doql.rows(view.page(after, upto, (), self.page_size)):
            keys = [view.key_of(row) for row in rows]
            yield from keys
            after = keys[-1]


def _stamp(value: Any) -> str:
    """Returns a time as text that sorts: in UTC where it has a zone, else by the server's own clock.

    >>> _stamp("2026-11-20T10:00:00.5+01:00"), _stamp("2026-11-20 10:00:00"), _stamp(None)
    ('2026-11-20T09:00:00+00:00', '2026-11-20T10:00:00', '')
    """
    if not value:
        return ""
    try:
        return _text(datetime.fromisoformat(str(value)))
    except ValueError:
        raise SourceFailed(f"Device42 gave {value!r} as the time of an edit, not a time as 2026-11-20 10:00:00") from None


def _text(at: datetime) -> str:
    return (at.astimezone(UTC) if at.tzinfo else at).isoformat(timespec="seconds")
