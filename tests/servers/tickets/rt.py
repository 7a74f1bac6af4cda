"""A strict Request Tracker 5 (REST2), as 5.0.3 answers: checked line by line on a running one.

* Ids in searches are strings, in a ticket a number; times in UTC with Z; 1970 is no time.
* Unknown custom fields are ignored; refusals of a PUT answer 200 and say so in words.
* `=` on a custom field takes no notice of capitals. An unknown field in a query is a 400. Times in it are of the user's zone.
* per_page is 20, at most 100.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug import Request, Response

from tests.servers.tickets.faulty import Stub, said

TOKEN = "1-31-0a83ca9ae4d1374e108e"
QUEUES = {"General": 1, "Continuity": 3}
CUSTOM = ("BC Key", "BC Impact", "BC CIs")
STATUSES = ("new", "open", "stalled", "resolved", "rejected", "deleted")
NEVER = "1970-01-01T00:00:00Z"


class RtStub(Stub):
    """`stuck`: statuses that the life cycle refuses."""

    def __init__(self) -> None:
        super().__init__()
        self.tickets: dict[int, dict[str, Any]] = {}
        self.attachments: dict[int, list[dict[str, Any]]] = {}
        self.stuck: set[str] = set()
        self.zone = ZoneInfo("Europe/Berlin")

    def answer(self, request: Request) -> Response:
        if request.headers.get("Authorization") != f"token {TOKEN}":
            return said({"message": "Unauthorized"}, 401)
        path = request.path.removeprefix("/REST/2.0/")
        if path == "rt":
            return said({"Version": "5.0.3+dfsg-3~deb12u7", "Plugins": []})
        if found := re.fullmatch(r"queue/(\w+)", path):
            fields = [{"name": name, "id": str(n), "type": "customfield"} for n, name in enumerate(CUSTOM, 2)]
            body = {"id": QUEUES.get(found[1], 0), "Name": found[1], "TicketCustomFields": fields}
            return said(body) if body["id"] else said({"message": "Not Found"}, 404)
        if path == "ticket" and request.method == "POST":
            return self.make(request.get_json())
        if path == "tickets":
            return self.search(request)
        if found := re.fullmatch(r"ticket/(\d+)(/comment|/attachments)?", path):
            number = int(found[1])
            if number not in self.tickets:
                return said({"message": "Not Found"}, 404)
            if found[2] == "/comment":
                return self.comment(number, request.get_json())
            if found[2] == "/attachments":
                return self.paged(request, [{**one, "type": "attachment"} for one in self.attachments[number]])
            if request.method == "PUT":
                return self.change(number, request.get_json())
            return said({**self.shown(number), "id": number}, ETag=f'"{self.tickets[number]["etag"]}"')
        return said({"message": "Not Found"}, 404)

    def stamp(self) -> str:
        return self.tick().strftime("%Y-%m-%dT%H:%M:%SZ")

    def make(self, body: dict[str, Any]) -> Response:
        if body.get("Queue") not in QUEUES:
            return said({"message": f"No permission to create tickets in the queue '{body.get('Queue')}'"}, 403)
        number, at = len(self.tickets) + 1, self.stamp()
        assert isinstance(body["Subject"], str) and "\n" not in body["Subject"]
        fields = {
            name: value if isinstance(value, list) else [value] for name, value in body["CustomFields"].items() if name in CUSTOM
        }
        self.tickets[number] = {
            "Subject": body["Subject"],
            "Queue": body["Queue"],
            "Status": "new",
            "Priority": str(body.get("Priority", 0)),
            "Created": at,
            "LastUpdated": at,
            "Resolved": NEVER,
            "Starts": body.get("Starts", NEVER),
            "Due": body.get("Due", NEVER),
            "fields": {name: [str(one) for one in values] for name, values in fields.items()},
            "etag": number * 100,
        }
        self.attachments[number] = []
        self.attach(number, body["Content"], body["ContentType"])
        return said({"id": str(number), "type": "ticket", "_url": f"/REST/2.0/ticket/{number}"}, 201)

    def attach(self, number: int, text: str, kind: str) -> None:
        have = self.attachments[number]
        have.append({"id": str(number * 1000 + len(have)), "Content": text, "ContentType": kind})

    def shown(self, number: int) -> dict[str, Any]:
        row = self.tickets[number]
        fields = [
            {"name": name, "id": str(n), "type": "customfield", "values": row["fields"].get(name, [])}
            for n, name in enumerate(CUSTOM)
        ]
        queue = {"id": str(QUEUES[row["Queue"]]), "type": "queue", "Name": row["Queue"]}
        own = {name: value for name, value in row.items() if name not in ("fields", "etag")}
        return {**own, "id": str(number), "type": "ticket", "Queue": queue, "CustomFields": fields}

    def comment(self, number: int, body: dict[str, Any]) -> Response:
        if not body.get("ContentType"):
            return said({"message": "ContentType is a required field for application/json"}, 400)
        self.attach(number, body["Content"], body["ContentType"])
        words = ["Comments added"]
        if body.get("Status"):
            words.append(self.status(number, body["Status"]))
        self.touch(number)
        return said(words, 201)

    def touch(self, number: int) -> None:
        self.tickets[number] |= {"LastUpdated": self.stamp(), "etag": self.tickets[number]["etag"] + 1}

    def status(self, number: int, status: str) -> str:
        if status not in STATUSES:
            return f"Status '{status}' isn't a valid status for this ticket."
        if status in self.stuck:
            return f"You can't change status from '{self.tickets[number]['Status']}' to '{status}'."
        before, self.tickets[number]["Status"] = self.tickets[number]["Status"], status
        if status in ("resolved", "rejected"):  # inactive ones have it
            self.tickets[number]["Resolved"] = self.stamp()
        return f"Status changed from '{before}' to '{status}'"

    def change(self, number: int, body: dict[str, Any]) -> Response:
        words = []
        for name, value in body.items():
            if name == "Status":
                words.append(f"Ticket {number}: {self.status(number, value)}")
            elif name == "CustomFields":
                for field, one in value.items():
                    if field in CUSTOM:
                        self.tickets[number]["fields"][field] = [str(part) for part in (one if isinstance(one, list) else [one])]
                        words.append(f"{field} changed")
            elif name == "Priority":
                self.tickets[number]["Priority"] = str(value)
                words.append(f"Ticket {number}: Priority changed")
        self.touch(number)
        return said(words)

    def search(self, request: Request) -> Response:
        query = request.args["query"]
        word = r"'((?:[^'\\]|\\.)*)'"
        if found := re.fullmatch(rf"'CF\.{{([^}}]+)}}' = {word}", query):
            wanted = re.sub(r"\\(.)", r"\1", found[2]).casefold()
            chosen = [
                n for n, row in self.tickets.items() if wanted in [one.casefold() for one in row["fields"].get(found[1], [])]
            ]
        elif found := re.fullmatch(rf"\((Queue = {word}(?: OR Queue = {word})*)\) AND LastUpdated >= '([-0-9: ]+)'", query):
            since = datetime.fromisoformat(found[4]).replace(tzinfo=self.zone)
            queues = re.findall(r"Queue = '(\w+)'", found[1])
            chosen = [
                n
                for n, row in self.tickets.items()
                if row["Queue"] in queues and datetime.fromisoformat(row["LastUpdated"]) >= since
            ]
        else:
            return said({"message": f"Unknown field: {query} at lib/RT/Tickets.pm line 3208.\n"}, 400)
        rows = [self.shown(n) for n in chosen if self.tickets[n]["Status"] != "deleted"]
        by = request.args.getlist("orderby")
        assert set(request.args.getlist("order")) == {"ASC"} and set(by) <= {"id", "LastUpdated"}
        rows.sort(key=lambda row: [int(row["id"]) if name == "id" else row[name] for name in by])
        asked = request.args["fields"].split(",")
        return self.paged(request, [{name: row[name] for name in (*asked, "id", "type")} for row in rows])

    def paged(self, request: Request, rows: list[dict[str, Any]]) -> Response:
        size, number = min(100, int(request.args.get("per_page", 20))), int(request.args.get("page", 1))
        page = rows[(number - 1) * size : number * size]
        pages = -(-len(rows) // size)
        return said({"total": len(rows), "count": len(page), "page": number, "pages": pages, "per_page": size, "items": page})
