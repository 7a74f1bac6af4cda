"""Work the deliveries of ticket systems: what they speak of is read whole and taken in, whatever their order and number."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from app.domain.errors import ForestayError, InvalidInput, NotAllowed, NotFound, StoreUnavailable, TooBusy
from app.domain.hooks import tickets_in
from app.domain.strict_json import strict_json
from app.domain.tickets import Ticket
from app.ports.records import Kept
from app.ports.ticket_system import TicketSystem
from app.usecases.keep.connectors import CONNECTORS, Connector, health_of
from app.usecases.keep.hooks import HOOKS, HOOKS_DEAD, HeldHook, WorkedHook, end_hook
from app.usecases.keep.live import in_one_unit
from app.usecases.tickets.relay import Clock, pause_of, utc_now
from app.usecases.tickets.take_in import take_in
from app.usecases.tools import Tools

DEPTH, VALUES = 32, 200_000
BLOCK = 200  # deliveries of a turn


def work_hooks(tools: Tools, connector: str, now: Clock = utc_now) -> int:
    """Works deliveries of a connector that wait, the oldest first; returns how many came to their end. One whose ticket cannot be
    read waits for its next attempt and holds up no other; one that cannot be understood is given up and listed with its body."""
    documents, moment = tools.documents, now()
    owner = CONNECTORS.find(documents, connector)
    if owner is None or not owner.enabled:
        return 0
    done, system = 0, None
    for kept in _waiting(tools, connector, moment):
        try:
            told = tickets_in(kept.value.kind, strict_json(kept.value.body.encode(), "the delivery", DEPTH, VALUES, finite=True))
        except InvalidInput as error:
            _bury(tools, kept, error.message)
            done += 1
            continue
        try:
            system = system or tools.ticket_systems.open(owner.kind, owner.settings)
            done += _worked(tools, owner, system, kept, told, moment)
        except StoreUnavailable:
            raise
        except (TooBusy, NotAllowed) as error:  # it concerns all
            _put_off(tools, kept, error, moment)
            break
        except ForestayError as error:
            _put_off(tools, kept, error, moment)
    return done


def _waiting(tools: Tools, connector: str, moment: datetime) -> list[Kept[HeldHook]]:
    found: list[Kept[HeldHook]] = []
    for kept in HOOKS.every(tools.documents):
        if kept.value.connector == connector and kept.value.next_at <= moment.isoformat():
            found.append(kept)
            if len(found) == BLOCK:
                break
    return found


def _worked(
    tools: Tools, owner: Connector, system: TicketSystem, kept: Kept[HeldHook], told: list[str | Ticket], moment: datetime
) -> bool:
    outcomes: Counter[str] = Counter()
    fault = ""
    for one in told:
        try:
            ticket = one if isinstance(one, Ticket) else system.read(one)
        except NotFound as error:  # it was deleted: what is known of it stays until somebody says otherwise
            fault = error.message
            continue
        outcomes[take_in(tools, owner.name, ticket, moment).outcome] += 1
    held = kept.value
    names = [one.id if isinstance(one, Ticket) else one for one in told]
    worked = WorkedHook(
        held.sender, held.connector, held.received_at, moment.isoformat(), held.delivery, names, dict(outcomes), fault
    )
    end_hook(tools.documents, kept.key, worked, tools.settings.inbox.kept_deliveries)
    return True


def _put_off(tools: Tools, kept: Kept[HeldHook], error: ForestayError, moment: datetime) -> None:
    """Puts a delivery off, the longer the more often; it is given up where the system answers others since."""
    attempts = kept.value.attempts + (not isinstance(error, TooBusy | NotAllowed))
    alone = health_of(tools.documents, kept.value.connector).succeeded_at > kept.value.received_at
    if attempts >= tools.settings.tickets.attempts and alone:
        _bury(tools, kept, error.message)
        return
    wait = max(pause_of(kept.key, max(attempts, 1)), float(str(error.details.get("retry_after") or 0.0)))
    later = replace(kept.value, attempts=attempts, error=error.message, next_at=(moment + timedelta(seconds=wait)).isoformat())
    HOOKS.put(tools.documents, kept.key, later)


def _bury(tools: Tools, kept: Kept[HeldHook], error: str) -> None:
    given_up = replace(kept.value, error=error, attempts=kept.value.attempts + 1, next_at="")

    def act() -> None:
        if HOOKS.delete(tools.documents, kept.key):
            HOOKS_DEAD.put(tools.documents, kept.key, given_up)

    in_one_unit(tools.documents, act)
