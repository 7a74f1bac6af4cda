"""A strict iTop for tests: its REST/JSON service as documented, with its traps. Written from the wire format, not from the
importer.

* Status 200 whatever happens; the fault is in `code`. Without objects `"objects": null`, without edges `"relations": []`.
* Ids come as strings or as numbers; objects come in order of their names, so the first page need not hold the lowest ids.
* A field that the class does not have is an error; `*+` gives all fields of each object's final class.
* `core/get_related` goes 20 deep and in the direction named; what a CI impacts includes its contacts, people and teams.
* Times are the server's local time without a zone; the header Date is its clock.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug import Request, Response

USER, PASSWORD = "forestay", "s3cret itop"
PARENTS = {
    "BusinessProcess": "FunctionalCI",
    "ApplicationSolution": "FunctionalCI",
    "SoftwareInstance": "FunctionalCI",
    "DBServer": "SoftwareInstance",
    "WebServer": "SoftwareInstance",
    "Middleware": "SoftwareInstance",
    "MiddlewareInstance": "FunctionalCI",
    "DatabaseSchema": "FunctionalCI",
    "WebApplication": "FunctionalCI",
    "PhysicalDevice": "FunctionalCI",
    "ConnectableCI": "PhysicalDevice",
    "DatacenterDevice": "ConnectableCI",
    "Server": "DatacenterDevice",
    "NetworkDevice": "DatacenterDevice",
    "StorageSystem": "DatacenterDevice",
    "SANSwitch": "DatacenterDevice",
    "NAS": "DatacenterDevice",
    "TapeLibrary": "DatacenterDevice",
    "Enclosure": "PhysicalDevice",
    "PowerConnection": "PhysicalDevice",
    "PowerSource": "PowerConnection",
    "PDU": "PowerConnection",
    "VirtualDevice": "FunctionalCI",
    "VirtualHost": "VirtualDevice",
    "Hypervisor": "VirtualHost",
    "Farm": "VirtualHost",
    "VirtualMachine": "VirtualDevice",
    "NASFileSystem": "FunctionalCI",
    "Tape": "",
    "LogicalVolume": "",
    "Person": "Contact",
    "Team": "Contact",
    "Contact": "",
    "FunctionalCI": "",
    "lnkContactToFunctionalCI": "",
    "CMDBChangeOp": "",
}
FIELDS = {
    "FunctionalCI": (
        "name",
        "description",
        "org_id",
        "organization_name",
        "business_criticity",
        "move2production",
        "finalclass",
        "obsolescence_flag",
    ),
    "PhysicalDevice": ("serialnumber", "location_name", "status", "brand_name", "model_name", "asset_number"),
    "DatacenterDevice": ("managementip", "rack_name", "redundancy"),
    "Farm": ("redundancy", "status"),
    "ApplicationSolution": ("redundancy", "status"),
    "BusinessProcess": ("status",),
    "Contact": ("name", "email"),
    "Team": (),
    "LogicalVolume": ("name", "lun_id", "raid_level", "size", "description"),
    "lnkContactToFunctionalCI": ("functionalci_id", "contact_id"),
    "Tape": ("name", "description"),
    "CMDBChangeOp": ("date", "userinfo", "objclass", "objkey", "finalclass"),
}
CONDITION = re.compile(r"(\w+) (<=|>=|<|>|=) ('[^']*'|\d+)$|(\w+) IN \(([\d, ]+)\)$")


def line(name: str) -> list[str]:
    """A class and those above it."""
    return [name, *(line(PARENTS[name]) if PARENTS.get(name) else [])]


def fields_of(name: str) -> set[str]:
    return {"id", "friendlyname"} | {word for above in line(name) for word in FIELDS.get(above, ())}


class Fault(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.body = {"code": code, "message": f"Error: {message}"}


@dataclass
class ItopStub:
    """`rows`: by (class, id) of the final class; `edges`: (left, right), left impacts right. `forbidden`: classes whose reading
    the profile does not permit. `blind`: ignores conditions on dates."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Zurich"))
    now: datetime = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    rows: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    edges: set[tuple[tuple[str, int], tuple[str, int]]] = field(default_factory=set)
    forbidden: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    blind: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)

    # --- the estate
    def put(self, name: str, number: int, /, **fields: Any) -> tuple[str, int]:
        known = (name, number) in self.rows
        self.rows[name, number] = {**self.rows.get((name, number), {"name": f"{name} {number}"}), **fields}
        if name != "CMDBChangeOp":
            self.log(name, number, "CMDBChangeOpSetAttributeScalar" if known else "CMDBChangeOpCreate")
        return name, number

    def remove(self, name: str, number: int) -> None:
        del self.rows[name, number]
        self.edges = {pair for pair in self.edges if (name, number) not in pair}
        self.log(name, number, "CMDBChangeOpDelete")

    def log(self, name: str, number: int, kind: str) -> None:
        place = 1 + max((n for c, n in self.rows if c == "CMDBChangeOp"), default=4000)
        date = self.now.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")
        self.rows["CMDBChangeOp", place] = {
            "date": date,
            "userinfo": "admin",
            "objclass": name,
            "objkey": str(number),
            "finalclass": kind,
        }

    # --- the service
    def __call__(self, request: Request) -> Response:
        try:
            body = self.answered(request)
        except Fault as fault:
            body = fault.body
        answer = Response(json.dumps(body), content_type="application/json")
        answer.headers["Date"] = format_datetime(self.now, usegmt=True)
        return answer

    def answered(self, request: Request) -> dict[str, Any]:
        if request.path != "/webservices/rest.php" or request.method != "POST":
            raise Fault(11, "Unknown page")
        if "version" not in request.args:
            raise Fault(2, "Missing parameter 'version'")
        if request.args["version"] not in ("1.0", "1.1", "1.2", "1.3"):
            raise Fault(10, "Unsupported version")
        given = request.authorization
        pair = (given.username, given.password) if given else (request.form.get("auth_user"), request.form.get("auth_pwd"))
        if pair[0] is None:
            raise Fault(5, "Missing parameter 'auth_user'")
        if pair != (USER, PASSWORD):
            raise Fault(1, "Invalid login")
        if "json_data" not in request.form:
            raise Fault(3, "Missing parameter 'json_data'")
        try:
            operation = json.loads(request.form["json_data"])
        except ValueError:
            raise Fault(4, "Parameter json_data is not a valid JSON structure") from None
        self.asked.append(operation)
        known = {"core/get": self.get, "core/get_related": self.related}
        if operation.get("operation") not in known:
            raise Fault(11, f"Unknown verb '{operation.get('operation')}'")
        return known[operation["operation"]](operation)

    def scope(self, operation: dict[str, Any]) -> list[tuple[str, int]]:
        name = operation["class"]
        if name not in PARENTS or name in self.absent:
            raise Fault(100, f"class: '{name}' is not a valid class")
        if name in self.forbidden:
            raise Fault(1, f"The current user does not have enough permissions for exporting data of class {name}")
        parts = re.fullmatch(r"SELECT (\w+)(?: WHERE (.+))?", operation["key"])
        if not parts or parts[1] != name:
            raise Fault(100, "key: invalid OQL")
        tests = [self.condition(name, text) for text in (parts[2] or "").split(" AND ") if text]
        found = [key for key in self.rows if name in line(key[0])]
        found = [key for key in found if all(test({"id": key[1], **self.rows[key]}) for test in tests)]
        return sorted(found, key=lambda key: (str(self.rows[key].get("name", "")), -key[1]))

    def condition(self, name: str, text: str) -> Any:
        parts = CONDITION.fullmatch(text.strip())
        if not parts:
            raise Fault(100, f"key: OQL syntax error near {text}")
        attribute, sign, value, listed, numbers = parts.groups()
        if (attribute or listed) not in fields_of(name):
            raise Fault(100, f"key: Unknown attribute {attribute or listed}")
        if listed:
            among = {int(word) for word in numbers.split(",")}
            return lambda row: int(row[listed]) in among
        if self.blind and attribute == "date":
            return lambda row: True
        wanted: Any = value[1:-1] if value.startswith("'") else int(value)
        signs = {"<": -1, "<=": (-1, 0), ">": 1, ">=": (1, 0), "=": 0}[sign]

        def holds(row: dict[str, Any]) -> bool:
            own = type(wanted)(row.get(attribute, ""))
            order = (own > wanted) - (own < wanted)
            return order in signs if isinstance(signs, tuple) else order == signs

        return holds

    def get(self, operation: dict[str, Any]) -> dict[str, Any]:
        found, fields = self.scope(operation), operation.get("output_fields", "*")
        total, limit, page = len(found), int(operation.get("limit", 0)), int(operation.get("page", 1))
        if page < 1:
            raise Fault(13, "The request page number is not valid. It must be an integer greater than 0")
        found = found[(page - 1) * limit : page * limit] if limit else found
        objects = {f"{name}::{number}": self.shaped(operation["class"], name, number, fields) for name, number in found}
        return {"objects": objects or None, "code": 0, "message": f"Found: {total}"}

    def shaped(self, asked: str, name: str, number: int, fields: str) -> dict[str, Any]:
        row = {
            "id": number,
            "friendlyname": self.rows[name, number].get("name", ""),
            "finalclass": name,
            **self.rows[name, number],
        }
        allowed = fields_of(name if fields == "*+" else asked)
        names = sorted(allowed) if fields in ("*", "*+") else [word.strip() for word in fields.split(",")]
        if wrong := [word for word in names if word not in allowed]:
            raise Fault(100, f"output_fields: invalid attribute code {wrong[0]}")
        own: Any = str(number) if number % 2 else number
        values = {word: row.get(word, "") for word in names}
        if "id" in values:
            values["id"] = own
        return {"code": 0, "message": "", "class": name, "key": own, "fields": values}

    def related(self, operation: dict[str, Any]) -> dict[str, Any]:
        scope, down = self.scope(operation), operation.get("direction", "down") == "down"
        if operation.get("relation") != "impacts":
            raise Fault(100, "relation: unknown")
        edges = self.edges | set(self.contacts())
        met, walked, layer = set(scope), set(), set(scope)
        for _ in range(int(operation.get("depth", 20))):
            steps = {(a, b) for a, b in edges if (a if down else b) in layer}
            walked |= steps
            layer = {b if down else a for a, b in steps} - met
            met |= layer
        relations: dict[str, list[dict[str, str]]] = {}
        for (a, m), (b, n) in sorted(walked):
            relations.setdefault(f"{a}::{m}", []).append({"key": f"{b}::{n}"})
        objects = {f"{name}::{n}": {"code": 0, "class": name, "key": n, "fields": {"id": n}} for name, n in sorted(met)}
        counts = ", ".join(f"{name}= {sum(c == name for c, _ in met)}" for name in sorted({c for c, _ in met}))
        message = f"Scope: {len(scope)}; Related objects: {counts}"
        return {"objects": objects or None, "relations": relations or [], "code": 0, "message": message}

    def contacts(self) -> Iterator[tuple[tuple[str, int], tuple[str, int]]]:
        by_id = {n: (c, n) for c, n in self.rows if "FunctionalCI" in line(c)}
        people = {n: (c, n) for c, n in self.rows if "Contact" in line(c)}
        for (name, _), row in self.rows.items():
            if name == "lnkContactToFunctionalCI" and int(row["functionalci_id"]) in by_id:
                yield by_id[int(row["functionalci_id"])], people[int(row["contact_id"])]
