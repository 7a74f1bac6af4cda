"""Mapping files, checked and as rules: an importer ships one, an admin extends it without code (importers/README.md, "Mapping
files").

A mapping names, list by list, the class of its rows, the field of the key, the references and what they mean; for typed
relations, the side that depends.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from app.domain.ci_classes import OTHER, ci_classes
from app.domain.errors import InvalidInput
from importers.mapping.units import UNITS

SIDES = ("parent", "child", "both", "by_class", "by_class_reversed", "none")
KINDS = ("hard", "soft", "supply")
NUMBERS = (
    "failures_per_year",
    "repair_hours",
    "repair_sigma",
    "unavailability",
    "failure_on_demand",
    "level_share",
    "restart_hours",
    "backup_interval_hours",
    "transfer_lag_hours",
)
TEXTS = (
    "name",
    "lifecycle",
    "environment",
    "site",
    "team",
    "supplier",
    "restore_pool",
    "starts_without",
    "failures_origin",
    "repair_origin",
    "repair_distribution",
)
EXPOSURES = ("customers", "money_per_hour", "mtpd_hours", "rto_hours", "rpo_hours", "mbco_share", "availability_target")
_a_class = validate.OneOf(list(ci_classes()))
_words = fields.Dict(fields.String(), fields.String())


class Strict(Schema):
    class Meta:
        unknown = RAISE


class ReferenceSchema(Strict):
    to = fields.String(load_default="")
    depends = fields.String(required=True, validate=validate.OneOf(("holder", "target")))
    kind = fields.String(load_default="hard", validate=validate.OneOf(KINDS))
    weight = fields.Float(load_default=None, allow_none=True, validate=validate.Range(0, 1, min_inclusive=False))
    relation = fields.String(load_default="")


class ListSchema(Strict):
    ci_class = fields.String(load_default=OTHER, data_key="class", validate=_a_class)
    class_field = fields.String(load_default="")
    source_class = fields.String(load_default="")
    key = fields.String(required=True)
    of = fields.String(load_default="")
    fields_ = fields.Dict(
        fields.String(validate=validate.OneOf((*TEXTS, *NUMBERS))), fields.String(), load_default=dict, data_key="fields"
    )
    identifiers = fields.Dict(fields.String(), fields.String(), load_default=dict)
    aliases = fields.Dict(fields.String(), fields.String(), load_default=dict)
    values = fields.Dict(fields.String(), _words, load_default=dict)
    references = fields.Dict(fields.String(), fields.Nested(ReferenceSchema), load_default=dict)
    attributes = fields.List(fields.String(), load_default=None, allow_none=True)
    service = fields.Boolean(load_default=False)
    service_if = fields.Dict(fields.String(), fields.String(), load_default=dict)
    skip_if = fields.Dict(fields.String(), fields.List(fields.String()), load_default=dict)
    only_if = fields.Dict(fields.String(), fields.List(fields.String()), load_default=dict)
    criticality = fields.String(load_default="")
    exposure = fields.Dict(fields.String(validate=validate.OneOf(EXPOSURES)), fields.String(), load_default=dict)
    units = fields.Dict(fields.String(), fields.String(validate=validate.OneOf(UNITS)), load_default=dict)
    optional = fields.Boolean(load_default=False)
    ask = fields.Dict(load_default=dict)


class SideSchema(Strict):
    depends = fields.String(required=True, validate=validate.OneOf(SIDES))
    kind = fields.String(load_default="hard", validate=validate.OneOf(KINDS))
    weight = fields.Float(load_default=None, allow_none=True, validate=validate.Range(0, 1, min_inclusive=False))


class SideField(fields.Nested):
    """A side that depends, given by its name, or with kind and weight."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return super()._deserialize({"depends": value} if isinstance(value, str) else value, *args, **kwargs)


class RelationsSchema(Strict):
    parent = fields.String(load_default="parent")
    child = fields.String(load_default="child")
    parent_class = fields.String(load_default="parentClass")
    child_class = fields.String(load_default="childClass")
    type = fields.String(load_default="type")
    named = fields.String(load_default="")
    with_class = fields.Boolean(load_default=False)
    unknown_type = fields.String(load_default="parent", validate=validate.OneOf(SIDES))
    parent_depends_classes = fields.List(fields.String(), load_default=list)
    types = fields.Dict(fields.String(), SideField(SideSchema), load_default=dict)
    optional = fields.Boolean(load_default=False)
    ask = fields.Dict(load_default=dict)


