"""What all connectors do alike: requests and their errors, tickets made and read back, changes page by page."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from app.domain.concealed import concealed
from app.domain.errors import NotFound, SourceFailed, TooBusy
from app.domain.tickets import CHANGE, TICKET_KINDS, Ticket, TicketCi, TicketDraft
from app.ports.ticket_system import Abilities, SentRequest, TicketRefused
from app.ports.web_client import WebAnswer, WebClient
from app.tickets.options import Options, Phases
from app.tickets.texts import alike, clipped, is_of, marked, one_line

REFUSED = (400, 404, 405, 409, 410, 412, 413, 415, 422)
HERE = "{ticket}"  # stands for the ticket's id in a request that follows its making
WAIT = 60.0  # seconds to wait where a system says it is busy and not for how long
PAGE = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to be sent. Texts that hold `HERE` get the ticket's id."""

    method: str
    path: str
    json: Any = None
    form: Mapping[str, str] | None = None
    content: bytes | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def about(self, ticket_id: str) -> Asked:
        form = None if self.form is None else {name: value.replace(HERE, ticket_id) for name, value in self.form.items()}
        return replace(self, path=self.path.replace(HERE, ticket_id), json=_filled(self.json, ticket_id), form=form)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of changes: tickets, how many rows of the system's list it takes, and whether more may follow."""

    tickets: Sequence[Ticket]
    rows: int
    more: bool


@dataclass(frozen=True, slots=True)
class Comment:
    id: str
    text: str


