"""Request Tracker 5, by REST2. Our key is a custom field; a refusal may answer 200, so what was asked is read back.

A search by a custom field finds it in any spelling of capitals, so what was found is compared. Comments cannot be changed: the
text stands in a custom field where the settings name one, else a comment is added where the text is another than the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.domain.errors import SourceFailed
from app.domain.tickets import INCIDENT, TICKET_KINDS, Ticket, TicketCi, TicketDraft
from app.ports.ticket_system import Abilities, TicketRefused
from app.ports.ticket_systems import TicketSetting
from app.ports.web_client import Web, WebAnswer
from app.tickets.connector import PAGE, Asked, Comment, Connector, Page, kind_of, listed, plain_id
from app.tickets.options import CA_FILE, LINK, OVERLAP, PASSWORD, TOKEN, URL, USER, ZONE, Options, Phases, moment
from app.tickets.texts import alike, clipped

API = "REST/2.0"
FIELDS = {"fields": "Subject,Status,Priority,Created,LastUpdated,Resolved,Starts,Due,CustomFields,Queue", "fields[Queue]": "Name"}
SETTINGS = (
    URL,
    TOKEN,
    USER,
    PASSWORD,
    CA_FILE,
    TicketSetting("queue", "queue of new tickets", "General"),
    TicketSetting("queue_change", "queue of changes, where they have one of their own"),
    TicketSetting("queue_problem", "queue of problems, where they have one of their own"),
    TicketSetting("requestor", "address that asks for the tickets; empty: the user that signs in"),
    TicketSetting("key_field", "custom field that holds our key", "Forestay Key"),
    TicketSetting("comment_field", "custom field that holds our comment; empty: a comment is added where the text changed"),
    TicketSetting("ci_field", "custom field of several values that names the CIs; empty: tickets name none"),
    TicketSetting(
        "phases",
        "statuses of each phase; the first is asked for",
        "open: open, new, stalled; resolved: resolved; closed: rejected, deleted",
    ),
    TicketSetting(
        "priorities", "their priority for each of ours; what lies between counts as the lower", "1=100, 2=75, 3=50, 4=25, 5=0"
    ),
    LINK,
    OVERLAP,
    ZONE,
)


def open_system(options: Options, http: Web) -> RequestTracker:
    headers = None
    if options["token_env"]:
        headers = {"Authorization": f"token {http.secret(options.name, options.given, 'token_env')}"}
    return RequestTracker(options, http.client(options.name, options.given, headers=headers))


class RequestTracker(Connector):
    kind = "rt"

    def __init__(self, options: Options, web: Any) -> None:
        super().__init__(options, web)
        self.abilities = Abilities(edits_comments=bool(options["comment_field"]), links_cis=bool(options["ci_field"]))
        self.phases, self.zone = options.phases(), options.zone()
        self.weights = {one: self._number(theirs) for one, theirs in options.priorities().items()}
        self.queues = {kind: options.of_kind("queue", kind) for kind in TICKET_KINDS}

    def _number(self, text: str) -> int:
        if not text.isdigit():
            raise self.options.bad("priorities", "are whole numbers in Request Tracker")
        return int(text)

    def check(self) -> str:
        version = str(self.get(f"{API}/rt").get("Version", "?"))
        queue = self.get(f"{API}/queue/{self.queues[INCIDENT]}")
        fields = {str(one.get("name")) for one in queue.get("TicketCustomFields") or ()}
        wanted = [self.options[name] for name in ("key_field", "comment_field", "ci_field") if self.options[name]]
        if missing := [name for name in wanted if name not in fields]:
            raise TicketRefused(f"{self.name}: queue {self.queues[INCIDENT]} has no custom field {', '.join(missing)}")
        return f"Request Tracker {version}; queue {queue.get('Name')} has the custom fields {', '.join(wanted)}"

    def _making(self, draft: TicketDraft) -> Sequence[Asked]:
        fields: dict[str, Any] = {self.options["key_field"]: draft.key}
        if self.options["ci_field"] and draft.cis:
            fields[self.options["ci_field"]] = [_named(ci) for ci in draft.cis]
        body: dict[str, Any] = {
            "Queue": self.queues[draft.kind],
            "Subject": self.titled(draft),
            "Content": self.described(draft),
            "ContentType": "text/plain",
            "Priority": self.weights[draft.priority],
            "CustomFields": fields,
        }
        if self.options["requestor"]:
            body["Requestor"] = self.options["requestor"]
        for name, at in (("Starts", draft.starts_at), ("Due", draft.ends_at)):
            if at is not None:
                body[name] = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return [Asked("POST", f"{API}/ticket", json=body)]

    def _id_made(self, answer: WebAnswer) -> str:
        body = answer.json()
        if not isinstance(body, dict) or not body.get("id"):
            raise SourceFailed(f"{answer.where} gave no id of the ticket")
        return str(body["id"])

    def _candidates(self, key: str) -> Iterator[Ticket]:
        query = f"'CF.{{{self.options['key_field']}}}' = {_quoted(key)}"
        more, number = True, 0
        while more:
            number += 1
            rows, more = self._listed("tickets", number, query=query, orderby="id", order="ASC", **FIELDS)
            yield from (self._ticket(row) for row in rows)

    def _listed(self, path: str, number: int, **parameters: Any) -> tuple[Sequence[Mapping[str, Any]], bool]:
        """Returns a page of a list, and whether more pages follow: one may be short where rows are hidden from the user."""
        body = self.get(f"{API}/{path}", page=number, per_page=PAGE, **parameters)
        rows = listed(body, f"{self.name}: {path}", "items")
        return rows, number < float(body.get("pages") or 0)

    def read(self, ticket_id: str) -> Ticket:
        answer = self.send(Asked("GET", f"{API}/ticket/{plain_id(ticket_id)}", parameters={"fields[Queue]": "Name"}))
        return self._ticket(answer.json(), answer.headers.get("etag", "").strip('"'))

    def _ticket(self, row: Mapping[str, Any], version: str = "") -> Ticket:
        fields = {
            str(one.get("name")): [str(value) for value in one.get("values") or ()] for one in row.get("CustomFields") or ()
        }
        number, status = str(row.get("id", "")), str(row.get("Status", ""))
        queue = row.get("Queue")
        name = str((queue.get("Name") or "") if isinstance(queue, dict) else queue or "")
        return Ticket(
            id=number,
            number=number,
            url=f"{self.web.base.rstrip('/')}/Ticket/Display.html?id={number}",
            kind=kind_of(self.queues, name),
            summary=str(row.get("Subject") or ""),
            status=status,
            phase=self.phases.of(status),
            priority=self._ours(str(row.get("Priority", ""))),
            keys=fields.get(self.options["key_field"], []),
            cis=fields.get(self.options["ci_field"], []) if self.options["ci_field"] else [],
            created_at=moment(row.get("Created"), UTC),
            updated_at=moment(row.get("LastUpdated"), UTC),
            starts_at=moment(row.get("Starts"), UTC),
            ends_at=moment(row.get("Due"), UTC),
            restored_at=moment(row.get("Resolved"), UTC),
            version=version,
            fields={"queue": name, "priority": str(row.get("Priority", ""))}
            | {field: "\n".join(values) for field, values in fields.items() if values},
        )

    def _ours(self, theirs: str) -> str:
        if not theirs.lstrip("-").isdigit():
            return ""
        below = [one for one, weight in sorted(self.weights.items()) if weight <= int(theirs)]
        return below[0] if below else max(self.weights)

    def comment(self, ticket_id: str, key: str, text: str) -> None:
        if field := self.options["comment_field"]:
            wanted = clipped(text, self.limit)
            ticket = self.read(ticket_id)
            if alike(ticket.fields.get(field, ""), wanted):
                return
            said = self._changed(ticket_id, {"CustomFields": {field: wanted}})
            after = self.read(ticket_id)
            if not alike(after.fields.get(field, ""), wanted):
                raise self.refused(after, f"does not hold the comment in {field}", said)
            return
        super().comment(ticket_id, key, text)

    def _comments(self, ticket_id: str) -> Iterator[Comment]:
        more, number = True, 0
        while more:
            number += 1
            rows, more = self._listed(f"ticket/{plain_id(ticket_id)}/attachments", number, fields="Content,ContentType")
            for row in rows:
                if str(row.get("ContentType")).startswith("text/"):
                    yield Comment(str(row.get("id")), str(row.get("Content") or ""))

    def _add(self, ticket_id: str, text: str) -> None:
        self.send(self._said(ticket_id, text))

    def _said(self, ticket_id: str, text: str, **more: str) -> Asked:
        body = {"Content": text, "ContentType": "text/plain", **more}
        return Asked("POST", f"{API}/ticket/{plain_id(ticket_id)}/comment", json=body)

    def phases_of(self, kind: str) -> Phases:
        return self.phases

    def _changed(self, ticket_id: str, body: Mapping[str, Any]) -> str:
        """Changes fields; returns what RT said of each."""
        said = self.send(Asked("PUT", f"{API}/ticket/{plain_id(ticket_id)}", json=body)).json()
        return "; ".join(str(line) for line in said) if isinstance(said, list) else ""

    def _move(self, ticket: Ticket, phase: str, reason: str) -> str:
        status = self.phases.all_of(phase)[0]
        if not reason or status == "deleted":  # nothing can be said of a ticket that is gone
            return self._changed(ticket.id, {"Status": status})
        said = self.send(self._said(ticket.id, reason, Status=status)).json()
        return "; ".join(str(line) for line in said[1:]) if isinstance(said, list) else ""

    def _weigh(self, ticket: Ticket, priority: str) -> str:
        return self._changed(ticket.id, {"Priority": self.weights[priority]})

    def link(self, ticket_id: str, cis: Sequence[TicketCi]) -> Sequence[TicketCi]:
        field = self.options["ci_field"]
        if not field:
            return list(cis)
        before = self.read(ticket_id)
        wanted = list(dict.fromkeys([*before.cis, *(_named(ci) for ci in cis)]))
        if wanted == list(before.cis):
            return []
        said = self._changed(ticket_id, {"CustomFields": {field: wanted}})
        after = self.read(ticket_id)
        if missing := [ci for ci in cis if _named(ci) not in after.cis]:
            raise self.refused(after, f"does not name {missing[0].name} in {field}", said)
        return []

    def _changes(self, since: datetime, skipped: int) -> Page:
        at = since.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")
        queues = " OR ".join(f"Queue = {_quoted(name)}" for name in dict.fromkeys(self.queues.values()))
        rows, more = self._listed(
            "tickets",
            skipped // PAGE + 1,
            query=f"({queues}) AND LastUpdated >= '{at}'",
            orderby=["LastUpdated", "id"],
            order=["ASC", "ASC"],
            **FIELDS,
        )
        return Page([self._ticket(row) for row in rows[skipped % PAGE :]], PAGE - skipped % PAGE, more)


def _named(ci: TicketCi) -> str:
    return clipped(ci.name or ci.key, 250)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
