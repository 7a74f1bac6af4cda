"""Who leads: one holder at a time, under a lease that runs out, with a token that grows by one each time another takes it.

A leader's writes go through `holding` in the same unit of work: one who was paused and lost the lease meanwhile cannot commit.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from app.domain.errors import Conflict, Fenced
from app.ports.documents import Documents

KIND = "lease"
SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Lease:
    name: str
    holder: str
    token: int
    seconds: float = SECONDS  # how long it holds when renewed


def take_or_renew(
    documents: Documents,
    name: str,
    holder: str,
    clock: float | None = None,
    seconds: float = SECONDS,
    gone: Callable[[str], bool] = lambda holder: False,
) -> Lease | None:
    """The lease, when this holder has it or it was free; None while another holds it. `gone`: whether a holder is known to be dead, so that
    nobody has to wait until its lease runs out."""
    clock = time.time() if clock is None else clock
    row = documents.get(KIND, name)
    held: dict[str, Any] = json.loads(row.body) if row else {"holder": "", "until": 0.0, "token": 0}
    if held["holder"] != holder and held["until"] > clock and not gone(held["holder"]):
        return None
    token = held["token"] if held["holder"] == holder else held["token"] + 1
    try:
        documents.put(KIND, name, _body(holder, clock + seconds, token), expected=row.version if row else 0)
    except Conflict:
        return None
    return Lease(name, holder, token, seconds)


def holder_of(documents: Documents, name: str) -> tuple[str, float]:
    """Who has a lease, and until when (unix seconds); "" nobody."""
    row = documents.get(KIND, name)
    held: dict[str, Any] = json.loads(row.body) if row else {"holder": "", "until": 0.0}
    return held["holder"], held["until"]


def holding(documents: Documents, lease: Lease) -> None:
    """To be called inside a unit of work: it commits only if the lease is still this one's. Fenced where another took it."""
    while True:
        row = documents.get(KIND, lease.name)
        held = json.loads(row.body) if row else {}
        if row is None or (held["holder"], held["token"]) != (lease.holder, lease.token):
            raise Fenced(f"{lease.name}: another process took the lease since")
        body = _body(lease.holder, time.time() + lease.seconds, lease.token)
        with suppress(Conflict):  # it was renewed beside us
            documents.put(KIND, lease.name, body, expected=row.version)
            return


def give_up(documents: Documents, lease: Lease) -> None:
    """Let the next one lead at once."""
    row = documents.get(KIND, lease.name)
    if row is not None and (json.loads(row.body)["holder"], json.loads(row.body)["token"]) == (lease.holder, lease.token):
        try:
            documents.put(KIND, lease.name, _body("", 0.0, lease.token), expected=row.version)
        except Conflict:
            return


def _body(holder: str, until: float, token: int) -> str:
    return json.dumps({"holder": holder, "until": until, "token": token}, sort_keys=True)
