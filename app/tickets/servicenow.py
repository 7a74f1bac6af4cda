"""ServiceNow, by the Table API. Our key is correlation_id. A field that is not known is ignored, a bad part of a query too: what
comes back is compared. Work notes cannot be changed: the text stands in a field where the settings name one, else a note is added
where the text is another than the last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.domain.errors import InvalidInput, NotFound, SourceFailed
from app.domain.tickets import CHANGE, CLOSED, INCIDENT, PROBLEM, RESOLVED, TICKET_KINDS, Ticket, TicketCi, TicketDraft
from app.ports.ticket_system import Abilities
from app.ports.ticket_systems import TicketSetting
from app.ports.web_client import Web, WebAnswer
from app.tickets.connector import HERE, PAGE, Asked, Comment, Connector, Page
from app.tickets.options import (
    CA_FILE,
    CLIENT_ID,
    CLIENT_SECRET,
    LINK,
    OVERLAP,
    PASSWORD,
    TOKEN,
    URL,
    USER,
    Options,
    Phases,
    moment,
)
from app.tickets.texts import alike, clipped, marker

API = "api/now/table"
TOKENS = "oauth_token.do"
TABLES = {INCIDENT: "incident", CHANGE: "change_request", PROBLEM: "problem"}
FIELDS = (
    "sys_id,sys_class_name,number,short_description,description,state,priority,impact,urgency,correlation_id,"
    "correlation_display,cmdb_ci,opened_at,resolved_at,sys_created_on,sys_updated_on,sys_mod_count"
)
SETTINGS = (
    URL,
    USER,
    PASSWORD,
    TicketSetting("token_env", TOKEN.help + " (an API key, sent as x-sn-apikey)", secret=True),
    CLIENT_ID,
    CLIENT_SECRET,
    CA_FILE,
    TicketSetting("assignment_group", "sys_id of the group of new tickets; empty: the instance decides"),
    TicketSetting("change_type", "type of new changes: normal, standard or emergency", "normal"),
    TicketSetting("comment_field", "field that holds our comment; empty: a work note is added where the text changed"),
    TicketSetting("close_code", "close_code of what is resolved or closed", "Solution provided"),
    TicketSetting(
        "phases", "states of an incident in each phase; the first is asked for", "open: 2, 1, 3; resolved: 6; closed: 7, 8"
    ),
    TicketSetting("phases_change", "states of a change", "open: -1, -5, -4, -3, -2; resolved: 0; closed: 3, 4"),
    TicketSetting("phases_problem", "states of a problem", "open: 104, 101, 102, 103; resolved: 106; closed: 107"),
    TicketSetting("priorities", "impact/urgency for each of our priorities", "1=1/1, 2=1/2, 3=2/2, 4=2/3, 5=3/3"),
    TicketSetting("poll_query", "encoded query that polls are narrowed by, such as assignment_group=<sys_id>"),
    LINK,
    OVERLAP,
)
ID = re.compile(r"(incident|change_request|problem)/[0-9a-f]{32}")


def open_system(options: Options, http: Web) -> ServiceNow:
    return ServiceNow(options, http.client(options.name, options.given, token_path=TOKENS, key_header="x-sn-apikey"))


class ServiceNow(Connector):
    """A ticket's id is its table and sys_id."""

    kind = "servicenow"
    limit = 4000
    title_limit = 160

    def __init__(self, options: Options, web: Any) -> None:
        super().__init__(options, web)
        self.abilities = Abilities(edits_comments=bool(options["comment_field"]))
        self.phases = {kind: options.phases("phases" if kind == INCIDENT else f"phases_{kind}") for kind in TICKET_KINDS}
        self.table = {one: theirs.partition("/")[::2] for one, theirs in options.priorities().items()}

    def check(self) -> str:
        rows, _ = self._rows("task", "ORDERBYsys_id", 0, 1)
        return f"ServiceNow: the Table API answers, {'tickets can be read' if rows else 'no ticket can be seen'}"

    def _making(self, draft: TicketDraft) -> Sequence[Asked]:
        impact, urgency = self.table[draft.priority]
        body = {
            "short_description": self.titled(draft),
            "description": self.described(draft),
            "impact": impact,
            "urgency": urgency,
            "correlation_id": _plain(draft.key),
            "correlation_display": "forestay",
        }
        if self.options["assignment_group"]:
            body["assignment_group"] = self.options["assignment_group"]
        if draft.kind == CHANGE:
            body["type"] = self.options["change_type"]
            for name, at in (("start_date", draft.starts_at), ("end_date", draft.ends_at)):
                if at is not None:
                    body[name] = _stamp(at)
        known = [found[0].source_id for ci in draft.cis if (found := ci.ids_of(self.kind))]
        if known:
            body["cmdb_ci"] = known[0]
        made = Asked("POST", f"{API}/{TABLES[draft.kind]}", json=body, parameters=_shape())
        rest = [Asked("POST", f"{API}/task_ci", json={"task": HERE, "ci_item": one}) for one in dict.fromkeys(known[1:])]
        return [made, *rest]

    def _id_made(self, answer: WebAnswer) -> str:
        row = self._result(answer)
        return f"{_text(row, 'sys_class_name') or answer.where.rpartition('/')[2]}/{_text(row, 'sys_id')}"

    def here(self, ticket_id: str) -> str:
        return ticket_id.rpartition("/")[2]

    def _candidates(self, key: str) -> Iterator[Ticket]:
        skipped, total = 0, 1
        while skipped < total:
            rows, total = self._rows("task", f"correlation_id={_plain(key)}^ORDERBYsys_created_on^ORDERBYsys_id", skipped, PAGE)
            for row in rows:
                if _text(row, "correlation_id").casefold() != key.casefold():
                    raise SourceFailed(f"{self.name}: the search for a key was ignored: it gave {_text(row, 'number')}")
                if _text(row, "sys_class_name") in TABLES.values():
                    yield self._ticket(row)
            skipped += PAGE

    def _rows(
        self, table: str, query: str, skipped: int, limit: int, fields: str = FIELDS
    ) -> tuple[Sequence[Mapping[str, Any]], int]:
        """Returns rows, and how many there are in all; a page may be short where rows are hidden from the user."""
        wanted = {"sysparm_query": query, "sysparm_limit": limit, "sysparm_offset": skipped, "sysparm_fields": fields}
        parameters = {**_shape(), **wanted}
        answer = self.send(Asked("GET", f"{API}/{table}", parameters=parameters))
        body = answer.json()
        rows = body.get("result") if isinstance(body, dict) else None
        if not isinstance(rows, list) or body.get("error"):
            raise SourceFailed(f"{answer.where} gave no whole result: {answer.message()}")
        total = answer.headers.get("x-total-count", "")
        return rows, int(total) if total.isdigit() else skipped + len(rows) + (1 if rows else 0)

    def _result(self, answer: WebAnswer) -> Mapping[str, Any]:
        body = answer.json()
        row = body.get("result") if isinstance(body, dict) else None
        if not isinstance(row, dict) or body.get("error"):
            raise SourceFailed(f"{answer.where} gave no result: {answer.message()}")
        return row

    def _row(self, ticket_id: str, *more: str) -> Mapping[str, Any]:
        shape = {**_shape(), "sysparm_fields": ",".join((FIELDS, *more))}
        return self._result(self.send(Asked("GET", f"{API}/{_path(ticket_id)}", parameters=shape)))

    def read(self, ticket_id: str) -> Ticket:
        own = self.options["comment_field"]
        row = self._row(ticket_id, "start_date", "end_date", *([own] if own else []))
        rows, _ = self._rows("task_ci", f"task={self.here(ticket_id)}^ORDERBYsys_id", 0, 1000, "sys_id,task,ci_item")
        return self._ticket(row, [_text(one, "ci_item") for one in rows if _text(one, "task") == self.here(ticket_id)])

    def _ticket(self, row: Mapping[str, Any], more: Sequence[str] = ()) -> Ticket:
        table = _text(row, "sys_class_name")
        kind = next((one for one, name in TABLES.items() if name == table), INCIDENT)
        state, own, key = _text(row, "state"), self.options["comment_field"], _text(row, "correlation_id")
        cis = [one for one in dict.fromkeys([_text(row, "cmdb_ci"), *more]) if one]
        return Ticket(
            id=f"{table}/{_text(row, 'sys_id')}",
            number=_text(row, "number"),
            url=f"{self.web.base.rstrip('/')}/nav_to.do?uri={table}.do?sys_id={_text(row, 'sys_id')}",
            kind=kind,
            summary=_text(row, "short_description"),
            status=state,
            phase=self.phases[kind].of(state),
            priority=_text(row, "priority") if _text(row, "priority") in self.table else "",
            keys=[key] if key else [],
            description=_text(row, "description"),
            cis=cis,
            created_at=moment(_text(row, "sys_created_on"), UTC),
            updated_at=moment(_text(row, "sys_updated_on"), UTC),
            starts_at=moment(_text(row, "start_date"), UTC),
            ends_at=moment(_text(row, "end_date"), UTC),
            impact_at=moment(_text(row, "opened_at"), UTC) if kind == INCIDENT else None,
            restored_at=moment(_text(row, "resolved_at"), UTC) if kind == INCIDENT else None,
            version=_text(row, "sys_mod_count"),
            fields={"impact": _text(row, "impact"), "urgency": _text(row, "urgency")} | ({own: _text(row, own)} if own else {}),
        )

    def _patch(self, ticket_id: str, body: Mapping[str, str]) -> str:
        self._result(self.send(Asked("PATCH", f"{API}/{_path(ticket_id)}", json=body, parameters=_shape())))
        return ""

    def comment(self, ticket_id: str, key: str, text: str) -> None:
        if own := self.options["comment_field"]:
            wanted = clipped(text, self.limit)
            if alike(self.read(ticket_id).fields.get(own, ""), wanted):
                return
            self._patch(ticket_id, {own: wanted})
            after = self.read(ticket_id)
            if not alike(after.fields.get(own, ""), wanted):
                raise self.refused(after, f"does not hold the comment in {own}")
            return
        super().comment(ticket_id, key, text)

    def _comment_of(self, ticket_id: str, key: str) -> Comment | None:
        """Returns the note of a key that stands first in the journal: it shows the latest first, each below a line that names its
        writer."""
        shown = _text(self._row(ticket_id, "work_notes"), "work_notes", "display_value").replace("\r\n", "\n")
        before, found, _ = shown.partition("\n" + marker(key))
        if not found:
            return None
        heads = [one.end() for one in re.finditer(r"^.+ - .+ \([^()\n]+\)\n", before, re.MULTILINE)]
        return Comment("", before[heads[-1] if heads else 0 :] + "\n" + marker(key))

    def _comments(self, ticket_id: str) -> Iterator[Comment]:
        raise NotImplementedError  # the journal is one text: _comment_of reads it

    def _add(self, ticket_id: str, text: str) -> None:
        self._patch(ticket_id, {"work_notes": text})

    def phases_of(self, kind: str) -> Phases:
        return self.phases[kind]

    def _move(self, ticket: Ticket, phase: str, reason: str) -> str:
        body = {"state": self.phases[ticket.kind].all_of(phase)[0]}
        if phase in (RESOLVED, CLOSED):
            body |= {"close_code": self.options["close_code"], "close_notes": reason or "closed by forestay"}
        elif reason:
            body["work_notes"] = reason
        return self._patch(ticket.id, body)

    def _weigh(self, ticket: Ticket, priority: str) -> str:
        impact, urgency = self.table[priority]
        return self._patch(ticket.id, {"impact": impact, "urgency": urgency})

    def link(self, ticket_id: str, cis: Sequence[TicketCi]) -> Sequence[TicketCi]:
        unknown, now = [], self.read(ticket_id)
        have = list(now.cis)
        for ci in cis:
            theirs = next((one.source_id for one in ci.ids_of(self.kind) if self._knows(one.source_id)), "")
            if not theirs:
                unknown.append(ci)
            elif theirs not in have:
                if have:
                    self._result(
                        self.send(Asked("POST", f"{API}/task_ci", json={"task": self.here(ticket_id), "ci_item": theirs}))
                    )
                else:
                    self._patch(ticket_id, {"cmdb_ci": theirs})
                have.append(theirs)
        if have != list(now.cis):
            after = self.read(ticket_id)
            if missing := [one for one in have if one not in after.cis]:
                raise self.refused(after, f"is not tied to {missing[0]}")
        return unknown

    def _knows(self, sys_id: str) -> bool:
        if not re.fullmatch(r"[0-9a-f]{32}", sys_id):
            return False
        try:
            self.send(Asked("GET", f"{API}/cmdb_ci/{sys_id}", parameters={"sysparm_fields": "sys_id"}))
        except NotFound:
            return False
        return True

    def _changes(self, since: datetime, skipped: int) -> Page:
        parts = [f"sys_class_nameIN{','.join(TABLES.values())}", f"sys_updated_on>={_stamp(since)}"]
        more = [self.options["poll_query"]] if self.options["poll_query"] else []
        query = "^".join([*parts, *more, "ORDERBYsys_updated_on", "ORDERBYsys_id"])
        rows, total = self._rows("task", query, skipped, PAGE)
        tickets = [self._ticket(row) for row in rows]
        if any(ticket.updated_at is None or ticket.updated_at < since.replace(microsecond=0) for ticket in tickets):
            raise SourceFailed(f"{self.name}: the filter by time was ignored")
        return Page(tickets, PAGE, skipped + PAGE < total)


def _shape() -> dict[str, str]:
    return {"sysparm_display_value": "all", "sysparm_exclude_reference_link": "true", "sysparm_fields": FIELDS}


def _text(row: Mapping[str, Any], name: str, part: str = "value") -> str:
    """Returns a field in whatever shape it comes: plain, or an object with value and display_value."""
    value = row.get(name, "")
    if isinstance(value, Mapping):
        value = value.get(part, "")
    return str(value or "")


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _plain(key: str) -> str:
    if "^" in key or "\n" in key:
        raise InvalidInput(f"the key {key[:60]!r} holds a sign that ServiceNow's queries split at", field="key")
    return key


def _path(ticket_id: str) -> str:
    """Returns table and sys_id; a sys_id alone is an incident's."""
    if ID.fullmatch(f"incident/{ticket_id}"):
        return f"incident/{ticket_id}"
    if not ID.fullmatch(ticket_id):
        raise NotFound(f"{ticket_id[:60]!r} is no table and sys_id of a ticket")
    return ticket_id
