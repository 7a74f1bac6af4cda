"""A strict GLPI for tests: its REST API (apirest.php) as documented, with its traps. Written from the wire format, not from the
importer.

* Sessions by user_token or Basic with the App-Token; a session can end in the middle (401, ERROR_SESSION_TOKEN_INVALID).
* `range` is inclusive, at most Accept-Range long: 200 all, 206 a part, 400 ERROR_RANGE_EXCEED_TOTAL beyond the end. Items come in
  order of their names.
* Templates and items in the dustbin are among the items; a search leaves both out, and gives the dustbin where is_deleted is 1.
* Search options have numbers of this server's own; a field of that name exists in other tables too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from werkzeug import Request, Response

TOKEN, APP, USER, PASSWORD = "us3r-token", "app-t0ken", "forestay", "s3cret glpi"
UNDATED = ("ImpactRelation", "Appliance_Item", "ItemVirtualMachine", "Item_Rack")
OPTIONS = {3: ("glpi_states", "date_mod"), 7: ("", "name"), 12: ("glpi_locations", "id"), 31: ("", "id"), 44: ("", "date_mod")}


def fault(status: int, code: str, said: str = "") -> Response:
    return Response(json.dumps([code, said or code.lower()]), status, content_type="application/json; charset=UTF-8")


@dataclass
class GlpiStub:
    """`items`: by itemtype and id. `lasts`: requests a session bears. `by_id`: search data keyed by id, as older servers do."""

    items: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    now: str = "2026-11-20 09:00:00"
    lasts: int = 1_000_000
    by_id: bool = False
    longest: int = 990
    forbidden: set[str] = field(default_factory=set)
    sessions: dict[str, int] = field(default_factory=dict)
    opened: int = 0
    asked: list[str] = field(default_factory=list)

    def put(self, itemtype: str, number: int, /, **fields: Any) -> int:
        rows = self.items.setdefault(itemtype, {})
        base = (
            {"id": number}
            if itemtype in UNDATED
            else {"id": number, "name": f"{itemtype} {number}", "is_deleted": 0, "is_template": 0}
        )
        dated = {} if itemtype in UNDATED else {"date_mod": self.now}
        rows[number] = {**base, **rows.get(number, {}), **fields, **dated}
        return number

    def impact(self, number: int, source: tuple[str, int], impacted: tuple[str, int]) -> None:
        self.put("ImpactRelation", number, itemtype_source=source[0], items_id_source=source[1], itemtype_impacted=impacted[0],
                 items_id_impacted=impacted[1])  # fmt: skip

    def __call__(self, request: Request) -> Response:
        if not request.path.startswith("/apirest.php/"):
            return Response("<html>GLPI</html>", 404, content_type="text/html")
        path = request.path.removeprefix("/apirest.php/").rstrip("/")
        if request.headers.get("App-Token") != APP:
            return fault(400, "ERROR_WRONG_APP_TOKEN_PARAMETER")
        if path == "initSession":
            return self.init(request)
        token = request.headers.get("Session-Token", "")
        if not token:
            return fault(400, "ERROR_SESSION_TOKEN_MISSING")
        if self.sessions.get(token, 0) <= 0:
            return fault(401, "ERROR_SESSION_TOKEN_INVALID", "session_token seems invalid")
        self.sessions[token] -= 1
        if path == "killSession":
            del self.sessions[token]
            return Response("true", content_type="application/json")
        self.asked.append(request.full_path)
        return self.answered(request, path.split("/"))

    def init(self, request: Request) -> Response:
        given, basic = request.headers.get("Authorization", ""), request.authorization
        if given != f"user_token {TOKEN}" and not (basic and (basic.username, basic.password) == (USER, PASSWORD)):
            return fault(401, "ERROR_GLPI_LOGIN_USER_TOKEN", "parameter user_token seems invalid")
        self.opened += 1
        self.sessions[f"session-{self.opened}"] = self.lasts
        return Response(json.dumps({"session_token": f"session-{self.opened}"}), content_type="application/json")

    def answered(self, request: Request, parts: list[str]) -> Response:
        itemtype = parts[1] if parts[0] in ("search", "listSearchOptions") else parts[0]
        if itemtype not in self.items:
            return fault(400, "ERROR_RESOURCE_NOT_FOUND_NOR_COMMONDBTM", "resource not found or not an instance of CommonDBTM")
        if itemtype in self.forbidden:
            return fault(403, "ERROR_RIGHT_MISSING", "You don't have permission to perform this action.")
        table, rows = f"glpi_{itemtype.lower()}s", self.items[itemtype]
        if parts[0] == "listSearchOptions":
            body = {"common": "Characteristics"} | {
                str(n): {"name": name, "table": other or table, "field": name} for n, (other, name) in OPTIONS.items()
            }
            return Response(json.dumps(body), content_type="application/json")
        if parts[0] == "search":
            return self.search(request, list(rows.values()))
        if len(parts) == 2:
            row = rows.get(int(parts[1]))
            return Response(json.dumps(row), content_type="application/json") if row else fault(404, "ERROR_ITEM_NOT_FOUND")
        name = OPTIONS.get(int(request.args.get("sort", 1)), ("", "name"))[1]
        found = sorted(
            rows.values(), key=lambda row: (str(row.get(name, "")), row["id"]), reverse=request.args.get("order") == "DESC"
        )
        return self.ranged(request, found, lambda page, total: page)

    def search(self, request: Request, rows: list[dict[str, Any]]) -> Response:
        option, kind = int(request.args["criteria[0][field]"]), request.args["criteria[0][searchtype]"]
        assert kind == "morethan", kind
        name, value = OPTIONS[option][1], request.args["criteria[0][value]"]
        wanted = int(request.args.get("is_deleted", 0))
        if OPTIONS[option][0]:  # a field of another table: nothing has it
            rows = []
        found = [row for row in rows if row.get("is_deleted") == wanted and not row.get("is_template") and str(row[name]) > value]
        shown = sorted({option, *(int(v) for k, v in request.args.items() if k.startswith("forcedisplay"))})

        def shaped(page: list[dict[str, Any]], total: int) -> dict[str, Any]:
            data = [{str(n): row.get(OPTIONS[n][1]) for n in shown} for row in page]
            keyed = {str(row["id"]): one for row, one in zip(page, data, strict=True)}
            return {"totalcount": total, "count": len(page), "data": keyed if self.by_id else data}

        return self.ranged(request, found, shaped)

    def ranged(self, request: Request, found: list[dict[str, Any]], shaped: Any) -> Response:
        first, last = (int(word) for word in request.args.get("range", "0-49").split("-"))
        if last - first + 1 > self.longest:
            return fault(400, "ERROR_RANGE_TOO_LARGE")
        if first and first >= len(found):
            return fault(400, "ERROR_RANGE_EXCEED_TOTAL", "Provided range exceed total count of data")
        page = found[first : last + 1]
        answer = Response(
            json.dumps(shaped(page, len(found))), 200 if len(page) == len(found) else 206, content_type="application/json"
        )
        if found:
            answer.headers["Content-Range"] = f"{first}-{first + len(page) - 1}/{len(found)}"
        answer.headers["Accept-Range"] = str(self.longest)
        return answer
