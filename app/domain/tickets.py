"""Tickets of other systems: what is asked for, what was read back, and in which phase it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.errors import InvalidInput
from app.domain.live import DEGRADED, DOWN, NOTED

INCIDENT, CHANGE, PROBLEM = "incident", "change", "problem"
TICKET_KINDS = (INCIDENT, CHANGE, PROBLEM)
OPEN, RESOLVED, CLOSED, UNKNOWN_PHASE = "open", "resolved", "closed", "unknown"
PHASES = (OPEN, RESOLVED, CLOSED)
PRIORITIES = ("1", "2", "3", "4", "5")  # 1 is the most urgent


@dataclass(frozen=True, slots=True)
class ForeignId:
    """How a source names a CI: `kind` of the source (servicenow, itop, ...), the class there, the id there."""

    kind: str
    source: str
    source_class: str
    source_id: str


@dataclass(frozen=True, slots=True)
class TicketCi:
    """A CI of a ticket: our key and name, and what other systems call it."""

    key: str
    name: str
    foreign_ids: Sequence[ForeignId] = ()

    def ids_of(self, kind: str) -> list[ForeignId]:
        """Returns the ids by which the system of a kind knows the CI."""
        return [one for one in self.foreign_ids if one.kind == kind]


@dataclass(frozen=True, slots=True)
class TicketDraft:
    """A ticket that is asked for. `key` is ours: a ticket that carries it is this one, whoever made it. Texts are plain."""

    key: str
    kind: str
    summary: str
    description: str
    priority: str = "3"
    cis: Sequence[TicketCi] = ()
    starts_at: datetime | None = None  # of a change
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as its system tells it. `phase`: open, resolved, closed, or unknown where its status is none that the settings
    name. `cis`: texts that name CIs, as the system gives them (ids, names)."""

    id: str
    number: str
    url: str
    kind: str
    summary: str
    status: str
    phase: str
    priority: str  # ours, 1 to 5; "" where theirs is unknown
    keys: Sequence[str] = ()  # correlation keys of ours that it carries
    description: str = ""
    cis: Sequence[str] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    impact_at: datetime | None = None  # of an incident, when it began, where the system says so beside when it was written
    restored_at: datetime | None = None  # of an incident, when it was resolved last, where the system says so
    version: str = ""  # what the system calls this state of it (an ETag), where it has such a thing
    fields: Mapping[str, str] = field(default_factory=dict)  # the rest that was read, by the system's own names


APPLIED, DUPLICATE, LATE = "applied", "duplicate", "late"
DEFAULT_STATES = {"1": "down", "2": "down", "3": "degraded", "4": "noted", "5": "noted"}


@dataclass(frozen=True, slots=True)
class TicketRules:
    """How the tickets of a connector are taken. `states`: what an open incident of a priority says of its CIs (down, degraded,
    noted: nothing); one without a priority means what `unknown_state` says. `comments`: whether incidents and changes get our
    comment; `plans`: whether changes are planned ones for the check of collisions."""

    states: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_STATES))
    unknown_state: str = "degraded"
    comments: bool = True
    plans: bool = True

    def state_of(self, priority: str) -> str:
        """
        >>> TicketRules().state_of("1"), TicketRules().state_of("")
        ('down', 'degraded')
        """
        return self.states.get(priority, self.unknown_state)


def checked_ticket_rules(rules: TicketRules) -> TicketRules:
    """Returns the rules; InvalidInput names what is wrong with them."""
    for priority, state in (*rules.states.items(), ("unknown", rules.unknown_state)):
        if state not in (DOWN, DEGRADED, NOTED):
            raise InvalidInput(f"states: priority {priority} means {DOWN}, {DEGRADED} or {NOTED}, not {state!r}", field="states")
        if priority not in (*PRIORITIES, "unknown"):
            raise InvalidInput(f"states: a priority is one of {', '.join(PRIORITIES)}, not {priority!r}", field="states")
    return rules
