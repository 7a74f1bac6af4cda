"""The mapping engine: foreign JSON files to records, by a mapping file that is data (importers/json/mappings/*.toml).

A mapping names, file by file, which class its objects are, which field is the key, and which fields are references; and for typed
relations which side depends. What no rule names is left out and counted by its type.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from app.domain.ci_classes import ci_classes
from app.domain.completeness import SAID, Evidence, Part
from app.domain.errors import InvalidInput, SourceFailed
from app.domain.records import CiRecord
from importers.gathered import Gathered, ReadWhole
from importers.limits import read_bytes, strict_json

SIDES = ("parent", "child", "by_class", "none")


class ReferenceSchema(Schema):
    class Meta:
        unknown = RAISE

    to = fields.String(required=True)
    depends = fields.String(required=True, validate=validate.OneOf(("holder", "target")))


class FileSchema(Schema):
    """`class`: of ci_classes.toml; `source_class`: the source's word. `classes`: a field's value -> class, before `class`."""

    class Meta:
        unknown = RAISE

    file = fields.String(required=True)
    ci_class = fields.String(required=True, data_key="class", validate=lambda word: word in ci_classes())
    source_class = fields.String(required=True)
    key = fields.String(required=True)
    fields_ = fields.Dict(fields.String(), fields.String(), load_default=dict, data_key="fields")
    identifiers = fields.Dict(fields.String(), fields.String(), load_default=dict)
    values = fields.Dict(fields.String(), fields.Dict(fields.String(), fields.String()), load_default=dict)
    references = fields.Dict(fields.String(), fields.Nested(ReferenceSchema), load_default=dict)
    service_if = fields.Dict(fields.String(), fields.String(), load_default=dict)


class RelationsSchema(Schema):
    class Meta:
        unknown = RAISE

    file = fields.String(required=True)
    unknown_type = fields.String(load_default="parent", validate=validate.OneOf(SIDES))
    parent_depends_classes = fields.List(fields.String(), load_default=list)
    types = fields.Dict(fields.String(), fields.String(validate=validate.OneOf(SIDES)), required=True)


class MappingSchema(Schema):
    class Meta:
        unknown = RAISE

    files = fields.List(fields.Nested(FileSchema), required=True)
    relations = fields.Nested(RelationsSchema, load_default=None)


@dataclass(frozen=True, slots=True)
class FileRule:
    file: str
    ci_class: str
    source_class: str
    key: str
    fields_: Mapping[str, str]
    identifiers: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    references: Mapping[str, Mapping[str, str]]
    service_if: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RelationRule:
    file: str
    unknown_type: str
    parent_depends_classes: Sequence[str]
    types: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RuleSet:
    files: Sequence[FileRule]
    relations: RelationRule | None


def mapping_of(name: str) -> RuleSet:
    """A mapping that comes with the service by its name, else from a TOML file."""
    shipped = files("importers.json").joinpath("mappings", f"{name}.toml")
    try:
        text = shipped.read_text("utf-8") if shipped.is_file() else Path(name).read_text("utf-8")
        body = MappingSchema().load(tomllib.loads(text))
    except OSError as error:
        raise InvalidInput(f"no mapping {name}", field="mapping") from error
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(f"mapping {name}: {error}", field="mapping") from error
    relations = body["relations"]
    return RuleSet([FileRule(**rule) for rule in body["files"]], RelationRule(**relations) if relations else None)


@dataclass(slots=True)
class MappedSource(ReadWhole):
    location: Path
    mapping: RuleSet

    def check(self) -> Sequence[str]:
        found = self.read()
        return [f"{len(found.found_cis)} CIs, {len(found.found_dependencies)} dependencies"]

    def read(self, folder: Path | None = None) -> Gathered:
        return map_folder(self.location, self.mapping)


def map_folder(folder: Path, mapping: RuleSet) -> Gathered:
    if not folder.is_dir():
        raise SourceFailed(f"{folder} is not a folder")
    used = {rule.file for rule in mapping.files} | ({mapping.relations.file} if mapping.relations else set())
    parts: list[Part] = []
    found = Gathered(folder.name, Evidence(SAID, ()))
    for rule in mapping.files:
        objects = _objects(folder / rule.file)
        parts.append(Part(rule.file, len(objects)))
        for number, body in enumerate(objects):
            _map_object(found, rule, body, f"{rule.file}[{number}]")
    if mapping.relations:
        rows = _objects(folder / mapping.relations.file)
        parts.append(Part(mapping.relations.file, len(rows)))
        for number, body in enumerate(rows):
            _map_relation(found, mapping.relations, body, f"{mapping.relations.file}[{number}]")
    for path in sorted(folder.rglob("*.json")):
        name = path.relative_to(folder).as_posix()
        if name not in used:
            count = len(_objects(path))
            if count:
                found.ignore("ci", f"file {name}", count)
    found.proof = Evidence(SAID, tuple(parts))
    return found


def _objects(path: Path) -> list[Any]:
    """A list of objects, or the one list that an object wraps."""
    body = strict_json(read_bytes(path), path.name)
    if isinstance(body, dict) and len(body) == 1 and isinstance(next(iter(body.values())), list):
        body = next(iter(body.values()))
    if not isinstance(body, list):
        raise InvalidInput(f"{path.name} holds no list of objects")
    return body


def _map_object(found: Gathered, rule: FileRule, body: Any, where: str) -> None:
    key = str(body.get(rule.key, "")).strip() if isinstance(body, dict) else ""
    if not key:
        found.reject("ci", where, "", (rule.key, "is missing", "each object needs its key"))
        return
    values: dict[str, Any] = {
        ours: _mapped(rule, ours, body[theirs]) for ours, theirs in rule.fields_.items() if body.get(theirs) not in (None, "")
    }
    used = {rule.key, *rule.fields_.values(), *rule.identifiers.values(), *rule.references}
    attributes = {
        name: str(value) for name, value in sorted(body.items()) if name not in used and value not in (None, "", [], {})
    }
    found.found_cis.append(
        CiRecord(
            rule.source_class,
            key,
            key,
            rule.ci_class,
            raw_class=rule.source_class,
            is_service=bool(rule.service_if) and all(body.get(name) == value for name, value in rule.service_if.items()),
            identifiers=tuple((kind, str(body[name])) for kind, name in sorted(rule.identifiers.items()) if body.get(name)),
            attributes=attributes,
            **values,
        )
    )
    me = f"{rule.source_class}:{key}"
    for name, reference in rule.references.items():
        if body.get(name):
            target = f"{reference['to']}:{body[name]}"
            found.depend(*((me, target) if reference["depends"] == "holder" else (target, me)), relation=name)


def _mapped(rule: FileRule, ours: str, value: Any) -> str:
    text = str(value)
    return rule.values.get(ours, {}).get(text, text)


def _map_relation(found: Gathered, rule: RelationRule, body: Any, where: str) -> None:
    try:
        parent, child = f"{body['parentClass']}:{body['parent']}", f"{body['childClass']}:{body['child']}"
        kind = str(body["type"])
        parent_class = str(body["parentClass"])
    except (KeyError, TypeError):
        found.reject("dependency", where, "", ("relation", "misses parent, child or type", "complete it"))
        return
    side = {name.casefold(): side for name, side in rule.types.items()}.get(kind.casefold())
    if side is None:
        side = rule.unknown_type
        found.notes.append(f"{where}: relation type {kind} is not in the mapping; taken as {side} depends")
    if side == "by_class":
        side = "parent" if parent_class in rule.parent_depends_classes else "child"
    if side == "none":
        found.ignore("dependency", f"type {kind}")
    else:
        found.depend(*((parent, child) if side == "parent" else (child, parent)), relation=kind)
