"""Zammad, by its REST API. Our key is a tag, whose commas and blanks are spelled as in an address. Texts are HTML.

A search may find less than there is until its index has followed: what was made a moment ago is looked for among the newest
tickets too. Zammad has no phase between open and closed: what is resolved is closed there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from app.domain.errors import NotAllowed, SourceFailed
from app.domain.tickets import INCIDENT, Ticket, TicketCi, TicketDraft
from app.ports.ticket_system import Abilities, TicketRefused
from app.ports.ticket_systems import TicketSetting
from app.ports.web_client import Web, WebAnswer
from app.tickets.connector import HERE, PAGE, Asked, Comment, Connector, Page, listed, plain_id
from app.tickets.options import CA_FILE, LINK, OVERLAP, TOKEN, URL, Options, Phases, moment, ours
from app.tickets.texts import alike, as_html, clean, from_html

API = "api/v1"
NEWEST = 50  # tickets that are looked through where a search finds none,
BEHIND = timedelta(minutes=15)  # as long as they are not older than this beside the newest
SETTINGS = (
    URL,
    TicketSetting("token_env", TOKEN.help, needed=True, secret=True),
    CA_FILE,
    TicketSetting("group", "group of new tickets", "Users"),
    TicketSetting("customer", "address of the customer of new tickets", needed=True),
    TicketSetting("tag_prefix", "what the tag of our key begins with", "forestay-"),
    TicketSetting("ci_prefix", "what the tag of a CI begins with; its name follows", "ci:"),
    TicketSetting(
        "phases", "states of each phase; the first is asked for", "open: open, new, pending reminder, pending close; "
        "resolved: closed; closed: closed, merged"
    ),
    TicketSetting("priorities", "their priority for each of ours", "1=3 high, 2=3 high, 3=2 normal, 4=1 low, 5=1 low"),
    LINK,
    OVERLAP,
)  # fmt: skip


def open_system(options: Options, http: Web) -> Zammad:
    headers = {"Authorization": f"Token token={http.secret(options.name, options.given, 'token_env')}"}
    return Zammad(options, http.client(options.name, options.given, headers=headers))


class Zammad(Connector):
    kind = "zammad"
    title_limit = 250

    def __init__(self, options: Options, web: Any) -> None:
        super().__init__(options, web)
        self.abilities = Abilities()
        self.phases, self.table = options.phases(), options.priorities()

    def check(self) -> str:
        user = self.get(f"{API}/users/me")
        return f"Zammad: signed in as {user.get('login')}"

    def tag(self, key: str) -> str:
        return self.options["tag_prefix"] + quote(key, safe="-_.:~")

    def ci_tag(self, ci: TicketCi) -> str:
        return self.options["ci_prefix"] + " ".join(clean(ci.name or ci.key).replace(",", " ").split())[:200]

    def _making(self, draft: TicketDraft) -> Sequence[Asked]:
        body: dict[str, Any] = {
            "title": self.titled(draft),
            "group": self.options["group"],
            "customer_id": f"guess:{self.options['customer']}",
            "priority": self.table[draft.priority],
            "article": {
                "subject": self.titled(draft),
                "body": as_html(self.described(draft)),
                "content_type": "text/html",
                "type": "note",
                "internal": False,
            },
            "tags": self.tag(draft.key),
        }
        made = Asked("POST", f"{API}/tickets", json=body)
        kind = [] if draft.kind == INCIDENT else [f"kind:{draft.kind}"]
        return [made, *(self._tagging(HERE, tag) for tag in [*kind, *(self.ci_tag(ci) for ci in draft.cis)])]

    def _tagging(self, ticket_id: str, tag: str) -> Asked:
        return Asked("POST", f"{API}/tags/add", json={"object": "Ticket", "o_id": ticket_id, "item": tag})

    def _id_made(self, answer: WebAnswer) -> str:
        body = answer.json()
        if not isinstance(body, dict) or not body.get("id"):
            raise SourceFailed(f"{answer.where} gave no id")
        return str(body["id"])

    def _candidates(self, key: str) -> Iterator[Ticket]:
        query = f'tags:"{self.tag(key)}"'
        found = self._searched(query, 1, "created_at")
        for row in found:
            yield self._ticket(row)
        if not found:
            newest = listed(
                self.get(f"{API}/tickets", expand="true", per_page=NEWEST, page=1, sort_by="id", order_by="desc"), self.name
            )
            made = [(moment(row.get("created_at"), UTC), row) for row in newest]
            last = max((at for at, _ in made if at), default=None)
            for at, row in made:
                if at is None or last is None or last - at < BEHIND:
                    yield self._ticket(row)

    def _searched(self, query: str, page: int, by: str) -> Sequence[Mapping[str, Any]]:
        wanted = {"query": query, "expand": "true", "page": page, "per_page": PAGE, "sort_by": by, "order_by": "asc"}
        return listed(self.get(f"{API}/tickets/search", **wanted), f"{self.name}: the search")

    def read(self, ticket_id: str) -> Ticket:
        row = self.get(f"{API}/tickets/{plain_id(ticket_id)}", expand="true")
        if not isinstance(row, dict) or "id" not in row:
            raise SourceFailed(f"{self.name}: ticket {ticket_id} came without its id")
        first = next(iter(self._articles(ticket_id)), {})
        return self._ticket(row, _text(first))

    def _tags(self, ticket_id: str) -> list[str]:
        body = self.get(f"{API}/tags", object="Ticket", o_id=ticket_id)
        return [str(one) for one in (body.get("tags") or ())] if isinstance(body, dict) else []

    def _articles(self, ticket_id: str) -> Sequence[Mapping[str, Any]]:
        rows = listed(self.get(f"{API}/ticket_articles/by_ticket/{plain_id(ticket_id)}"), f"{self.name}: the articles")
        return sorted(rows, key=lambda row: int(row["id"]))

    def _ticket(self, row: Mapping[str, Any], text: str = "") -> Ticket:
        number, status = str(row["id"]), str(row.get("state") or "")
        tags, prefix, ci_prefix = self._tags(number), self.options["tag_prefix"], self.options["ci_prefix"]
        kind = next((one.removeprefix("kind:") for one in tags if one in ("kind:change", "kind:problem")), INCIDENT)
        return Ticket(
            id=number,
            number=str(row.get("number") or number),
            url=f"{self.web.base.rstrip('/')}/#ticket/zoom/{number}",
            kind=kind,
            summary=str(row.get("title") or ""),
            status=status,
            phase=self.phases.of(status),
            priority=ours(self.table, str(row.get("priority") or "")),
            keys=[unquote(one.removeprefix(prefix)) for one in tags if one.startswith(prefix)],
            description=text,
            cis=[one.removeprefix(ci_prefix) for one in tags if one.startswith(ci_prefix)],
            created_at=moment(row.get("created_at"), UTC),
            updated_at=moment(row.get("updated_at"), UTC),
            restored_at=moment(row.get("close_at"), UTC),
            fields={"group": str(row.get("group") or ""), "tags": ", ".join(tags)},
        )

    def comment(self, ticket_id: str, key: str, text: str) -> None:
        """Replaces the article where Zammad lets us, else adds another one."""
        try:
            super().comment(ticket_id, key, text)
        except (NotAllowed, TicketRefused) as error:
            if isinstance(error, NotAllowed) and error.details.get("answered") == 401:
                raise
            from app.tickets.texts import marked

            wanted = marked(text, key, self.limit)
            self._add(ticket_id, wanted)
            after = self._comment_of(ticket_id, key)
            if after is None or not alike(after.text, wanted):
                raise

    def _comments(self, ticket_id: str) -> Iterator[Comment]:
        for row in self._articles(ticket_id):
            yield Comment(str(row["id"]), _text(row))

    def _add(self, ticket_id: str, text: str) -> None:
        body = {"ticket_id": int(ticket_id), "body": as_html(text), "content_type": "text/html", "type": "note", "internal": True}
        self.send(Asked("POST", f"{API}/ticket_articles", json=body))

    def _replace(self, ticket_id: str, comment_id: str, text: str) -> None:
        body = {"body": as_html(text), "content_type": "text/html"}
        self.send(Asked("PUT", f"{API}/ticket_articles/{plain_id(comment_id)}", json=body))

    def phases_of(self, kind: str) -> Phases:
        return self.phases

    def _move(self, ticket: Ticket, phase: str, reason: str) -> str:
        body: dict[str, Any] = {"state": self.phases.all_of(phase)[0]}
        if reason:
            body["article"] = {"body": as_html(reason), "content_type": "text/html", "type": "note", "internal": True}
        self.send(Asked("PUT", f"{API}/tickets/{plain_id(ticket.id)}", json=body))
        return ""

    def _weigh(self, ticket: Ticket, priority: str) -> str:
        self.send(Asked("PUT", f"{API}/tickets/{plain_id(ticket.id)}", json={"priority": self.table[priority]}))
        return ""

    def as_kept(self, priority: str) -> str:
        return ours(self.table, self.table[priority])

    def link(self, ticket_id: str, cis: Sequence[TicketCi]) -> Sequence[TicketCi]:
        have = self._tags(plain_id(ticket_id))
        self.read(ticket_id)
        fresh = [tag for tag in dict.fromkeys(self.ci_tag(ci) for ci in cis) if tag not in have]
        for tag in fresh:
            self.send(self._tagging(ticket_id, tag))
        if fresh and (missing := [tag for tag in fresh if tag not in self._tags(ticket_id)]):
            raise self.refused(self.read(ticket_id), f"does not carry the tag {missing[0]}")
        return []

    def _changes(self, since: datetime, skipped: int) -> Page:
        at = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        rows = self._searched(f'updated_at:>="{at}"', skipped // PAGE + 1, "updated_at")
        fresh = rows[skipped % PAGE :]
        return Page([self._ticket(row) for row in fresh], PAGE - skipped % PAGE, bool(rows))


def _text(article: Mapping[str, Any]) -> str:
    body = str(article.get("body") or "")
    return from_html(body) if str(article.get("content_type") or "").startswith("text/html") else body
