"""A strict Jira, Cloud (v3, ADF) or Data Center (v2, plain text), from the wire format.

* Cloud: description and comments are documents, a text that is not is a 400; an empty text node too. /search is gone (410).
* A search gives only ids unless fields are named; pages of Cloud have a token and may be short, there is no total.
* JQL times are minutes in the user's zone; labels are compared without capitals. A label with a blank is a 400.
* Transitions depend on the status; one that is not offered is a 400; some ask for a resolution.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug import Request, Response

from tests.servers.tickets.faulty import Stub, empty, said

USER, TOKEN = "bot@example.com", "at1assian-api-token"
WORKSPACE, OBJECTS = "ws-1", {"88", "89"}
FLOW = {
    "To Do": {"11": "In Progress", "31": "Done"},
    "In Progress": {"21": "To Do", "31": "Done"},
    "Done": {"41": "In Progress"},
}
PRIORITIES = ("Highest", "High", "Medium", "Low", "Lowest")


class JiraStub(Stub):
    """`stuck`: names of statuses that no transition leads to now."""

    def __init__(self, cloud: bool = True) -> None:
        super().__init__()
        self.cloud, self.api = cloud, f"/rest/api/{3 if cloud else 2}/"
        self.issues: dict[str, dict[str, Any]] = {}
        self.comments: dict[str, list[dict[str, Any]]] = {}
        self.stuck: set[str] = set()
        self.zone = ZoneInfo("Europe/Berlin")
        self.short = 0  # how many rows a page of Cloud lacks

    def is_write(self, request: Request) -> bool:
        return request.method != "GET" and "/search" not in request.path

    def fault(self, status: int, *messages: str, **errors: str) -> Response:
        return said({"errorMessages": list(messages), "errors": errors}, status)

    def stamp(self) -> str:
        return self.tick().astimezone(self.zone).strftime("%Y-%m-%dT%H:%M:%S.000%z")

    def answer(self, request: Request) -> Response:
        pair = base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
        if request.headers.get("Authorization") not in (f"Basic {pair}", f"Bearer {TOKEN}"):
            return self.fault(401, "Client must be authenticated to access this resource.")
        if not request.path.startswith(self.api):
            return said({"message": "null for uri"}, 404)
        path = request.path.removeprefix(self.api)
        if path == "myself":
            return said({"displayName": "For Estay"})
        if path == "project/OPS":
            return said({"key": "OPS", "name": "Operations"})
        if path == "issue":
            return self.make(request.get_json()["fields"])
        if path == "search":
            return self.fault(410, "The requested API has been removed.") if self.cloud else self.search(request.get_json())
        if path == "search/jql" and self.cloud:
            return self.search(request.get_json())
        found = re.fullmatch(r"issue/([A-Z]+-\d+)(?:/(comment|transitions)(?:/(\d+))?)?", path)
        if not found or found[1] not in self.issues:
            return self.fault(404, "Issue does not exist or you do not have permission to see it.")
        issue = self.issues[found[1]]
        if found[2] == "comment":
            return self.comment(request, issue, found[3])
        if found[2] == "transitions":
            return self.transitions(request, issue)
        if request.method == "PUT":
            return self.fields(issue, request.get_json()["fields"]) or empty()
        return said(self.shown(issue, request.args.get("fields", "").split(",")))

    def text(self, value: Any) -> str:
        """What is wrong with a text; "" where it is one."""
        if not self.cloud:
            return "" if isinstance(value, str) else "Operation value must be a string"
        good = isinstance(value, dict) and value.get("type") == "doc" and value.get("version") == 1
        nodes = [one for part in value["content"] for one in part["content"]] if good else []
        return "" if good and all(node["type"] == "text" and node["text"] for node in nodes) else "INVALID_INPUT"

    def make(self, fields: dict[str, Any]) -> Response:
        if fields.get("project") != {"key": "OPS"}:
            return self.fault(400, project="valid project is required")
        number = len(self.issues) + 1
        issue = {"id": str(10_000 + number), "key": f"OPS-{number}", "fields": {"created": self.stamp(), "labels": []}}
        if refused := self.fields(issue, fields):
            return refused
        issue["fields"] |= {"status": {"name": "To Do"}, "updated": issue["fields"]["created"]}
        self.issues[issue["key"]], self.comments[issue["key"]] = issue, []
        return said({"id": issue["id"], "key": issue["key"], "self": "x"}, 201)

    def fields(self, issue: dict[str, Any], fields: dict[str, Any]) -> Response | None:
        if not fields.get("summary", "x") or "\n" in fields.get("summary", ""):
            return self.fault(400, summary="You must specify a summary of the issue.")
        if "description" in fields and (wrong := self.text(fields["description"])):
            return self.fault(400, description=wrong)
        if any(" " in label for label in fields.get("labels", ())):
            return self.fault(400, labels="The label can't contain spaces.")
        if fields.get("priority", {"name": "High"})["name"] not in PRIORITIES:
            return self.fault(400, priority="The priority selected is invalid.")
        for one in fields.get("customfield_10100", ()):
            if one["id"].removeprefix(f"{WORKSPACE}:") not in OBJECTS:
                return self.fault(400, customfield_10100="object not found")
        issue["fields"] |= {name: value for name, value in fields.items() if name != "project"} | {"updated": self.stamp()}
        return None

    def comment(self, request: Request, issue: dict[str, Any], number: str | None) -> Response:
        have = self.comments[issue["key"]]
        if request.method == "GET":
            first, size = int(request.args.get("startAt", 0)), min(100, int(request.args.get("maxResults", 50)))
            return said({"startAt": first, "maxResults": size, "total": len(have), "comments": have[first : first + size]})
        body = request.get_json()["body"]
        if wrong := self.text(body):
            return self.fault(400, comment=wrong)
        issue["fields"]["updated"] = self.stamp()
        if request.method == "PUT":
            one = next(row for row in have if row["id"] == number)
            one["body"] = body
            return said(one)
        have.append({"id": str(1000 + sum(map(len, self.comments.values()))), "body": body, "created": self.stamp()})
        return said(have[-1], 201)

    def transitions(self, request: Request, issue: dict[str, Any]) -> Response:
        offered = {n: to for n, to in FLOW[issue["fields"]["status"]["name"]].items() if to not in self.stuck}
        if request.method == "GET":
            screen = {"31": {"resolution": {"required": True}}} if "fields" in request.args.get("expand", "") else {}
            rows = [{"id": n, "name": f"to {to}", "to": {"name": to}, "fields": screen.get(n, {})} for n, to in offered.items()]
            return said({"transitions": rows})
        body = request.get_json()
        chosen = body["transition"]["id"]
        if chosen not in offered:
            return self.fault(400, f"It seems that you have tried to perform an illegal workflow operation ({chosen}).")
        if chosen == "31" and body.get("fields", {}).get("resolution") != {"name": "Done"}:
            return self.fault(400, resolution="Resolution is required.")
        issue["fields"] |= {"status": {"name": offered[chosen]}, "updated": self.stamp()}
        return empty()

    def shown(self, issue: dict[str, Any], names: list[str]) -> dict[str, Any]:
        return {**issue, "fields": {name: issue["fields"].get(name) for name in names}}

    def search(self, body: dict[str, Any]) -> Response:
        query, _, _order = body["jql"].partition(" ORDER BY ")
        rows = list(self.issues.values())
        word = r'"((?:[^"\\]|\\.)*)"'
        if found := re.fullmatch(rf"labels = {word}", query):
            wanted = re.sub(r"\\(.)", r"\1", found[1]).casefold()
            rows = [one for one in rows if wanted in [label.casefold() for label in one["fields"]["labels"]]]
        elif found := re.fullmatch(rf'project = {word} AND updated >= "(\d{{4}}-\d\d-\d\d \d\d:\d\d)"', query):
            since = datetime.strptime(found[2], "%Y-%m-%d %H:%M").replace(tzinfo=self.zone)
            rows = [one for one in rows if datetime.strptime(one["fields"]["updated"], "%Y-%m-%dT%H:%M:%S.%f%z") >= since]
        else:
            return self.fault(400, f"Error in the JQL Query: {query}")
        by = "updated" if "updated" in _order else "created"
        rows.sort(key=lambda one: (datetime.strptime(one["fields"][by], "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC), one["key"]))
        size = min(100, body["maxResults"])
        first = int(body.get("nextPageToken") or 0) if self.cloud else body["startAt"]
        if self.cloud:
            size = max(1, size - self.short)
        page = [
            self.shown(one, body["fields"]) if body.get("fields") else {"id": one["id"]} for one in rows[first : first + size]
        ]
        if not self.cloud:
            return said({"startAt": first, "maxResults": size, "total": len(rows), "issues": page})
        last = first + size >= len(rows)
        return said({"issues": page, "isLast": last} | ({} if last else {"nextPageToken": str(first + size)}))
