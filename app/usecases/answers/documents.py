"""Answers as JSON documents: what the API sends and `--json` prints. An unknown number (NaN) is null."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder(enc_hook=lambda value: _plain(value))


def _plain(value: Any) -> Any:
    """Turns what JSON has no word for into what it has: arrays and numbers of the risk room, paths, mappings that are not
    dicts."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be sent")


def as_bytes(value: Any) -> bytes:
    """Returns an answer as JSON: dataclasses become objects, times ISO 8601."""
    return _ENCODER.encode(value)


def as_json(value: Any, indent: int | None = None) -> str:
    """Returns the same as text, indented for people."""
    raw = as_bytes(value)
    return (msgspec.json.format(raw, indent=indent) if indent else raw).decode()
