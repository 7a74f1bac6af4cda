"""Backstage: the catalog of a running backend by its cursor, or descriptor files of a checkout (README.md in this folder)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from app.domain.completeness import SAID, Evidence, Part
from app.domain.errors import InvalidInput, LimitExceeded, SourceFailed
from importers.backstage.entities import dependencies_of, records_of, row_of
from importers.files.limits import read_bytes
from importers.gathered import Gathered, ReadWhole
from importers.http.client import Client
from importers.lists.mirror import Row
from importers.lists.raw_lists import Lists, RawList
from importers.mapping.mapped import Mapped
from importers.mapping.rules import RuleSet

FIELDS = "kind,metadata.namespace,metadata.name,metadata.title,metadata.description,metadata.etag,spec,relations"
FILES, DOCUMENTS = 5_000, 100_000
PAGES = 100_000
NAME = re.compile(r"(?=.{1,63}$)[A-Za-z0-9]+(?:[-_.]+[A-Za-z0-9]+)*")
NO_CATALOG, TEMPLATE = "YAML that is no catalog", "template that nobody filled in"


@dataclass(slots=True)
class Catalog(Lists):
    """The catalog of a backend. Each kind of entity is a list; it is read whole each time (the catalog has no "changed since")
    and compared by content."""

    client: Client
    rules: RuleSet
    page_size: int = 500

    def check(self) -> Sequence[str]:
        return [f"{name}: {self.total(name, '', '')} entities" for name in self.rules.lists]

    def lists(self) -> Sequence[RawList]:
        return [RawList(name, ("ci", "dependency"), (name,), ordered=False) for name in self.rules.lists]

    def fingerprint(self) -> str:
        return f"{self.client.base} {self.rules.text}"

    def read(self, name: str, since: str) -> Iterator[Sequence[Row]]:
        parameters: dict[str, Any] = {"filter": f"kind={name}", "fields": FIELDS, "limit": self.page_size}
        cursors: set[str] = set()
        for _ in range(PAGES):
            body = self._page(parameters)
            yield [_row(name, entity) for entity in body["items"]]
            cursor = (body.get("pageInfo") or {}).get("nextCursor")
            if not cursor:
                return
            if cursor in cursors:
                raise SourceFailed(f"{name}: the catalog gives the same cursor again")
            cursors.add(cursor)
            parameters = {"cursor": cursor, "fields": FIELDS, "limit": self.page_size}
        raise LimitExceeded(f"{name}: more than {PAGES} pages")

    def records(self, name: str, key: str, body: Any) -> Iterable[Mapped]:
        return records_of(self.rules, name, key, body)

    def total(self, name: str, after: str, upto: str) -> int | None:
        total = self._page({"filter": f"kind={name}", "fields": "kind", "limit": 1}).get("totalItems")
        return total if isinstance(total, int) else None

    def _page(self, parameters: dict[str, Any]) -> dict[str, Any]:
        answer = self.client.request("GET", "api/catalog/entities/by-query", parameters=parameters)
        body = answer.json()
        if not isinstance(body, dict) or not isinstance(body.get("items"), list):
            raise SourceFailed(f"{answer.where} gave no list of entities")
        return body


def _row(name: str, entity: Any) -> Row:
    parts = row_of(entity)
    if parts is None or parts[0] != name:
        raise SourceFailed(f"the catalog gave an entity that is no {name}")
    return parts[1], "", parts[2]


@dataclass(slots=True)
class Descriptors(ReadWhole):
    """catalog-info.yaml files: one file, or all *.yaml and *.yml of a folder."""

    location: Path
    rules: RuleSet

    def check(self) -> Sequence[str]:
        gathered = self._all()
        return [f"{len(gathered.ci_records)} CIs, {len(gathered.dependency_records)} dependencies"]

    def read(self, folder: Path) -> Gathered:
        return self._all()

    def _all(self) -> Gathered:
        paths = [self.location] if self.location.is_file() else sorted(self.location.rglob("*.y*ml"))
        if not paths or len(paths) > FILES:
            raise SourceFailed(f"{self.location} holds {'no' if not paths else f'more than {FILES}'} descriptor files")
        gathered, parts, rows = Gathered(self.location.name, Evidence(SAID, ())), list[Part](), dict[tuple[str, str], str]()
        for path in paths:
            name, number, whole = path.name if self.location.is_file() else path.relative_to(self.location).as_posix(), 0, True
            try:
                for number, entity in enumerate(documents(path, name), 1):
                    self._take(gathered, rows, entity, f"{name} document {number}")
            except InvalidInput as error:
                if reason := no_catalog(read_bytes(path)):
                    gathered.ignore("ci", reason)
                    parts.append(Part(name, number))
                    continue
                gathered.reject(
                    "ci",
                    f"{name} document {number + 1}",
                    "",
                    ("yaml", error.message, "correct the file; the rest of it was not read"),
                )
                whole = False
            parts.append(Part(name, number, ended=whole))
        gathered.proof = Evidence(SAID, tuple(parts))
        return gathered

    def _take(self, gathered: Gathered, rows: dict[tuple[str, str], str], entity: Any, where: str) -> None:
        if not isinstance(entity, Mapping) or not ("apiVersion" in entity and "kind" in entity):
            gathered.ignore("ci", NO_CATALOG)
            return
        parts = row_of(entity)
        if not str(entity["apiVersion"]).startswith("backstage.io/"):
            gathered.ignore("ci", f"kind {entity['kind']} of {entity['apiVersion']}"[:200])
            return
        if parts is not None and is_template(entity["metadata"]["name"]):
            gathered.ignore("ci", TEMPLATE)
            return
        if parts is None:
            gathered.reject("ci", where, "", ("kind", "is no entity with kind and metadata.name", "correct the descriptor"))
            return
        kind, key, row = parts
        if kind not in self.rules.lists:
            gathered.ignore("ci", f"kind {kind}")
            return
        if not NAME.fullmatch(entity["metadata"]["name"]):
            fault = (
                "metadata.name",
                f"{entity['metadata']['name'][:80]!r} is no name in Backstage",
                "write letters, digits, - _ and ., at most 63",
            )
            gathered.reject("ci", where, f"{kind}:{key}", fault)
            return
        if (kind, key) in rows:
            gathered.reject(
                "ci", where, f"{kind}:{key}", ("metadata.name", f"stands in {rows[kind, key]} already", "give it another name")
            )
            return
        rows[kind, key] = where
        for record in records_of(self.rules, kind, key, row):
            gathered.take(record)
        try:
            for holder, this in dependencies_of(entity):
                gathered.depend(holder, this, "dependencyOf")
        except InvalidInput as error:
            gathered.reject(
                "dependency",
                where,
                f"{kind}:{key}",
                ("dependencyOf", error.message, "write it as kind:namespace/name"),
                f"{kind}:{key}",
            )


def is_template(text: str) -> bool:
    """Returns whether a name stands in the skeleton of a software template, to be filled in."""
    return "{{" in text or "${" in text or "{%" in text


def no_catalog(raw: bytes) -> str:
    """Returns why a file that is not YAML need not be: no descriptor is in it, or it is a template. "" where it should be
    YAML."""
    if b"backstage.io/" not in raw:
        return NO_CATALOG
    return TEMPLATE if b"{{" in raw or b"{%" in raw else ""


class _NoAliases(yaml.SafeLoader):
    """A loader that refuses aliases: a few lines of anchors and aliases can stand for gigabytes."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise InvalidInput("a YAML alias: write the value out", field="yaml")
        return super().compose_node(parent, index)


def documents(path: Path, name: str) -> Iterator[Any]:
    """Yields the documents of a YAML file. InvalidInput for what is no YAML or holds aliases, LimitExceeded for more documents
    than any catalog has."""
    try:
        for number, document in enumerate(yaml.load_all(read_bytes(path), _NoAliases)):
            if number >= DOCUMENTS:
                raise LimitExceeded(f"{name}: more than {DOCUMENTS} documents")
            if document is not None:
                yield document
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" line {mark.line + 1}" if mark else ""
        raise InvalidInput(f"{name}{place}: not YAML: {getattr(error, 'problem', None) or type(error).__name__}") from error
