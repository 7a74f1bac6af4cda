"""The inbox of ticket systems as it is shown: deliveries that wait, were given up, or were worked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.errors import InvalidInput, NotFound
from app.ports.documents import Documents
from app.ports.records import Records
from app.usecases.keep.hooks import HOOKS, HOOKS_DEAD, HOOKS_WORKED, HeldHook, WorkedHook

WAITING, GIVEN_UP, WORKED = "waiting", "given up", "worked"
HOOK_STATES = (WAITING, GIVEN_UP, WORKED)


@dataclass(frozen=True, slots=True)
class HookRow:
    """A delivery. `outcomes`: how many of its tickets were applied, duplicate or late."""

    delivery: str
    state: str
    sender: str
    connector: str
    received_at: str
    worked_at: str
    tries: int
    next_at: str
    error: str
    tickets: Sequence[str]
    outcomes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class HookPage:
    items: Sequence[HookRow]
    waiting: int
    given_up: int
    limit: int
    truncated: bool
    next: str | None


@dataclass(frozen=True, slots=True)
class HookDetail:
    """A delivery with what was sent; of one that was worked the body is not kept."""

    row: HookRow
    body: str


def hook_page(documents: Documents, limit: int, after: str = "", state: str = "") -> HookPage:
    """Returns the deliveries of a state ("": all), the newest first."""
    if state and state not in HOOK_STATES:
        raise InvalidInput(f"state: one of {', '.join(HOOK_STATES)}", field="state")
    if after and not (after.isascii() and after.isdigit()):
        raise InvalidInput("after is the `next` of a page", field="after")
    rows: list[HookRow] = []
    for name, records, shown in _KEPT:
        if state in ("", name):
            rows += [shown(row.key, name, row.value) for row in records.page(documents, after, limit + 1, newest_first=True)]
    rows.sort(key=lambda row: row.delivery, reverse=True)
    more = len(rows) > limit
    waiting, dead = (sum(1 for _ in records.every(documents)) for records in (HOOKS, HOOKS_DEAD))
    return HookPage(rows[:limit], waiting, dead, limit, more, rows[limit - 1].delivery if more else None)


def hook_detail(documents: Documents, number: str) -> HookDetail:
    """Returns one delivery; NotFound where it is not known any more."""
    for name, records, shown in _KEPT:
        found = records.find(documents, number)
        if found is not None:
            return HookDetail(shown(number, name, found), getattr(found, "body", ""))
    raise NotFound(f"no delivery {number}")


def _held(number: str, state: str, held: HeldHook) -> HookRow:
    return HookRow(
        number, state, held.sender, held.connector, held.received_at, "", held.attempts, held.next_at, held.error, (), {}
    )


def _worked(number: str, state: str, worked: WorkedHook) -> HookRow:
    return HookRow(
        number,
        state,
        worked.sender,
        worked.connector,
        worked.received_at,
        worked.worked_at,
        0,
        "",
        worked.fault,
        worked.tickets,
        worked.outcomes,
    )


_KEPT: Sequence[tuple[str, Records[Any], Callable[[str, str, Any], HookRow]]] = (
    (WAITING, HOOKS, _held),
    (GIVEN_UP, HOOKS_DEAD, _held),
    (WORKED, HOOKS_WORKED, _worked),
)
