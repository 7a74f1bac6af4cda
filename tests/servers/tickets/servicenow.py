"""A strict ServiceNow (Table API) for tickets, from the wire format.

* With sysparm_display_value=all every field is an object; everything is a string; an empty reference is "".
* priority is computed from impact and urgency. A field that is not known is ignored. Resolving needs close_code and close_notes.
* A part of a query that is not known is ignored, and the rest runs. A page may be short: the limit goes before what is hidden.
* work_notes shows the journal in its display value, the latest first.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from werkzeug import Request, Response

from tests.servers.tickets.faulty import Stub, said

USER, PASSWORD = "forestay", "s3cret servicenow"
TABLES = {"incident": "INC", "change_request": "CHG", "problem": "PRB"}
PRIORITY = {"1/1": "1", "1/2": "2", "2/1": "2", "1/3": "3", "2/2": "3", "3/1": "3", "2/3": "4", "3/2": "4", "3/3": "5"}
OWN = {
    "short_description",
    "description",
    "impact",
    "urgency",
    "state",
    "cmdb_ci",
    "assignment_group",
    "correlation_id",
    "correlation_display",
    "close_code",
    "close_notes",
    "start_date",
    "end_date",
    "type",
    "work_notes",
    "u_impact",
}


class ServiceNowStub(Stub):
    """`hidden`: sys_ids that the user does not see. `stuck`: states that a business rule takes back."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: dict[str, dict[str, str]] = {}
        self.notes: dict[str, list[str]] = {}
        self.ties: list[dict[str, str]] = []
        self.cis = {hashlib.md5(name.encode()).hexdigest(): name for name in ("disk", "switch")}
        self.hidden: set[str] = set()
        self.stuck: set[str] = set()
        self.ignores_bad_queries = False

    def stamp(self) -> str:
        return self.tick().strftime("%Y-%m-%d %H:%M:%S")

    def fault(self, status: int, message: str, detail: str = "") -> Response:
        return said({"error": {"message": message, "detail": detail}, "status": "failure"}, status)

    def answer(self, request: Request) -> Response:
        given = request.authorization
        if not given or (given.username, given.password) != (USER, PASSWORD):
            return self.fault(401, "User Not Authenticated", "Required to provide Auth information")
        assert request.headers["Accept"] == "application/json"
        parts = request.path.removeprefix("/api/now/table/").split("/")
        if parts[0] == "cmdb_ci":
            known = parts[1] in self.cis
            return said({"result": {"sys_id": parts[1]}}) if known else self.fault(404, "No Record found", "Record doesn't exist")
        if parts[0] == "task_ci":
            return self.tie(request.get_json()) if request.method == "POST" else self.rows(request, self.ties)
        if len(parts) == 1:
            if request.method == "POST":
                return self.make(parts[0], request.get_json(), request)
            return self.rows(request, [self.whole(one) for one in self.tasks.values()])
        row = self.tasks.get(parts[1])
        if row is None or row["sys_class_name"] != parts[0] or parts[1] in self.hidden:
            return self.fault(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")
        if request.method == "PATCH" and (refused := self.change(row, request.get_json())):
            return refused
        return said({"result": self.shown(request, self.whole(row))})

    def whole(self, row: dict[str, str]) -> dict[str, str]:
        journal = "\n\n".join(reversed(self.notes.get(row["sys_id"], [])))
        return {**row, "priority": PRIORITY[f"{row['impact']}/{row['urgency']}"], "work_notes": journal}

    def make(self, table: str, body: dict[str, str], request: Request) -> Response:
        if table not in TABLES:
            return self.fault(400, f"Invalid table {table}")
        number, at = len(self.tasks) + 1, self.stamp()
        sys_id = hashlib.md5(f"{table}{number}".encode()).hexdigest()
        row = dict.fromkeys(OWN, "") | {
            "sys_id": sys_id,
            "sys_class_name": table,
            "number": f"{TABLES[table]}{number:07}",
            "impact": "3",
            "urgency": "3",
            "state": {"incident": "1", "change_request": "-5", "problem": "101"}[table],
            "sys_created_on": at,
            "sys_updated_on": at,
            "sys_mod_count": "0",
        }
        self.tasks[sys_id] = row
        self.change(row, body)
        row |= {"sys_updated_on": at, "sys_mod_count": "0"}
        return said({"result": self.shown(request, self.whole(row))}, 201, Location=f"/api/now/table/{table}/{sys_id}")

    def change(self, row: dict[str, str], body: dict[str, str]) -> Response | None:
        assert all(isinstance(value, str) for value in body.values()), body
        merged = {**row, **{name: value for name, value in body.items() if name in OWN}}
        over = row["sys_class_name"] == "incident" and merged["state"] in ("6", "7")
        if over and not (merged["close_code"] and merged["close_notes"]):
            return self.fault(403, "Operation Failed", "Data Policy Exception: Close code, Close notes are mandatory")
        for name, value in body.items():
            if name == "work_notes":
                self.notes.setdefault(row["sys_id"], []).append(f"2026-11-20 10:00:00 - For Estay (Work notes)\n{value}")
            elif name == "state" and value in self.stuck:
                continue
            elif name in OWN:
                row[name] = value[:160] if name == "short_description" else value[:4000]
        row |= {"sys_updated_on": self.stamp(), "sys_mod_count": str(int(row["sys_mod_count"]) + 1)}
        return None

    def tie(self, body: dict[str, str]) -> Response:
        if body["ci_item"] not in self.cis or body["task"] not in self.tasks:
            return self.fault(400, "Exception while inserting", "invalid reference")
        self.ties.append({"sys_id": hashlib.md5(repr(body).encode()).hexdigest(), **body})
        self.tasks[body["task"]]["sys_updated_on"] = self.stamp()
        return said({"result": self.ties[-1]}, 201)

    def shown(self, request: Request, row: dict[str, str]) -> dict[str, Any]:
        asked = request.args.get("sysparm_fields", "")
        names = [name for name in asked.split(",") if name in row] if asked else list(row)
        if request.args.get("sysparm_display_value") != "all":
            return {name: row[name] for name in names}
        return {
            name: {"display_value": row[name], "value": "" if name == "work_notes" else row[name]}
            if row[name]
            else {"display_value": "", "value": ""}
            for name in names
        }

    def rows(self, request: Request, rows: list[dict[str, str]]) -> Response:
        for part in request.args.get("sysparm_query", "").split("^"):
            rows = self.filtered(rows, part)
        first, size = int(request.args.get("sysparm_offset", 0)), int(request.args.get("sysparm_limit", 10_000))
        page = [row for row in rows[first : first + size] if row["sys_id"] not in self.hidden]
        return said({"result": [self.shown(request, row) for row in page]}, X_Total_Count=str(len(rows)))

    def filtered(self, rows: list[dict[str, str]], part: str) -> list[dict[str, str]]:
        if part.startswith("ORDERBY"):  # given last: the first of several counts most
            name = part.removeprefix("ORDERBY")
            done = getattr(rows, "by", ())
            ordered = _Rows(sorted(rows, key=lambda row: [row.get(one, "") for one in [*done, name]]))
            ordered.by = [*done, name]
            return ordered
        found = re.fullmatch(r"([a-z_]+)(>=|=|IN)(.*)", part)
        if not found or self.ignores_bad_queries:
            return rows
        name, how, value = found.groups()
        if how == "IN":
            return [row for row in rows if row.get(name, "") in value.split(",")]
        if how == ">=":
            return [row for row in rows if row.get(name, "") >= value]
        return [row for row in rows if row.get(name, "").casefold() == value.casefold()]


class _Rows(list[dict[str, str]]):
    by: Sequence[str] = ()
