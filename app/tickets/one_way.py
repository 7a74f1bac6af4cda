"""What systems do alike that only take messages: nothing can be found or read back, a repetition is known by its key."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.domain.tickets import OPEN, Ticket, TicketCi, TicketDraft
from app.ports.ticket_system import Abilities, TicketRefused
from app.ports.web_client import WebAnswer
from app.tickets.connector import Asked, Comment, Connector, Page
from app.tickets.options import Phases
from app.tickets.texts import clipped

NOTHING = Abilities(polls=False, edits_comments=False, links_cis=False, finds=False, reads=False)


class OneWay(Connector):
    """A ticket's id is its key; what is returned of it is what was sent."""

    abilities = NOTHING

    def create(self, draft: TicketDraft) -> Ticket:
        for asked in self._making(draft):
            self._taken(self.send(asked))
        return self._told(draft.key, OPEN, draft.priority, self.titled(draft), draft.kind)

    def _told(self, key: str, phase: str, priority: str = "", summary: str = "", kind: str = "incident") -> Ticket:
        return Ticket(key, key, "", kind, summary, "sent", phase, priority, (key,))

    def _taken(self, answer: WebAnswer) -> None:
        """Checks that the message was taken."""

    def transition(self, ticket_id: str, phase: str, reason: str) -> Ticket:
        self._taken(self.send(self._moving(ticket_id, phase, clipped(reason, self.limit))))
        return self._told(ticket_id, phase)

    def prioritise(self, ticket_id: str, priority: str) -> Ticket:
        self._taken(self.send(self._weighing(ticket_id, priority)))
        return self._told(ticket_id, OPEN, priority)

    def comment(self, ticket_id: str, key: str, text: str) -> None:
        self._taken(self.send(self._commenting(ticket_id, key, clipped(text, self.limit))))

    @abstractmethod
    def _moving(self, ticket_id: str, phase: str, reason: str) -> Asked: ...

    @abstractmethod
    def _weighing(self, ticket_id: str, priority: str) -> Asked: ...

    @abstractmethod
    def _commenting(self, ticket_id: str, key: str, text: str) -> Asked: ...

    def find(self, key: str) -> Sequence[Ticket]:
        return []

    def read(self, ticket_id: str) -> Ticket:
        raise TicketRefused(f"{self.name}: what was sent cannot be read back")

    def link(self, ticket_id: str, cis: Sequence[TicketCi]) -> Sequence[TicketCi]:
        return list(cis)

    def changed_since(self, moment: datetime) -> Iterator[Ticket]:
        return iter(())

    def phases_of(self, kind: str) -> Phases:
        return Phases({})

    def _id_made(self, answer: WebAnswer) -> str:
        raise NotImplementedError  # the id is the key

    def _candidates(self, key: str) -> Iterator[Ticket]:
        return iter(())

    def _comments(self, ticket_id: str) -> Iterator[Comment]:
        return iter(())

    def _add(self, ticket_id: str, text: str) -> None:
        raise NotImplementedError

    def _move(self, ticket: Ticket, phase: str, reason: str) -> str:
        raise NotImplementedError

    def _weigh(self, ticket: Ticket, priority: str) -> str:
        raise NotImplementedError

    def _changes(self, since: datetime, skipped: int) -> Page:
        return Page([], 0, False)


def named(cis: Sequence[TicketCi]) -> list[Mapping[str, Any]]:
    """Returns CIs as a message tells them: our key, the name, and what other systems call them."""
    ids = ("kind", "source", "source_class", "source_id")
    return [
        {"key": ci.key, "name": ci.name, "ids": [{part: getattr(one, part) for part in ids} for one in ci.foreign_ids]}
        for ci in cis
    ]
