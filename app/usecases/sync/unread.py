"""What a run could not read, and the row under which the ledger keeps it: an open need of its dependent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

from app.domain.changes import Row
from app.domain.payloads import canonical
from app.domain.records import DependencyRecord, GroupRecord, IncidentRecord, ObservationRecord, ServiceRecord

TYPES: Mapping[str, type] = {
    "dependency": DependencyRecord,
    "group": GroupRecord,
    "service": ServiceRecord,
    "incident": IncidentRecord,
    "observation": ObservationRecord,
}
Stated = DependencyRecord | GroupRecord | ServiceRecord | IncidentRecord | ObservationRecord
KEY_LENGTH = 600


@dataclass(frozen=True, slots=True)
class Unread:
    """`about`: the CI whose need or value it was, as the source names it; `needs`: how many were not read (0: all were, and the statement is
    kept because members of its group are one CI); `record`: what was said, to be resolved again; `known_as`: other texts for one that
    is not the source's own; `resolved`: what texts meant last."""

    kind: str
    about: str
    text: str
    reason: str
    needs: int = 1
    record: Stated | None = None
    known_as: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    resolved: Mapping[str, int] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """One for each statement of a source, whatever the reason and whether or not it is resolved in part."""
        if isinstance(self.record, DependencyRecord):
            found = f"dependency {self.record.dependent} -> {self.record.provider} {self.record.kind}"
        elif isinstance(self.record, GroupRecord):
            found = f"group {self.record.key}"
        else:
            found = f"{self.kind} {self.about} | {self.text}"
        return need_key(found)

    def row(self, source_id: int, dependent_id: int | None) -> Row:
        """A row of noun `open_need`."""
        said: dict[str, Any] = {"about": self.about}
        if self.record is not None:
            said["record"] = asdict(self.record)
        if self.known_as:
            said["known_as"] = {text: list(others) for text, others in self.known_as.items()}
        if self.resolved:
            said["resolved"] = dict(self.resolved)
        return source_id, self.key, dependent_id, self.kind, self.needs, self.text, self.reason, canonical(said)


def need_key(text: str) -> str:
    """The text, cut where it is too long for a key, with what tells it from others that begin so."""
    if len(text) <= KEY_LENGTH:
        return text
    return f"{text[:KEY_LENGTH]} {blake2b(text.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"


def unread_of(row: Row) -> Unread:
    """What a row of noun `open_need` was made from."""
    _, _, _, kind, needs, text, reason, statement = row
    said = json.loads(statement or "{}")
    record = said.get("record")
    return Unread(
        kind,
        said.get("about", ""),
        text or "",
        reason or "",
        int(needs),
        None if record is None else TYPES[kind](**_typed(kind, record)),
        {text: tuple(others) for text, others in said.get("known_as", {}).items()},
        said.get("resolved", {}),
    )


def _typed(kind: str, record: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(record)
    if kind == "group":
        values |= {name: tuple(values[name]) for name in ("members", "shares")}
    elif kind == "service":
        values["impact"] = {name: tuple(map(tuple, points)) for name, points in values["impact"].items()}
    return values


def texts_of(record: Stated) -> list[str]:
    """The references of a record."""
    if isinstance(record, DependencyRecord):
        return [record.dependent, record.provider]
    if isinstance(record, GroupRecord):
        return [record.dependent, *record.members]
    if isinstance(record, ObservationRecord):
        return [record.scope[3:]] if record.scope.startswith("ci:") else []
    return [record.ci]
