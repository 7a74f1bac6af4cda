"""The texts that a CI answers to: its key, its name and its aliases, compared case folded.

A store indexes the folded values only. Which alias matched, as the source wrote it, is read from the CI's own row.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence

from app.domain.errors import InvalidInput


def entries(key: str, name: str, aliases: str) -> Iterator[tuple[str, str]]:
    """Returns (kind, value) of everything that the CI answers to: the key first, then the name, then the aliases."""
    yield "key", key
    if name:
        yield "name", name
    if aliases:
        yield from map(tuple, json.loads(aliases))


def folded_values(keys: Sequence[str], names: Sequence[str], aliases: Sequence[str]) -> list[list[str]]:
    """Returns the folded values of each row without repeats, with one call of the JSON parser for all rows."""
    try:
        lists = json.loads("[" + ",".join([text or "[]" for text in aliases]) + "]")
        if len(lists) != len(aliases):
            raise ValueError("an alias text holds more than one list")
        return [
            sorted({key.casefold(), name.casefold(), *[value.casefold() for _, value in pairs]} - {""})
            for key, name, pairs in zip(keys, names, lists, strict=True)
        ]
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidInput(f"aliases are not a JSON list of [kind, value]: {error}", field="aliases") from error


def match(
    key: str, name: str, aliases: str, folded: str, anywhere: bool = False, kinds: Collection[str] | None = None
) -> tuple[str, str] | None:
    """Returns the first entry of one of `kinds` whose folded value equals `folded` (or holds it); None where there is none."""
    for kind, value in entries(key, name, aliases):
        if kinds is not None and kind not in kinds:
            continue
        own = value.casefold()
        if own == folded or (anywhere and folded in own):
            return kind, value
    return None
