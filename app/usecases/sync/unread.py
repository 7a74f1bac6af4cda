"""What a run could not read, and the row under which the ledger keeps it: an open need of its dependent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

from app.domain.json_columns import statement_of, statement_text
from app.domain.records import DependencyRecord, GroupRecord, IncidentRecord, ObservationRecord, ServiceRecord
from app.domain.rows import LedgerNeed

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
    """What was not read.

    `about`: the CI whose need or value it was, as the source names it; `needs`: how many were not read (0: all were, and the
    statement is kept because members of its group are one CI); `record`: the statement, to be resolved again; `known_as`: other
    names for a text that is not the source's own; `resolved`: what texts meant last.
    """

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
        """One key for each statement of a source, whatever the reason and whether or not it is resolved in part."""
        if isinstance(self.record, DependencyRecord):
            text = f"dependency {self.record.dependent} -> {self.record.provider} {self.record.kind}"
        elif isinstance(self.record, GroupRecord):
            text = f"group {self.record.key}"
        else:
            text = f"{self.kind} {self.about} | {self.text}"
        return need_key(text)

    def row(self, source_id: int, dependent_id: int | None) -> LedgerNeed:
        """Returns the row of noun `open_need`."""
        statement: dict[str, Any] = {"about": self.about}
        if self.record is not None:
            statement["record"] = asdict(self.record)
        if self.known_as:
            statement["known_as"] = {text: list(others) for text, others in self.known_as.items()}
        if self.resolved:
            statement["resolved"] = dict(self.resolved)
        made_of = statement_text(statement)
        return LedgerNeed(source_id, self.key, dependent_id, self.kind, self.needs, self.text, self.reason, made_of)


def need_key(text: str) -> str:
    """Returns the text, cut where it is too long for a key, with a hash that tells it from others that begin so."""
    if len(text) <= KEY_LENGTH:
        return text
    return f"{text[:KEY_LENGTH]} {blake2b(text.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"


def unread_of(row: LedgerNeed) -> Unread:
    """Returns what a row of noun `open_need` was made from."""
    statement = statement_of(row.statement)
    record = statement.get("record")
    return Unread(
        row.kind,
        statement.get("about", ""),
        row.text or "",
        row.reason or "",
        row.needs,
        None if record is None else TYPES[row.kind](**_typed(row.kind, record)),
        {text: tuple(others) for text, others in statement.get("known_as", {}).items()},
        statement.get("resolved", {}),
    )


def _typed(kind: str, record: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(record)
    if kind == "group":
        values |= {name: tuple(values[name]) for name in ("members", "shares")}
    elif kind == "service":
        values["impact"] = {name: tuple(map(tuple, points)) for name, points in values["impact"].items()}
    return values


def texts_of(record: Stated) -> list[str]:
    """Returns the references of a record."""
    if isinstance(record, DependencyRecord):
        return [record.dependent, record.provider]
    if isinstance(record, GroupRecord):
        return [record.dependent, *record.members]
    if isinstance(record, ObservationRecord):
        return [record.scope[3:]] if record.scope.startswith("ci:") else []
    return [record.ci]
