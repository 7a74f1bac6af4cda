"""The text under which a source record is kept in the ledger, and its hash.

A payload is canonical JSON of a `CiRecord` without the fields that hold their default, so equal records give equal texts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import MISSING, fields
from hashlib import blake2b
from operator import attrgetter
from typing import Any

from app.domain.records import CiRecord

_FIELDS = fields(CiRecord)
_NAMES = tuple(field.name for field in _FIELDS)
_DEFAULTS = tuple(
    field.default
    if field.default is not MISSING
    else (field.default_factory() if field.default_factory is not MISSING else MISSING)
    for field in _FIELDS
)
_VALUES: Callable[[CiRecord], tuple[Any, ...]] = attrgetter(*_NAMES)
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode


def canonical(value: object) -> str:
    """JSON text with sorted keys and no blanks.

    >>> canonical({"b": 1, "a": ["é"]})
    '{"a":["é"],"b":1}'
    """
    return _ENCODE(value)


def payload_of(record: CiRecord) -> str:
    return _ENCODE(
        {name: value for name, value, default in zip(_NAMES, _VALUES(record), _DEFAULTS, strict=True) if value != default}
    )


def record_of(payload: str) -> CiRecord:
    body: dict[str, Any] = json.loads(payload)
    for name in ("identifiers", "aliases"):
        if name in body:
            body[name] = tuple((kind, value) for kind, value in body[name])
    return CiRecord(**body)


def content_hash(payload: str) -> int:
    """64 signed bits of BLAKE2b; raises UnicodeEncodeError where the text is not valid Unicode."""
    return int.from_bytes(blake2b(payload.encode(), digest_size=8).digest(), "little", signed=True)
