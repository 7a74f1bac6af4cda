"""A ticket system in memory that keeps its tickets as people left them, and fails at the steps that a test names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from app.domain.errors import ForestayError, NotFound, SourceFailed
from app.domain.tickets import OPEN, Ticket, TicketCi, TicketDraft
from app.ports.ticket_system import Abilities, SentRequest, TicketRefused, TicketSystem
from app.ports.ticket_systems import TicketKind

Fault = Callable[[], ForestayError | None]


@dataclass
class Desk:
    """Opens itself for every kind. `before` and `after`: what fails of each call that writes, in turn; a fault after the write is
    an answer that was lost."""

    abilities: Abilities = Abilities()
    kind: str = "desk"
    tickets: dict[str, Ticket] = field(default_factory=dict)
    comments: dict[tuple[str, str], str] = field(default_factory=dict)
    before: list[ForestayError | None] = field(default_factory=list)
    after: list[ForestayError | None] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)  # secrets by the names of their variables
    locked: bool = False  # tickets cannot be closed
    between: Callable[[str], None] = lambda call: None  # something else happens while a call is under way

    def kinds(self) -> Sequence[TicketKind]:
        return [TicketKind(self.kind, "Desk", ())]

    def open(self, kind: str, settings: Mapping[str, str], name: str = "") -> TicketSystem:
        return self

    def secrets(self, names: str) -> Sequence[str]:
        return [self.held[name] for name in names.split()]

    def check(self) -> str:
        return "it answers"

    def create(self, draft: TicketDraft) -> Ticket:
        def write() -> Ticket:
            number = str(len(self.tickets) + 1)
            now = datetime.now(UTC)
            made = Ticket(
                number, f"T{number}", f"http://desk/{number}", draft.kind, draft.summary, "new", OPEN, draft.priority,
                (draft.key,), draft.description, tuple(ci.name for ci in draft.cis), now, now,
            )  # fmt: skip
            self.tickets[number] = made
            return made

        return self._write("create", write)

    def find(self, key: str) -> Sequence[Ticket]:
        return [ticket for ticket in self.tickets.values() if key in ticket.keys]

    def read(self, ticket_id: str) -> Ticket:
        if ticket_id not in self.tickets:
            raise NotFound(f"no ticket {ticket_id}")
        return self.tickets[ticket_id]

    def comment(self, ticket_id: str, key: str, text: str) -> None:
        def write() -> Ticket:
            self.comments[ticket_id, key] = text
            return self.read(ticket_id)

        self._write("comment", write)

    def transition(self, ticket_id: str, phase: str, reason: str) -> Ticket:
        if self.read(ticket_id).phase == phase:
            return self.read(ticket_id)
        if self.locked:
            raise TicketRefused("the workflow does not allow it")
        return self._write("transition", lambda: self.change(ticket_id, phase=phase, status=phase))

    def prioritise(self, ticket_id: str, priority: str) -> Ticket:
        return self._write("prioritise", lambda: self.change(ticket_id, priority=priority))

    def link(self, ticket_id: str, cis: Sequence[TicketCi]) -> Sequence[TicketCi]:
        known = [ci for ci in cis if not ci.key.startswith("unknown")]
        names = {*self.read(ticket_id).cis, *(ci.name for ci in known)}
        self._write("link", lambda: self.change(ticket_id, cis=tuple(sorted(names))))
        return [ci for ci in cis if ci not in known]

    def changed_since(self, moment: datetime) -> Iterator[Ticket]:
        yield from [ticket for ticket in self.tickets.values() if ticket.updated_at and ticket.updated_at >= moment]

    def rehearsed(self, draft: TicketDraft) -> Sequence[SentRequest]:
        return [SentRequest("POST", "http://desk/", {}, {"summary": draft.summary, "key": draft.key})]

    def change(self, ticket_id: str, **changes: object) -> Ticket:
        """Changes a ticket, as people do too."""
        self.tickets[ticket_id] = replace(self.read(ticket_id), updated_at=datetime.now(UTC), **changes)  # type: ignore[arg-type]
        return self.tickets[ticket_id]

    def _write(self, call: str, write: Callable[[], Ticket]) -> Ticket:
        self.calls.append(call)
        if self.before and (fault := self.before.pop(0)) is not None:
            raise fault
        done = write()
        self.between(call)
        if self.after and (fault := self.after.pop(0)) is not None:
            raise fault
        return done


LOST = SourceFailed("the connection was reset before an answer came")
