"""The change list: what a sync would do or did, line by line, in words that outlive numbers (keys, not ids).

Lines are made one at a time and summed up, so that a list of millions has its counts, its first lines and its digest at the cost
of a stream. The digest does not depend on the order of lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from app.domain.payloads import canonical

NOUNS = ("ci", "dependency", "group", "service", "incident", "observation", "record", "open need")  # in the order of the list
WORDS = ("retired", "changed", "created")  # the most dangerous first
KEPT = 1_000  # lines of one noun and word; the totals count all
_BITS = 128


@dataclass(frozen=True, slots=True)
class Change:
    """One line. `of`: class of the CI, kind of the dependency or group; `values`: attribute -> [old, new], for those that
    differ."""

    noun: str
    word: str  # retired, changed, created
    key: str
    of: str
    values: Mapping[str, Sequence[Any]]

    def place(self) -> tuple[int, int, str]:
        return NOUNS.index(self.noun), WORDS.index(self.word), self.key

    def text(self) -> str:
        """Returns the line as canonical JSON: equal changes give equal bytes.

        >>> Change("ci", "changed", "cmdb:ci:a", "server", {"site": [None, "fra"]}).text()
        '{"key":"cmdb:ci:a","noun":"ci","of":"server","values":{"site":[null,"fra"]},"word":"changed"}'
        """
        return canonical({"key": self.key, "noun": self.noun, "of": self.of, "values": self.values, "word": self.word})


@dataclass(frozen=True, slots=True)
class Total:
    noun: str
    word: str
    of: str
    count: int


@dataclass(slots=True)
class ChangeList:
    """Counts of all lines, the first KEPT of each noun and word, and a digest of all."""

    kept: int = KEPT
    _counts: dict[tuple[str, str, str], int] = field(default_factory=dict)
    _first: dict[tuple[str, str], list[tuple[str, str, Change]]] = field(default_factory=dict)
    _sum: int = 0

    def take(self, changes: Iterable[Change]) -> None:
        for change in changes:
            text = change.text()
            self._sum += int.from_bytes(blake2b(text.encode(), digest_size=_BITS // 8).digest(), "big")
            counted = (change.noun, change.word, change.of)
            self._counts[counted] = self._counts.get(counted, 0) + 1
            first = self._first.setdefault((change.noun, change.word), [])
            first.append((change.key, text, change))
            if len(first) >= 2 * self.kept:
                self._cut(first)

    def _cut(self, first: list[tuple[str, str, Change]]) -> None:
        first.sort(key=lambda line: line[:2])
        del first[self.kept :]

    def __len__(self) -> int:
        return sum(self._counts.values())

    def totals(self) -> list[Total]:
        ordered = sorted(self._counts.items(), key=lambda item: (NOUNS.index(item[0][0]), WORDS.index(item[0][1]), item[0][2]))
        return [Total(*what, count) for what, count in ordered]

    def lines(self) -> list[Change]:
        """Returns lines in order of noun, word and key, at most KEPT of each noun and word."""
        lines: list[Change] = []
        for noun in NOUNS:
            for word in WORDS:
                first = self._first.get((noun, word), [])
                self._cut(first)
                lines += [change for _, _, change in first]
        return lines

    def digest(self) -> str:
        """Returns the digest of all lines, whatever their order: two lists of equal digest hold the same lines."""
        return f"{len(self)}-{self._sum % (1 << _BITS):032x}"