class MappingSchema(Strict):
    classes = fields.Dict(fields.String(), fields.String(validate=_a_class), load_default=dict)
    lists = fields.Dict(fields.String(), fields.Nested(ListSchema), load_default=dict)
    relations = fields.Dict(fields.String(), fields.Nested(RelationsSchema), load_default=dict)
    criticality = fields.Dict(
        fields.String(), fields.Dict(fields.String(validate=validate.OneOf(EXPOSURES)), fields.Float()), load_default=dict
    )


@dataclass(frozen=True, slots=True)
class Side:
    depends: str
    kind: str = "hard"
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class ListRule:
    """How rows of one list become CIs, or, with `of`, statements about the CI that this field names. `ask`: what the importer
    requests."""

    name: str
    ci_class: str
    class_field: str
    source_class: str
    key: str
    of: str
    fields_: Mapping[str, str]
    identifiers: Mapping[str, str]
    aliases: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    references: Mapping[str, Mapping[str, Any]]
    attributes: Sequence[str] | None
    service: bool
    service_if: Mapping[str, str]
    skip_if: Mapping[str, Sequence[str]]
    only_if: Mapping[str, Sequence[str]]
    criticality: str
    exposure: Mapping[str, str]
    units: Mapping[str, str]
    optional: bool
    ask: Mapping[str, Any]

    def gives(self) -> tuple[str, ...]:
        kinds = [] if self.of else ["ci"]
        if self.references:
            kinds.append("dependency")
        if self.of or self.exposure or self.criticality:
            kinds.append("service")
        return tuple(kinds)


@dataclass(frozen=True, slots=True)
class RelationRule:
    """How rows of one list become dependencies. `named`: the relation's word where rows have no type; `with_class`: ends are
    class and id."""

    name: str
    parent: str
    child: str
    parent_class: str
    child_class: str
    type: str
    named: str
    with_class: bool
    unknown_type: str
    parent_depends_classes: Sequence[str]
    types: Mapping[str, Side]
    optional: bool
    ask: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of a source. `classes`: the source's words for classes; `criticality`: what a level is worth as an exposure;
    `text`: the whole mapping, to tell whether it changed."""

    classes: Mapping[str, str]
    lists: Mapping[str, ListRule]
    relations: Mapping[str, RelationRule]
    criticality: Mapping[str, Mapping[str, float]]
    text: str = ""


def load_mapping(kind: str, shipped: str, own: str = "") -> RuleSet:
    """Returns the mapping that comes with a kind of source, with an admin's file laid over it: tables are merged, `false` takes
    an entry out."""
    table = _table(kind, shipped)
    if own:
        try:
            table = laid_over(table, _table(own, Path(own).read_text("utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"mapping {own} cannot be read", field="mapping") from error
    return rules_of(own or kind, table)


def rules_of(name: str, table: Mapping[str, Any]) -> RuleSet:
    try:
        body = MappingSchema().load(table)
    except ValidationError as error:
        raise InvalidInput(f"mapping {name}: {_faults(error.messages)}", field="mapping") from error
    relations = {}
    for place, row in body["relations"].items():
        sides = {word.casefold(): Side(**side) for word, side in row.pop("types").items()}
        relations[place] = RelationRule(name=place, types=sides, **row)
    lists = {
        place: ListRule(name=place, **{**row, "source_class": row["source_class"] or place})
        for place, row in body["lists"].items()
    }
    classes = {word.casefold(): ci_class for word, ci_class in body["classes"].items()}
    return RuleSet(classes, lists, relations, body["criticality"], repr(table))


def _table(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"mapping {name}: {error}", field="mapping") from error


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Returns one table laid over another.

    >>> laid_over({"a": {"x": 1, "y": 2}, "b": 3}, {"a": {"x": 9, "y": False}})
    {'a': {'x': 9}, 'b': 3}
    """
    merged = dict(below)
    for name, value in above.items():
        before = merged.get(name)
        if value is False and not isinstance(before, bool) and before is not None:
            del merged[name]
        elif isinstance(value, dict) and isinstance(before, dict):
            merged[name] = laid_over(before, value)
        else:
            merged[name] = value
    return merged


def _faults(messages: Any, path: str = "") -> str:
    """Returns marshmallow's messages as one line: lists.cmdb_ci_server.class: Invalid value."""
    if isinstance(messages, dict):
        return "; ".join(_faults(inner, f"{path}.{name}" if path else str(name)) for name, inner in messages.items())
    return f"{path}: {' '.join(map(str, messages)) if isinstance(messages, list) else messages}"
