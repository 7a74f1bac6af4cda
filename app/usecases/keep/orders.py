"""The outbox: for each ticket what it should be (`Wanted`) and what of it came to hold (`Held`), as one order.

What should be is written in the unit of work of the decision that wants it; a relay brings the ticket there (`tickets/relay`).
So a storm that changes its mind a hundred times before anything was sent is one ticket with one comment. An order that is not
fulfilled is listed as due, or as dead once nothing more is tried.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from app.domain.errors import NotFound
from app.domain.tickets import OPEN, UNKNOWN_PHASE
from app.ports.documents import Documents
from app.ports.records import Kept, Records
from app.usecases.keep import audit
from app.usecases.keep.live import in_one_unit

KEY_LENGTH = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a ticket should be. `priority`: "" where that is left to others; `phase` and its `reason`; `cis`: keys of CIs that it
    is tied to; `comments`: the text of each comment of ours, by its name."""

    kind: str
    summary: str = ""
    description: str = ""
    priority: str = ""
    phase: str = OPEN
    reason: str = ""
    cis: Sequence[str] = ()
    comments: Mapping[str, str] = field(default_factory=dict)
    starts_at: str = ""
    ends_at: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """What came to hold, as it was read back. `priority`: the last one that we gave; `comments`: digests of their texts; `cis`:
    keys that it was tied to, `unknown_cis` those that the system does not know; `doubles`: tickets of the same key that were
    closed as such."""

    ticket: str = ""
    number: str = ""
    url: str = ""
    status: str = ""
    phase: str = ""
    priority: str = ""
    their_priority: str = ""  # as last read
    comments: Mapping[str, str] = field(default_factory=dict)
    cis: Sequence[str] = ()
    unknown_cis: Sequence[str] = ()
    doubles: Sequence[str] = ()
    read_at: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """A ticket of a connector. `key`: our mark on it; `cause`: what it is about, and `episode` the how many-eth time; `ours`:
    whether we make it, or comment on what others made."""

    connector: str
    key: str
    cause: str
    wanted: Wanted
    asked_by: str
    made_at: str
    changed_at: str
    episode: int = 1
    ours: bool = True
    held: Held = Held()

    @property
    def over(self) -> bool:
        """Whether nothing more will be asked of it: it should be, or was by people, brought to an end."""
        return self.wanted.phase != OPEN or self.held.phase not in ("", OPEN, UNKNOWN_PHASE)


