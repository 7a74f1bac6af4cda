"""Opens the tickets of a connector as a source of incidents. What is known of them is lent by the service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.domain.errors import InvalidInput
from app.domain.ticket_incidents import TicketIncidents
from app.ports.ci_source import CiSource
from importers.http.outbound import Outbound
from importers.opening import known
from importers.tickets.source import Tickets

SETTINGS: tuple[str, ...] = ("watches",)


def open_source(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    raise InvalidInput("tickets: only the service that keeps the tickets can open them", field="kind")


def open_tickets(location: str, settings: Mapping[str, Any], tell: Callable[[], TicketIncidents]) -> CiSource:
    """Returns the source. `location`: the connector's name; `watches`: the CIs about which its people write tickets, and about
    which silence means that nothing failed."""
    known("tickets", settings, *SETTINGS)
    scopes = [part.strip() for part in str(settings.get("watches", "")).split(",") if part.strip()]
    if not scopes:
        raise InvalidInput(
            "watches: which CIs this desk writes tickets about: * (all), class:<class> or ci:<key>, several by comma; "
            "silence of a watched CI counts as no failure",
            field="watches",
        )
    if wrong := [one for one in scopes if one != "*" and not one.startswith(("class:", "ci:"))]:
        raise InvalidInput(f"watches: *, class:<class> or ci:<key>, not {wrong[0]}", field="watches")
    return Tickets(location, scopes, tell)
