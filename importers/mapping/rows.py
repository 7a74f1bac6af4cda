"""The mapping engine: raw rows to records, by the rules of a mapping file. Rows that no rule names are left out and counted by
type."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from app.domain.records import CiRecord, DependencyRecord, RejectedRecord, ServiceRecord
from importers.mapping.cells import BadCell, cell
from importers.mapping.mapped import UNKNOWN_TYPE, Ignored, Mapped
from importers.mapping.rules import NUMBERS, ListRule, RelationRule, RuleSet, Side
from importers.mapping.units import hours_or_number


def pick(body: Mapping[str, Any], path: str) -> Any:
    """Returns a field by its name, or by a path into nested objects.

    >>> pick({"a.b": 1}, "a.b"), pick({"a": {"b": 2}}, "a.b"), pick({}, "a.b")
    (1, 2, None)
    """
    if path in body:
        return body[path]
    value: Any = body
    for part in path.split(".") if "." in path else ():
        value = value.get(part) if isinstance(value, Mapping) else None
    return None if value is body else value


def text_of(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    return "" if value is None or value in ([], {}) else ("true" if value is True else "false" if value is False else str(value))


def map_row(rules: RuleSet, rule: ListRule, body: Any, where: str) -> list[Mapped]:
    """Returns the records of one row of a list."""
    kind = "service" if rule.of else "ci"
    key = text_of(pick(body, rule.key)) if isinstance(body, Mapping) else ""
    if not key:
        return [RejectedRecord(kind, where, "", rule.key, "is missing", "each object needs its key")]
    for name, words in (*rule.skip_if.items(), *rule.only_if.items()):
        text = text_of(pick(body, name))
        if any(fnmatchcase(text, word) for word in words) is not (name in rule.only_if):
            return [Ignored(given, f"{rule.name}: {name} is {text or 'empty'}") for given in rule.gives()]
    me = f"{rule.source_class}:{key}"
    lost: list[BadCell] = []
    records: list[Mapped] = []
    if not rule.of:
        records.append(_ci(rules, rule, body, key, lost))
        records += [_lost("ci", where, me, bad, me) for bad in lost]
        lost = []
    ci = text_of(pick(body, rule.of)) if rule.of else me
    exposed = _exposure(rules, rule, body, ci, lost)
    records += [*exposed, *(_lost("service", where, me, bad, ci) for bad in lost)]
    for name, reference in rule.references.items():
        if target := text_of(pick(body, name)):
            target = f"{reference['to']}:{target}" if reference["to"] else target
            ends = (me, target) if reference["depends"] == "holder" else (target, me)
            records.append(DependencyRecord(*ends, reference["kind"], reference["weight"], reference["relation"] or name))
    return records


def _lost(kind: str, where: str, key: str, bad: BadCell, about: str) -> RejectedRecord:
    """Returns the refusal of one cell: its record goes on without it."""
    return RejectedRecord(kind, where, key, bad.field, bad.reason, bad.advice, about, partly=True)


def _figure(rule: ListRule, ours: str, text: str, lost: list[BadCell]) -> float | None:
    return cell(lambda name, value: hours_or_number(name, value, rule.units.get(name, "number")), ours, text, lost)


def _ci(rules: RuleSet, rule: ListRule, body: Mapping[str, Any], key: str, lost: list[BadCell]) -> CiRecord:
    values: dict[str, Any] = {}
    for ours, theirs in rule.fields_.items():
        if text := stated(rule, ours, text_of(pick(body, theirs))):
            values[ours] = _figure(rule, ours, text, lost) if ours in NUMBERS else text
    word = text_of(pick(body, rule.class_field)) if rule.class_field else ""
    service = rule.service or (bool(rule.service_if) and all(text_of(pick(body, n)) == v for n, v in rule.service_if.items()))
    attributes = _attributes(rule, body)
    if rule.criticality and (text := text_of(pick(body, rule.criticality))):
        attributes["criticality"] = text
    return CiRecord(
        rule.source_class,
        key,
        values.pop("name", "") or key,
        rules.classes.get(word.casefold(), rule.ci_class) if word else rule.ci_class,
        raw_class=word or rule.source_class,
        is_service=service,
        identifiers=tuple((kind, text) for kind, name in sorted(rule.identifiers.items()) if (text := text_of(pick(body, name)))),
        aliases=tuple((kind, text) for kind, name in sorted(rule.aliases.items()) if (text := text_of(pick(body, name)))),
        attributes=attributes,
        **values,
    )


def _attributes(rule: ListRule, body: Mapping[str, Any]) -> dict[str, str]:
    if rule.attributes is not None:
        return {name: text for name in sorted(rule.attributes) if (text := text_of(pick(body, name)))}
    used = {rule.key, *rule.fields_.values(), *rule.identifiers.values(), *rule.references}
    return {name: str(value) for name, value in sorted(body.items()) if name not in used and value not in (None, "", [], {})}


def stated(rule: ListRule, ours: str, text: str) -> str:
    """Returns the source's word in ours: by `values`, without regard to case; `*` for any other word that is there, "" for
    none."""
    words = rule.values.get(ours)
    if words is None:
        return text
    folded = _folded(tuple(words.items()))
    return folded.get(text.casefold(), folded.get("*", text) if text else "")


@lru_cache(maxsize=256)
def _folded(words: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {word.casefold(): ours for word, ours in words}


def _exposure(rules: RuleSet, rule: ListRule, body: Mapping[str, Any], ci: str, lost: list[BadCell]) -> list[Mapped]:
    """Returns what a row says about customers, money and times, or what its level of criticality is worth where the mapping says
    so."""
    values: dict[str, Any] = {}
    if rule.criticality:
        values |= rules.criticality.get(text_of(pick(body, rule.criticality))[:1], {})
    for ours, theirs in rule.exposure.items():
        if text := text_of(pick(body, theirs)):
            values[ours] = _figure(rule, ours, text, lost)
    return [ServiceRecord(ci, **values)] if values and ci else []


def map_relation(rule: RelationRule, body: Any, where: str) -> list[Mapped]:
    """Returns the dependencies of one relation row. A type that no mapping names is taken as the rule says and marked in the
    relation's word (low confidence)."""
    if not isinstance(body, Mapping):
        return [RejectedRecord("dependency", where, "", "relation", "is no object", "complete it")]
    parent, child = text_of(pick(body, rule.parent)), text_of(pick(body, rule.child))
    word = text_of(pick(body, rule.type)) if rule.type and not rule.named else rule.named
    side, relation = rule.types.get(word.casefold()), word
    if not parent or not child or not word:
        return _half_relation(side or (Side("parent") if rule.named else None), parent, child, where)
    if side is None:
        side, relation = Side("parent" if rule.named else rule.unknown_type), word if rule.named else f"{UNKNOWN_TYPE}{word}"
    depends = side.depends
    if depends.startswith("by_class"):
        depends = _by_class(rule, body, reversed_=depends == "by_class_reversed")
    if rule.with_class:
        parent, child = f"{text_of(pick(body, rule.parent_class))}:{parent}", f"{text_of(pick(body, rule.child_class))}:{child}"
    if depends == "none":
        return [Ignored("dependency", f"type {word}")]
    records: list[Mapped] = []
    if depends in ("parent", "both"):
        records.append(DependencyRecord(parent, child, side.kind, side.weight, relation))
    if depends in ("child", "both"):
        records.append(DependencyRecord(child, parent, side.kind, side.weight, relation))
    return records


def _half_relation(side: Side | None, parent: str, child: str, where: str) -> list[Mapped]:
    """Returns refusals for a relation that misses an end or its type, one for each end that may depend: the end that does (its
    name is "" where it is missing), or both ends where nobody knows which one does."""
    depends = side.depends if side is not None else ""
    if depends == "none":
        return [Ignored("dependency", "a type that is no need")]
    ends = [parent] if depends == "parent" else [child] if depends == "child" else [parent, child]
    fault = ("relation", "misses parent, child or type", "complete it")
    return [RejectedRecord("dependency", where, parent or child, *fault, about=end) for end in dict.fromkeys(ends)]


def _by_class(rule: RelationRule, body: Mapping[str, Any], reversed_: bool) -> str:
    """Returns which side depends: services and clusters depend on what they contain, what stands in another thing depends on it.
    The parent contains, or reversed the child."""
    container, content = ("child", "parent") if reversed_ else ("parent", "child")
    words = text_of(pick(body, rule.child_class if reversed_ else rule.parent_class))
    return container if any(fnmatchcase(words, name) for name in rule.parent_depends_classes) else content
