"""iTop, by its REST/JSON service: one address, errors as a code inside a 200. Texts are HTML.

Our key stands in an attribute that the settings name, else as the last line of the description. A log cannot be changed: our
comment stands in an attribute where the settings name one, else an entry is added where the text is another than the last.
`functionalcis_list` is replaced as a whole, so what is there goes with what is new.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.concealed import concealed
from app.domain.errors import NotAllowed, NotFound, SourceFailed
from app.domain.tickets import CHANGE, CLOSED, INCIDENT, OPEN, PROBLEM, RESOLVED, TICKET_KINDS, Ticket, TicketCi, TicketDraft
from app.ports.ticket_system import Abilities, TicketRefused
from app.ports.ticket_systems import TicketSetting
from app.ports.web_client import Web, WebAnswer
from app.tickets.connector import Asked, Comment, Connector, Page
from app.tickets.options import CA_FILE, LINK, OVERLAP, PASSWORD, URL, USER, ZONE, Options, Phases, moment, ours
from app.tickets.texts import alike, as_html, clipped, from_html, keys_in, marker

PATH, VERSION = "webservices/rest.php", "1.3"
ID = re.compile(r"([A-Za-z][A-Za-z0-9]*)::([0-9]+)")
SETTINGS = (
    URL,
    TicketSetting("user", USER.help, needed=True),
    TicketSetting("password_env", PASSWORD.help, needed=True, secret=True),
    CA_FILE,
    TicketSetting("organization", "name of the organisation of new tickets", needed=True),
    TicketSetting("caller_email", "address of the person who calls; empty: none is given"),
    TicketSetting("class", "class of incidents; UserRequest where the incident module is missing", "Incident"),
    TicketSetting("class_change", "class of changes", "NormalChange"),
    TicketSetting("class_problem", "class of problems", "Problem"),
    TicketSetting("key_field", "attribute that holds our key; empty: the last line of the description"),
    TicketSetting("comment_field", "attribute (text) that holds our comment; empty: an entry of the private log"),
    TicketSetting("team", "name of the team that a new ticket is given to before it is resolved"),
    TicketSetting("agent_email", "address of the agent, with team"),
    TicketSetting("resolution_code", "resolution_code of what is resolved", "assistance"),
    TicketSetting(
        "phases", "statuses of each phase", "open: assigned, new, pending, escalated_tto, escalated_ttr; resolved: resolved; "
        "closed: closed, rejected"
    ),
    TicketSetting("priorities", "impact/urgency=priority for each of ours", "1=1/1/1, 2=2/2/2, 3=3/3/3, 4=3/4/4, 5=3/4/4"),
    LINK,
    OVERLAP,
    ZONE,
)  # fmt: skip


def open_system(options: Options, http: Web) -> Itop:
    return Itop(options, http.client(options.name, options.given))


class Itop(Connector):
    """A ticket's id is its class and number: Incident::17."""

    kind = "itop"
    title_limit = 255

    def __init__(self, options: Options, web: Any) -> None:
        super().__init__(options, web)
        self.abilities = Abilities(edits_comments=bool(options["comment_field"]))
        self.phases, self.zone = options.phases(), options.zone()
        self.classes = {kind: options.of_kind("class", kind) for kind in (INCIDENT, CHANGE, PROBLEM)}
        self.table: dict[str, list[str]] = {one: theirs.split("/") for one, theirs in options.priorities().items()}
        if any(len(parts) != 3 for parts in self.table.values()):
            raise options.bad("priorities", "are written as '1=1/1/1, ...': impact, urgency and the priority that comes of them")
        self.numbers = {one: parts[2] for one, parts in self.table.items()}

    # requests

    def _asked(self, operation: str, **body: Any) -> Asked:
        return Asked(
            "POST", PATH, form={"json_data": json.dumps({"operation": operation, **body})}, parameters={"version": VERSION}
        )

    def _answered(self, answer: WebAnswer) -> Mapping[str, Any]:
        body = answer.json()
        if not isinstance(body, dict) or "code" not in body:
            raise SourceFailed(f"{answer.where} gave no answer of iTop's REST service: code is missing")
        said, code = concealed(str(body.get("message") or "")), str(body["code"])
        if code == "1":
            raise NotAllowed(f"{self.name}: {answer.where} refuses the sign-in: {said}", answered=401)
        if code == "100":
            raise TicketRefused(f"{self.name}: {answer.where} was refused: {said}", answered=code)
        if code != "0":
            raise SourceFailed(f"{self.name}: {answer.where} answered code {code}: {said}", answered=code)
        for one in (body.get("objects") or {}).values():
            if str(one.get("code", 0)) != "0":
                raise TicketRefused(f"{self.name}: {answer.where} was refused: {concealed(str(one.get('message')))}")
        return body

    def _ask(self, operation: str, **body: Any) -> Mapping[str, Any]:
        return self._answered(self.send(self._asked(operation, **body)))

    def _write(self, operation: str, ticket_id: str, **body: Any) -> str:
        name, number = _parts(ticket_id)
        about = {"class": name, "key": number, "comment": "forestay", "output_fields": "id"}
        return str(self._ask(operation, **about, **body).get("message") or "")

    def _objects(self, name: str, where: str, fields: str = "*") -> list[Mapping[str, Any]]:
        body = self._ask("core/get", **{"class": name}, key=f"SELECT {name} WHERE {where}", output_fields=fields)
        return list((body.get("objects") or {}).values())

    def check(self) -> str:
        found = self._objects("Organization", f"name = {_quoted(self.options['organization'])}", "id")
        if not found:
            raise TicketRefused(f"{self.name}: there is no organisation {self.options['organization']}")
        return f"iTop: signed in; organisation {self.options['organization']} is there"

    # making

    def described(self, draft: TicketDraft, tail: str = "") -> str:
        return super().described(draft, "" if self.options["key_field"] else marker(draft.key))

    def _making(self, draft: TicketDraft) -> Sequence[Asked]:
        impact, urgency, _ = self.table[draft.priority]
        fields: dict[str, Any] = {
            "org_id": {"name": self.options["organization"]},
            "title": self.titled(draft),
            "description": f"<p>{as_html(self.described(draft))}</p>",
            "impact": impact,
        }
        if self.options["caller_email"]:
            fields["caller_id"] = {"email": self.options["caller_email"]}
        if draft.kind != CHANGE:
            fields["urgency"] = urgency
        if draft.kind == INCIDENT:
            fields["origin"] = "monitoring"
        for name, at in (("start_date", draft.starts_at), ("end_date", draft.ends_at)):
            if at is not None and draft.kind == CHANGE:
                fields[name] = self._stamp(at)
        if self.options["key_field"]:
            fields[self.options["key_field"]] = draft.key
        if known := [found[0].source_id for ci in draft.cis if (found := ci.ids_of(self.kind))]:
            fields["functionalcis_list"] = [_tied(one) for one in dict.fromkeys(known)]
        about = {"class": self.classes[draft.kind], "comment": "forestay", "output_fields": "id", "fields": fields}
        return [self._asked("core/create", **about)]

    def _id_made(self, answer: WebAnswer) -> str:
        found = list(self._answered(answer).get("objects") or {})
        if len(found) != 1 or not ID.fullmatch(found[0]):
            raise SourceFailed(f"{answer.where} gave no object that was made")
        return str(found[0])

    # finding and reading

    def _candidates(self, key: str) -> Iterator[Ticket]:
        own = self.options["key_field"]
        where = f"{own} = {_quoted(key)}" if own else f"description LIKE {_quoted(f'%{marker(key)}%')}"
        for name in dict.fromkeys(self.classes.values()):
            yield from (self._ticket(one) for one in self._objects(name, where))

    def read(self, ticket_id: str) -> Ticket:
        bare = ticket_id.isascii() and ticket_id.isdigit()
        return self._ticket(self._object(f"{self.classes[INCIDENT]}::{ticket_id}" if bare else ticket_id))

    def _object(self, ticket_id: str) -> Mapping[str, Any]:
        name, number = _parts(ticket_id)
        found = self._objects(name, f"id = {number}")
        if not found:
            raise NotFound(f"{self.name}: {ticket_id} is not there")
        return found[0]

    def _ticket(self, row: Mapping[str, Any]) -> Ticket:
        fields, name = row.get("fields") or {}, str(row.get("class", ""))
        number, own = str(row.get("key") or fields.get("id", "")), self.options["key_field"]
        text, status = from_html(str(fields.get("description") or "")), str(fields.get("status", ""))
        held = self.options["comment_field"]
        return Ticket(
            id=f"{name}::{number}",
            number=str(fields.get("ref") or number),
            url=f"{self.web.base.rstrip('/')}/pages/UI.php?operation=details&class={name}&id={number}",
            kind=next((kind for kind in TICKET_KINDS if self.classes[kind] == name), INCIDENT),
            summary=str(fields.get("title") or ""),
            status=status,
            phase=self.phases.of(status),
            priority=ours(self.numbers, str(fields.get("priority", ""))),
            keys=[str(fields[own])] if own and fields.get(own) else [] if own else keys_in(text)[-1:],
            description=text,
            cis=[str(one.get("functionalci_id", "")) for one in fields.get("functionalcis_list") or ()],
            created_at=moment(fields.get("creation_date") or fields.get("start_date"), self.zone),
            updated_at=moment(fields.get("last_update"), self.zone),
            starts_at=moment(fields.get("start_date"), self.zone) if name == self.classes[CHANGE] else None,
            ends_at=moment(fields.get("end_date"), self.zone) if name == self.classes[CHANGE] else None,
            impact_at=moment(fields.get("start_date"), self.zone) if name == self.classes[INCIDENT] else None,
            restored_at=moment(fields.get("resolution_date"), self.zone) if name == self.classes[INCIDENT] else None,
            fields={"impact": str(fields.get("impact", "")), "urgency": str(fields.get("urgency", ""))}
            | ({held: from_html(str(fields.get(held) or ""))} if held else {}),
        )

    # changing

    def comment(self, ticket_id: str, key: str, text: str) -> None:
        if held := self.options["comment_field"]:
            wanted = clipped(text, self.limit)
            if alike(self.read(ticket_id).fields.get(held, ""), wanted):
                return
            self._write("core/update", ticket_id, fields={held: f"<p>{as_html(wanted)}</p>"})
            after = self.read(ticket_id)
            if not alike(after.fields.get(held, ""), wanted):
                raise self.refused(after, f"does not hold the comment in {held}")
            return
        super().comment(ticket_id, key, text)

    def _comments(self, ticket_id: str) -> Iterator[Comment]:
        log = (self._object(ticket_id).get("fields") or {}).get("private_log") or {}
        entries = log.get("entries") or () if isinstance(log, Mapping) else ()
        for one in reversed(list(entries)):  # the latest comes first
            yield Comment("", from_html(str(one.get("message_html") or one.get("message") or "")))

    def _add(self, ticket_id: str, text: str) -> None:
        entry = {"message": f"<p>{as_html(text)}</p>", "format": "html"}
        self._write("core/update", ticket_id, fields={"private_log": {"add_item": entry}})

    def phases_of(self, kind: str) -> Phases:
        return self.phases

    def _move(self, ticket: Ticket, phase: str, reason: str) -> str:
        """Asks by the stimuli of iTop's life cycle: what is new is given to a team before it is resolved, what is resolved can be
        closed or opened again."""
        if phase == OPEN:
            return self._stimulus(ticket.id, "ev_reopen", {})
        if self.options["team"] and ticket.status == "new":
            agent = {"agent_id": {"email": self.options["agent_email"]}} if self.options["agent_email"] else {}
            self._stimulus(ticket.id, "ev_assign", {"team_id": {"name": self.options["team"]}, **agent})
        said = ""
        if not self._in(ticket, RESOLVED):
            solved = {"resolution_code": self.options["resolution_code"], "solution": reason or "Resolved."}
            said = self._stimulus(ticket.id, "ev_resolve", solved)
        if phase == CLOSED:
            said = self._stimulus(ticket.id, "ev_close", {})
        return said

    def _stimulus(self, ticket_id: str, stimulus: str, fields: Mapping[str, Any]) -> str:
        return self._write("core/apply_stimulus", ticket_id, stimulus=stimulus, fields=fields)

    def _weigh(self, ticket: Ticket, priority: str) -> str:
        impact, urgency, _ = self.table[priority]
        return self._write("core/update", ticket.id, fields={"impact": impact, "urgency": urgency})

    def as_kept(self, priority: str) -> str:
        return ours(self.numbers, self.numbers[priority])

    def link(self, ticket_id: str, cis: Sequence[TicketCi]) -> Sequence[TicketCi]:
        fields = self._object(ticket_id).get("fields") or {}
        listed = [dict(one) for one in fields.get("functionalcis_list") or ()]
        have = [str(one.get("functionalci_id", "")) for one in listed]
        unknown, fresh = [], []
        for ci in cis:
            theirs = next((one.source_id for one in ci.ids_of(self.kind)), "")
            if theirs in have or theirs in fresh:
                continue
            if theirs.isdigit() and self._objects("FunctionalCI", f"id = {theirs}", "id"):
                fresh.append(theirs)
            else:
                unknown.append(ci)
        if fresh:
            kept = [{name: one[name] for name in ("functionalci_id", "impact_code") if one.get(name)} for one in listed]
            self._write("core/update", ticket_id, fields={"functionalcis_list": [*kept, *(_tied(one) for one in fresh)]})
            after = self.read(ticket_id)
            if missing := [one for one in (*have, *fresh) if one not in after.cis]:
                raise self.refused(after, f"is not tied to {missing[0]}")
        return unknown

    def changed_since(self, moment: datetime) -> Iterator[Ticket]:
        """Yields changes: an answer has no order that can be trusted, so all that changed is read at once and put in order."""
        at = self._stamp(moment - timedelta(minutes=self.options.number("overlap_minutes", 0, 1440)))
        found = [
            self._ticket(one)
            for name in dict.fromkeys(self.classes.values())
            for one in self._objects(name, f"last_update >= {_quoted(at)}")
        ]
        yield from sorted(found, key=lambda ticket: (ticket.updated_at or datetime.min.replace(tzinfo=UTC), ticket.id))

    def _changes(self, since: datetime, skipped: int) -> Page:
        raise NotImplementedError  # changed_since reads them its own way

    def _stamp(self, at: datetime) -> str:
        return at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")


def _tied(number: str) -> dict[str, Any]:
    return {"functionalci_id": number, "impact_code": "manual"}


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _parts(ticket_id: str) -> tuple[str, str]:
    found = ID.fullmatch(ticket_id)
    if not found:
        raise NotFound(f"{ticket_id[:60]!r} is no class and number of a ticket")
    return found[1], found[2]
