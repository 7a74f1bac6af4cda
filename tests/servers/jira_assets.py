"""A strict Jira Assets for tests, Cloud and Data Center, as documented, with its traps. Written from the wire format, not from
the importer.

* Cloud: the site names the workspace, the API is another place. Pages may be shorter than asked; `total` is capped; the true
  number has a
  question of its own (totalcount). Data Center: pages by number, 13 rows where the size is not told.
* Attributes carry only the id of what they are; names are asked for by type. A reference holds its object.
* AQL: `objectType = "x"`, `AND Updated >= "2026-11-20 00:00"` (minutes, in the zone of whoever asks), `ORDER BY`; anything else
  is a 400.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from werkzeug import Request, Response

USER, TOKEN, WORKSPACE = "forestay@example.com", "4p1-token-jira", "g277-ws"
CAP = 12
AQL = re.compile(
    r'objectType = "((?:[^"\\]|\\.)*)"(?: AND Updated >= "(\d{4}-\d\d-\d\d \d\d:\d\d)")?(?: ORDER BY (Key|Updated) (ASC|DESC))?'
)
REFERENCES = {"Depends on": "Depends on", "Hosts": "Link", "Location": "Link", "Backend": "Depends on", "Runs on": "Link"}


def answer(body: Any, status: int = 200, **headers: str) -> Response:
    return Response(json.dumps(body), status, headers, content_type="application/json")


@dataclass
class AssetsStub:
    """`objects`: by id; `zone_hours`: of whoever asks. `longest`: rows in a page. `forbidden`: types that may not be read."""

    objects: dict[int, dict[str, Any]] = field(default_factory=dict)
    types: dict[str, int] = field(default_factory=dict)
    attributes: dict[str, int] = field(default_factory=dict)
    now: str = "2026-11-20T09:00:00.120Z"
    zone_hours: float = -8
    longest: int = 5
    forbidden: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    # --- the estate
    def put(self, kind: str, number: int, label: str = "", /, **attributes: Any) -> int:
        """Attributes by name (blanks as _): a text, or ids of objects."""
        self.types.setdefault(kind, 20 + len(self.types))
        old = self.objects.get(number) or {"kind": kind, "label": label, "created": self.now, "values": {}}
        values = {**old["values"], **{name.replace("_", " "): value for name, value in attributes.items()}}
        for name in values:
            self.attributes.setdefault(name, 130 + len(self.attributes))
        self.objects[number] = {**old, "label": label or old["label"], "values": values, "updated": self.now}
        return number

    # --- the service
    def __call__(self, request: Request) -> Response:
        given = request.authorization
        if given is None or (given.username, given.password) != (USER, TOKEN):
            return answer({"code": 401, "message": "Unauthorized; scope does not match"}, 401)
        if request.path == "/rest/servicedeskapi/assets/workspace":
            return answer({"size": 1, "values": [{"workspaceId": WORKSPACE}]})
        cloud, center = f"/jsm/assets/workspace/{WORKSPACE}/v1/", "/rest/assets/1.0/"
        if request.path.startswith(cloud):
            return self.cloud(request, request.path.removeprefix(cloud))
        if request.path.startswith(center):
            return self.center(request, request.path.removeprefix(center))
        return answer({"errorMessages": ["No such resource"], "errors": {}}, 404)

    def cloud(self, request: Request, path: str) -> Response:
        if found := re.fullmatch(r"objecttype/(\d+)/attributes", path):
            return self.named(int(found[1]))
        if request.method != "POST" or path not in ("object/aql", "object/aql/totalcount"):
            return answer({"errorMessages": ["Method not allowed"]}, 405)
        rows = self.selected(json.loads(request.get_data())["qlQuery"])
        if isinstance(rows, Response):
            return rows
        if path.endswith("totalcount"):
            return answer({"totalCount": len(rows)})
        start, size = int(request.args.get("startAt", 0)), min(int(request.args.get("maxResults", 25)), self.longest)
        page = rows[start : start + size]
        with_attributes = request.args.get("includeAttributes") == "true"
        return answer({"startAt": start, "maxResults": size, "total": min(len(rows), CAP), "isLast": start + size >= len(rows),
                       "values": [self.shown(number, with_attributes) for number in page]})  # fmt: skip

    def center(self, request: Request, path: str) -> Response:
        if found := re.fullmatch(r"objecttype/(\d+)/attributes", path):
            return self.named(int(found[1]))
        if request.method != "GET" or path != "aql/objects":
            return answer({"errorMessages": ["Method not allowed"]}, 405)
        rows = self.selected(request.args["qlQuery"])
        if isinstance(rows, Response):
            return rows
        size, number = int(request.args.get("resultPerPage", 13)), int(request.args.get("page", 1))
        page = rows[(number - 1) * size : number * size]
        entries = [self.shown(one, request.args.get("includeAttributes") == "true") for one in page]
        return answer({"objectEntries": entries, "totalFilterCount": len(rows), "pageNumber": number, "pageSize": size})

    def selected(self, aql: str) -> list[int] | Response:
        self.asked.append(aql)
        parts = AQL.fullmatch(aql)
        if not parts:
            return answer({"errorMessages": [f"AqlParseException: {aql}"], "errors": {}}, 400)
        kind = re.sub(r"\\(.)", r"\1", parts[1])
        if kind not in self.types:
            return answer({"errorMessages": [f"The object type {kind} does not exist"], "errors": {}}, 400)
        if kind in self.forbidden:
            return answer({"errorMessages": ["You are not allowed to view objects of this type"], "errors": {}}, 403)
        rows = [number for number, row in self.objects.items() if row["kind"] == kind]
        if parts[2]:
            since = datetime.fromisoformat(f"{parts[2]}:00+00:00") - timedelta(hours=self.zone_hours)
            rows = [number for number in rows if datetime.fromisoformat(self.objects[number]["updated"]) >= since]
        order = (
            (lambda number: (self.objects[number]["updated"], number))
            if parts[3] == "Updated"
            else (lambda number: f"ITSM-{number}")
        )
        return sorted(rows, key=order, reverse=parts[4] == "DESC")  # keys as text: ITSM-10 before ITSM-9

    def named(self, kind: int) -> Response:
        found = []
        for name, number in self.attributes.items():
            reference = {"type": 1, "referenceType": {"id": "1", "name": REFERENCES[name]}} if name in REFERENCES else {"type": 0}
            found.append({"id": str(number * 1000 + kind), "name": name, **reference})
        return answer(found)

    def shown(self, number: int, with_attributes: bool) -> dict[str, Any]:
        row = self.objects[number]
        kind = self.types[row["kind"]]
        found = {"workspaceId": WORKSPACE, "globalId": f"{WORKSPACE}:{number}", "id": str(number), "label": row["label"],
                 "objectKey": f"ITSM-{number}", "objectType": {"id": str(kind), "name": row["kind"]}, "created": row["created"],
                 "updated": row["updated"]}  # fmt: skip
        if with_attributes:
            found["attributes"] = [
                {"id": str(place), "objectTypeAttributeId": str(self.attributes[name] * 1000 + kind),
                 "objectAttributeValues": [self.value(one) for one in (value if isinstance(value, list) else [value])]}
                for place, (name, value) in enumerate(row["values"].items())
            ]  # fmt: skip
        return found

    def value(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, int):
            return {"value": value, "displayValue": value, "searchValue": value, "referencedType": False}
        target = self.objects.get(value, {"label": "?", "kind": "Server"})
        return {"displayValue": target["label"], "searchValue": f"ITSM-{value}", "referencedType": True,
                "referencedObject": {"id": str(value), "label": target["label"], "objectKey": f"ITSM-{value}"}}  # fmt: skip
