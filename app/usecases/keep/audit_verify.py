"""Whether the audit trail is whole: every entry that was changed, moved, added or taken away is named by its number."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from app.ports.documents import Document, Documents
from app.usecases.keep import audit
from app.usecases.keep.audit import HEAD, KIND, SIGNATURE, START, digest_of


@dataclass(slots=True)
class Walk:
    """One walk over the trail, from the oldest entry on. `foreign`: entries by the name of a key that is not here."""

    documents: Documents
    faults: list[str] = field(default_factory=list)
    foreign: dict[str, list[int]] = field(default_factory=dict)
    digests: dict[int, str] = field(default_factory=dict)
    last: int = 0
    previous: str = START
    signed: bool = False  # some entry is

    def run(self) -> None:
        for document in audit.all_entries(self.documents):
            self._step(document)
        self._end()

    def _step(self, document: Document) -> None:
        number = int(document.key) if document.key.isascii() and document.key.isdecimal() else 0
        if not number:
            self.faults.append(f"an entry has no number but {document.key[:40]!r}: it was added")
            return
        if number > self.last + 1:
            self.faults.append(f"{_named(self.last + 1, number - 1)} missing: taken away")
        body, digest = _body(document.body), digest_of(document.body)
        if body is None:
            self.faults.append(f"entry {number} can't be read: it is no JSON object, so it was changed")
        else:
            self.faults += self._entry_faults(number, body, gap=number > self.last + 1)
        self.last, self.previous = number, digest
        self.digests[number] = digest

    def _entry_faults(self, number: int, body: dict[str, Any], gap: bool) -> Iterator[str]:
        if SIGNATURE in body:
            self.signed = True
            fits = _fits(self.documents, body)
            if fits is None:
                self.foreign.setdefault(str(body.get("key")), []).append(number)
            elif not fits:
                yield f"entry {number} was changed: its signature does not fit"
        elif self.signed:
            yield f"entry {number} is not signed, though one before it is: it was added or changed"
        if body.get("number", number) != number:
            yield f"entry {number} says that it is entry {body['number']}: it was moved or copied"
        if not gap and body.get("previous") != self.previous:
            before = f"entry {number - 1}" if number > 1 else "the start"
            yield f"entry {number} does not follow {before}: one of the two was changed, added or taken away"

    def _end(self) -> None:
        kept = self.documents.get(HEAD, "head")
        head = audit.current_head(self.documents)
        counted = self.documents.kinds().get(KIND, 0)
        if kept is None and (self.last or counted):
            self.faults.append(f"the head is missing, after entry {self.last}: it was taken away")
        if max(head.number, counted) > self.last:
            self.faults.append(f"{_named(self.last + 1, max(head.number, counted))} missing: the end was cut off")
        elif kept is not None and self.last > head.number:
            self.faults.append(
                f"{_named(head.number + 1, self.last)} behind the head: added without it, or the head was put back"
            )
        elif kept is not None and head.digest != self.previous:
            self.faults.append(f"entry {self.last} is not the one that the head names: it, or the head, was changed")
        body = _body(kept.body) if kept is not None and head.signed else None
        if body is not None and _fits(self.documents, body) is False:
            self.faults.append(f"the head, at entry {head.number}, was changed: its signature does not fit")
        if self.documents.signer.key_id and ((self.signed and not head.signed) or (self.last and not self.signed)):
            self.faults.append(f"entries 1 to {self.last}: the trail, or its head, was written anew without the key")


def verify(documents: Documents, foreign_keys: bool = True) -> list[str]:
    """Returns the faults, as sentences that name entries; none where the trail is whole.

    `foreign_keys`: entries signed with a key that is not here are faults.
    """
    walk = Walk(documents)
    walk.run()
    return [*walk.faults, *(_foreign(walk) if foreign_keys else [])]


def foreign_entries(documents: Documents) -> list[str]:
    """Names the entries that cannot be proven here, as their key is not here."""
    walk = Walk(documents)
    walk.run()
    return list(_foreign(walk))


def verify_anchor(documents: Documents, lines: Iterable[str]) -> list[str]:
    """Returns the faults between the trail and what was written to a second place while it grew."""
    walk = Walk(documents)
    walk.run()
    faults: list[str] = []
    for place, line in enumerate(lines, 1):
        body = _body(line)
        if body is None or not {"at", "number", "digest"} <= body.keys():
            faults.append(f"line {place} of the anchor can't be read: it was changed")
            continue
        number, digest = body["number"], body["digest"]
        if documents.signer.key_id and _fits(documents, body) is False:
            faults.append(f"line {place} of the anchor, for entry {number}, was changed: its signature does not fit")
        elif number and number not in walk.digests:
            faults.append(f"entry {number}, which the anchor names at {str(body['at'])[:19]}, is missing: the end was cut off")
        elif number and walk.digests[number] != digest:
            faults.append(
                f"entry {number} is not the one that the anchor names at {str(body['at'])[:19]}: the trail was rewritten"
            )
    return faults


def _fits(documents: Documents, body: dict[str, Any]) -> bool | None:
    try:
        return audit.fits(documents.signer, body)
    except KeyError:
        return False


def _foreign(walk: Walk) -> Iterator[str]:
    for key, numbers in sorted(walk.foreign.items()):
        first, last = min(numbers), max(numbers)
        which = f"entry {first} is" if first == last else f"{len(numbers)} of entries {first} to {last} are"
        remedy = "add it to audit.key or FORESTAY_AUDIT_KEY, behind the one that signs"
        yield f"{which} signed with the key {key[:8]}, which is not here: {remedy}"


def _named(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"


def _body(text: str) -> dict[str, Any] | None:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
