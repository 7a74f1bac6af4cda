"""A strict stand-in for the list views of NetBox 4.4, written from the wire format: pages by key or offset, nested objects,
choices as objects.

Its traps: an unknown parameter is ignored and the whole list comes; a limit beyond the largest is clipped without a word; the
default order is that of names; a refused token is a 403; a path without its slash a 301, another path an HTML page; `count` is
that of what the filter leaves.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from werkzeug import Request, Response

TOKEN = "b" * 40
LARGEST = 1000


def ref(number: int, name: str = "") -> dict[str, Any]:
    return {"id": number, "url": f"/api/{number}/", "display": name or str(number), "name": name, "slug": name}


@dataclass
class NetboxStub:
    """`lists`: path -> id -> row."""

    lists: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)

    def __call__(self, request: Request) -> Response:
        if request.headers.get("Authorization") != f"Token {TOKEN}":
            return self._json({"detail": "Invalid token"}, 403)
        if not request.path.endswith("/"):
            return Response("", 301, {"Location": f"{request.path}/"})
        path = request.path.removeprefix("/api/").rstrip("/")
        if path == "status":
            return self._json({"netbox-version": "4.4.10", "rq-workers-running": 1, "plugins": {}})
        if path not in self.lists:
            return Response("<html><title>Page Not Found</title></html>", 404, content_type="text/html")
        rows = sorted(self.lists[path].values(), key=lambda row: (str(row.get("name", "")), -row["id"]))
        if request.args.get("ordering") == "id":
            rows.sort(key=lambda row: row["id"])
        rows = [row for row in rows if row["id"] > int(request.args.get("id__gt", 0))]
        limit, offset = int(request.args.get("limit", 50)), int(request.args.get("offset", 0))
        limit = min(limit or LARGEST, LARGEST)
        more = offset + limit < len(rows)
        link = f"{request.base_url}?limit={limit}&offset={offset + limit}" if more else None
        return self._json({"count": len(rows), "next": link, "previous": None, "results": rows[offset : offset + limit]})

    @staticmethod
    def _json(body: Any, status: int = 200) -> Response:
        return Response(json.dumps(body), status, {"API-Version": "4.4"}, content_type="application/json")
