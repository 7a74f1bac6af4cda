"""Entities of a Backstage catalog: their references, and the relations that the catalog would make of a descriptor file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from app.domain.errors import InvalidInput
from app.domain.records import RejectedRecord
from importers.mapping.mapped import Ignored, Mapped
from importers.mapping.rows import map_relation, map_row
from importers.mapping.rules import RuleSet

RELATIONS = "relations"
# field of `spec` -> relation of the holder, kind of a reference that names none ("" it must); `dependencyOf` is told from its
# other end
FIELDS = {
    "owner": ("ownedBy", "group"),
    "system": ("partOf", "system"),
    "domain": ("partOf", "domain"),
    "subcomponentOf": ("partOf", "component"),
    "subdomainOf": ("partOf", "domain"),
    "dependsOn": ("dependsOn", ""),
    "consumesApis": ("consumesApi", "api"),
    "providesApis": ("providesApi", "api"),
}


def ref_of(text: str, kind: str = "", namespace: str = "default") -> str:
    """Returns a reference in full, in small letters. InvalidInput where it names no kind and none is usual there.

    >>> ref_of("artists-db", "resource"), ref_of("Component:Other/A"), ref_of("team-a", "group", "org")
    ('resource:default/artists-db', 'component:other/a', 'group:org/team-a')
    """
    head, colon, rest = text.strip().rpartition(":")
    named_kind = head if colon else kind
    space, slash, name = rest.rpartition("/")
    if not named_kind or not name:
        raise InvalidInput(f"{text!r} is no reference [kind:][namespace/]name", field="reference")
    return f"{named_kind}:{space if slash else namespace}/{name}".casefold()


def row_of(entity: Any) -> tuple[str, str, dict[str, Any]] | None:
    """Returns kind, key and row of an entity; None for what is no entity."""
    meta = entity.get("metadata") if isinstance(entity, Mapping) else None
    if not isinstance(meta, Mapping) or not isinstance(meta.get("name"), str) or not isinstance(entity.get("kind"), str):
        return None
    spec = entity.get("spec") if isinstance(entity.get("spec"), Mapping) else {}
    key = f"{meta.get('namespace') or 'default'}/{meta['name']}".casefold()
    relations = sorted(set(_relations(entity, spec, str(meta.get("namespace") or "default"))))
    owner = next((target for kind, target in relations if kind == "ownedBy"), "")
    row = {
        "ref": key,
        "title": meta.get("title") or meta["name"],
        "owner": owner.rpartition("/")[2],
        "spec": {name: value for name, value in spec.items() if isinstance(value, str)},
        "metadata": {"description": meta.get("description")},
        "environment": "",
        RELATIONS: [list(pair) for pair in relations],
    }
    return entity["kind"].casefold(), key, row


def _relations(entity: Mapping[str, Any], spec: Mapping[str, Any], namespace: str) -> Iterator[tuple[str, str]]:
    """Yields (type, target) as the catalog holds them, or as it makes them of a descriptor's fields; a text that is no reference
    stays as it is."""
    held = entity.get("relations")
    if isinstance(held, list):
        for relation in held:
            target = relation.get("targetRef") if isinstance(relation, Mapping) else None
            if isinstance(target, str) and isinstance(relation.get("type"), str):
                yield relation["type"], target.casefold()
        return
    for name, (kind, default) in FIELDS.items():
        for text in _texts(spec.get(name)):
            try:
                yield kind, ref_of(text, default, namespace)
            except InvalidInput:
                yield kind, text


def _texts(value: Any) -> Sequence[str]:
    listed = value if isinstance(value, list) else [value]
    return [text for text in listed if isinstance(text, str) and text.strip()]


def records_of(rules: RuleSet, kind: str, key: str, row: Mapping[str, Any]) -> list[Mapped]:
    """Returns the CI of a row, and the dependencies that the row states of it and of others."""
    where = f"{kind} {key}"
    rule = rules.lists.get(kind)
    if rule is None:
        return [Ignored("ci", f"kind {kind}")]
    records = map_row(rules, rule, row, where)
    if any(isinstance(record, Ignored) or (isinstance(record, RejectedRecord) and not record.partly) for record in records):
        return records
    relation = rules.relations[RELATIONS]
    for word, target in row[RELATIONS]:
        if ":" not in target or "/" not in target:
            fault = ("relation", f"{word} {target!r} is no reference", "write it as kind:namespace/name")
            records.append(RejectedRecord("dependency", where, f"{kind}:{key}", *fault, about=f"{kind}:{key}"))
            continue
        records += map_relation(relation, {"parent": f"{kind}:{key}", "child": target, "type": word}, where)
    return records


def dependencies_of(entity: Any) -> Iterable[tuple[str, str]]:
    """Yields (holder, this) for each `dependencyOf` of a descriptor: the holder depends on this one."""
    row = row_of(entity)
    spec = entity.get("spec") if row else None
    if row is None or not isinstance(spec, Mapping) or isinstance(entity.get("relations"), list):
        return
    for text in _texts(spec.get("dependencyOf")):
        yield ref_of(text, "", row[1].partition("/")[0]), f"{row[0]}:{row[1]}"
