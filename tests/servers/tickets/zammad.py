"""A strict Zammad (API v1) for tickets, from the wire format.

* Errors are {"error", "error_human"}. Names come with expand=true, else ids. Tags are lists of their own; a comma ends a tag.
* The index of the search follows later: what was made since `indexed` is not found by tags yet.
* A text article is HTML where its content_type says so.
"""

from __future__ import annotations

import re
from typing import Any

from werkzeug import Request, Response

from tests.servers.tickets.faulty import Stub, said

TOKEN = "zammad-t0ken-of-tests"
STATES = ("new", "open", "pending reminder", "closed", "merged")
PRIORITIES = ("1 low", "2 normal", "3 high")


class ZammadStub(Stub):
    """`behind`: how many of the newest tickets the search does not know yet. `stuck`: states that a core workflow takes back.
    `fixed`: articles cannot be changed."""

    def __init__(self) -> None:
        super().__init__()
        self.tickets: dict[int, dict[str, Any]] = {}
        self.articles: dict[int, dict[str, Any]] = {}
        self.tags: dict[int, list[str]] = {}
        self.behind, self.fixed = 0, False
        self.stuck: set[str] = set()

    def stamp(self) -> str:
        return self.tick().strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def fault(self, status: int, text: str) -> Response:
        return said({"error": text, "error_human": text}, status)

    def answer(self, request: Request) -> Response:
        if request.headers.get("Authorization") != f"Token token={TOKEN}":
            return self.fault(401, "Authentication required")
        path = request.path.removeprefix("/api/v1/")
        if path == "users/me":
            return said({"id": 3, "login": "forestay"})
        if path == "tickets" and request.method == "POST":
            return self.make(request.get_json())
        if path == "tickets":
            newest = sorted(self.tickets.values(), key=lambda row: -row["id"])
            assert (request.args["sort_by"], request.args["order_by"]) == ("id", "desc")
            return said(self.paged(request, newest))
        if path == "tickets/search":
            return self.search(request)
        if path == "tags":
            return said({"tags": self.tags.get(int(request.args["o_id"]), [])})
        if path == "tags/add":
            body = request.get_json()
            number = int(body["o_id"])
            if number not in self.tickets:
                return self.fault(404, "Couldn't find Ticket")
            if body["item"] not in self.tags[number]:
                self.tags[number].append(body["item"])
                self.tickets[number]["updated_at"] = self.stamp()
            return said(True, 201)
        if path == "ticket_articles":
            return self.article(request.get_json())
        if found := re.fullmatch(r"ticket_articles/by_ticket/(\d+)", path):
            return said([one for one in self.articles.values() if one["ticket_id"] == int(found[1])])
        if found := re.fullmatch(r"ticket_articles/(\d+)", path):
            if self.fixed:
                return self.fault(403, "Not authorized")
            self.articles[int(found[1])] |= request.get_json()
            return said(self.articles[int(found[1])])
        if (found := re.fullmatch(r"tickets/(\d+)", path)) and int(found[1]) in self.tickets:
            row = self.tickets[int(found[1])]
            if request.method == "PUT":
                return self.change(row, request.get_json())
            return said(self.shown(request, row))
        return self.fault(404, "Couldn't find Ticket")

    def shown(self, request: Request, row: dict[str, Any]) -> dict[str, Any]:
        if request.args.get("expand") == "true":
            return row
        return {name: value for name, value in row.items() if name not in ("state", "priority", "group")}

    def paged(self, request: Request, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        size, number = min(100, int(request.args.get("per_page", 10))), int(request.args.get("page", 1))
        return [self.shown(request, row) for row in rows[(number - 1) * size : number * size]]

    def make(self, body: dict[str, Any]) -> Response:
        if body.get("group") != "2nd Level":
            return self.fault(422, "No lookup value found for 'group'")
        if not str(body.get("customer_id", "")).startswith("guess:") or body.get("priority") not in PRIORITIES:
            return self.fault(422, "Missing required value for field 'customer_id'!")
        number, at = len(self.tickets) + 19, self.stamp()
        self.tickets[number] = {
            "id": number,
            "number": f"22{number:03}",
            "title": body["title"],
            "group": body["group"],
            "state_id": 1,
            "state": "new",
            "priority": body["priority"],
            "created_at": at,
            "updated_at": at,
        }
        self.tags[number] = [tag.strip() for tag in body.get("tags", "").split(",") if tag.strip()]
        self.article({**body["article"], "ticket_id": number})
        self.tickets[number]["updated_at"] = at
        return said({"id": number, "number": f"22{number:03}", "state_id": 1}, 201)

    def article(self, body: dict[str, Any]) -> Response:
        if body["ticket_id"] not in self.tickets or not body.get("body"):
            return self.fault(422, "Need at least an 'article body' field.")
        number = len(self.articles) + 1
        self.articles[number] = {"content_type": "text/plain", **body, "id": number}
        self.tickets[body["ticket_id"]]["updated_at"] = self.stamp()
        return said(self.articles[number], 201)

    def change(self, row: dict[str, Any], body: dict[str, Any]) -> Response:
        if body.get("state", "new") not in STATES or body.get("priority", "3 high") not in PRIORITIES:
            return self.fault(422, "No lookup value found")
        if "article" in body:
            self.article({**body["article"], "ticket_id": row["id"]})
        row |= {name: body[name] for name in ("state", "priority") if name in body and body[name] not in self.stuck}
        row["updated_at"] = self.stamp()
        return said(row)

    def search(self, request: Request) -> Response:
        rows = sorted(self.tickets.values(), key=lambda row: row["id"])
        rows = rows[: len(rows) - self.behind]
        query = request.args["query"]
        if found := re.fullmatch(r'tags:"([^"]+)"', query):
            words = set(re.split(r"\W+", found[1].casefold()))
            rows = [row for row in rows if any(words <= set(re.split(r"\W+", tag.casefold())) for tag in self.tags[row["id"]])]
        elif found := re.fullmatch(r'updated_at:>="([^"]+)"', query):
            rows = [row for row in rows if row["updated_at"] >= found[1].replace("Z", ".000Z")]
        else:
            return self.fault(422, f"bad query {query}")
        rows.sort(key=lambda row: (row[request.args["sort_by"]], row["id"]))
        return said(self.paged(request, rows))
