"""Reading whole files within limits of bytes and depth, strictly."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NoReturn

from app.domain.errors import InvalidInput, LimitExceeded, SourceFailed

FILE_BYTES = 512 << 20
DEPTH = 64
STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
NOT_STRUCTURE = bytes(set(range(256)) - set(b'[]{}"\\'))


def read_bytes(path: Path, limit: int = FILE_BYTES) -> bytes:
    try:
        if path.stat().st_size > limit:
            raise LimitExceeded(f"{path.name} is larger than {limit >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise SourceFailed(f"{path.name} cannot be read: {error.strerror}") from error


def check_depth(text: bytes, name: str, limit: int = DEPTH) -> None:
    """Refuse nesting before a parser walks it; brackets inside strings do not count. Pairs are taken away from the inside, level by level.

    >>> check_depth(b'{"a": [1, "]", "\\\\"]}', "x", 2)
    >>> check_depth(b'{"a": [[]]}', "x", 2)
    Traceback (most recent call last):
    app.domain.errors.LimitExceeded: x is nested deeper than 2
    """
    brackets = text.translate(None, NOT_STRUCTURE).replace(b'""', b"")  # strings that hold none of these signs
    if b'"' in brackets or b"\\" in brackets:
        brackets = STRING.sub(b"", text).translate(None, NOT_BRACKETS)
    levels = 0
    while b"{}" in brackets or b"[]" in brackets:
        levels += 1
        if levels > limit:
            raise LimitExceeded(f"{name} is nested deeper than {limit}")
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    if max(brackets.count(b"{"), brackets.count(b"[")) > limit:  # never closed
        raise LimitExceeded(f"{name} is nested deeper than {limit}")


_HALF = re.compile(rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})")


def without_halves(text: bytes) -> bytes:
    r"""JSON in which half a character (a lone surrogate) is written as the mark by which its record is refused, so that the rest can be read.

    >>> without_halves(rb'["\ud83d\ude00", "\ud800", "\\ud800"]') == rb'["\ud83d\ude00", "\uffff", "\\ud800"]'
    True
    """
    return _HALF.sub(lambda found: rb"\uffff" if found.group(1) else found.group(), text) if rb"\u" in text else text


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
