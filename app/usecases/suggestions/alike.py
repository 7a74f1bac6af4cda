"""How much two CIs that no rule joins look like one: points for what is alike and against what is not, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein
from rapidfuzz.fuzz import token_set_ratio, token_sort_ratio

TELLING = ("serial", "uuid", "cloud_id")
ONE_THINGS = (*TELLING, "mac", "asset_tag")  # what only one thing should have: such a pair is in doubt until a person decides
LEAST = 60  # points below which a pair is not worth a person's look

_WORDS, _DIGITS = re.compile(r"[^\W_]+"), re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Look:
    """What is compared of a CI. `identifiers`: kind -> values, as its records hold them."""

    name: str
    ci_class: str
    site: str
    identifiers: dict[str, frozenset[str]]

    def held(self, kind: str) -> frozenset[str]:
        return self.identifiers.get(kind, frozenset())


def words_of(name: str) -> list[str]:
    """Returns the words of a name in lower case.

    >>> words_of("DB-Payment_01.fra.example")
    ['db', 'payment', '01', 'fra', 'example']
    """
    return _WORDS.findall(name.casefold())


def alike(a: Look, b: Look) -> tuple[int, Sequence[str]]:
    """Returns points, 0 to 100, and reasons.

    Names with different numbers ("web01", "web02") count a third: they are siblings, seldom one.

    >>> alike(Look("old-web01", "server", "", {}), Look("web01", "server", "", {}))[0]
    61
    """
    one, other = " ".join(words_of(a.name)), " ".join(words_of(b.name))
    ratio = (token_sort_ratio(one, other) + token_set_ratio(one, other)) / 2  # the second: a word more or less is no great matter
    siblings = _DIGITS.findall(one) != _DIGITS.findall(other)
    points = ratio * (0.2 if siblings else 0.6)
    reasons = [f"names {ratio:.0f} % alike: {a.name!r}, {b.name!r}"] + (["numbers in the names differ"] if siblings else [])
    if a.ci_class == b.ci_class:
        points += 10
        reasons.append(f"both of class {a.ci_class}")
    if a.site and a.site.casefold() == b.site.casefold():
        points += 5
        reasons.append(f"both at {a.site}")
    for kind, worth in (("address", 25), ("mac", 40), ("host", 20)):
        if shared := a.held(kind) & b.held(kind):
            points += worth
            reasons.append(f"both have {kind} {min(shared)}")
    for kind in ("uuid", "cloud_id", "asset_tag"):
        if shared := a.held(kind) & b.held(kind):
            points += 40
            reasons.append(f"both have {kind} {min(shared)}")
    more, reason = _serials(a.held("serial"), b.held("serial"))
    least = LEAST if any(a.held(kind) & b.held(kind) for kind in ONE_THINGS) else 0  # no rule joins them: a person should look
    return max(least, min(100, round(points + more))), reasons + reason


def _serials(one: frozenset[str], other: frozenset[str]) -> tuple[float, list[str]]:
    pairs = sorted((Levenshtein.distance(a, b), a, b) for a in one for b in other)
    if not pairs:
        return 0.0, []
    distance, a, b = pairs[0]
    if distance == 0:
        return 40.0, [f"both have serial {a}"]
    if distance == 1 and min(len(a), len(b)) >= 6:
        return 30.0, [f"serials differ by one sign: {a}, {b}"]
    return -25.0, [f"serials differ: {a}, {b}"]
