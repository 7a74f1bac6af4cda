"""Texts in one form: composed letters (NFC) and one kind of blank, so that what looks alike is alike in keys, names and
questions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from unicodedata import normalize

NOT_UNICODE = "\uffff"  # what an importer puts where half a character stood: it is no character in any text
NO_TEXT = re.compile("[\ud800-\udfff\uffff]")
_UNSEEN = re.compile("[\u200b\u2060\ufeff]")  # zero-width blanks and marks; joiners belong to words
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def is_plain(text: str) -> bool:
    """Whether a text is certainly in its one form: a quick test, and nearly all texts pass it."""
    return text.isascii() and text.isprintable() and "  " not in text and text[:1] != " " and text[-1:] != " "


def one_form(text: str) -> str:
    """Returns a text in its one form.

    >>> one_form("mu\\u0308nchen") == "m\\u00fcnchen", one_form(" b\\u00a01\\t"), one_form("a\\u200bb  c")
    (True, 'b 1', 'ab c')
    """
    return text if is_plain(text) else _one_form(text)


@lru_cache(maxsize=4096)
def _one_form(text: str) -> str:
    return normalize("NFC", " ".join(_UNSEEN.sub("", text).split()))


def in_one_form(pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Returns texts in their one form.

    >>> in_one_form((("alias", "b\u00a01"),))
    (('alias', 'b 1'),)
    """
    return tuple((one_form(kind), one_form(text)) for kind, text in pairs)


def all_plain(texts: Iterable[str]) -> bool:
    """`is_plain` for many texts at once."""
    joined = "|".join(texts)
    return is_plain(joined) and " |" not in joined and "| " not in joined


def is_text(text: str) -> bool:
    """Whether a text is valid Unicode: without half a character (a lone surrogate) in it.

    >>> is_text("caf\\u00e9"), is_text("caf\\ud800")
    (True, False)
    """
    return text.isascii() or NO_TEXT.search(text) is None


def marked(text: str) -> str:
    """Returns a text that can be kept and sent: where half a character stood, there is a mark by which `is_text` knows it
    again."""
    return text if is_text(text) else NO_TEXT.sub(NOT_UNICODE, text)


def shown(text: str) -> str:
    """Returns a text for terminals: controls that turn the direction of writing are written out.

    >>> shown("srv\\u202e1")
    'srv<U+202E>1'
    """
    return text if text.isascii() else _BIDI.sub(lambda found: f"<U+{ord(found.group()):04X}>", text)


def loosely(text: str) -> str:
    """Returns a text without case, accents and signs: for "did you mean", never to decide.

    >>> loosely("Web-01"), loosely("M\u00fcnchen") == loosely("munchen"), loosely("--")
    ('web01', True, '')
    """
    return "".join(sign for sign in normalize("NFKD", text.casefold()) if sign.isalnum())
