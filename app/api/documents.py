"""Answers as JSON documents: what the API sends and `--json` prints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any


@cache
def _names(cls: type) -> tuple[str, ...]:
    return tuple(entry.name for entry in fields(cls))


def document(value: Any) -> Any:
    """Dataclasses become objects, times ISO 8601 in UTC, everything else what JSON has."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {name: document(getattr(value, name)) for name in _names(type(value))}
    if isinstance(value, Mapping):
        return {str(key): document(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [document(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item"):
        return document(value.item())
    return [document(item) for item in value]


def as_json(value: Any, indent: int | None = None) -> str:
    """Strict JSON: a NaN or an infinity in an answer is a defect and raises."""
    separators = (",", ":") if indent is None else None
    return json.dumps(document(value), ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