@dataclass(frozen=True, slots=True)
class Due:
    """What stands between an order and its fulfilment. `attempts`: those in vain since it last went on."""

    connector: str
    since: str
    attempts: int = 0
    next_at: str = ""
    error: str = ""
    failing_since: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to bring a ticket on. `step`: find, create, comment, ...; `outcome`: done, failed (nothing known of it), refused,
    waits (the system asked for time)."""

    at: str
    order: str
    connector: str
    step: str
    outcome: str
    error: str = ""
    ticket: str = ""
    seconds: float = 0.0


ORDERS = Records("ticket_order", Order, "ticket")
DUE, DEAD = Records("ticket_due", Due), Records("ticket_dead", Due, "ticket that was given up")
LATEST = Records("ticket_cause", str)  # the key of the latest order of a cause
ATTEMPTS = Records("ticket_attempt", Attempt)
BY_CI = Records("ticket_of_ci", str)  # which orders name a CI


def cause_key(connector: str, cause: str) -> str:
    return hashlib.sha256(f"{connector}\0{cause}".encode()).hexdigest()[:32]


def order_key(connector: str, cause: str, episode: int) -> str:
    """Returns our mark of an order: the same on every machine that comes to want it."""
    digest = hashlib.sha256(f"{connector}\0{cause}\0{episode}".encode()).hexdigest()
    return f"fst-{digest[:KEY_LENGTH]}"


def want(
    documents: Documents,
    connector: str,
    cause: str,
    asked_by: str,
    wanted: Callable[[Order | None], Wanted | None],
    ticket: str = "",
    now: datetime | None = None,
) -> Order | None:
    """Says what the ticket of a cause should be, in the caller's unit of work. `wanted` is given the order as it stands (None
    where the cause has none, or its last one is over) and returns what should be, or None to leave it. `ticket`: the id of one
    that others made. Returns the order as it then is."""
    moment = (now or datetime.now(UTC)).isoformat()
    latest = LATEST.kept(documents, cause_key(connector, cause))
    kept = ORDERS.kept(documents, latest.value) if latest is not None else None
    current = kept.value if kept is not None and (ticket or not kept.value.over) else None
    should_be = wanted(current)
    if should_be is None:
        return current
    if kept is not None and should_be.phase != OPEN:  # an end begins no new episode
        current = kept.value
    if current is None or kept is None:
        episode = kept.value.episode + 1 if kept is not None else 1
        key = order_key(connector, cause, episode)
        order = Order(connector, key, cause, should_be, asked_by, moment, moment, episode, not ticket, Held(ticket=ticket))
        ORDERS.put(documents, key, order, expected=0)
        LATEST.put(documents, cause_key(connector, cause), key, expected=latest.version if latest else 0)
        audit.record(documents, asked_by, "ticket wanted", key, {"connector": connector, "cause": cause, "kind": should_be.kind})
    else:
        if should_be == current.wanted:
            return current
        order = replace(current, wanted=should_be, changed_at=moment)
        ORDERS.put(documents, order.key, order, expected=kept.version)
    _note_cis(documents, order)
    _make_due(documents, order, moment)
    return order


def _note_cis(documents: Documents, order: Order) -> None:
    for ci in order.wanted.cis:
        key = f"{ci_prefix(ci)}{order.key}"
        if BY_CI.find(documents, key) is None:
            BY_CI.put(documents, key, order.key)


def ci_prefix(ci: str) -> str:
    return hashlib.sha256(ci.encode()).hexdigest()[:32] + "/"


def orders_of_ci(documents: Documents, ci: str, limit: int = 100) -> list[Order]:
    """Returns the orders that name a CI, the latest first."""
    prefix = ci_prefix(ci)
    rows = [row.value for row in BY_CI.page(documents, prefix, limit) if row.key.startswith(prefix)]
    return sorted((ORDERS.get(documents, key) for key in rows), key=lambda order: (order.made_at, order.key), reverse=True)


def _make_due(documents: Documents, order: Order, moment: str) -> None:
    """Lists an order as due; one that was given up is tried again, for something else is wanted now."""
    DEAD.delete(documents, order.key)
    if DUE.find(documents, order.key) is None:
        DUE.put(documents, order.key, Due(order.connector, moment))


def replay(documents: Documents, key: str, caller: str) -> Order:
    """Tries an order again that was given up, or that waits; NotFound where it is neither."""
    order = ORDERS.get(documents, key)

    def act() -> None:
        due = DEAD.find(documents, key) or DUE.find(documents, key)
        if due is None:
            raise NotFound(f"nothing of {key} waits to be sent")
        DEAD.delete(documents, key)
        DUE.put(documents, key, Due(due.connector, due.since, error=due.error))
        audit.record(documents, caller, "ticket tried again", key, {"connector": due.connector})

    in_one_unit(documents, act)
    return order


def drop(documents: Documents, key: str, caller: str, reason: str) -> Order:
    """Takes an order from those that are due or given up: what was not sent stays unsent, until something else is wanted."""
    order = ORDERS.get(documents, key)

    def act() -> None:
        gone = [records.delete(documents, key) for records in (DUE, DEAD)]
        if not any(gone):
            raise NotFound(f"nothing of {key} waits to be sent")
        audit.record(documents, caller, "ticket dropped", key, {"connector": order.connector, "reason": reason})

    in_one_unit(documents, act)
    return order


def due_orders(documents: Documents, connector: str) -> list[Kept[Due]]:
    """Returns what is due of a connector, what has waited longest first."""
    rows = [row for row in DUE.every(documents) if row.value.connector == connector]
    return sorted(rows, key=lambda row: (row.value.since, row.key))


def note_attempt(documents: Documents, attempt: Attempt, kept: int) -> None:
    """Notes an attempt, and forgets the one that is older than so many."""
    number = ATTEMPTS.append(documents, attempt).key
    ATTEMPTS.delete(documents, f"{int(number) - kept:020d}")
