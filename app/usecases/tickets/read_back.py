"""Read a ticket system from long ago, once: what it holds of the past is evidence of failures."""

from __future__ import annotations

from datetime import UTC, datetime

from app.domain.errors import Conflict, InvalidInput, SourceFailed
from app.usecases.keep import audit
from app.usecases.keep.connectors import CONNECTORS, Health, health_of
from app.usecases.keep.process import this_process
from app.usecases.tickets.poll import poll
from app.usecases.tools import Tools


def read_back(tools: Tools, connector: str, since: datetime, caller: str) -> tuple[int, Health]:
    """Takes in all that changed since a moment; returns how many tickets were read and how the connector does. SourceFailed where
    the system did not give all of it, Conflict while another process reads it or the connector rests: nothing is then known of
    that time."""
    owner, now = CONNECTORS.get(tools.documents, connector), datetime.now(UTC)
    if since.tzinfo is None or since >= now:
        raise InvalidInput("since: a moment of the past with its zone", field="since")
    if not tools.ticket_systems.open(owner.kind, owner.settings).abilities.polls:
        raise InvalidInput(f"connector {connector}: a {owner.kind} tells of no past", field="connector")
    read = poll(tools, connector, f"{this_process()} back {connector}", now, since)
    health = health_of(tools.documents, connector)
    audit.record(tools.documents, caller, "tickets read back", connector, {"since": since.isoformat(), "read": read})
    if health.polled_at < now.isoformat():
        if health.error:
            raise SourceFailed(f"connector {connector}: {health.error}")
        raise Conflict(f"connector {connector} is off, rests, or is read by another process; try again")
    return read, health
