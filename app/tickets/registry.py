"""The kinds of ticket systems, one line each; the connector of each is loaded when it is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from app.domain.errors import InvalidInput
from app.ports.ticket_system import TicketSystem
from app.ports.ticket_systems import TicketKind
from app.ports.web_client import Web
from app.tickets.options import Options

KINDS = {
    "servicenow": ("ServiceNow", "app.tickets.servicenow"),
    "jira": ("Jira, Cloud and Data Center", "app.tickets.jira"),
    "itop": ("iTop", "app.tickets.itop"),
    "glpi": ("GLPI", "app.tickets.glpi"),
    "rt": ("Request Tracker 5", "app.tickets.rt"),
    "redmine": ("Redmine", "app.tickets.redmine"),
    "zammad": ("Zammad", "app.tickets.zammad"),
    "pagerduty": ("PagerDuty, by events", "app.tickets.pagerduty"),
    "webhook": ("Webhooks, by Standard Webhooks", "app.tickets.webhook"),
}  # kind -> what it is, and the module with its SETTINGS and its open_system(options, http)


def open_ticket_system(kind: str, name: str, settings: Mapping[str, str], http: Web) -> TicketSystem:
    """Returns the ticket system of a kind; InvalidInput for an unknown kind, an unknown, missing or bad setting, or a variable
    without a secret."""
    if kind not in KINDS:
        raise InvalidInput(f"unknown kind of ticket system {kind!r}; known: {', '.join(KINDS)}", field="kind")
    module = import_module(KINDS[kind][1])
    system: TicketSystem = module.open_system(Options(kind, name or kind, settings, module.SETTINGS), http)
    return system


def kinds() -> Sequence[TicketKind]:
    return [TicketKind(kind, title, import_module(module).SETTINGS) for kind, (title, module) in KINDS.items()]


@dataclass(frozen=True, slots=True)
class Registered:
    """The kinds, with the client that they work with."""

    http: Web

    def kinds(self) -> Sequence[TicketKind]:
        return kinds()

    def secrets(self, names: str) -> Sequence[str]:
        return [self.http.secret("inbox", {"secret_env": name}, "secret_env") for name in names.split()]

    def open(self, kind: str, settings: Mapping[str, str], name: str = "") -> TicketSystem:
        return open_ticket_system(kind, name, settings, self.http)
