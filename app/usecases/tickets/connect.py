"""Connect a ticket system, change how, and try whether it answers. It is opened first, so that a bad setting is refused before it
is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from app.domain.concealed import concealed
from app.domain.errors import InvalidInput
from app.domain.tickets import TicketRules
from app.usecases.exposures import Condition, accept_any
from app.usecases.keep import audit
from app.usecases.keep.connectors import CONNECTORS, Connector, put_connector
from app.usecases.tools import Tools


@dataclass(frozen=True, slots=True)
class ConnectorChecked:
    """What a connector found when it tried address, sign-in and rights."""

    connector: str
    found: str


def add_connector(
    tools: Tools,
    caller: str,
    name: str,
    kind: str,
    settings: Mapping[str, str],
    rules: TicketRules | None = None,
    enabled: bool = True,
) -> Connector:
    """Keeps a new connector. InvalidInput names the setting that is wrong, Conflict says that its name is taken."""
    wanted = Connector(name, kind, _given(settings), enabled, rules=rules or TicketRules())
    _try(tools, wanted)
    return put_connector(tools.documents, wanted, caller, new=True)


def change_connector(
    tools: Tools,
    caller: str,
    name: str,
    settings: Mapping[str, str | None],
    rules: TicketRules | None = None,
    enabled: bool | None = None,
    condition: Condition = accept_any,
) -> Connector:
    """Changes what is named of a connector: a setting that is None or "" goes back to its default, others stay."""
    known = CONNECTORS.get(tools.documents, name)
    wanted = replace(
        known,
        settings=_given({**known.settings, **settings}),
        enabled=known.enabled if enabled is None else enabled,
        rules=rules or known.rules,
    )
    _try(tools, wanted)
    return put_connector(tools.documents, wanted, caller, new=False, condition=condition)


def check_connector(tools: Tools, name: str, caller: str) -> ConnectorChecked:
    """Asks the system itself whether address, sign-in and rights are good; nothing is written there."""
    connector = CONNECTORS.get(tools.documents, name)
    found = tools.ticket_systems.open(connector.kind, connector.settings, name).check()
    audit.record(tools.documents, caller, "connector checked", name)
    return ConnectorChecked(name, concealed(found))


def _given(settings: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value.strip() for name, value in settings.items() if value and value.strip()}


def _try(tools: Tools, connector: Connector) -> None:
    address = urlsplit(connector.settings.get("url", ""))
    if address.username is not None or address.password is not None:
        raise InvalidInput("url: no user and no password in it; name the variable that holds the secret", field="url")
    tools.ticket_systems.open(connector.kind, connector.settings, connector.name)
