"""A strict Device42 for tests: DOQL over views as documented, with its traps. Written from the wire format, not from the
importer.

* Basic sign-in. A form with `query`; the answer is CSV with a header unless output_type=json. Only SELECT; an unknown view or
  column is a 500.
* The queries are run by a real SQL engine, so what a condition leaves out is left out, and without ORDER BY rows come in no order
  of theirs.
* `short`: at most so many rows in one answer whatever the LIMIT.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from werkzeug import Request, Response

USER, PASSWORD = "forestay", "s3cret d42"
VIEWS = {
    "view_device_v2": (
        "device_pk",
        "name",
        "type",
        "virtual_host_device_fk",
        "in_service",
        "service_level",
        "serial_no",
        "uuid",
        "asset_no",
        "os_name",
        "last_edited",
    ),
    "view_appcomp_v1": ("appcomp_pk", "name", "device_fk"),
    "view_businessapplication_v1": ("businessapplication_pk", "name", "description"),
    "view_businessapplicationelement_v1": ("businessapplicationelement_pk", "businessapplication_fk", "device_fk"),
    "view_affinity_dependency_data_v1": ("dependent_device_fk", "dependency_device_fk", "first_detected"),
    "view_servicecommunication_v2": (
        "servicecommunication_pk",
        "client_device_fk",
        "listener_device_fk",
        "client_ip",
        "port",
        "last_found",
    ),
}
BOOLEAN = {"in_service"}


@dataclass
class Device42Stub:
    """`rows`: by view; `zone`: what times end with, "" for the server's own clock."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in VIEWS})
    now: str = "2026-11-20T09:00:00"
    zone: str = "+00:00"
    short: int = 1_000_000
    forbidden: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    # --- the estate
    def device(self, number: int, name: str = "", **more: Any) -> int:
        old = next((row for row in self.rows["view_device_v2"] if row["device_pk"] == number), None)
        if old is None:
            old = {"device_pk": number, "name": name, "type": "physical", "in_service": True, "service_level": "Production"}
            self.rows["view_device_v2"].insert(number % 3, old)
        old.update({**({"name": name} if name else {}), **more, "last_edited": self.now + self.zone})
        return number

    def add(self, view: str, **row: Any) -> None:
        assert set(row) <= set(VIEWS[view]), row
        self.rows[view].append(row)

    def drop(self, view: str, **which: Any) -> None:
        kept = [row for row in self.rows[view] if any(row.get(name) != value for name, value in which.items())]
        assert len(kept) < len(self.rows[view]), which
        self.rows[view] = kept

    # --- the service
    def __call__(self, request: Request) -> Response:
        given = request.authorization
        if given is None or (given.username, given.password) != (USER, PASSWORD):
            return Response('{"code": 401, "msg": "Unauthorized"}', 401, content_type="application/json")
        if request.path != "/services/data/v1.0/query/":
            return Response("<html>404</html>", 404, content_type="text/html")
        if request.method != "POST" or not request.form.get("query"):
            return Response('{"code": 3, "msg": "query is required"}', 400, content_type="application/json")
        query = request.form["query"]
        self.asked.append(query)
        if any(name in query for name in self.forbidden):
            return Response('{"code": 4, "msg": "permission denied for view"}', 403, content_type="application/json")
        try:
            names, rows = self.run(query)
        except sqlite3.Error as error:
            return Response(json.dumps({"code": 1, "msg": f"DOQL: {error}"}), 500, content_type="application/json")
        rows = rows[: self.short]
        if request.form.get("output_type") != "json":
            text = io.StringIO()
            csv.writer(text).writerows([names, *rows])
            return Response(text.getvalue(), content_type="text/csv")
        body = [
            {
                name: bool(value) if name in BOOLEAN and value is not None else value
                for name, value in zip(names, row, strict=True)
            }
            for row in rows
        ]
        return Response(json.dumps(body), content_type="application/json")

    def run(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        if not query.lstrip().upper().startswith("SELECT") or ";" in query:
            raise sqlite3.OperationalError("only SELECT statements are supported")
        with sqlite3.connect(":memory:") as base:
            for name, columns in VIEWS.items():
                base.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
                marks = ", ".join("?" for _ in columns)
                rows = [tuple(row.get(column) for column in columns) for row in self.rows[name]]
                base.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
            cursor = base.execute(query.replace('"', "[no quoted names]"))
            return [column[0] for column in cursor.description], cursor.fetchall()
