"""Keys of lists whose rows carry whole numbers: texts that sort as the numbers do."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field


def key_of(number: int) -> str:
    """Returns the number as a text that sorts as the number does.

    >>> key_of(42)
    '000000000042'
    """
    return f"{number:012d}"


def keys_between(keys: Iterable[str], after: str, upto: str) -> Iterator[str]:
    """Returns the keys with after < key <= upto; an empty `upto` sets no end."""
    return (key for key in keys if key > after and (not upto or key <= upto))


@dataclass(slots=True)
class NumberKeys:
    """The keys of lists that a source only gives whole: each list is read when it is first needed, and kept until `forget`."""

    numbers_of: Callable[[str], Iterable[int]]
    _keys: dict[str, list[str]] = field(default_factory=dict)

    def forget(self, name: str) -> None:
        self._keys.pop(name, None)

    def count(self, name: str, after: str, upto: str) -> int:
        keys = self._of(name)
        return (bisect_right(keys, upto) if upto else len(keys)) - bisect_right(keys, after)

    def between(self, name: str, after: str, upto: str) -> Iterator[str]:
        return keys_between(self._of(name), after, upto)

    def _of(self, name: str) -> list[str]:
        if name not in self._keys:
            self._keys[name] = sorted(key_of(number) for number in self.numbers_of(name))
        return self._keys[name]
