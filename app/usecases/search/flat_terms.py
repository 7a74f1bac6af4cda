"""The terms of many CIs at once, read off the blobs of their texts; a CI with a sign beyond printable ASCII is read text by
text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.domain.columns import Texts
from app.domain.json_columns import aliases_of_all
from app.usecases.search.terms import TERM_BYTES, WHOLE, folded, terms_of

BLOCK = 50_000  # CIs whose terms are made at once
TERM = f"S{TERM_BYTES}"
BLANK, QUOTE, BACKSLASH = b' "\\'
_BYTES = np.arange(256)
_LOWER = np.frombuffer(bytes(range(256)).lower(), np.uint8)
_ALNUM = np.asarray([chr(byte).isascii() and chr(byte).isalnum() for byte in range(256)])
_PRINTABLE = (_BYTES >= BLANK) & (_BYTES < 127)
_FIRST = np.asarray([bytes([255] * length).ljust(TERM_BYTES, b"\0") for length in range(TERM_BYTES + 1)], TERM)
_MASKS = _FIRST.view(np.uint64).reshape(TERM_BYTES + 1, -1)  # the first so many bytes of a term
_Found = tuple[Any, Any]  # S32[n] terms and int64[n] rows that have them


def terms_of_cis(keys: Texts, names: Texts, aliases: Texts) -> tuple[Any, Any]:
    """Returns S32[n] terms in order and int32[n] the row of the CI of each; a CI has a term once, its rows are in order."""
    parts = []
    for first in range(0, len(keys), BLOCK):
        terms, rows = _of_block(*(_stretch(texts, first, first + BLOCK) for texts in (keys, names, aliases)))
        parts.append((terms, (rows + first).astype(np.int32)))
    return _in_order(parts)


def _in_order(parts: Sequence[_Found]) -> _Found:
    terms = np.concatenate([np.zeros(0, TERM), *(terms for terms, _ in parts)])
    rows = np.concatenate([np.zeros(0, np.int32), *(rows for _, rows in parts)])
    order = np.argsort(terms, kind="stable")
    return terms[order], rows[order]


def _of_block(keys: Texts, names: Texts, aliases: Texts) -> _Found:
    plain = ~(_holds(keys, ~_PRINTABLE) | _holds(names, ~_PRINTABLE) | _holds(aliases, ~_PRINTABLE | (_BYTES == BACKSLASH)))
    keys_seen, names_seen, aliases_seen = (_seen(texts, plain) for texts in (keys, names, aliases))
    starts, ends, owners = _values(aliases_seen, aliases.offsets)
    inside = np.zeros(len(aliases_seen) + 1, np.int8)
    inside[starts] += 1
    inside[ends] -= 1
    values_seen = np.where(np.cumsum(inside[:-1], dtype=np.int8) > 0, aliases_seen, np.uint8(BLANK))
    found = [
        _terms(keys_seen, keys.offsets),
        _terms(names_seen, names.offsets),
        _terms(values_seen, aliases.offsets),
        _whole(names_seen, names.offsets[:-1], names.offsets[1:], np.arange(len(names))),
        _whole(values_seen, starts, ends, owners),
        _one_by_one(keys, names, aliases, np.flatnonzero(~plain)),
    ]
    terms = np.concatenate([terms for terms, _ in found])
    rows = np.concatenate([rows for _, rows in found])
    by_row = np.argsort(rows, kind="stable")
    terms, rows = _in_order([(terms[by_row], rows[by_row])])
    new = np.ones(len(terms), np.bool_)
    new[1:] = (terms[1:] != terms[:-1]) | (rows[1:] != rows[:-1])
    return terms[new], rows[new]


def _stretch(texts: Texts, first: int, last: int) -> Texts:
    offsets = np.asarray(texts.offsets)[first : last + 1]
    return Texts(np.asarray(texts.blob)[offsets[0] : offsets[-1]], offsets - offsets[0])


def _counted(marks: Any) -> Any:
    """Returns int64[n + 1]: how many of the first so many bytes are marked."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(marks)])


def _holds(texts: Texts, wanted: Any) -> Any:
    """Returns bool[N]: whether a text holds one of the bytes."""
    counts = _counted(wanted[texts.blob])
    return counts[texts.offsets[1:]] > counts[texts.offsets[:-1]]


def _seen(texts: Texts, plain: Any) -> Any:
    """Returns the bytes of the texts without case, blanks for those of other CIs."""
    blob = _LOWER[texts.blob]
    return blob if plain.all() else np.where(np.repeat(plain, np.diff(texts.offsets)), blob, np.uint8(BLANK))


def _values(blob: Any, offsets: Any) -> tuple[Any, Any, Any]:
    """Returns where the values of aliases begin and end, and whose they are: of each four quotes, between the last two."""
    quotes = np.flatnonzero(blob == QUOTE).reshape(-1, 4)
    return quotes[:, 2] + 1, quotes[:, 3], np.searchsorted(offsets, quotes[:, 0], "right") - 1


def _terms(blob: Any, offsets: Any) -> _Found:
    """Returns the terms of texts without case: from each begin of a word, and of what follows a blank, to the next blank."""
    first = np.zeros(len(blob) + 1, np.bool_)
    first[offsets] = True  # of a text, or the end of the last
    blank = blob == BLANK
    after_blank = first[:-1].copy()
    after_blank[1:] |= blank[:-1]
    word = _ALNUM[blob]
    begins = word.copy()
    begins[1:] &= ~word[:-1]
    begins = np.flatnonzero(~blank & (after_blank | begins))
    first[:-1] |= blank
    stops = np.flatnonzero(first)
    ends = stops[np.cumsum(first)[begins]]
    counts = np.searchsorted(begins, offsets)
    return _cut(blob, begins, ends), np.repeat(np.arange(len(offsets) - 1), np.diff(counts))


def _whole(blob: Any, starts: Any, ends: Any, owners: Any) -> _Found:
    """Returns the terms that say that a text is one word."""
    others = _counted(~_ALNUM[blob])
    one = (others[ends] == others[starts]) & (ends > starts)
    terms = _cut(np.concatenate([np.zeros(1, np.uint8), blob]), starts[one], ends[one] + 1)
    terms.view(np.uint8).reshape(-1, TERM_BYTES)[:, 0] = ord(WHOLE)
    return terms, owners[one]


def _cut(blob: Any, starts: Any, ends: Any) -> Any:
    """Returns the stretches of a blob as terms, without what is beyond the length of a term."""
    padded = np.concatenate([blob, np.zeros(TERM_BYTES, np.uint8)])
    cut = np.lib.stride_tricks.sliding_window_view(padded, TERM_BYTES)[starts]
    words = np.ascontiguousarray(cut).view(np.uint64)
    words &= _MASKS[np.minimum(ends - starts, TERM_BYTES)]
    return words.view(TERM).reshape(-1)


def _one_by_one(keys: Texts, names: Texts, aliases: Texts, rows: Any) -> _Found:
    terms: list[bytes] = []
    lengths = []
    for key, name, more in zip(keys.at(rows), names.at(rows), aliases_of_all(aliases.at(rows)), strict=True):
        texts = [name, *(value for _, value in more)]
        words = [folded(text) for text in texts if text.isalnum() or not text.isascii()]
        own = {*terms_of(folded(" ".join((key, *texts)))), *(WHOLE + word for word in words if word.isalnum())}
        terms += (term.encode()[:TERM_BYTES] for term in own)
        lengths.append(len(own))
    return np.asarray(terms, TERM), np.repeat(rows, lengths)
