"""Connectors: the ticket systems that this service writes to and reads from, and how each of them does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

from app.domain.errors import Conflict, InvalidInput
from app.domain.tags import tag_of
from app.domain.tickets import TicketRules, checked_ticket_rules
from app.ports.documents import Documents
from app.ports.records import Records
from app.usecases.exposures import Condition, accept_any
from app.usecases.keep import audit
from app.usecases.keep.sources import NAME


@dataclass(frozen=True, slots=True)
class Connector:
    """A ticket system. `settings`: what its kind needs (no secrets: these are named by environment variable or file). `enabled`:
    whether anything is sent or read; what is wanted meanwhile waits. `rules`: how its tickets are taken."""

    name: str
    kind: str
    settings: Mapping[str, str] = field(default_factory=dict)
    enabled: bool = True
    made_at: str = ""
    rules: TicketRules = TicketRules()


@dataclass(frozen=True, slots=True)
class Health:
    """How a connector does. `rests_until`: nothing is sent before; `polled_from`, `polled_to`: what changed there between was
    read."""

    succeeded_at: str = ""
    failed_at: str = ""
    error: str = ""
    failures: int = 0  # in a row
    rests_until: str = ""
    polled_to: str = ""
    polled_from: str = ""
    polled_at: str = ""  # when a poll came to its end last


CONNECTORS = Records("connector", Connector, "connector")
HEALTH = Records("connector_health", Health)


def connector_tag(connector: Connector) -> str:
    """Returns a tag of what people can change of a connector."""
    return tag_of(asdict(connector))


def put_connector(
    documents: Documents, connector: Connector, caller: str, new: bool, condition: Condition = accept_any
) -> Connector:
    """Keeps a connector; Conflict where a new one's name is taken, NotFound where one to change is not there, Stale where the
    `condition` does not hold of it."""
    if not NAME.match(connector.name):
        raise InvalidInput("name: small letters, digits, dot, dash and underscore, starting with a letter or digit", field="name")
    checked_ticket_rules(connector.rules)
    with documents.together():
        kept = CONNECTORS.kept(documents, connector.name)
        if new and kept is not None:
            raise Conflict(f"there is a connector {connector.name} already: change it, or take another name")
        before = kept.value if kept else None if new else CONNECTORS.get(documents, connector.name)
        condition(connector_tag(before) if before else "")
        made_at = before.made_at if before else datetime.now(UTC).isoformat()
        wanted = replace(connector, made_at=made_at)
        CONNECTORS.put(documents, wanted.name, wanted, expected=kept.version if kept else 0)
        details = {"kind": wanted.kind, "enabled": wanted.enabled, "settings": sorted(wanted.settings)}
        audit.record(documents, caller, "connector added" if new else "connector changed", wanted.name, details)
    return wanted


def remove_connector(documents: Documents, name: str, caller: str, condition: Condition = accept_any) -> None:
    """Removes a connector. What it should have sent stays listed as not sent."""
    with documents.together():
        condition(connector_tag(CONNECTORS.get(documents, name)))
        CONNECTORS.delete(documents, name)
        HEALTH.delete(documents, name)
        audit.record(documents, caller, "connector removed", name)


def has_connectors(documents: Documents) -> bool:
    """Whether any ticket system is connected."""
    return bool(CONNECTORS.page(documents, "", 1))


def list_connectors(documents: Documents) -> list[Connector]:
    """Returns the connectors by name."""
    return [kept.value for kept in CONNECTORS.every(documents)]


def health_of(documents: Documents, name: str) -> Health:
    return HEALTH.find(documents, name) or Health()


def note_health(documents: Documents, name: str, changed: Callable[[Health], Health]) -> None:
    """Changes what is known of a connector's health, for one that is still there."""
    for _ in range(20):
        kept = HEALTH.kept(documents, name)
        value = changed(kept.value if kept else Health())
        if kept is not None and value == kept.value:
            return
        try:
            HEALTH.put(documents, name, value, expected=kept.version if kept else 0)
            return
        except Conflict:
            continue
