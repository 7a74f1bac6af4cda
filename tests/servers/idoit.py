"""A strict i-doit for tests: its JSON-RPC as documented, with its traps. Written from the wire format, not from the importer.

* Status 200 whatever happens; what is wrong stands in `error`, a refused sign-in and an ended session too.
* Sign-in by X-RPC-Auth-Username and -Password, or by the session that `idoit.login` gives; every question names the apikey.
* A batch is an array; its answers come in any order. Ids are numeric strings. `updated` is missing where nothing was changed
  since it was made.
* No filter for what changed: an unknown one is refused. `limit` is "start,count". Without order_by the order is that of titles.
* A relation stands at both of its ends, under the same id.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from werkzeug import Request, Response

USER, PASSWORD, API_KEY = "forestay", "s3cret idoit", "4p1-k3y-idoit"
STATUS = {"C__RECORD_STATUS__NORMAL": "2", "C__RECORD_STATUS__ARCHIVED": "3", "C__RECORD_STATUS__DELETED": "4"}
PERSONS = ("C__OBJTYPE__PERSON", "C__OBJTYPE__PERSON_GROUP")
KNOWN = {
    "cmdb.objects.read": {"filter", "limit", "order_by", "sort", "apikey", "language"},
    "cmdb.category.read": {"objID", "category", "status", "apikey", "language"},
    "idoit.login": {"apikey", "language"},
    "idoit.logout": {"apikey", "language"},
}


class Fault(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.body = {"code": code, "message": message, "data": None}


@dataclass
class IdoitStub:
    """`objects`: by id; `categories`: entries by object and category; `relations`: by id. `lasts`: questions a session bears.
    `forbidden`: types and categories that the person may not read."""

    objects: dict[int, dict[str, Any]] = field(default_factory=dict)
    categories: dict[tuple[int, str], list[dict[str, Any]]] = field(default_factory=dict)
    relations: dict[int, dict[str, Any]] = field(default_factory=dict)
    types: set[str] = field(default_factory=lambda: {"C__OBJTYPE__SERVER", *PERSONS})
    now: str = "2026-11-20 09:00:00"
    lasts: int = 1_000_000
    forbidden: set[str] = field(default_factory=set)
    sessions: dict[str, int] = field(default_factory=dict)
    opened: int = 0
    asked: list[dict[str, Any]] = field(default_factory=list)

    # --- the estate
    def put(self, object_type: str, number: int, title: str = "", **more: Any) -> int:
        kind = f"C__OBJTYPE__{object_type}"
        self.types.add(kind)
        known = self.objects.get(number)
        row = known or {"id": str(number), "sysid": f"SYS_{number}", "type": kind, "type_title": object_type.title(),
                        "created": self.now, "status": "2", "cmdb_status": "6", "cmdb_status_title": "in operation"}  # fmt: skip
        self.objects[number] = {**row, **({"title": title} if title else {}), **more, **({"updated": self.now} if known else {})}
        return number

    def archive(self, number: int) -> None:
        self.put(self.objects[number]["type"].removeprefix("C__OBJTYPE__"), number, status="3")
        self.relations = {n: row for n, row in self.relations.items() if number not in (row["master"], row["slave"])}

    def category(self, number: int, word: str, *entries: dict[str, Any]) -> None:
        self.categories[number, word] = [{"id": str(place), "objID": str(number), **one} for place, one in enumerate(entries, 1)]

    def relate(self, number: int, master: int, slave: int, kind: str = "DEFAULT", weighting: int = 5) -> None:
        self.relations[number] = {"master": master, "slave": slave, "type": f"C__RELATION_TYPE__{kind}", "weighting": weighting}

    # --- the service
    def __call__(self, request: Request) -> Response:
        if request.path != "/src/jsonrpc.php" or request.method != "POST":
            return Response("<html>i-doit</html>", 404, content_type="text/html")
        try:
            question = json.loads(request.get_data())
        except ValueError:
            question = None
        if isinstance(question, list):
            body: Any = [self.answered(request, one) for one in reversed(question)]
        else:
            body = self.answered(request, question)
        return Response(json.dumps(body), content_type="application/json")

    def answered(self, request: Request, question: Any) -> dict[str, Any]:
        number = question.get("id") if isinstance(question, dict) else None
        try:
            return {"id": number, "jsonrpc": "2.0", "result": self.result(request, question)}
        except Fault as fault:
            return {"jsonrpc": "2.0", "error": fault.body, "id": number}

    def result(self, request: Request, question: Any) -> Any:
        if not isinstance(question, dict) or question.get("version") != "2.0" or "id" not in question:
            raise Fault(-32600, "Invalid request")
        method, given = question.get("method"), question.get("params") or {}
        if method not in KNOWN:
            raise Fault(-32601, f"Method {method} does not exist")
        if given.get("apikey") != API_KEY:
            raise Fault(-32604, "Please specify a valid API key")
        if wrong := set(given) - KNOWN[method]:
            raise Fault(-32602, f"Invalid parameters: {sorted(wrong)}")
        session = request.headers.get("X-RPC-Auth-Session", "")
        if session:
            if self.sessions.get(session, 0) <= 0:
                raise Fault(-32604, "Your session is invalid or has expired, please login again")
            self.sessions[session] -= 1
        elif (request.headers.get("X-RPC-Auth-Username"), request.headers.get("X-RPC-Auth-Password")) != (USER, PASSWORD):
            raise Fault(-32604, "Unable to login with the provided credentials")
        if method == "idoit.login":
            self.opened += 1
            self.sessions[f"session-{self.opened}"] = self.lasts
            return {"result": True, "userid": "9", "username": USER, "session-id": f"session-{self.opened}", "client-id": "1"}
        if method == "idoit.logout":
            self.sessions.pop(session, None)
            return {"message": "Logout successfull", "result": True}
        self.asked.append({"method": method, **given})
        return self.list_objects(given) if method == "cmdb.objects.read" else self.entries(given)

    def list_objects(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        wanted = given.get("filter") or {}
        if wrong := set(wanted) - {"type", "status", "ids", "title", "type_title", "location", "sysid"}:
            raise Fault(-32602, f"Unknown filter {sorted(wrong)[0]}")
        if wanted.get("type") not in self.types:
            raise Fault(-32602, f"Object type {wanted.get('type')} not found")
        if wanted["type"] in self.forbidden:
            raise Fault(-32603, f"You are not allowed to read objects of {wanted['type']}: permission denied")
        status = STATUS[wanted.get("status", "C__RECORD_STATUS__NORMAL")]
        rows = [row for row in self.objects.values() if row["type"] == wanted["type"] and row["status"] == status]
        orders = {"id": lambda row: int(row["id"]), "title": lambda row: row["title"]}
        rows.sort(key=orders[given.get("order_by", "title")], reverse=given.get("sort", "ASC") == "DESC")
        start, count = (int(word) for word in str(given.get("limit", "0,1000000")).split(","))
        return rows[start : start + count]

    def entries(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        number, word = int(given["objID"]), given["category"]
        if number not in self.objects:
            raise Fault(-32099, f"Object {number} does not exist")
        if word in self.forbidden:
            raise Fault(-32603, f"You are not allowed to read category {word}: permission denied")
        if word == "C__CATG__RELATION":
            return [
                self.relation(n, number) for n, row in sorted(self.relations.items()) if number in (row["master"], row["slave"])
            ]
        if not any(name == word for _, name in self.categories):
            raise Fault(-32099, f"Unknown category {word}")
        return self.categories.get((number, word), [])

    def relation(self, number: int, of: int) -> dict[str, Any]:
        row = self.relations[number]
        kind = {"id": "18", "const": row["type"], "title": row["type"]}
        ends = [{key: self.objects[n][key] for key in ("id", "title", "sysid")} for n in (row["master"], row["slave"])]
        return {
            "id": str(number),
            "objID": str(of),
            "object1": ends[0],
            "object2": ends[1],
            "relation_type": kind,
            "weighting": {"id": str(row["weighting"]), "title": str(row["weighting"])},
            "itservice": None,
            "description": "",
        }
