"""Leadership: one holder at a time, under a lease that runs out, with a token that grows by one each time another takes it.

A leader's writes go through `holding` in the same unit of work, so a holder that was paused and lost the lease meanwhile cannot
commit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from app.domain.errors import Conflict, Fenced
from app.ports.documents import Documents
from app.ports.records import Records
from app.usecases.keep.process import is_gone

SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Lease:
    name: str
    holder: str
    token: int
    seconds: float = SECONDS  # how long it holds when renewed


@dataclass(frozen=True, slots=True)
class Held:
    """Who holds a lease until when (unix seconds) under which token; "" nobody."""

    holder: str = ""
    until: float = 0.0
    token: int = 0


LEASES = Records("lease", Held)


def take_or_renew(
    documents: Documents,
    name: str,
    holder: str,
    clock: float | None = None,
    seconds: float = SECONDS,
    gone: Callable[[str], bool] = lambda holder: False,
) -> Lease | None:
    """Returns the lease, if this holder has it or it was free; None while another holds it.

    `gone`: whether a holder is known to be dead, so that nobody has to wait until its lease runs out.
    """
    clock = time.time() if clock is None else clock
    kept = LEASES.kept(documents, name)
    held = kept.value if kept else Held()
    if held.holder != holder and held.until > clock and not gone(held.holder):
        return None
    token = held.token if held.holder == holder else held.token + 1
    try:
        LEASES.put(documents, name, Held(holder, clock + seconds, token), expected=kept.version if kept else 0)
    except Conflict:
        return None
    return Lease(name, holder, token, seconds)


@contextmanager
def alone(documents: Documents, name: str, holder: str, seconds: float = SECONDS) -> Iterator[Lease | None]:
    """Gives the lease of what one process at a time does, and lets the next one take it afterwards; None while another has it.
    `holder`: the name of this process and, after a blank, which of its workers; one whose process is gone is not waited for."""
    lease = take_or_renew(documents, name, holder, seconds=seconds, gone=lambda other: is_gone(other.partition(" ")[0]))
    try:
        yield lease
    finally:
        if lease is not None:
            give_up(documents, lease)


def holder_of(documents: Documents, name: str) -> tuple[str, float]:
    """Returns who has a lease, and until when (unix seconds); "" where nobody has it."""
    held = LEASES.find(documents, name) or Held()
    return held.holder, held.until


def holding(documents: Documents, lease: Lease) -> None:
    """Makes the unit of work in which it is called commit only if the lease is still held. Fenced where another took it."""
    while True:
        kept = LEASES.kept(documents, lease.name)
        if kept is None or not _is_held(kept.value, lease):
            raise Fenced(f"{lease.name}: another process took the lease since")
        renewed = replace(kept.value, until=time.time() + lease.seconds)
        with suppress(Conflict):  # it was renewed beside us
            LEASES.put(documents, lease.name, renewed, expected=kept.version)
            return


def give_up(documents: Documents, lease: Lease) -> None:
    """Lets the next one lead at once."""
    kept = LEASES.kept(documents, lease.name)
    if kept is not None and _is_held(kept.value, lease):
        with suppress(Conflict):
            LEASES.put(documents, lease.name, Held(token=lease.token), expected=kept.version)


def _is_held(held: Held, lease: Lease) -> bool:
    return (held.holder, held.token) == (lease.holder, lease.token)
