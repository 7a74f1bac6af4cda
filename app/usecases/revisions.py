"""History: the revisions of the ledger, and what changed between two of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.columns import ABSENT
from app.domain.errors import InvalidInput
from app.domain.nouns import NOUNS
from app.ports.graph_store import GraphStore, Revision


@dataclass(frozen=True, slots=True)
class ChangedRow:
    noun: str
    change: str  # begun, ended, changed
    identity: dict[str, Any]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class ChangePage:
    a: int
    b: int
    noun: str
    total: int
    rows: Sequence[ChangedRow]
    next_offset: int | None


def list_revisions(store: GraphStore, after: int, limit: int) -> Sequence[Revision]:
    return store.revisions(after, limit)


def changes_between(store: GraphStore, a: int, b: int, noun: str, offset: int, limit: int) -> ChangePage:
    """Returns the rows of one noun that differ between revisions a < b, in order of identity.

    Both revisions stand still, so an offset pages exactly.
    """
    if noun not in NOUNS:
        raise InvalidInput(f"noun: one of {', '.join(NOUNS)}", field="noun")
    store.revision(a), store.revision(b)
    if a >= b:
        raise InvalidInput("the first revision is the earlier one", field="a")
    table = NOUNS[noun]
    changes = store.changes(a, b, noun)
    before = {_identity(changes.ended, table.identity, row): row for row in range(len(changes.ended[table.identity[0]]))}
    after = {_identity(changes.begun, table.identity, row): row for row in range(len(changes.begun[table.identity[0]]))}
    names = table.names()
    back = set[tuple[Any, ...]]()  # changed and changed back in between: the same at both revisions
    if b - a > 1:
        both = before.keys() & after.keys()
        back = {i for i in both if _row(changes.ended, names, before[i]) == _row(changes.begun, names, after[i])}
    everything = sorted((before.keys() | after.keys()) - back)
    rows = []
    for identity in everything[offset : offset + limit]:
        old = _row(changes.ended, names, before[identity]) if identity in before else None
        new = _row(changes.begun, names, after[identity]) if identity in after else None
        kind = "changed" if old and new else "begun" if new else "ended"
        rows.append(ChangedRow(noun, kind, dict(zip(table.identity, identity, strict=True)), old, new))
    following = offset + limit
    return ChangePage(a, b, noun, len(everything), rows, following if following < len(everything) else None)


def _identity(columns: Any, names: Sequence[str], row: int) -> tuple[Any, ...]:
    return tuple(plain(columns[name][row]) for name in names)


def _row(columns: Any, names: Sequence[str], row: int) -> dict[str, Any]:
    return {name: plain(columns[name][row]) for name in names}


def plain(value: Any) -> Any:
    """Returns a cell as JSON has it: absent values (-1, NaN, "") as None."""
    if value is None or isinstance(value, str):
        return value or None
    number = value.item() if hasattr(value, "item") else value
    return None if number != number or number == ABSENT else number
