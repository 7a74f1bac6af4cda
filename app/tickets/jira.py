"""Jira: Cloud by REST v3 (texts are documents, ADF) and Data Center by v2 (plain texts). Our key is a label.

A label holds no blank, so what a key holds beyond letters, digits and -_.: is spelled as in an address. Ids of transitions differ
in each workflow: one is chosen by the status that it leads to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from app.domain.errors import NotFound, SourceFailed
from app.domain.tickets import CLOSED, RESOLVED, TICKET_KINDS, Ticket, TicketCi, TicketDraft
from app.ports.ticket_system import Abilities
from app.ports.ticket_systems import TicketSetting
from app.ports.web_client import Web, WebAnswer
from app.tickets.adf import as_adf, from_adf
from app.tickets.connector import PAGE, Asked, Comment, Connector, Page, kind_of, listed
from app.tickets.options import CA_FILE, LINK, OVERLAP, PASSWORD, TOKEN, URL, ZONE, Options, Phases, moment, ours

CLOUD, DATA_CENTER = "cloud", "datacenter"
SETTINGS = (
    URL,
    TicketSetting("edition", "cloud, or datacenter", CLOUD),
    TicketSetting("user", "account (its address in Cloud) that signs in, with password_env"),
    TicketSetting("password_env", PASSWORD.help + "; in Cloud an API token", secret=True),
    TicketSetting("token_env", TOKEN.help + " (a personal access token, Data Center)", secret=True),
    CA_FILE,
    TicketSetting("project", "key of the project", needed=True),
    TicketSetting("issue_type", "type of new issues", "Task"),
    TicketSetting("issue_type_change", "type of changes, where they have one of their own"),
    TicketSetting("issue_type_problem", "type of problems, where they have one of their own"),
    TicketSetting("label_prefix", "what the label of our key begins with", "forestay-"),
    TicketSetting("asset_field", "custom field of Assets objects, such as customfield_10100; empty: issues name no CI"),
    TicketSetting("workspace_id", "workspace of Assets, with asset_field"),
    TicketSetting("resolution", "resolution where a transition asks for one", "Done"),
    TicketSetting(
        "phases",
        "names of the statuses of each phase; the first that a transition leads to is asked for",
        "open: In Progress, To Do, Open, Reopened, Backlog; resolved: Resolved, Done; closed: Closed, Done",
    ),
    TicketSetting("priorities", "name of their priority for each of ours", "1=Highest, 2=High, 3=Medium, 4=Low, 5=Lowest"),
    LINK,
    OVERLAP,
    ZONE,
)
BASE_FIELDS = ("summary", "status", "priority", "labels", "created", "updated", "resolutiondate", "description", "issuetype")


def open_system(options: Options, http: Web) -> Jira:
    if options["edition"] not in (CLOUD, DATA_CENTER):
        raise options.bad("edition", "is cloud or datacenter")
    if bool(options["asset_field"]) != bool(options["workspace_id"]):
        raise options.bad("workspace_id", "goes with asset_field")
    return Jira(options, http.client(options.name, options.given))


class Jira(Connector):
    kind = "jira"
    limit = 32_000
    title_limit = 255

    def __init__(self, options: Options, web: Any) -> None:
        super().__init__(options, web)
        self.cloud = options["edition"] == CLOUD
        self.api = "rest/api/3" if self.cloud else "rest/api/2"
        self.abilities = Abilities(links_cis=bool(options["asset_field"]))
        self.phases, self.table, self.zone = options.phases(), options.priorities(), options.zone()
        self.types = {kind: options.of_kind("issue_type", kind) for kind in TICKET_KINDS}
        self.fields = [*BASE_FIELDS, *([options["asset_field"]] if options["asset_field"] else [])]

    def check(self) -> str:
        who, project = self.get(f"{self.api}/myself"), self.get(f"{self.api}/project/{quote(self.options['project'], safe='')}")
        return f"Jira: signed in as {who.get('displayName')}; project {project.get('name')}"

    def written(self, text: str) -> Any:
        return as_adf(text) if self.cloud else text

    def shown_text(self, value: Any) -> str:
        return from_adf(value) if isinstance(value, Mapping) else str(value or "")

    def label(self, key: str) -> str:
        return self.options["label_prefix"] + quote(key, safe="-_.:~")

    def _making(self, draft: TicketDraft) -> Sequence[Asked]:
        fields: dict[str, Any] = {
            "project": {"key": self.options["project"]},
            "issuetype": {"name": self.types[draft.kind]},
            "summary": self.titled(draft),
            "description": self.written(self.described(draft)),
            "labels": [self.label(draft.key)],
            "priority": {"name": self.table[draft.priority]},
        }
        if objects := [one for ci in draft.cis for one in self._objects(ci)]:
            fields[self.options["asset_field"]] = objects
        return [Asked("POST", f"{self.api}/issue", json={"fields": fields})]

    def _objects(self, ci: TicketCi) -> list[dict[str, str]]:
        if not self.options["asset_field"]:
            return []
        return [{"id": f"{self.options['workspace_id']}:{one.source_id}"} for one in ci.ids_of("jira_assets")[:1]]

    def _id_made(self, answer: WebAnswer) -> str:
        body = answer.json()
        if not isinstance(body, dict) or not body.get("key"):
            raise SourceFailed(f"{answer.where} gave no key of the issue")
        return str(body["key"])

    def _candidates(self, key: str) -> Iterator[Ticket]:
        query = f"labels = {_quoted(self.label(key))} ORDER BY created ASC, key ASC"
        skipped = 0
        while True:
            page = self._searched(query, skipped)
            yield from page.tickets
            skipped += page.rows
            if not page.more:
                return

    def _searched(self, query: str, skipped: int) -> Page:
        if self.cloud:
            return self._by_token(query, skipped)
        body = {"jql": query, "fields": self.fields, "maxResults": PAGE, "startAt": skipped}
        answer = self.send(Asked("POST", f"{self.api}/search", json=body)).json()
        rows = listed(answer, f"{self.name}: the search", "issues")
        return Page(
            [self._ticket(row) for row in rows], len(rows), bool(rows) and skipped + len(rows) < int(answer.get("total") or 0)
        )

    def _by_token(self, query: str, skipped: int) -> Page:
        """Returns the first page that has rows after the first `skipped`: pages can only be walked to, and may be short."""
        token, passed = None, 0
        while True:
            body = {"jql": query, "fields": self.fields, "maxResults": PAGE, **({"nextPageToken": token} if token else {})}
            answer = self.send(Asked("POST", f"{self.api}/search/jql", json=body)).json()
            rows = listed(answer, f"{self.name}: the search", "issues")
            token = answer.get("nextPageToken")
            more, passed = bool(token) and not answer.get("isLast"), passed + len(rows)
            if passed > skipped or not more:
                fresh = rows[len(rows) - max(0, passed - skipped) :] if passed > skipped else []
                return Page([self._ticket(row) for row in fresh], len(fresh), more)

    def read(self, ticket_id: str) -> Ticket:
        body = self.get(f"{self.api}/issue/{_id(ticket_id)}", fields=",".join(self.fields))
        if not isinstance(body, dict) or "fields" not in body:
            raise SourceFailed(f"{self.name}: issue {ticket_id} came without its fields")
        return self._ticket(body)

    def _ticket(self, row: Mapping[str, Any]) -> Ticket:
        fields, prefix = row.get("fields") or {}, self.options["label_prefix"]
        status = str((fields.get("status") or {}).get("name", ""))
        labels = [str(one) for one in fields.get("labels") or ()]
        objects = fields.get(self.options["asset_field"]) or () if self.options["asset_field"] else ()
        key = str(row.get("key", ""))
        return Ticket(
            id=key,
            number=key,
            url=f"{self.web.base.rstrip('/')}/browse/{key}",
            kind=kind_of(self.types, str((fields.get("issuetype") or {}).get("name", ""))),
            summary=str(fields.get("summary") or ""),
            status=status,
            phase=self.phases.of(status),
            priority=ours(self.table, str((fields.get("priority") or {}).get("name", ""))),
            keys=[unquote(one.removeprefix(prefix)) for one in labels if one.startswith(prefix)],
            description=self.shown_text(fields.get("description")),
            cis=[str(one.get("id", "")).rpartition(":")[2] for one in objects if isinstance(one, Mapping)],
            created_at=moment(_iso(fields.get("created")), UTC),
            updated_at=moment(_iso(fields.get("updated")), UTC),
            restored_at=moment(_iso(fields.get("resolutiondate")), UTC),
            fields={"labels": ", ".join(labels), "issue type": str((fields.get("issuetype") or {}).get("name", ""))},
        )

    def _comments(self, ticket_id: str) -> Iterator[Comment]:
        skipped = 0
        while True:
            body = self.get(f"{self.api}/issue/{_id(ticket_id)}/comment", startAt=skipped, maxResults=PAGE, orderBy="created")
            rows = listed(body, f"{self.name}: the comments", "comments")
            yield from (Comment(str(row.get("id")), self.shown_text(row.get("body"))) for row in rows)
            skipped += len(rows)
            if not rows or skipped >= int(body.get("total") or 0):
                return

    def _add(self, ticket_id: str, text: str) -> None:
        self.send(Asked("POST", f"{self.api}/issue/{_id(ticket_id)}/comment", json={"body": self.written(text)}))

    def _replace(self, ticket_id: str, comment_id: str, text: str) -> None:
        path = f"{self.api}/issue/{_id(ticket_id)}/comment/{_id(comment_id)}"
        self.send(Asked("PUT", path, json={"body": self.written(text)}))

    def phases_of(self, kind: str) -> Phases:
        return self.phases

    def _move(self, ticket: Ticket, phase: str, reason: str) -> str:
        path = f"{self.api}/issue/{_id(ticket.id)}/transitions"
        known = listed(self.get(path, expand="transitions.fields"), f"{self.name}: the transitions", "transitions")
        to = {str((one.get("to") or {}).get("name", "")).casefold(): one for one in reversed(known)}
        chosen = next((to[name.casefold()] for name in self.phases.all_of(phase) if name.casefold() in to), None)
        if chosen is None:
            ways = ", ".join(str((one.get("to") or {}).get("name", "")) for one in known) or "nowhere"
            raise self.refused(ticket, f"cannot be {phase}: from {ticket.status} its workflow leads to {ways}")
        body: dict[str, Any] = {"transition": {"id": str(chosen["id"])}}
        if phase in (RESOLVED, CLOSED) and "resolution" in (chosen.get("fields") or {}):
            body["fields"] = {"resolution": {"name": self.options["resolution"]}}
        self.send(Asked("POST", path, json=body))
        if reason:
            self._add(ticket.id, reason)
        return ""

    def _weigh(self, ticket: Ticket, priority: str) -> str:
        body = {"fields": {"priority": {"name": self.table[priority]}}}
        self.send(Asked("PUT", f"{self.api}/issue/{_id(ticket.id)}", json=body))
        return ""

    def as_kept(self, priority: str) -> str:
        return ours(self.table, self.table[priority])

    def link(self, ticket_id: str, cis: Sequence[TicketCi]) -> Sequence[TicketCi]:
        unknown, have = [], list(self.read(ticket_id).cis)
        for ci in cis:
            theirs = ci.ids_of("jira_assets")[:1] if self.options["asset_field"] else []
            if theirs and theirs[0].source_id in have:
                continue
            if not theirs or not self._tied(ticket_id, [*have, theirs[0].source_id]):
                unknown.append(ci)
            else:
                have.append(theirs[0].source_id)
        return unknown

    def _tied(self, ticket_id: str, objects: Sequence[str]) -> bool:
        from app.ports.ticket_system import TicketRefused

        value = [{"id": f"{self.options['workspace_id']}:{one}"} for one in objects]
        try:
            self.send(Asked("PUT", f"{self.api}/issue/{_id(ticket_id)}", json={"fields": {self.options["asset_field"]: value}}))
        except TicketRefused:
            return False
        return objects[-1] in self.read(ticket_id).cis

    def _changes(self, since: datetime, skipped: int) -> Page:
        at = since.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")
        return self._searched(
            f'project = {_quoted(self.options["project"])} AND updated >= "{at}" ORDER BY updated ASC, key ASC', skipped
        )

    def _goes_on(self, since: datetime, latest: datetime) -> bool:
        return latest.replace(second=0, microsecond=0) > since.replace(second=0, microsecond=0)  # JQL knows minutes


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _id(text: str) -> str:
    if not text.replace("-", "").replace("_", "").isalnum() or not text.isascii():
        raise NotFound(f"{text[:40]!r} is no key of an issue")
    return text


def _iso(text: Any) -> str:
    """Returns a time with a zone that Python reads: Jira writes +0000."""
    written = str(text or "")
    return f"{written[:-2]}:{written[-2:]}" if len(written) > 5 and written[-5] in "+-" else written