class Connector:
    """A ticket system. `limit`: characters of a long text; `title_limit`: of a summary."""

    kind: str = ""
    abilities: Abilities = Abilities()
    limit: ClassVar[int] = 60_000
    title_limit: ClassVar[int] = 200

    def __init__(self, options: Options, web: WebClient) -> None:
        self.options, self.web, self.name = options, web, options.name

    # requests

    def send(self, asked: Asked, accept: Sequence[int] = (), web: WebClient | None = None) -> WebAnswer:
        """Returns the answer of the system (`web`: of another address of it); its refusals as errors of tickets."""
        request: dict[str, Any] = {"accept": (*REFUSED, 429, *accept)}
        for part in ("json", "form", "content"):
            if (value := getattr(asked, part)) is not None:
                request[part] = value
        if asked.parameters:
            request["parameters"] = asked.parameters
        if asked.headers:
            request["headers"] = asked.headers
        answer = (web or self.web).request(asked.method, asked.path, **request)
        if 200 <= answer.status < 300 or answer.status in accept:
            return answer
        said = concealed(answer.message())
        tail = f": {said}" if said else ""
        if answer.status == 429:
            wait = answer.retry_after()
            raise TooBusy(f"{self.name}: {answer.where} asks to wait (429){tail}", retry_after=WAIT if wait is None else wait)
        if answer.status in (404, 410):
            raise NotFound(f"{self.name}: {answer.where} is not there ({answer.status}){tail}", answered=answer.status)
        raise TicketRefused(f"{self.name}: {answer.where} was refused ({answer.status}){tail}", answered=answer.status)

    def get(self, path: str, **parameters: Any) -> Any:
        return self.send(Asked("GET", path, parameters=parameters)).json()

    def shown(self, asked: Asked) -> SentRequest:
        """Returns a request as it goes out, with its secrets masked."""
        tail = "?" + urlencode(asked.parameters, doseq=True) if asked.parameters else ""
        body: Any = asked.json if asked.json is not None else dict(asked.form) if asked.form is not None else None
        if asked.content is not None:
            body = asked.content.decode("utf-8", "replace")
        headers = {**self.web.shown_headers(), **asked.headers}
        url = asked.path if asked.path.startswith("http") else f"{self.web.base.rstrip('/')}/{asked.path.lstrip('/')}"
        return SentRequest(asked.method, _masked(url + tail), {n: concealed(v) for n, v in headers.items()}, _masked(body))

    # making

    def create(self, draft: TicketDraft) -> Ticket:
        """Makes the ticket; CIs that the system does not know do not keep it from being made."""
        try:
            ticket_id = self._made(draft)
        except TicketRefused:
            if not draft.cis:
                raise
            there = self.find(draft.key)  # a system that refuses in the middle may have made it all the same
            ticket_id = there[0].id if there else self._made(replace(draft, cis=()))
            self._link_if_known(ticket_id, draft.cis)
        made = self.read(ticket_id)
        if draft.key not in made.keys:
            raise self.refused(made, f"does not carry the key {draft.key}; it carries {', '.join(made.keys) or 'none'}")
        if not alike(made.summary, self.titled(draft)):
            raise self.refused(made, f"has the summary {made.summary[:80]!r} instead of what was asked")
        if made.description and not alike(made.description, self.described(draft)):
            raise self.refused(made, "has another description than what was asked")
        return made

    def rehearsed(self, draft: TicketDraft) -> Sequence[SentRequest]:
        return [self.shown(asked) for asked in self._making(draft)]

    def _made(self, draft: TicketDraft) -> str:
        first, *rest = self._making(draft)
        ticket_id = self._id_made(self.send(first))
        for asked in rest:
            try:
                self.send(asked.about(self.here(ticket_id)))
            except (TicketRefused, NotFound):
                continue  # a CI that is not known there: `link` names it
        return ticket_id

    def here(self, ticket_id: str) -> str:
        """Returns a ticket's id as it stands in a request beside its class."""
        return ticket_id

    def _link_if_known(self, ticket_id: str, cis: Sequence[TicketCi]) -> None:
        try:
            self.link(ticket_id, cis)
        except TicketRefused:
            return

    @abstractmethod
    def _making(self, draft: TicketDraft) -> Sequence[Asked]:
        """Returns the request that makes the ticket, and those that follow it (with `HERE` for its id)."""

    @abstractmethod
    def _id_made(self, answer: WebAnswer) -> str:
        """Returns the id of the ticket that was made."""

    def titled(self, draft: TicketDraft) -> str:
        return one_line(draft.summary, self.title_limit) or draft.key

    def described(self, draft: TicketDraft, tail: str = "") -> str:
        """Returns the description, with the link of the settings and a last line of its own."""
        link = self.options["link_template"].replace("{key}", draft.key)
        ends = "\n\n".join(part for part in (link, tail) if part)
        return "\n\n".join(part for part in (clipped(draft.description, self.limit - len(ends) - 2), ends) if part)

    # finding and reading

    def find(self, key: str) -> Sequence[Ticket]:
        """Returns the tickets of exactly this key: what a search finds may only look like it."""
        found = {ticket.id: ticket for ticket in self._candidates(key) if key in ticket.keys}
        return sorted(
            found.values(), key=lambda ticket: (ticket.created_at or datetime.min.replace(tzinfo=UTC), _order(ticket.id))
        )

    @abstractmethod
    def _candidates(self, key: str) -> Iterator[Ticket]: ...

    @abstractmethod
    def read(self, ticket_id: str) -> Ticket: ...

    # changing

    def transition(self, ticket_id: str, phase: str, reason: str) -> Ticket:
        now = self.read(ticket_id)
        if self._in(now, phase):
            return now
        said = self._move(now, phase, clipped(reason, self.limit))
        after = self.read(ticket_id)
        if not self._in(after, phase):
            raise self.refused(after, f"is {after.status} ({after.phase}) after it was asked to be {phase}", said)
        return after

    @abstractmethod
    def phases_of(self, kind: str) -> Phases:
        """Returns the table of phases of a kind of tickets."""

    def _in(self, ticket: Ticket, phase: str) -> bool:
        """Returns whether a ticket is in a phase; a status may stand in the tables of two."""
        return ticket.phase == phase or self.phases_of(ticket.kind).has(phase, ticket.status)

    @abstractmethod
    def _move(self, ticket: Ticket, phase: str, reason: str) -> str:
        """Asks for a phase; returns what the system said."""

    def prioritise(self, ticket_id: str, priority: str) -> Ticket:
        wanted = self.as_kept(priority)
        now = self.read(ticket_id)
        if now.priority == wanted:
            return now
        said = self._weigh(now, priority)
        after = self.read(ticket_id)
        if after.priority != wanted:
            raise self.refused(after, f"has the priority {after.priority or 'unknown'} after {priority} was asked for", said)
        return after

    def as_kept(self, priority: str) -> str:
        """Returns one of our priorities as it comes back: two of ours may be one of theirs."""
        return priority

    @abstractmethod
    def _weigh(self, ticket: Ticket, priority: str) -> str:
        """Asks for a priority; returns what the system said."""

    def comment(self, ticket_id: str, key: str, text: str) -> None:
        wanted = marked(text, key, self.limit)
        now = self._comment_of(ticket_id, key)
        if now and alike(now.text, wanted):
            return
        if now and self.abilities.edits_comments:
            self._replace(ticket_id, now.id, wanted)
        else:
            self._add(ticket_id, wanted)
        after = self._comment_of(ticket_id, key)
        if after is None or not alike(after.text, wanted):
            raise self.refused(self.read(ticket_id), "does not hold the comment that was written")

    def _comment_of(self, ticket_id: str, key: str) -> Comment | None:
        """Returns the last comment of a key."""
        of_key = [one for one in self._comments(ticket_id) if is_of(one.text, key)]
        return of_key[-1] if of_key else None

    @abstractmethod
    def _comments(self, ticket_id: str) -> Iterator[Comment]:
        """Yields the comments of a ticket as plain texts, the oldest first."""

    @abstractmethod
    def _add(self, ticket_id: str, text: str) -> None: ...

    def _replace(self, ticket_id: str, comment_id: str, text: str) -> None:
        raise NotImplementedError

    @abstractmethod
    def link(self, ticket_id: str, cis: Sequence[TicketCi]) -> Sequence[TicketCi]: ...

    def refused(self, ticket: Ticket, why: str, said: str = "") -> TicketRefused:
        tail = f": {concealed(said)[:300]}" if said else ""
        return TicketRefused(f"{self.name}: ticket {ticket.number} {why}{tail}", ticket=ticket.id)

    # changes

    def changed_since(self, moment: datetime) -> Iterator[Ticket]:
        """Yields changes from a little before the moment on. It goes on from the time of the last one that was read: a list that
        is counted from its beginning loses rows while tickets change."""
        since, skipped = moment - timedelta(minutes=self.options.number("overlap_minutes", 0, 1440)), 0
        seen: set[tuple[str, datetime | None]] = set()
        while True:
            page = self._changes(since, skipped)
            fresh = [ticket for ticket in page.tickets if (ticket.id, ticket.updated_at) not in seen]
            seen.update((ticket.id, ticket.updated_at) for ticket in fresh)
            yield from fresh
            if not page.more:
                return
            latest = max((ticket.updated_at for ticket in page.tickets if ticket.updated_at), default=since)
            if fresh and latest > since and self._goes_on(since, latest):
                since, skipped = latest, 0
            else:
                skipped += page.rows

    def _goes_on(self, since: datetime, latest: datetime) -> bool:
        """Returns whether a search from `latest` on is another one than from `since` on."""
        return True

    @abstractmethod
    def _changes(self, since: datetime, skipped: int) -> Page:
        """Returns a page of the tickets that changed since a time, the oldest change first, after the first `skipped` rows."""


