"""The one gate for JSON from outside: bodies of requests, uploads, files, answers of sources.

What JSON does not have (NaN, Infinity, a key twice, half a character) and what no store or parser should hold (1e999, nesting
without end, more values than allowed) is refused with a sentence. Every step is linear in the input.
"""

from __future__ import annotations

import json
import re
from itertools import accumulate
from math import isfinite
from typing import Any, NoReturn

from app.domain.errors import InvalidInput, LimitExceeded

DEPTH = 64
SAID = 200  # characters of the parser's own message
PASSES = 8  # levels that are taken away by replacing; what is deeper is counted sign by sign

_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'[]{}"\\'))
_ALIKE = bytes.maketrans(b"{}", b"[]")
_STEP = [1 if sign == ord("[") else -1 if sign == ord("]") else 0 for sign in range(256)]
_HALF = re.compile(rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})")


def strict_json(text: bytes, name: str, depth: int = DEPTH, values: int | None = None, finite: bool = False) -> Any:
    """Returns the value of a JSON text.

    LimitExceeded where it is deeper or holds more values than allowed, InvalidInput where it is not strict JSON in UTF-8.
    `finite`: refuse numbers that overflow here, and not with the record that they stand in.
    """
    check_depth(text, name, depth)
    if values is not None and text.count(b",") >= values and _without_strings(text).count(b",") >= values:
        raise LimitExceeded(f"{name} holds more than {values:,} values")
    try:
        return json.loads(
            text.decode("utf-8-sig"),
            object_pairs_hook=_no_twins,
            parse_constant=_no_number,
            parse_float=_finite if finite else None,
        )
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{name} is not strict JSON: {str(error)[:SAID]}") from None


def check_depth(text: bytes, name: str, limit: int = DEPTH) -> None:
    """Refuses nesting before a parser walks it; brackets inside strings do not count.

    >>> check_depth(b'{"a": [1, "]", "\\\\"]}', "x", 2)
    >>> check_depth(b'{"a": [[]]}', "x", 2)
    Traceback (most recent call last):
    app.domain.errors.LimitExceeded: x is nested deeper than 2
    """
    brackets = text.translate(None, _NOT_STRUCTURE).replace(b'""', b"")  # strings that hold none of these signs
    if b'"' in brackets or b"\\" in brackets:
        brackets = _without_strings(text).translate(None, _NOT_BRACKETS)
    brackets, levels = brackets.translate(_ALIKE), 0
    while levels < PASSES and b"[]" in brackets:
        levels += 1
        brackets = brackets.replace(b"[]", b"")
    if levels + max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > limit:
        raise LimitExceeded(f"{name} is nested deeper than {limit}")


def has_halves(text: bytes) -> bool:
    r"""Whether JSON writes half a character (a lone surrogate).

    >>> has_halves(rb'["\ud83d\ude00", "\\ud800"]'), has_halves(rb'["\ud800"]')
    (False, True)
    """
    return rb"\u" in text and any(match.group(1) for match in _HALF.finditer(text))


def without_halves(text: bytes) -> bytes:
    r"""Returns JSON in which each half character is replaced by the mark by which its record is refused, so that the rest can be
    read.

    >>> without_halves(rb'["\ud83d\ude00", "\ud800", "\\ud800"]') == rb'["\ud83d\ude00", "\uffff", "\\ud800"]'
    True
    """
    return _HALF.sub(lambda found: rb"\uffff" if found.group(1) else found.group(), text) if rb"\u" in text else text


def _without_strings(text: bytes) -> bytes:
    """Returns what stands outside of strings.

    Escaped backslashes go first, then escaped quotes; each quote that is left begins or ends a string.
    """
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(text.replace(b'""', b"").split(b'"')[::2])


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        seen: set[str] = set()
        twin = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twin[:80]!r} is given twice")
    return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text[:40]} is not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    return value if isfinite(value) else _no_number(text)
