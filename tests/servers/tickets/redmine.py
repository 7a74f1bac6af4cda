"""A strict Redmine 5.0, as 5.0.4 answers: checked on a running one.

* A refused status answers 204 all the same; a priority that is none is a 422. 401 and 403 have an empty body.
* Lists hold only open issues unless status_id=*; limit is 25, at most 100; `=` on a custom field takes no notice of capitals.
* A key that is nobody's signs in as nobody, who sees no private project: lists are empty, writing is a 401.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from werkzeug import Request, Response

from tests.servers.tickets.faulty import Stub, empty, said

KEY = "96f9b443d4db4ceeb5494e2b"
STATUSES = {1: "New", 2: "In Progress", 3: "Resolved", 4: "Feedback", 5: "Closed", 6: "Rejected"}
PRIORITIES = {1: "Low", 2: "Normal", 3: "High", 4: "Urgent", 5: "Immediate"}
TRACKERS = {1: "Bug", 2: "Feature", 3: "Support"}
CUSTOM = {1: "BC Key", 2: "BC CIs"}


class RedmineStub(Stub):
    """`stuck`: numbers of statuses that the workflow forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.issues: dict[int, dict[str, Any]] = {}
        self.journals: dict[int, dict[str, Any]] = {}
        self.stuck: set[int] = set()

    def stamp(self) -> str:
        return self.tick().strftime("%Y-%m-%dT%H:%M:%SZ")

    def answer(self, request: Request) -> Response:
        nobody = request.headers.get("X-Redmine-API-Key") != KEY
        if nobody and (request.method != "GET" or request.path != "/issues.json"):
            return empty(401)
        if request.path == "/users/current.json":
            return said({"user": {"id": 5, "login": "forestay"}})
        if request.path == "/projects/ops.json":
            return said({"project": {"id": 1, "name": "Operations", "identifier": "ops"}})
        if request.path == "/issue_statuses.json":
            return said({"issue_statuses": [{"id": n, "name": name, "is_closed": n > 4} for n, name in STATUSES.items()]})
        if request.path == "/issues.json":
            if request.method == "POST":
                return self.make(request.get_json()["issue"])
            return self.listing(request, [] if nobody else list(self.issues.values()))
        if (found := re.fullmatch(r"/issues/(\d+)\.json", request.path)) and int(found[1]) in self.issues:
            issue = self.issues[int(found[1])]
            if request.method == "PUT":
                return self.change(issue, request.get_json()["issue"])
            notes = [one for one in self.journals.values() if one["issue"] == issue["id"]]
            shown = [{name: value for name, value in one.items() if name != "issue"} for one in notes]
            return said({"issue": {**issue, "journals": shown} if request.args.get("include") == "journals" else issue})
        if (found := re.fullmatch(r"/journals/(\d+)\.json", request.path)) and int(found[1]) in self.journals:
            assert request.method == "PUT"
            self.journals[int(found[1])]["notes"] = request.get_json()["journal"]["notes"]
            return empty()
        return empty(404)

    def make(self, body: dict[str, Any]) -> Response:
        if body.get("project_id") != "ops":
            return empty(404)
        if not body.get("subject") or len(body["subject"]) > 255:
            return said({"errors": ["Subject cannot be blank" if not body.get("subject") else "Subject is too long"]}, 422)
        if body.get("priority_id") not in PRIORITIES:
            return said({"errors": ["Priority cannot be blank"]}, 422)
        at, number = self.stamp(), len(self.issues) + 1
        given = {one["id"]: one["value"] for one in body.get("custom_fields", ())}
        self.issues[number] = {
            "id": number,
            "project": {"id": 1, "name": "Operations"},
            "tracker": {"id": body["tracker_id"], "name": TRACKERS[body["tracker_id"]]},
            "status": {"id": 1, "name": "New", "is_closed": False},
            "priority": {"id": body["priority_id"], "name": PRIORITIES[body["priority_id"]]},
            "subject": body["subject"],
            "description": body.get("description", "").replace("\n", "\r\n"),
            "start_date": body.get("start_date"),
            "due_date": body.get("due_date"),
            "custom_fields": [{"id": n, "name": name, "value": given.get(n, "")} for n, name in CUSTOM.items()],
            "created_on": at,
            "updated_on": at,
            "closed_on": None,
        }
        return said({"issue": self.issues[number]}, 201)

    def change(self, issue: dict[str, Any], body: dict[str, Any]) -> Response:
        if body.get("priority_id", 1) not in PRIORITIES:
            return said({"errors": ["Priority cannot be blank"]}, 422)
        if "priority_id" in body:
            issue["priority"] = {"id": body["priority_id"], "name": PRIORITIES[body["priority_id"]]}
        status = body.get("status_id")
        if status in STATUSES and status not in self.stuck:
            issue["status"] = {"id": status, "name": STATUSES[status], "is_closed": status > 4}
        for one in body.get("custom_fields", ()):
            next(field for field in issue["custom_fields"] if field["id"] == one["id"])["value"] = one["value"]
        if body.get("notes"):
            number = len(self.journals) + 1
            self.journals[number] = {"id": number, "issue": issue["id"], "notes": body["notes"], "details": []}
        issue["updated_on"] = self.stamp()
        return empty()

    def listing(self, request: Request, rows: list[dict[str, Any]]) -> Response:
        if request.args.get("status_id") != "*":
            rows = [row for row in rows if not row["status"]["is_closed"]]
        for name, wanted in request.args.items():
            if name.startswith("cf_"):
                field = int(name.removeprefix("cf_"))
                values = {row["id"]: next(one["value"] for one in row["custom_fields"] if one["id"] == field) for row in rows}
                rows = [row for row in rows if values[row["id"]].casefold() == wanted.casefold()]
        if since := request.args.get("updated_on", ""):
            assert since.startswith(">=")
            at = datetime.fromisoformat(since.removeprefix(">="))
            rows = [row for row in rows if datetime.fromisoformat(row["updated_on"]) >= at]
        for by in reversed(request.args.get("sort", "id").split(",")):
            rows = sorted(rows, key=lambda row: row[by])
        first, size = int(request.args.get("offset", 0)), min(100, int(request.args.get("limit", 25)))
        return said({"issues": rows[first : first + size], "total_count": len(rows), "offset": first, "limit": size})
