"""A strict GLPI (apirest.php) for tickets, from the wire format.

* Sessions; an array as error. Search options have numbers of this server's own. `contains` finds parts, without capitals.
* A range beyond the total is a 400 ERROR_RANGE_EXCEED_TOTAL. Contents come with their markup in entities, as GLPI 10 gives them.
* A PUT answers 200 with a list, also where it was refused. priority comes of urgency and impact. A solution solves.
"""

from __future__ import annotations

import html
import json
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug import Request, Response

from tests.servers.tickets.faulty import Stub, said

TOKEN, APP = "us3r-token-of-glpi", "app-t0ken-of-glpi"
OPTIONS = {1: "name", 31: "id", 44: "date_mod", 52: "externalid", 61: "content"}
LINKS = {"Item_Ticket": "tickets_id", "Change_Item": "changes_id", "Item_Problem": "problems_id"}
ITEMS = {("Computer", 34), ("NetworkEquipment", 5)}


class GlpiTicketStub(Stub):
    """`stuck`: statuses that are refused. `lasts`: requests that a session bears."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, dict[int, dict[str, Any]]] = {
            name: {} for name in ("Ticket", "Change", "Problem", "ITILFollowup", "ITILSolution", *LINKS)
        }
        self.sessions: dict[str, int] = {}
        self.lasts = 1_000_000
        self.stuck: set[int] = set()
        self.zone = ZoneInfo("Europe/Paris")

    def is_write(self, request: Request) -> bool:
        return request.method != "GET"

    def fault(self, status: int, code: str, text: str = "") -> Response:
        return said([code, text or code.lower()], status)

    def stamp(self) -> str:
        return self.tick().astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")

    def answer(self, request: Request) -> Response:
        path = request.path.removeprefix("/apirest.php/")
        if request.headers.get("App-Token") != APP:
            return self.fault(400, "ERROR_WRONG_APP_TOKEN_PARAMETER")
        if path == "initSession":
            if request.headers.get("Authorization") != f"user_token {TOKEN}":
                return self.fault(401, "ERROR_GLPI_LOGIN_USER_TOKEN", "parameter user_token seems invalid")
            name = f"session-{len(self.sessions) + 1}"
            self.sessions[name] = self.lasts
            return said({"session_token": name})
        session = request.headers.get("Session-Token", "")
        if self.sessions.get(session, 0) <= 0:
            return self.fault(401, "ERROR_SESSION_TOKEN_INVALID", "session_token seems invalid")
        self.sessions[session] -= 1
        parts = path.split("/")
        if parts[0] == "listSearchOptions":
            table = f"glpi_{parts[1].lower()}s"
            known = {n: name for n, name in OPTIONS.items() if name != "externalid" or parts[1] == "Ticket"}
            body = {str(n): {"name": name, "table": table, "field": name} for n, name in known.items()}
            return said({"common": "Characteristics", "9": {"name": "id", "table": "glpi_locations", "field": "id"}} | body)
        if parts[0] == "search":
            return self.search(request, parts[1])
        if request.method == "POST":
            return self.make(parts[0], request.get_json()["input"])
        if (parts[0], int(parts[1])) in ITEMS:
            return said({"id": int(parts[1]), "is_deleted": 0})
        row = self.rows.get(parts[0], {}).get(int(parts[1]))
        if row is None:
            return self.fault(404, "ERROR_ITEM_NOT_FOUND", "Item not found")
        if request.method == "PUT":
            return self.change(parts[0], row, request.get_json()["input"])
        if len(parts) == 3:
            return said([self.shown(one) for one in self.rows[parts[2]].values() if self.belongs(one, parts[0], row["id"])])
        return said(self.shown(row))

    def belongs(self, one: dict[str, Any], name: str, number: int) -> bool:
        field = next((field for field in LINKS.values() if field in one), "")
        return one[field] == number if field else (one["itemtype"], one["items_id"]) == (name, number)

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {name: html.escape(value, quote=False) if name in ("content", "name") else value for name, value in row.items()}

    def make(self, name: str, given: dict[str, Any]) -> Response:
        number = len(self.rows[name]) + 1
        at = self.stamp()
        row = {"id": number, **given}
        if name in ("Ticket", "Change", "Problem"):
            if not given.get("name") or not isinstance(given.get("urgency"), int):
                return self.fault(400, "ERROR_GLPI_ADD", "Mandatory fields are not filled. Please correct: Title")
            row = {"status": 1, "is_deleted": 0, "date": at, "date_creation": at, "date_mod": at, "externalid": None, **row}
            row["priority"] = round((row["urgency"] + row["impact"]) / 2)
        elif name in LINKS:
            if (given["itemtype"], given["items_id"]) not in ITEMS:
                return self.fault(400, "ERROR_GLPI_ADD", "item not found")
            owner = name.removeprefix("Item_").removesuffix("_Item")
            self.rows[owner][int(given[LINKS[name]])]["date_mod"] = at
            row[LINKS[name]] = int(given[LINKS[name]])
        else:
            ticket = self.rows[given["itemtype"]][given["items_id"]]
            ticket["date_mod"] = at
            if name == "ITILSolution":
                if 5 in self.stuck:
                    return self.fault(400, "ERROR_GLPI_ADD", "You cannot solve this")
                ticket["status"] = 5
        self.rows[name][number] = row
        return said({"id": number, "message": "Item successfully added"}, 201, Location=f"/apirest.php/{name}/{number}")

    def change(self, name: str, row: dict[str, Any], given: dict[str, Any]) -> Response:
        if given.get("status") in self.stuck:
            return said([{str(row["id"]): False, "message": "You cannot change the status"}])
        row |= given
        if "urgency" in given or "impact" in given:
            row["priority"] = round((row["urgency"] + row["impact"]) / 2)
        owner = self.rows[row["itemtype"]][row["items_id"]] if name == "ITILFollowup" else row
        owner["date_mod"] = self.stamp()
        return said([{str(row["id"]): True, "message": ""}])

    def search(self, request: Request, name: str) -> Response:
        option, how = int(request.args["criteria[0][field]"]), request.args["criteria[0][searchtype]"]
        field, value = OPTIONS[option], request.args["criteria[0][value]"]
        rows = [row for row in self.rows[name].values() if not row["is_deleted"]]
        if how == "contains":
            rows = [row for row in rows if value.casefold() in str(row[field] or "").casefold()]
        else:
            assert how == "morethan", how
            rows = [row for row in rows if row[field] > value]
        by = OPTIONS[int(request.args.get("sort", 1))]
        rows.sort(key=lambda row: (str(row[by] or ""), row["id"]))
        first, last = (int(word) for word in request.args.get("range", "0-49").split("-"))
        if first and first >= len(rows):
            return self.fault(400, "ERROR_RANGE_EXCEED_TOTAL", "Provided range exceed total count of data")
        page = rows[first : last + 1]
        shown = [int(value) for name, value in request.args.items() if name.startswith("forcedisplay")]
        data = [{str(n): row[OPTIONS[n]] for n in shown} for row in page]
        body = {"totalcount": len(rows), "count": len(page), **({"data": data} if data else {})}
        return Response(json.dumps(body), 200 if len(page) == len(rows) else 206, content_type="application/json")
