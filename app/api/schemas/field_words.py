"""What each field means, for the OpenAPI document: the words stand in `app/domain/field_words.toml`, by name, with exceptions by
schema; a question's field may bring its own."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import marshmallow as ma


@cache
def field_words() -> Mapping[str, Any]:
    """Returns the words as they stand in the file: name to sentence, and schema to its exceptions."""
    return tomllib.loads((resources.files("app.domain") / "field_words.toml").read_text(encoding="utf-8"))


def words_of(schema: str, name: str) -> str:
    """Returns what a field means, "" where nobody wrote it down.

    >>> words_of("Simulation", "rto_hours"), words_of("AreaRow", "rank")
    ('Recovery time objective, in hours. null: not given.', 'Place in the ranking, from 1.')
    """
    words = field_words()
    return str(words.get(schema, {}).get(name) or words.get(name, ""))


def describe_field(converter: Any, field: ma.fields.Field[Any], **_: Any) -> dict[str, str]:
    """Returns the description of a field of a schema, for apispec; a field inside a list or mapping has none of its own."""
    if "description" in field.metadata or not isinstance(field.parent, ma.Schema) or not field.name:
        return {}
    words = words_of(type(field.parent).__name__.removesuffix("Schema"), field.data_key or field.name)
    return {"description": words} if words else {}
