"""The relay: brings tickets to what they should be, step by step, each step once.

One relay at a time works for a connector, under a lease. A ticket is looked for by its key before it is made, and again after.
What came to hold is written after each step; a step whose outcome nobody knows is taken again, which changes nothing where it had
come to hold. What a system refuses is given up at once and listed; while a system does not answer, nothing is given up.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from app.domain.errors import Conflict, Fenced, ForestayError, InvalidInput, NotAllowed, NotFound, StoreUnavailable, TooBusy
from app.ports.ticket_system import TicketRefused, TicketSystem
from app.usecases.keep import audit, orders
from app.usecases.keep.connectors import CONNECTORS, Connector, Health, health_of, note_health
from app.usecases.keep.lease import Lease, alone, holding
from app.usecases.keep.live import in_one_unit
from app.usecases.keep.orders import DEAD, DUE, ORDERS, Attempt, Due, Order
from app.usecases.tickets.steps import Step, next_step
from app.usecases.tools import Tools

FIRST_SECONDS, LONGEST_SECONDS = 5.0, 3600.0
REST_SECONDS = 300.0  # at most, of a system that does not answer
SIGN_IN_SECONDS = 60.0
LEASE_SECONDS = 180.0  # longer than any request may take
DONE, FAILED, REFUSED, WAITS = "done", "failed", "refused", "waits"

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


def relay(tools: Tools, connector: str, holder: str, now: Clock = utc_now) -> int:
    """Sends what is due of one connector; returns how many orders were fulfilled. It does nothing while another relay works for
    it, while it rests, or where it is switched off. `holder`: this process's name and, after a blank, which of its relays."""
    documents = tools.documents
    kept = CONNECTORS.find(documents, connector)
    if kept is None or not kept.enabled or health_of(documents, connector).rests_until > now().isoformat():
        return 0
    due = [row.key for row in orders.due_orders(documents, connector) if row.value.next_at <= now().isoformat()]
    if not due:
        return 0
    done = 0
    with alone(documents, f"relay:{connector}", holder, LEASE_SECONDS) as lease, suppress(Fenced):  # another relay took over
        if lease is None:
            return 0
        turn = _Turn(tools, kept, lease, now)
        for key in due:
            done += turn.fulfil(key)
            if turn.ended:
                break
    return done


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What a failed step means: `outcome`, and for how long the system rests (0: it does not)."""

    outcome: str
    rest_seconds: float = 0.0


class _Turn:
    """One turn of a connector. `ended`: nothing more can be sent to it now."""

    def __init__(self, tools: Tools, connector: Connector, lease: Lease, now: Clock) -> None:
        self._tools, self._documents, self._connector, self._lease, self._now = tools, tools.documents, connector, lease, now
        self._system: TicketSystem | None = None
        self.ended = False

    def fulfil(self, key: str) -> bool:
        """Takes the steps that an order lacks, one after the other; returns whether it is fulfilled."""
        while True:
            kept = ORDERS.kept(self._documents, key)
            if kept is None or DUE.find(self._documents, key) is None:
                return False
            begun, name = time.monotonic(), "open"
            try:
                system = self._opened()
                step = next_step(self._tools, system, kept.value)
                if step is None:
                    if self._fulfilled(key, kept.version):
                        return True
                    continue
                name = step.name
                self._take(key, step, system, begun)
            except (Conflict, StoreUnavailable):  # of our own store
                raise
            except ForestayError as error:
                self._failed(kept.value, name, error, begun)
                return False

    def _opened(self) -> TicketSystem:
        if self._system is None:
            try:
                self._system = self._tools.ticket_systems.open(self._connector.kind, self._connector.settings)
            except InvalidInput as error:  # a secret is missing: no order is to blame
                raise NotAllowed(error.message) from None
        return self._system

    def _take(self, key: str, step: Step, system: TicketSystem, begun: float) -> None:
        """Takes a step, while the lease is held, and writes what came to hold, whatever is wanted by now."""
        with self._documents.together():
            holding(self._documents, self._lease)
        held = step.take(system)

        def act() -> None:
            order = ORDERS.change(self._documents, key, lambda order: replace(order, held=held))
            kept = DUE.kept(self._documents, key)
            if kept is not None and kept.value.attempts:
                DUE.put(self._documents, key, Due(kept.value.connector, kept.value.since), expected=kept.version)
            self._note(order, step.name, DONE, "", begun)

        in_one_unit(self._documents, act)
        moment = self._now().isoformat()
        note_health(
            self._documents,
            self._connector.name,
            lambda old: replace(old, succeeded_at=moment, failures=0, error="", rests_until=""),
        )

    def _fulfilled(self, key: str, version: int) -> bool:
        """Takes an order from those that are due, unless something else is wanted since."""
        try:
            with self._documents.together():
                kept = ORDERS.kept(self._documents, key)
                if kept is None or kept.version != version:
                    return False
                ORDERS.put(self._documents, key, kept.value, expected=version)  # who wants something else comes after
                DUE.delete(self._documents, key)
            return True
        except Conflict:
            return False

    def _failed(self, order: Order, step: str, error: ForestayError, begun: float) -> None:
        """Puts an order off or gives it up, and lets the system rest where it asked for time or answers nobody."""
        health = health_of(self._documents, self._connector.name)
        trouble = _trouble(error, health.failures)
        moment = self._now()

        def act() -> None:
            due = DUE.find(self._documents, order.key)
            if due is not None:
                self._put_off(order.key, due, trouble, error, health, moment)
            self._note(order, step, trouble.outcome, error.message, begun)

        in_one_unit(self._documents, act)
        if error.details.get("gone"):
            self._switch_off(error)
        if trouble.outcome == REFUSED:  # it answers
            return
        rests_until = (moment + timedelta(seconds=trouble.rest_seconds)).isoformat() if trouble.rest_seconds else ""
        self.ended = bool(rests_until)
        note_health(
            self._documents,
            self._connector.name,
            lambda old: replace(
                old, failed_at=moment.isoformat(), error=error.message, failures=old.failures + 1, rests_until=rests_until
            ),
        )

    def _switch_off(self, error: ForestayError) -> None:
        """Switches a connector off whose receiver said that it is gone for good."""
        name, self.ended = self._connector.name, True
        with self._documents.together():
            CONNECTORS.change(self._documents, name, lambda kept: replace(kept, enabled=False))
            audit.record(self._documents, "relay", "connector switched off", name, {"reason": error.message})

    def _put_off(self, key: str, due: Due, trouble: _Trouble, error: ForestayError, health: Health, moment: datetime) -> None:
        attempts = due.attempts + (trouble.outcome != WAITS)
        first = due.failing_since or moment.isoformat()
        alone = health.succeeded_at > first  # the system answers others since
        lag = self._system.abilities.search_lag_seconds if self._system is not None else 0.0
        pause = max(trouble.rest_seconds, pause_of(key, attempts), lag)
        later = replace(due, attempts=attempts, error=error.message, failing_since=first)
        if trouble.outcome == REFUSED or (attempts >= self._tools.settings.tickets.attempts and alone):
            DUE.delete(self._documents, key)
            DEAD.put(self._documents, key, later)
        else:
            DUE.put(self._documents, key, replace(later, next_at=(moment + timedelta(seconds=pause)).isoformat()))

    def _note(self, order: Order, step: str, outcome: str, error: str, begun: float) -> None:
        seconds = round(time.monotonic() - begun, 3)
        at = self._now().isoformat()
        attempt = Attempt(at, order.key, order.connector, step, outcome, error, order.held.ticket, seconds)
        orders.note_attempt(self._documents, attempt, self._tools.settings.tickets.kept_attempts)


def _trouble(error: ForestayError, failures: int) -> _Trouble:
    """Returns what an error means. A refusal concerns one ticket; a sign-in that is not good, or a system that is silent for the
    second time in a row, concerns all."""
    if isinstance(error, TooBusy):
        return _Trouble(WAITS, max(1.0, float(str(error.details.get("retry_after") or FIRST_SECONDS))))
    if isinstance(error, NotAllowed):
        return _Trouble(WAITS, SIGN_IN_SECONDS)
    if isinstance(error, (TicketRefused, InvalidInput, NotFound)):
        return _Trouble(REFUSED)
    return _Trouble(FAILED, min(REST_SECONDS, FIRST_SECONDS * 2.0 ** min(failures - 1, 10)) if failures else 0.0)


def pause_of(key: str, attempts: int) -> float:
    """Returns the seconds before the next attempt: twice as many each time, up to an hour, less a part that goes by the key."""
    if attempts == 0:
        return 0.0
    share = 1 - 0.2 * (zlib.crc32(f"{key}/{attempts}".encode()) % 1000) / 1000
    return min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(attempts - 1, 20)) * share
