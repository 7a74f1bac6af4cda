"""Redmine, by REST with an API key. Our key is a custom field. A refused status answers 204: it is read back.

A key that is not known signs in nobody, who may still read public projects: `check` asks who we are. Comments are journals, which
can be replaced from 5.0 on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.domain.errors import SourceFailed
from app.domain.tickets import TICKET_KINDS, Ticket, TicketCi, TicketDraft
from app.ports.ticket_system import Abilities
from app.ports.ticket_systems import TicketSetting
from app.ports.web_client import Web, WebAnswer
from app.tickets.connector import PAGE, Asked, Comment, Connector, Page, kind_of, listed, plain_id
from app.tickets.options import CA_FILE, LINK, OVERLAP, TOKEN, URL, Options, Phases, moment, ours
from app.tickets.texts import clipped

SETTINGS = (
    URL,
    TicketSetting("token_env", TOKEN.help + " (the API key)", needed=True, secret=True),
    CA_FILE,
    TicketSetting("project", "identifier of the project of new tickets", needed=True),
    TicketSetting("tracker_id", "number of the tracker of new tickets", "1"),
    TicketSetting("tracker_id_change", "number of the tracker of changes, where they have one of their own"),
    TicketSetting("tracker_id_problem", "number of the tracker of problems, where they have one of their own"),
    TicketSetting("key_field", "number of the custom field that holds our key; it must be a filter", needed=True),
    TicketSetting("ci_field", "number of the custom field (long text) that names the CIs, one a line; empty: tickets name none"),
    TicketSetting(
        "phases",
        "names of the statuses of each phase; the first is asked for",
        "open: In Progress, New, Feedback; resolved: Resolved; closed: Closed, Rejected",
    ),
    TicketSetting("priorities", "number of their priority for each of ours", "1=5, 2=4, 3=3, 4=2, 5=1"),
    LINK,
    OVERLAP,
)


def open_system(options: Options, http: Web) -> Redmine:
    headers = {"X-Redmine-API-Key": http.secret(options.name, options.given, "token_env")}
    return Redmine(options, http.client(options.name, options.given, headers=headers))


class Redmine(Connector):
    kind = "redmine"
    title_limit = 255

    def __init__(self, options: Options, web: Any) -> None:
        super().__init__(options, web)
        self.abilities = Abilities(links_cis=bool(options["ci_field"]))
        self.phases, self.table = options.phases(), options.priorities()
        self.trackers = {kind: options.of_kind("tracker_id", kind) for kind in TICKET_KINDS}
        self.key_field = options.number("key_field", 1, 1 << 31)
        self.ci_field = options.number("ci_field", 1, 1 << 31) if options["ci_field"] else 0

    def check(self) -> str:
        user = self.get("users/current.json").get("user") or {}
        project = self.get(f"projects/{self.options['project']}.json").get("project") or {}
        return f"Redmine: signed in as {user.get('login')}; project {project.get('name')}"

    def _making(self, draft: TicketDraft) -> Sequence[Asked]:
        fields: list[dict[str, Any]] = [{"id": self.key_field, "value": draft.key}]
        if self.ci_field and draft.cis:
            fields.append({"id": self.ci_field, "value": "\n".join(_named(ci) for ci in draft.cis)})
        issue: dict[str, Any] = {
            "project_id": self.options["project"],
            "tracker_id": int(self.trackers[draft.kind]),
            "subject": self.titled(draft),
            "description": self.described(draft),
            "priority_id": int(self.table[draft.priority]),
            "custom_fields": fields,
        }
        for name, at in (("start_date", draft.starts_at), ("due_date", draft.ends_at)):
            if at is not None:
                issue[name] = at.date().isoformat()
        return [Asked("POST", "issues.json", json={"issue": issue})]

    def _id_made(self, answer: WebAnswer) -> str:
        return str(_issue(answer)["id"])

    def _candidates(self, key: str) -> Iterator[Ticket]:
        yield from self._all({f"cf_{self.key_field}": key, "sort": "id"})

    def _all(self, parameters: Mapping[str, Any]) -> Iterator[Ticket]:
        skipped = 0
        while True:
            rows, total = self._listed(skipped, parameters)
            yield from (self._ticket(row) for row in rows)
            skipped += len(rows)
            if not rows or skipped >= total:
                return

    def _listed(self, skipped: int, parameters: Mapping[str, Any]) -> tuple[Sequence[Mapping[str, Any]], int]:
        body = self.get("issues.json", status_id="*", limit=PAGE, offset=skipped, **parameters)
        return listed(body, f"{self.name}: issues", "issues"), int(body.get("total_count") or 0)

    def read(self, ticket_id: str) -> Ticket:
        return self._ticket(_issue(self.send(Asked("GET", f"issues/{plain_id(ticket_id)}.json"))))

    def _ticket(self, row: Mapping[str, Any]) -> Ticket:
        fields = {int(one["id"]): one.get("value") for one in row.get("custom_fields") or ()}
        number, status = str(row["id"]), str((row.get("status") or {}).get("name", ""))
        tracker = row.get("tracker") or {}
        key, cis = _texts(fields.get(self.key_field)), _texts(fields.get(self.ci_field))
        return Ticket(
            id=number,
            number=number,
            url=f"{self.web.base.rstrip('/')}/issues/{number}",
            kind=kind_of(self.trackers, str(tracker.get("id", ""))),
            summary=str(row.get("subject") or ""),
            status=status,
            phase=self.phases.of(status),
            priority=ours(self.table, str((row.get("priority") or {}).get("id", ""))),
            keys=key,
            description=str(row.get("description") or ""),
            cis=[line for text in cis for line in text.splitlines() if line.strip()],
            created_at=moment(row.get("created_on"), UTC),
            updated_at=moment(row.get("updated_on"), UTC),
            starts_at=moment(row.get("start_date"), UTC),
            ends_at=moment(row.get("due_date"), UTC),
            restored_at=moment(row.get("closed_on"), UTC),
            fields={"tracker": str(tracker.get("name", "")), "project": str((row.get("project") or {}).get("name", ""))},
        )

    def _comments(self, ticket_id: str) -> Iterator[Comment]:
        issue = _issue(self.send(Asked("GET", f"issues/{plain_id(ticket_id)}.json", parameters={"include": "journals"})))
        for one in issue.get("journals") or ():
            if one.get("notes"):
                yield Comment(str(one["id"]), str(one["notes"]))

    def _add(self, ticket_id: str, text: str) -> None:
        self._put(ticket_id, {"notes": text})

    def _replace(self, ticket_id: str, comment_id: str, text: str) -> None:
        self.send(Asked("PUT", f"journals/{plain_id(comment_id)}.json", json={"journal": {"notes": text}}))

    def _put(self, ticket_id: str, issue: Mapping[str, Any]) -> str:
        self.send(Asked("PUT", f"issues/{plain_id(ticket_id)}.json", json={"issue": issue}))
        return ""

    def phases_of(self, kind: str) -> Phases:
        return self.phases

    def _move(self, ticket: Ticket, phase: str, reason: str) -> str:
        known = {
            str(one.get("name")).casefold(): one for one in listed(self.get("issue_statuses.json"), self.name, "issue_statuses")
        }
        wanted = self.phases.all_of(phase)[0]
        if wanted.casefold() not in known:
            raise self.refused(ticket, f"cannot be {wanted}: Redmine has no such status")
        issue: dict[str, Any] = {"status_id": int(known[wanted.casefold()]["id"])}
        return self._put(ticket.id, {**issue, "notes": reason} if reason else issue)

    def _weigh(self, ticket: Ticket, priority: str) -> str:
        return self._put(ticket.id, {"priority_id": int(self.table[priority])})

    def as_kept(self, priority: str) -> str:
        return ours(self.table, self.table[priority])

    def link(self, ticket_id: str, cis: Sequence[TicketCi]) -> Sequence[TicketCi]:
        if not self.ci_field:
            return list(cis)
        before = self.read(ticket_id)
        wanted = list(dict.fromkeys([*before.cis, *(_named(ci) for ci in cis)]))
        if wanted == list(before.cis):
            return []
        self._put(ticket_id, {"custom_fields": [{"id": self.ci_field, "value": "\n".join(wanted)}]})
        after = self.read(ticket_id)
        if missing := [ci for ci in cis if _named(ci) not in after.cis]:
            raise self.refused(after, f"does not name {missing[0].name} in the custom field {self.ci_field}")
        return []

    def _changes(self, since: datetime, skipped: int) -> Page:
        at = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        wanted = {"project_id": self.options["project"], "updated_on": f">={at}", "sort": "updated_on,id"}
        rows, total = self._listed(skipped, wanted)
        return Page([self._ticket(row) for row in rows], len(rows), bool(rows) and skipped + len(rows) < total)


def _named(ci: TicketCi) -> str:
    return " ".join(clipped(ci.name or ci.key, 250).split())


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(one) for one in values if one]


def _issue(answer: WebAnswer) -> Mapping[str, Any]:
    body = answer.json()
    issue = body.get("issue") if isinstance(body, dict) else None
    if not isinstance(issue, dict) or "id" not in issue:
        raise SourceFailed(f"{answer.where} gave no issue")
    return issue
