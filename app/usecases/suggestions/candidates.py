"""Pairs of CIs that are worth a comparison: those that share something rare. Never all pairs.

The cost is bounded: every CI brings at most `KEYS` keys, a key that more than `BLOCK` CIs hold is passed over, and of the pairs
at most `PAIRS` are compared, those of the rarest keys first.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations

from app.domain.identity_spelling import FQDN, HOST, host_of
from app.usecases.suggestions.alike import words_of

KEYS, BLOCK, PAIRS = 12, 20, 500_000
SERIAL_START = 6


def keys_of(name: str, identifiers: Iterable[tuple[str, str]]) -> list[str]:
    """Returns what a CI is found by: words of its name, addresses, MACs, the name of its host, the start of its serial number.

    >>> keys_of("DB payment", [("serial", "CZ1234XY"), ("fqdn", "db1.example")])
    ['n:db payment', 'n:payment', 's:CZ1234', 'serial:CZ1234XY', 'n:db1']
    """
    words = words_of(name)
    keys = [f"n:{' '.join(words)}", *(f"n:{word}" for word in words if len(word) > 2)]
    for kind, value in identifiers:
        if kind in ("address", "mac") or kind in ("uuid", "cloud_id", "asset_tag"):
            keys.append(f"{kind}:{value}")
        elif kind == "serial" and len(value) > SERIAL_START:
            keys += [f"s:{value[:SERIAL_START]}", f"serial:{value}"]
        elif kind in (FQDN, HOST):
            keys.append(f"n:{host_of(value)}")
    return list(dict.fromkeys(keys))[:KEYS]


class Blocks:
    """Keys by hash, 12 bytes each, so that a million CIs fit; a pair that only shares a hash scores no points."""

    def __init__(self) -> None:
        self._hashes, self._rows = array("q"), array("i")

    def add(self, row: int, keys: Sequence[str]) -> None:
        for key in keys:
            self._hashes.append(hash(key))
            self._rows.append(row)

    def pairs(self, possible: Callable[[int, int], bool], most: int = PAIRS) -> tuple[list[tuple[int, int]], bool]:
        """Returns pairs of rows (a < b), each once, and whether there were more: the rarest keys come first, then the first
        rows."""
        pairs: dict[tuple[int, int], None] = {}
        for rows in sorted(self._shared(), key=lambda rows: (len(rows), rows)):
            for pair in combinations(rows, 2):
                if pair not in pairs and possible(*pair):
                    if len(pairs) == most:
                        return list(pairs), True
                    pairs[pair] = None
        return list(pairs), False

    def _shared(self) -> Iterator[tuple[int, ...]]:
        hashes, rows = self._hashes, self._rows
        order = sorted(range(len(hashes)), key=hashes.__getitem__)
        start = 0
        while start < len(order):
            end = start + 1
            while end < len(order) and hashes[order[end]] == hashes[order[start]]:
                end += 1
            if 1 < end - start <= BLOCK:
                yield tuple(sorted({rows[at] for at in order[start:end]}))
            start = end
