"""Connectors as they are shown: settings, health, and what waits in their outbox and inbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.concealed import concealed
from app.domain.tickets import TicketRules
from app.ports.documents import Documents
from app.ports.ticket_systems import TicketKind, TicketSystems
from app.usecases.keep.connectors import CONNECTORS, Connector, health_of, list_connectors
from app.usecases.keep.hooks import HOOKS, HOOKS_DEAD
from app.usecases.keep.orders import DEAD, DUE

RESTS, FAILS, WORKS, NEW, OFF = "rests", "fails", "works", "not used yet", "off"


@dataclass(frozen=True, slots=True)
class TicketKindPage:
    items: Sequence[TicketKind]


@dataclass(frozen=True, slots=True)
class ConnectorRow:
    """A connector with its health. `state`: works, fails, rests (nothing is sent for a while), not used yet, off."""

    name: str
    kind: str
    settings: Mapping[str, str]
    enabled: bool
    made_at: str
    rules: TicketRules
    state: str
    succeeded_at: str
    failed_at: str
    failures: int
    error: str
    rests_until: str
    polled_to: str
    due: int
    given_up: int
    hooks_waiting: int
    hooks_given_up: int


@dataclass(frozen=True, slots=True)
class ConnectorPage:
    items: Sequence[ConnectorRow]


def kinds_page(systems: TicketSystems) -> TicketKindPage:
    return TicketKindPage(systems.kinds())


def connector_page(documents: Documents) -> ConnectorPage:
    """Returns the connectors by name."""
    waits = _Waiting(documents)
    return ConnectorPage([waits.row(one) for one in list_connectors(documents)])


def connector_row(documents: Documents, name: str) -> ConnectorRow:
    """Returns one connector; NotFound where there is none of the name."""
    return _Waiting(documents).row(CONNECTORS.get(documents, name))


class _Waiting:
    """What waits, and what was given up, by connector."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._due, self._dead = (Counter(kept.value.connector for kept in records.every(documents)) for records in (DUE, DEAD))
        self._hooks, self._hooks_dead = (
            Counter(kept.value.connector for kept in records.every(documents)) for records in (HOOKS, HOOKS_DEAD)
        )

    def row(self, connector: Connector) -> ConnectorRow:
        name, health = connector.name, health_of(self._documents, connector.name)
        state = RESTS if health.rests_until else FAILS if health.error else WORKS if health.succeeded_at else NEW
        return ConnectorRow(
            name,
            connector.kind,
            connector.settings,
            connector.enabled,
            connector.made_at,
            connector.rules,
            state if connector.enabled else OFF,
            health.succeeded_at,
            health.failed_at,
            health.failures,
            concealed(health.error),
            health.rests_until,
            health.polled_to,
            self._due[name],
            self._dead[name],
            self._hooks[name],
            self._hooks_dead[name],
        )
