"""TicketSystem: where incidents, changes and problems live.

What is written is read back: a system may answer 2xx to what it refused (RT, Redmine) or ignore a field (ServiceNow). A write
that did not come to hold raises `TicketRefused`. None of these is tried again by the connector where trying twice could make
two: the outbox looks for the key first. Errors: `SourceFailed` where the system did not answer as it should (its outcome is not
known), `TicketRefused` where it said no (trying again is of no use), `TooBusy` with `retry_after` where it asks to wait,
`NotFound` for a ticket that is gone, `NotAllowed` where the sign-in is not good.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from app.domain.errors import ForestayError
from app.domain.tickets import Ticket, TicketCi, TicketDraft


class TicketRefused(ForestayError):
    """The system said no, or what it kept is not what was asked."""

    code = "ticket_refused"
    title = "The ticket system refused"


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request as it goes out: for a dry run, and for the record of an attempt. Secrets are masked."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a system can do. `polls`: it can tell what changed since a moment; `edits_comments`: a comment can be replaced;
    `links_cis`: a ticket can be tied to CIs of its own; `transitions`: it has phases; `finds`: it can be searched by our key;
    `reads`: tickets can be read back (events that are only queued can not); `search_lag_seconds`: how long a new ticket may be
    hidden from its search."""

    polls: bool = True
    edits_comments: bool = True
    links_cis: bool = True
    transitions: bool = True
    finds: bool = True
    reads: bool = True
    search_lag_seconds: float = 0.0


class TicketSystem(Protocol):
    """One ticket system, opened with its settings."""

    kind: str
    abilities: Abilities

    def check(self) -> str:
        """Tries address, sign-in and rights without writing; returns what it found in a sentence."""

    def create(self, draft: TicketDraft) -> Ticket:
        """Makes a ticket that carries the draft's key, and returns it as read back."""

    def find(self, key: str) -> Sequence[Ticket]:
        """Returns the tickets that carry a key, the oldest first; more than one is a double that somebody made."""

    def read(self, ticket_id: str) -> Ticket:
        """Returns a ticket."""

    def comment(self, ticket_id: str, key: str, text: str) -> None:
        """Makes the comment of this key say `text`: it is replaced where it is there already. A system that cannot replace a
        comment keeps the text in a field of its own where the settings name one, else adds a comment where the text differs
        from the last of this key."""

    def transition(self, ticket_id: str, phase: str, reason: str) -> Ticket:
        """Brings a ticket into a phase; returns it as read back. `TicketRefused` where it is not in that phase then. A ticket
        that is in it already stays as it is."""

    def prioritise(self, ticket_id: str, priority: str) -> Ticket:
        """Gives a ticket one of our priorities; returns it as read back."""

    def link(self, ticket_id: str, cis: Sequence[TicketCi]) -> Sequence[TicketCi]:
        """Ties the ticket to CIs, beside those that it has; returns those that the system does not know."""

    def changed_since(self, moment: datetime) -> Iterator[Ticket]:
        """Yields what changed since a moment (inclusive), the oldest change first; the same ticket may come twice."""

    def rehearsed(self, draft: TicketDraft) -> Sequence[SentRequest]:
        """Returns the requests by which `create` would make the ticket, exactly, and sends nothing."""
