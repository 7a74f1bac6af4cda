"""Tickets of others and of ours as they were last read, with what they mean here."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from app.ports.documents import Documents
from app.ports.records import Kept, Records
from app.usecases.keep.orders import ci_prefix


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A name in a ticket to which no CI answers, or more than one."""

    name: str
    candidates: Sequence[str] = ()
    near: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class KnownTicket:
    """A ticket as last read. `order`: key of ours where we made it; `cis`: keys of the CIs that it is about; `unknown`: names
    that stand for none. `suggested`: our priority while it was open, with the row of the table (`suggested_row`); `told_for`: for
    which state of the estate and of what is reported it was commented on. `named_services`: business services among `cis`;
    `predicted_of_rest`: services that an outage of the others hits, where it names both."""

    connector: str
    ticket: str
    number: str
    url: str
    kind: str
    summary: str
    status: str
    phase: str
    priority: str
    updated_at: str
    seen_at: str
    created_at: str = ""
    ended_at: str = ""  # when it was first seen resolved or closed
    starts_at: str = ""
    ends_at: str = ""
    order: str = ""
    cis: Sequence[str] = ()
    unknown: Sequence[UnknownName] = ()
    suggested: str = ""
    suggested_row: str = ""
    predicted_services: Sequence[str] = ()
    named_services: Sequence[str] = ()
    predicted_of_rest: Sequence[str] = ()
    told_for: str = ""
    impact_at: str = ""  # when it began, where its system says so
    reopened: int = 0  # how often it was seen open again
    fault: str = ""  # why it could not be taken whole


KNOWN = Records("ticket_known", KnownTicket, "ticket")
OPEN_NOW = Records("ticket_open", str)  # keys of those that are open
KNOWN_OF_CI = Records("known_of_ci", str)  # which tickets are about a CI


def ticket_key(connector: str, ticket: str) -> str:
    return hashlib.sha256(f"{connector}\0{ticket}".encode()).hexdigest()[:32]


def tickets_of_ci(documents: Documents, ci: str, limit: int = 100) -> list[KnownTicket]:
    """Returns the tickets that are about a CI, the latest change first."""
    prefix = ci_prefix(ci)
    keys = [row.value for row in KNOWN_OF_CI.page(documents, prefix, limit) if row.key.startswith(prefix)]
    found = [ticket for key in keys if (ticket := KNOWN.find(documents, key)) is not None and ci in ticket.cis]
    return sorted(found, key=lambda ticket: (ticket.updated_at, ticket.ticket), reverse=True)


def open_tickets(documents: Documents, connector: str = "") -> list[Kept[KnownTicket]]:
    """Returns the open tickets of a connector ("": of all), in order of their keys."""
    keys = [row.key for row in OPEN_NOW.every(documents) if connector in ("", row.value)]
    return [kept for key in keys if (kept := KNOWN.kept(documents, key)) is not None]
