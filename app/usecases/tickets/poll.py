"""Ask a ticket system what changed, where it sends no webhooks or one got lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.domain.errors import ForestayError, NotFound, StoreUnavailable
from app.usecases.keep.connectors import CONNECTORS, health_of, note_health
from app.usecases.keep.lease import alone
from app.usecases.tickets.relay import LEASE_SECONDS
from app.usecases.tickets.take_in import take_in
from app.usecases.tools import Tools

OVERLAP = timedelta(minutes=5)  # clocks of others, and times that they write by the second
FIRST_DAYS = 7.0  # how far back the first poll looks


def poll(tools: Tools, connector: str, holder: str, now: datetime | None = None, back_to: datetime | None = None) -> int:
    """Takes in what changed since the last poll that came to its end, or since `back_to`; returns how many tickets were read.
    What fails half-way changes nothing of where the next one begins."""
    documents, moment = tools.documents, now or datetime.now(UTC)
    owner = CONNECTORS.find(documents, connector)
    if owner is None or not owner.enabled or health_of(documents, connector).rests_until > moment.isoformat():
        return 0
    read = 0
    try:
        system = tools.ticket_systems.open(owner.kind, owner.settings)
        if not system.abilities.polls:
            return 0
        with alone(documents, f"poll:{connector}", holder, LEASE_SECONDS) as lease:
            if lease is None:
                return 0
            health = health_of(documents, connector)
            since = (
                datetime.fromisoformat(health.polled_to) - OVERLAP if health.polled_to else moment - timedelta(days=FIRST_DAYS)
            )
            latest = datetime.fromisoformat(health.polled_to) if health.polled_to else since
            since = min(since, back_to) if back_to is not None else since
            # since when all was read: what was read before was not kept where the last poll to its end is not known
            began = min(health.polled_from, since.isoformat()) if health.polled_from else since.isoformat()
            for ticket in system.changed_since(since):
                take_in(tools, connector, ticket, moment)
                read += 1
                latest = max(latest, ticket.updated_at or latest)
    except (StoreUnavailable, NotFound):
        raise
    except ForestayError as error:
        message = error.message
        note_health(documents, connector, lambda old: replace(old, failed_at=moment.isoformat(), error=f"poll: {message}"))
        return read
    note_health(
        documents,
        connector,
        lambda old: replace(
            old,
            polled_from=began,
            polled_to=latest.isoformat(),
            polled_at=moment.isoformat(),
            succeeded_at=moment.isoformat(),
            error="",
        ),
    )
    return read
