"""The gate for JSON from outside: what it refuses, and that no input costs more than its length."""

from __future__ import annotations

import json
import time
from itertools import cycle, islice

import pytest

from app.domain.errors import InvalidInput, LimitExceeded
from app.domain.strict_json import DEPTH, check_depth, strict_json

MEBIBYTE = 1 << 20


def repeated(text: str, size: int = MEBIBYTE) -> bytes:
    return (text * (size // len(text) + 1))[:size].encode()


COSTLY = {
    "escaped quotes in a string without end": b'{"a":"' + repeated('\\"'),
    "backslashes in a string without end": b'{"a":"' + repeated("\\"),
    "strings without end after escapes": repeated('"\\"'),
    "quotes": repeated('"'),
    "opened lists": repeated("["),
    "opened lists and objects": repeated('[{"a":'),
    "closed lists side by side": b"[" + repeated("[],", MEBIBYTE // 3 * 3) + b"[]]",
    "closed pairs, deep, side by side": b"[" + repeated("[" * 40 + "]" * 40 + ",") + b"0]",
    "closed before opened": repeated("]["),
    "crossed pairs": repeated("[{]}"),
    "a key twice at the end": b"{" + b",".join(b'"%d":0' % n for n in range(60_000)) + b',"59999":0}',
    "a number without end": repeated("1"),
    "digits behind a point": b"0." + repeated("1"),
    "halves of characters": b'["' + repeated("\\ud800") + b'"]',
    "commas": b"[" + repeated(",") + b"]",
    "blanks": repeated(" \n\t"),
    "letters of escapes": b'["' + repeated("\\u00e9") + b'"]',
}


@pytest.mark.parametrize("name", COSTLY)
def test_no_input_of_a_mebibyte_costs_more_than_seconds(name: str) -> None:
    started = time.process_time()
    with pytest.raises(InvalidInput) as refused:
        strict_json(COSTLY[name] + b"]", "x", values=1_000_000)
    assert len(refused.value.message) < 400
    assert time.process_time() - started < 5.0  # a quadratic check takes minutes


@pytest.mark.parametrize(
    "text",
    [b"NaN", b"[Infinity]", b"-Infinity", b'{"a": 1, "a": 2}', b"[1_000]", "[１２]".encode(), b"[01]", b"[+1]", b"[.5]",
     b"[1.]", b"[0x10]",
     b"{'a': 1}", b"[1,]", b'{"a": 1,}', b"// no\n1", b"", b" ", b"[1] 2", b'"\x00"', b'"\n"', b'"\\x41"', b'"\\u12"',
     b"\xff\xfe[\x00]\x00",
     b"\xff", b'"\xed\xa0\x80"', b"nul", b"True", b"[" + b"9" * 5000 + b"]", "[1\u00a0]".encode()],
)  # fmt: skip
def test_what_is_not_strict_json_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidInput, match="the body is not strict JSON"):
        strict_json(text, "the body")


def test_numbers_that_overflow_are_refused_where_they_could_not_be_kept_apart() -> None:
    with pytest.raises(InvalidInput, match="1e999"):
        strict_json(b"[1e999]", "x", finite=True)


@pytest.mark.parametrize(
    "value", [0, -1.5e-3, 'a\u00e9\U0001f600\\"[{', [], {}, {"a": [1, {"b": None}]}, True, [["]"], {"}": "\\"}]]
)
def test_strict_json_is_read_as_it_is_meant(value: object) -> None:
    for form in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=2)):
        assert strict_json(form.encode(), "x") == value


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_depth_is_counted_exactly(opening: str) -> None:
    for levels in (1, 7, 8, 9, 20, DEPTH, DEPTH + 1, 500):
        opened = "".join(islice(cycle(part for part in opening.replace("[{", "[ {").split()), levels))
        closed = "".join("]" if sign == "[" else "}" for sign in reversed(opened) if sign in "[{")
        text = (opened + "0" + closed).encode()
        if levels <= DEPTH:
            check_depth(text, "x")
            strict_json(text, "x")
        else:
            with pytest.raises(LimitExceeded, match=f"deeper than {DEPTH}"):
                check_depth(text, "x")


def test_values_are_counted_outside_of_strings() -> None:
    assert strict_json(b'["a,b,c,d", "\\",,,"]', "x", values=2) == ["a,b,c,d", '",,,']
    with pytest.raises(LimitExceeded, match="more than 2 values"):
        strict_json(b"[1,2,3]", "x", values=2)
