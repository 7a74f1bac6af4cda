"""Schemas of answers, made from the result dataclasses: one home for each fact."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

import marshmallow as ma

PLAIN: dict[Any, type[ma.fields.Field[Any]]] = {
    str: ma.fields.String,
    int: ma.fields.Integer,
    float: ma.fields.Float,
    bool: ma.fields.Boolean,
    datetime: ma.fields.AwareDateTime,
    object: ma.fields.Raw,
    Any: ma.fields.Raw,
}


@cache
def schema_of(cls: type) -> type[ma.Schema]:
    """The marshmallow schema of a result dataclass; named after it, every field required, unknown ones refused."""
    hints = get_type_hints(cls)
    fields: dict[str, Any] = {name: _field(hint) for name, hint in hints.items()}
    fields["Meta"] = type("Meta", (), {"unknown": ma.RAISE})
    fields["__doc__"] = cls.__doc__
    return type(cls.__name__ + "Schema", (ma.Schema,), fields)


def _field(hint: Any, allow_none: bool = False) -> ma.fields.Field[Any]:
    options: dict[str, Any] = {"required": True, "allow_none": allow_none}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (typing.Union, types.UnionType):
        inner = [argument for argument in arguments if argument is not type(None)]
        if len(inner) == 1:
            return _field(inner[0], allow_none=len(inner) < len(arguments))
        return ma.fields.Raw(**options)
    if origin in (list, Sequence, tuple):
        return ma.fields.List(_field(arguments[0]), **options)
    if origin in (dict, Mapping):
        return ma.fields.Dict(keys=_field(arguments[0]), values=_field(arguments[1], allow_none=True), **options)
    if is_dataclass(hint):
        return ma.fields.Nested(schema_of(typing.cast(type, hint)), **options)
    return PLAIN[hint](**options)
