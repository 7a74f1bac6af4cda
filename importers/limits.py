"""Reading whole files within limits of bytes and depth, strictly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from app.domain.errors import InvalidInput, LimitExceeded, SourceFailed

FILE_BYTES = 512 << 20
DEPTH = 64


def read_bytes(path: Path, limit: int = FILE_BYTES) -> bytes:
    try:
        if path.stat().st_size > limit:
            raise LimitExceeded(f"{path.name} is larger than {limit >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise SourceFailed(f"{path.name} cannot be read: {error.strerror}") from error


def check_depth(text: bytes, name: str, limit: int = DEPTH) -> None:
    """Refuse nesting before a parser walks it; brackets inside strings do not count."""
    depth = 0
    for part in _outside_strings(text):
        for byte in part:
            if byte in b"[{":
                depth += 1
                if depth > limit:
                    raise LimitExceeded(f"{name} is nested deeper than {limit}")
            elif byte in b"]}":
                depth -= 1


def _outside_strings(text: bytes) -> list[bytes]:
    brackets = text.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
    return [part.translate(None, b" \t\r\n0123456789:,.truefalsn-+E") for part in brackets[::2]]


def strict_json(text: bytes, name: str) -> Any:
    """JSON without NaN, Infinity, duplicate keys or deep nesting."""
    check_depth(text, name)
    try:
        return json.loads(text, object_pairs_hook=_no_twins, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{name} is not strict JSON: {error}") from error


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(n for n in names if names.count(n) > 1)!r} is given twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
