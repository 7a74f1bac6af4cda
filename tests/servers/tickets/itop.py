"""A strict iTop (REST/JSON 1.3) for tickets, from the wire format.

* 200 also for errors: `code` says it. No result: "objects": null. `comment` is mandatory for writes.
* An unknown attribute is an error.
* Texts are HTML and are cleaned of scripts. priority is computed from impact and urgency. Objects come in no order.
* `functionalcis_list` replaces the list on update; external keys must match exactly one.
* What is new cannot be resolved before it is assigned; a stimulus that does not fit is an error of code 100.
"""

from __future__ import annotations

import json
import re
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug import Request, Response

from tests.servers.tickets.faulty import Stub, said

USER, PASSWORD = "forestay", "s3cret itop"
CIS = {"7": "disk", "8": "switch"}
PRIORITY = {
    "1": {"1": "1", "2": "1", "3": "2", "4": "4"},
    "2": {"1": "1", "2": "2", "3": "3", "4": "4"},
    "3": {"1": "2", "2": "3", "3": "3", "4": "4"},
}
FLOW = {
    ("new", "ev_assign"): "assigned",
    ("assigned", "ev_resolve"): "resolved",
    ("resolved", "ev_close"): "closed",
    ("resolved", "ev_reopen"): "assigned",
    ("assigned", "ev_pending"): "pending",
}
NEEDS = {"ev_assign": {"team_id", "agent_id"}, "ev_resolve": {"resolution_code", "solution"}}
WRITABLE = {
    "org_id",
    "title",
    "description",
    "impact",
    "urgency",
    "origin",
    "caller_id",
    "start_date",
    "end_date",
    "functionalcis_list",
    "private_log",
    "public_note",
}


