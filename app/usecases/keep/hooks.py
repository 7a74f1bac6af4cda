"""Deliveries of ticket systems: kept before they are acknowledged, worked afterwards, listed when they could not be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.domain.errors import Conflict, ForestayError, NotFound, StoreUnavailable
from app.domain.hooks import delivery_of
from app.ports.documents import Documents
from app.ports.records import Records
from app.usecases.keep import audit
from app.usecases.keep.inbox import Sender
from app.usecases.keep.live import in_one_unit


@dataclass(frozen=True, slots=True)
class HeldHook:
    """A delivery that is not worked yet, or could not be. `delivery`: what names it; `next_at`: when it is tried again."""

    sender: str
    kind: str
    connector: str
    received_at: str
    body: str
    delivery: str
    attempts: int = 0
    next_at: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class WorkedHook:
    """A delivery that was worked, without its body. `outcomes`: how many of its tickets were applied, duplicate or late."""

    sender: str
    connector: str
    received_at: str
    worked_at: str
    delivery: str
    tickets: Sequence[str] = ()
    outcomes: Mapping[str, int] = field(default_factory=dict)
    fault: str = ""


HOOKS, HOOKS_WORKED = Records("hook_waiting", HeldHook, "delivery that waits"), Records("hook_worked", WorkedHook, "delivery")
HOOKS_DEAD = Records("hook_dead", HeldHook, "delivery that was given up")
SEEN = Records("hook_seen", str)  # numbers by what names a delivery


@dataclass(frozen=True, slots=True)
class Received:
    """`new`: False where it was received before."""

    number: str
    new: bool


def receive_hook(
    documents: Documents, sender: Sender, headers: Mapping[str, str], body: bytes, now: datetime | None = None
) -> Received:
    """Keeps a delivery, once. StoreUnavailable, and nothing else, where it cannot be kept: the sender tries again."""
    name = delivery_of(sender.kind, headers, body)
    key = f"{sender.name}/{name}"
    text = body.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
    held = HeldHook(sender.name, sender.kind, sender.connector, (now or datetime.now(UTC)).isoformat(), text, name)
    found: list[Received] = []

    def act() -> None:
        before = SEEN.find(documents, key)
        if before is not None:
            found[:] = [Received(before, False)]
            return
        number = HOOKS.append(documents, held).key
        SEEN.put(documents, key, number, expected=0)
        found[:] = [Received(number, True)]

    try:
        in_one_unit(documents, act)
    except ForestayError as error:
        raise StoreUnavailable(f"the delivery could not be kept: {error.message}") from None
    return found[0]


def end_hook(documents: Documents, number: str, worked: WorkedHook, kept: int) -> None:
    """Takes a delivery from those that wait; a further one is forgotten, with what named it."""

    def act() -> None:
        if not HOOKS.delete(documents, number):
            raise Conflict(f"another process has worked {number}")
        HOOKS_WORKED.put(documents, number, worked, expected=0)
        for old in HOOKS_WORKED.page(documents, "", 5):
            if int(old.key) > int(number) - kept:
                break
            HOOKS_WORKED.delete(documents, old.key)
            SEEN.delete(documents, f"{old.value.sender}/{old.value.delivery}")

    in_one_unit(documents, act)


def replay_hook(documents: Documents, number: str, caller: str) -> None:
    """Lets a delivery be worked again that was given up; NotFound where it was not."""

    def act() -> None:
        held = HOOKS_DEAD.get(documents, number)
        HOOKS_DEAD.delete(documents, number)
        again = HeldHook(held.sender, held.kind, held.connector, held.received_at, held.body, held.delivery)
        HOOKS.put(documents, number, again, expected=0)
        audit.record(documents, caller, "delivery tried again", number, {"sender": held.sender})

    in_one_unit(documents, act)


def held_hook(documents: Documents, number: str) -> HeldHook:
    """Returns a delivery that waits or was given up; NotFound for any other."""
    found = HOOKS.find(documents, number) or HOOKS_DEAD.find(documents, number)
    if found is None:
        raise NotFound(f"no delivery {number} waits or was given up")
    return found
