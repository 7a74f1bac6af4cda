"""The terms under which a text is found: every word of it, and what follows that word up to the next blank.

So `web-17.fra1.example` is found by `web-17`, `17.fra1` and `fra1.ex`: a searched word is the beginning of a term.
"""

from __future__ import annotations

import re
from unicodedata import normalize

from app.domain.texts import one_form

TERM_BYTES = 32  # of a term that are kept; a longer word is held against the text itself
WHOLE = "\x01"  # begins the term of a text that is one word: a CI of that very name comes first
LEAST_FOR_ERRORS = 4  # signs of a word in which a typing error is forgiven
_TERM = re.compile(r"(?:(?<![^\W_])(?=[^\W_])|(?<!\S)(?=\S))(?=(\S+))")


def folded(text: str) -> str:
    """Returns a text as it is compared: compatible signs as one (NFKC), without case, one kind of blank.

    >>> folded("\uff37eb-01  STRASSE"), folded("Stra\u00dfe"), folded("\u2460")
    ('web-01 strasse', 'strasse', '1')
    """
    return one_form(text.lower() if text.isascii() else _nfkc(_nfkc(text).casefold()))


def _nfkc(text: str) -> str:
    return text if text.isascii() else normalize("NFKC", text)


def terms_of(text: str) -> list[str]:
    """Returns the terms of a folded text.

    >>> terms_of("core sw-1.fra1")
    ['core', 'sw-1.fra1', '1.fra1', 'fra1']
    >>> terms_of("10.0.0.1"), terms_of("*")
    (['10.0.0.1', '0.0.1', '0.1', '1'], ['*'])
    """
    return _TERM.findall(text)


def with_one_error(word: str, signs: str) -> set[str]:
    """Returns the word as it may have been meant: one sign left out, put in, changed, or two neighbours swapped.

    >>> sorted(with_one_error("ab", "x"))
    ['a', 'ax', 'axb', 'b', 'ba', 'xab', 'xb']
    """
    parts = [(word[:place], word[place:]) for place in range(len(word))]
    meant = {before + after[1:] for before, after in parts}
    meant |= {before + after[1] + after[0] + after[2:] for before, after in parts if len(after) > 1}
    meant |= {before + sign + after[1:] for before, after in parts for sign in signs}
    meant |= {before + sign + after for before, after in parts for sign in signs}
    return meant - {word, ""}