class ItopStub(Stub):
    """`stuck`: stimuli that are refused."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, dict[str, Any]] = {}
        self.stuck: set[str] = set()
        self.zone = ZoneInfo("Europe/Paris")

    def is_write(self, request: Request) -> bool:
        return json.loads(request.form["json_data"])["operation"] != "core/get"

    def stamp(self) -> str:
        return self.tick().astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")

    def fault(self, code: int, message: str) -> Response:
        return said({"code": code, "message": message})

    def answer(self, request: Request) -> Response:
        given = request.authorization
        if not given or (given.username, given.password) != (USER, PASSWORD):
            return self.fault(1, "Error: Invalid login")
        if request.path != "/webservices/rest.php" or request.args.get("version") != "1.3":
            return self.fault(2, "Error: Missing parameter 'version'")
        body = json.loads(request.form["json_data"])
        operation = body["operation"]
        if operation == "core/get":
            return self.get(body)
        if not body.get("comment"):
            return self.fault(100, "Error: Missing parameter 'comment'")
        if operation == "core/create":
            return self.make(body)
        row = self.objects.get(f"{body['class']}::{body['key']}")
        if row is None:
            return self.fault(100, f"Error: Object {body['class']}::{body['key']} not found")
        if operation == "core/update":
            return self.fields(row, body["fields"]) or self.done(row, "updated", body["output_fields"])
        if operation == "core/apply_stimulus":
            return self.stimulus(row, body)
        return self.fault(11, f"Unknown verb '{operation}'")

    def make(self, body: dict[str, Any]) -> Response:
        if body["class"] not in ("Incident", "NormalChange", "Problem"):
            return self.fault(100, f"Error: class: Invalid class '{body['class']}'")
        if body["fields"].get("org_id") != {"name": "Demo"}:
            return self.fault(100, "Error: org_id: No item found with criteria")
        number = str(len(self.objects) + 17)
        row = {
            "id": number,
            "class": body["class"],
            "ref": f"I-{number:0>6}",
            "status": "new",
            "title": "",
            "description": "",
            "impact": "3",
            "urgency": "4",
            "functionalcis_list": [],
            "private_log": {"entries": []},
            "public_note": "",
            "creation_date": self.stamp(),
        }
        if refused := self.fields(row, body["fields"]):
            return refused
        self.objects[f"{body['class']}::{number}"] = row
        return self.done(row, "created", body["output_fields"])

    def fields(self, row: dict[str, Any], fields: dict[str, Any]) -> Response | None:
        for name, value in fields.items():
            if name not in WRITABLE:
                return self.fault(100, f"Error: {name}: unknown attribute in class {row['class']}")
            if name == "functionalcis_list":
                for one in value:
                    if str(one["functionalci_id"]) not in CIS:
                        return self.fault(100, "Error: functionalcis_list: functionalci_id: no such object")
                named = [
                    {**one, "functionalci_id": str(one["functionalci_id"]), "functionalci_name": CIS[str(one["functionalci_id"])]}
                    for one in value
                ]
                row[name] = named
            elif name == "private_log":
                item = value["add_item"]
                assert item["format"] == "html"
                row[name]["entries"].insert(
                    0, {"date": self.stamp(), "user_login": USER, "message_html": self.cleaned(item["message"])}
                )
            else:
                row[name] = self.cleaned(value) if isinstance(value, str) and name in ("description", "public_note") else value
        row["last_update"] = self.stamp()
        return None

    def cleaned(self, text: str) -> str:
        return re.sub(r"<(script|style).*?</\1>|<(?!/?(p|br|b|i|ul|li|a)\b)[^>]*>", "", text, flags=re.DOTALL)

    def stimulus(self, row: dict[str, Any], body: dict[str, Any]) -> Response:
        name, fields = body["stimulus"], body["fields"]
        to = FLOW.get((row["status"], name))
        if to is None or name in self.stuck:
            return self.fault(100, f"Error: Invalid stimulus: '{name}' on the object {row['ref']} in state '{row['status']}'")
        if missing := NEEDS.get(name, set()) - set(fields):
            return self.fault(100, f"Error: Mandatory attribute missing: {sorted(missing)}")
        row |= {"status": to, "last_update": self.stamp()}
        return self.done(row, "updated", body["output_fields"])

    def whole(self, row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "priority": PRIORITY[row["impact"]][row["urgency"]]}

    def done(self, row: dict[str, Any], message: str, names: str) -> Response:
        fields = {name: self.whole(row)[name] for name in names.split(",")}
        one = {"code": 0, "message": message, "class": row["class"], "key": row["id"], "fields": fields}
        return said({"objects": {f"{row['class']}::{row['id']}": one}, "code": 0, "message": ""})

    def get(self, body: dict[str, Any]) -> Response:
        found = re.fullmatch(r"SELECT (\w+) WHERE (\w+) (=|LIKE|>=) ('(?:[^'\\]|\\.)*'|\d+)", body["key"])
        if not found:
            return self.fault(100, f"Error: OQL: {body['key']}")
        name, field, how, value = found.groups()
        value = re.sub(r"\\(.)", r"\1", value.strip("'"))
        if name == "Organization":
            return self.found("Organization", [{"id": "2", "class": name}] if value == "Demo" else [], body)
        if name == "FunctionalCI":
            return self.found("Server", [{"id": value, "class": "Server"}] if value in CIS else [], body)
        rows = [row for row in self.objects.values() if row["class"] == name]
        if how == "LIKE":
            like = re.compile(re.escape(value).replace("%", ".*").replace("_", "."), re.DOTALL | re.IGNORECASE)
            rows = [row for row in rows if like.fullmatch(row[field])]
        else:
            rows = [row for row in rows if (row[field] >= value if how == ">=" else row[field].casefold() == value.casefold())]
        return self.found(name, list(reversed(rows)), body)

    def found(self, name: str, rows: list[dict[str, Any]], body: dict[str, Any]) -> Response:
        whole = body["output_fields"] == "*"
        objects = {
            f"{row['class']}::{row['id']}": {
                "code": 0,
                "message": "",
                "class": row["class"],
                "key": row["id"],
                "fields": self.whole(row) if whole else {"id": row["id"]},
            }
            for row in rows
        }
        return said({"objects": objects or None, "code": 0, "message": f"Found: {len(rows)}"})