def kind_of(names: Mapping[str, str], theirs: str) -> str:
    """Returns our kind of a ticket whose system calls its kind `theirs` (a queue, a type, a tracker)."""
    return next((kind for kind in TICKET_KINDS if names.get(kind, "").casefold() == theirs.casefold()), TICKET_KINDS[0])


def starts(draft: TicketDraft) -> bool:
    return draft.kind == CHANGE and draft.starts_at is not None


def listed(body: Any, where: str, name: str = "") -> Sequence[Mapping[str, Any]]:
    """Returns a list of objects in an answer; SourceFailed where it holds none."""
    rows = body.get(name) if name and isinstance(body, dict) else body
    if not isinstance(rows, list) or any(not isinstance(row, dict) for row in rows):
        raise SourceFailed(f"{where} gave no list{f' of {name}' if name else ''}")
    return rows


def plain_id(ticket_id: str) -> str:
    """Returns an id that is a number, as it stands in a path."""
    if not (ticket_id.isascii() and ticket_id.isdigit()):
        raise NotFound(f"{ticket_id[:40]!r} is no number of a ticket")
    return ticket_id


def _order(ticket_id: str) -> tuple[int, int, str]:
    digits = ticket_id.isascii() and ticket_id.isdigit()
    return (0, int(ticket_id), "") if digits else (1, 0, ticket_id)


def _filled(value: Any, ticket_id: str) -> Any:
    if isinstance(value, str):
        return ticket_id if value == HERE else value
    if isinstance(value, Mapping):
        return {name: _filled(part, ticket_id) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(part, ticket_id) for part in value]
    return value


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return concealed(value)
    if isinstance(value, Mapping):
        return {str(name): _masked(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(part) for part in value]
    return value
