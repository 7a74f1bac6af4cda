"""Typed records over documents: the one place where what is kept becomes text and text becomes what is kept.

A `Records[T]` names a kind of document and the dataclass that its bodies hold. Fields that an earlier version did not write take
their defaults, fields that it wrote and this one does not know are left aside, so records are read across versions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from app.domain.errors import Conflict, NotFound
from app.ports.documents import Document, Documents

T = TypeVar("T")
TRIES = 20
PAGE = 100


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """A record under its key, with the version that counts its writes."""

    key: str
    version: int
    value: T


def as_it_is(body: Any) -> Any:
    return body


def _plain(value: Any) -> Any:
    """A number of an array as one of Python's."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"a record can't hold a {type(value).__name__}")


class RecordText(Generic[T]):
    """A dataclass as JSON text and back. `older` brings what an earlier version wrote into the form of this one."""

    def __init__(self, record: type[T], older: Callable[[Any], Any] = as_it_is) -> None:
        self._record, self._older = record, older

    def read(self, text: str) -> T:
        """The record that a text holds."""
        import msgspec  # late: commands that read no record do not load it

        return msgspec.convert(self._older(json.loads(text)), self._record)

    def text(self, value: T) -> str:
        """The text that holds a record."""
        import msgspec

        return json.dumps(msgspec.to_builtins(value, enc_hook=_plain), sort_keys=True)


class Records(RecordText[T]):
    """Records of one kind. `named`: what one is called where there is none ("no source shop"); `older`: see `RecordText`."""

    def __init__(self, kind: str, record: type[T], named: str = "", older: Callable[[Any], Any] = as_it_is) -> None:
        super().__init__(record, older)
        self.kind, self._named = kind, named or kind

    def kept(self, documents: Documents, key: str) -> Kept[T] | None:
        """The record of a key with its version; None where there is none."""
        document = documents.get(self.kind, key)
        return None if document is None else self._of(document)

    def find(self, documents: Documents, key: str) -> T | None:
        """The record of a key; None where there is none."""
        found = self.kept(documents, key)
        return None if found is None else found.value

    def get(self, documents: Documents, key: str) -> T:
        """The record of a key; NotFound where there is none."""
        found = self.find(documents, key)
        if found is None:
            raise NotFound(f"no {self._named} {key}")
        return found

    def put(self, documents: Documents, key: str, value: T, expected: int | None = None) -> Kept[T]:
        """Writes a record. `expected`: the version it must have now, 0 for none (else Conflict)."""
        return Kept(key, documents.put(self.kind, key, self.text(value), expected=expected).version, value)

    def change(self, documents: Documents, key: str, changed: Callable[[T], T]) -> T:
        """Reads, changes and writes one record, again where another writer came between; NotFound where there is none."""
        for _ in range(TRIES):
            found = self.kept(documents, key)
            if found is None:
                raise NotFound(f"no {self._named} {key}")
            value = changed(found.value)
            try:
                self.put(documents, key, value, found.version)
                return value
            except Conflict:
                continue
        raise Conflict(f"the {self._named} changes too quickly; try again")

    def append(self, documents: Documents, value: T) -> Kept[T]:
        """Writes a record under the next number of the kind."""
        document = documents.append(self.kind, self.text(value))
        return Kept(document.key, document.version, value)

    def delete(self, documents: Documents, key: str) -> bool:
        """Takes a record away; whether there was one."""
        return documents.delete(self.kind, key)

    def page(self, documents: Documents, after: str = "", limit: int = 100, newest_first: bool = False) -> list[Kept[T]]:
        """Records in order of key, beyond `after`."""
        return [self._of(row) for row in documents.page(self.kind, after, limit, descending=newest_first)]

    def every(self, documents: Documents, newest_first: bool = False) -> Iterator[Kept[T]]:
        """All records in order of key, read page by page."""
        after = ""
        while page := self.page(documents, after, PAGE, newest_first):
            yield from page
            after = page[-1].key

    def _of(self, document: Document) -> Kept[T]:
        return Kept(document.key, document.version, self.read(document.body))
