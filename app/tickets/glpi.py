"""GLPI, by its REST API (apirest.php). Texts are HTML. Our key stands in a field that the settings name, else in the text.

A ticket, a change and a problem are of three classes: a ticket's id is its class and number. What a search finds holds the key
somewhere: each is read and compared.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.errors import NotFound, SourceFailed
from app.domain.tickets import CHANGE, CLOSED, INCIDENT, OPEN, PROBLEM, RESOLVED, Ticket, TicketCi, TicketDraft
from app.ports.ticket_system import Abilities, TicketRefused
from app.ports.ticket_systems import TicketSetting
from app.ports.web_client import Web, WebAnswer
from app.tickets.connector import HERE, PAGE, Asked, Comment, Connector, Page, listed
from app.tickets.options import CA_FILE, LINK, OVERLAP, PASSWORD, TOKEN, URL, USER, ZONE, Options, Phases, moment, ours
from app.tickets.texts import as_html, from_html, keys_in, marker

API = "apirest.php"
CLASSES = {INCIDENT: "Ticket", CHANGE: "Change", PROBLEM: "Problem"}
LINKS = {
    "Ticket": ("Item_Ticket", "tickets_id"),
    "Change": ("Change_Item", "changes_id"),
    "Problem": ("Item_Problem", "problems_id"),
}
ID = re.compile(r"(Ticket|Change|Problem)/[0-9]+")
SETTINGS = (
    URL,
    USER,
    PASSWORD,
    TicketSetting("token_env", TOKEN.help + " (the user's token)", secret=True),
    TicketSetting("app_token_env", "variable (or VARIABLE_FILE) that holds the application's token", secret=True),
    CA_FILE,
    TicketSetting("entity_id", "number of the entity of new tickets", "0"),
    TicketSetting("category_id", "number of the category of new tickets", "0"),
    TicketSetting("key_field", "field of a ticket that holds our key, such as externalid; empty: the last line of its text"),
    TicketSetting(
        "phases", "numbers of the statuses of each phase; the first is asked for", "open: 2, 1, 3, 4, 7, 8, 9, 10, 11, 12; "
        "resolved: 5; closed: 6, 13, 14"
    ),
    TicketSetting("priorities", "urgency and impact for each of our priorities", "1=5, 2=4, 3=3, 4=2, 5=1"),
    LINK,
    OVERLAP,
    ZONE,
)  # fmt: skip


def open_system(options: Options, http: Web) -> Glpi:
    app = {"App-Token": http.secret(options.name, options.given, "app_token_env")} if options["app_token_env"] else {}
    if options["token_env"]:
        authorization = f"user_token {http.secret(options.name, options.given, 'token_env')}"
    else:
        pair = f"{options['user']}:{http.secret(options.name, options.given, 'password_env')}"
        authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"

    def session(call: Callable[..., WebAnswer]) -> Mapping[str, str]:
        answer = call("GET", f"{API}/initSession", headers={"Authorization": authorization, **app})
        body = answer.json()
        if not isinstance(body, dict) or not body.get("session_token"):
            raise SourceFailed(f"{answer.where} gave no session_token")
        return {"Session-Token": str(body["session_token"]), **app}

    names = ("Session-Token", *app)
    return Glpi(options, http.client(options.name, options.given, session=session, session_headers=names))


class Glpi(Connector):
    kind = "glpi"
    limit = 60_000
    title_limit = 250

    def __init__(self, options: Options, web: Any) -> None:
        super().__init__(options, web)
        self.abilities = Abilities()
        self.phases, self.table, self.zone = options.phases(), options.priorities(), options.zone()
        self._options: dict[str, Mapping[str, Any]] = {}

    def check(self) -> str:
        found = [name for name in CLASSES.values() if self._option(name, "id")]
        return f"GLPI: signed in; {', '.join(found)} can be searched"

    def here(self, ticket_id: str) -> str:
        return ticket_id.rpartition("/")[2]

    def _own_field(self, name: str) -> str:
        return self.options["key_field"] if name == "Ticket" else ""

    def described(self, draft: TicketDraft, tail: str = "") -> str:
        own = self._own_field(CLASSES[draft.kind])
        return super().described(draft, "" if own else marker(draft.key))

    def _making(self, draft: TicketDraft) -> Sequence[Asked]:
        name, weight = CLASSES[draft.kind], int(self.table[draft.priority])
        given: dict[str, Any] = {
            "name": self.titled(draft),
            "content": _paragraph(self.described(draft)),
            "urgency": weight,
            "impact": weight,
            "itilcategories_id": self.options.number("category_id", 0, 1 << 31),
            "entities_id": self.options.number("entity_id", 0, 1 << 31),
        }
        if name == "Ticket":
            given["type"] = 1
        if own := self._own_field(name):
            given[own] = draft.key
        made = Asked("POST", f"{API}/{name}", json={"input": given})
        return [made, *(self._tie(name, HERE, *one) for one in _items(draft.cis))]

    def _tie(self, name: str, ticket: Any, itemtype: str, number: int) -> Asked:
        link, field = LINKS[name]
        return Asked("POST", f"{API}/{link}", json={"input": {"itemtype": itemtype, "items_id": number, field: ticket}})

    def _id_made(self, answer: WebAnswer) -> str:
        body = answer.json()
        if not isinstance(body, dict) or not body.get("id"):
            raise SourceFailed(f"{answer.where} gave no id")
        return f"{answer.where.rstrip('/').rpartition('/')[2]}/{body['id']}"

    def _candidates(self, key: str) -> Iterator[Ticket]:
        for name in CLASSES.values():
            own = self._own_field(name)
            option = self._option(name, own or "content")
            if not option:
                raise SourceFailed(f"{self.name}: {name} cannot be searched by {own or 'content'}")
            for number in self._found(name, option, "contains", key if own else marker(key)):
                yield self.read(f"{name}/{number}")

    def _option(self, name: str, field: str) -> int:
        """Returns the number of the search option of a class's own field; 0 where there is none."""
        if name not in self._options:
            body = self.get(f"{API}/listSearchOptions/{name}")
            self._options[name] = body if isinstance(body, dict) else {}
        table = f"glpi_{name.lower()}s"
        for number, one in self._options[name].items():
            if isinstance(one, Mapping) and number.isdigit() and (one.get("table"), one.get("field")) == (table, field):
                return int(number)
        return 0

    def _found(self, name: str, option: int, how: str, value: str) -> Iterator[str]:
        """Yields the numbers of what a search finds, by the searched field and number."""
        number, first = self._option(name, "id"), 0
        criteria = {"criteria[0][field]": option, "criteria[0][searchtype]": how, "criteria[0][value]": value,
                    "forcedisplay[0]": number, "sort": option, "order": "ASC"}  # fmt: skip
        while True:
            parameters = {**criteria, "range": f"{first}-{first + PAGE - 1}"}
            answer = self.send(Asked("GET", f"{API}/search/{name}", parameters=parameters), accept=(400,))
            if answer.status == 400:
                if "ERROR_RANGE_EXCEED_TOTAL" in answer.message():
                    return
                raise TicketRefused(f"{self.name}: the search was refused: {answer.message()}")
            body = answer.json()
            data = (body.get("data") or []) if isinstance(body, dict) else []
            rows = list(data.values()) if isinstance(data, dict) else data
            yield from (str(row[str(number)]) for row in rows)
            first += len(rows)
            if not rows or first >= int(body.get("totalcount") or 0):
                return

    def read(self, ticket_id: str) -> Ticket:
        ticket_id = _path(ticket_id)
        name, _, number = ticket_id.partition("/")
        row = self.get(f"{API}/{ticket_id}", expand_dropdowns="false", get_hateoas="false")
        if not isinstance(row, dict) or str(row.get("id")) != number:
            raise SourceFailed(f"{self.name}: {ticket_id} came without its id")
        if int(row.get("is_deleted") or 0):
            raise NotFound(f"{self.name}: {ticket_id} lies in the dustbin")
        link, _ = LINKS[name]
        tied = listed(self.send(Asked("GET", f"{API}/{ticket_id}/{link}", parameters={"range": "0-999"})).json(), self.name)
        text, own, status = _plain(str(row.get("content") or "")), self._own_field(name), str(row.get("status", ""))
        return Ticket(
            id=ticket_id,
            number=number,
            url=f"{self.web.base.rstrip('/')}/front/{name.lower()}.form.php?id={number}",
            kind=next(kind for kind, one in CLASSES.items() if one == name),
            summary=html.unescape(str(row.get("name") or "")),
            status=status,
            phase=self.phases.of(status),
            priority="1" if str(row.get("priority")) == "6" else ours(self.table, str(row.get("priority", ""))),
            keys=[str(row[own])] if own and row.get(own) else [] if own else keys_in(text)[-1:],
            description=text,
            cis=[f"{one.get('itemtype')}/{one.get('items_id')}" for one in tied],
            created_at=moment(row.get("date_creation") or row.get("date"), self.zone),
            updated_at=moment(row.get("date_mod"), self.zone),
            impact_at=moment(row.get("date"), self.zone),
            restored_at=moment(row.get("solvedate") or row.get("closedate"), self.zone),
            fields={name: str(row.get(name, "")) for name in ("urgency", "impact", "priority", "type")},
        )

    def _comments(self, ticket_id: str) -> Iterator[Comment]:
        rows = listed(self.get(f"{API}/{_path(ticket_id)}/ITILFollowup", range="0-989", sort="id", order="ASC"), self.name)
        for row in sorted(rows, key=lambda one: int(one["id"])):
            yield Comment(str(row["id"]), _plain(str(row.get("content") or "")))

    def _add(self, ticket_id: str, text: str) -> None:
        name, _, number = _path(ticket_id).partition("/")
        given = {"itemtype": name, "items_id": int(number), "content": _paragraph(text)}
        self.send(Asked("POST", f"{API}/ITILFollowup", json={"input": given}))

    def _replace(self, ticket_id: str, comment_id: str, text: str) -> None:
        self._put(f"ITILFollowup/{comment_id}", {"content": _paragraph(text)})

    def _put(self, path: str, given: Mapping[str, Any]) -> str:
        """Changes an item; returns what GLPI said of it, which may be a refusal with a 2xx."""
        body = self.send(Asked("PUT", f"{API}/{path}", json={"input": given})).json()
        first = body[0] if isinstance(body, list) and body else body
        return str(first.get("message") or "") if isinstance(first, Mapping) else ""

    def phases_of(self, kind: str) -> Phases:
        return self.phases

    def _move(self, ticket: Ticket, phase: str, reason: str) -> str:
        name, _, number = ticket.id.partition("/")
        if phase == RESOLVED:
            solved = {"itemtype": name, "items_id": int(number), "content": _paragraph(reason or "Resolved.")}
            self.send(Asked("POST", f"{API}/ITILSolution", json={"input": solved}))
            return ""
        said = self._put(ticket.id, {"status": int(self.phases.all_of(phase)[0])})
        if reason and phase in (OPEN, CLOSED):
            self._add(ticket.id, reason)
        return said

    def _weigh(self, ticket: Ticket, priority: str) -> str:
        weight = int(self.table[priority])
        return self._put(ticket.id, {"urgency": weight, "impact": weight})

    def as_kept(self, priority: str) -> str:
        return ours(self.table, self.table[priority])

    def link(self, ticket_id: str, cis: Sequence[TicketCi]) -> Sequence[TicketCi]:
        name, _, number = _path(ticket_id).partition("/")
        unknown, have = [], list(self.read(ticket_id).cis)
        for ci in cis:
            items = _items([ci])
            if not items or not self._knows(*items[0]):
                unknown.append(ci)
            elif f"{items[0][0]}/{items[0][1]}" not in have:
                self.send(self._tie(name, int(number), *items[0]))
                have.append(f"{items[0][0]}/{items[0][1]}")
        after = self.read(ticket_id)
        if missing := [one for one in have if one not in after.cis]:
            raise self.refused(after, f"is not tied to {missing[0]}")
        return unknown

    def _knows(self, itemtype: str, number: int) -> bool:
        try:
            row = self.get(f"{API}/{itemtype}/{number}")
        except (NotFound, TicketRefused):
            return False
        return isinstance(row, dict) and not int(row.get("is_deleted") or 0)

    def changed_since(self, moment: datetime) -> Iterator[Ticket]:
        """Yields changes: the numbers of what changed are read first, then each of them, so that nothing moves meanwhile."""
        since = moment - timedelta(minutes=self.options.number("overlap_minutes", 0, 1440))
        at = (since - timedelta(seconds=1)).astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")
        found: list[Ticket] = []
        for name in CLASSES.values():
            dated = self._option(name, "date_mod")
            if not dated:
                raise SourceFailed(f"{self.name}: {name} cannot be searched by date_mod")
            for number in list(dict.fromkeys(self._found(name, dated, "morethan", at))):
                try:
                    found.append(self.read(f"{name}/{number}"))
                except NotFound:
                    continue  # deleted meanwhile
        yield from sorted(found, key=lambda ticket: (ticket.updated_at or datetime.min.replace(tzinfo=UTC), ticket.id))

    def _changes(self, since: datetime, skipped: int) -> Page:
        raise NotImplementedError  # changed_since reads them its own way


def _items(cis: Sequence[TicketCi]) -> list[tuple[str, int]]:
    """Returns class and number of each CI that GLPI has."""
    found = [one for ci in cis for one in ci.ids_of("glpi")[:1] if one.source_id.isdigit() and one.source_class.isidentifier()]
    return [(one.source_class, int(one.source_id)) for one in found]


def _paragraph(text: str) -> str:
    return f"<p>{as_html(text)}</p>"


def _plain(content: str) -> str:
    """Returns the plain text of a content; some versions give its markup in entities."""
    if content.lstrip().startswith(("&lt;", "&#60;")):
        content = html.unescape(content)
    return from_html(content)


def _path(ticket_id: str) -> str:
    """Returns class and number; a number alone is a Ticket's."""
    if ticket_id.isascii() and ticket_id.isdigit():
        return f"Ticket/{ticket_id}"
    if not ID.fullmatch(ticket_id):
        raise NotFound(f"{ticket_id[:60]!r} is no class and number of a ticket")
    return ticket_id
