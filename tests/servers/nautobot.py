"""A strict stand-in for the list views of Nautobot 3.2, written from the wire format: pages by limit and offset, nested objects
with depth=1.

Its traps: many-to-many fields only with exclude_m2m=false; an unknown filter is a 400; a path without its slash a 301; a wrong
token a 403.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

from werkzeug import Request, Response

TOKEN = "a" * 40
LARGEST = 1000
KNOWN = {"limit", "offset", "depth", "sort", "exclude_m2m", "relationship"}
M2M = {"clusters"}


def uuid(name: str) -> str:
    return blake2b(name.encode(), digest_size=16).hexdigest()


class NautobotStub:
    """`lists`: path -> id -> row; a row's reference is {"id": .., "object_type": ..} (shown as such, whatever the depth)."""

    def __init__(self, lists: dict[str, dict[str, dict[str, Any]]]) -> None:
        self.lists = lists

    def __call__(self, request: Request) -> Response:
        if request.headers.get("Authorization") != f"Token {TOKEN}":
            return self._json({"detail": "Invalid token"}, 403)
        if not request.path.endswith("/"):
            return Response("", 301, {"Location": f"{request.path}/"})
        path = request.path.removeprefix("/api/").rstrip("/")
        if path == "status":
            return self._json({"nautobot-version": "3.2.7", "celery-workers-running": 0})
        if path not in self.lists:
            return self._json({"detail": "Not found."}, 404)
        if unknown := set(request.args) - KNOWN:
            return self._json({sorted(unknown)[0]: ["Unknown filter field"]}, 400)
        limit, offset = min(int(request.args.get("limit", 50)), LARGEST), int(request.args.get("offset", 0))
        rows = [row for _, row in sorted(self.lists[path].items())]
        page = [self._shown(row, request.args.get("exclude_m2m") == "false") for row in rows[offset : offset + limit]]
        more = offset + limit < len(rows)
        link = f"{request.base_url}?limit={limit}&offset={offset + limit}" if more else None
        return self._json({"count": len(rows), "next": link, "previous": None, "results": page})

    @staticmethod
    def _shown(row: dict[str, Any], m2m: bool) -> dict[str, Any]:
        return {name: value for name, value in row.items() if m2m or name not in M2M}

    @staticmethod
    def _json(body: Any, status: int = 200) -> Response:
        return Response(json.dumps(body), status, {"API-Version": "3.2"}, content_type="application/json")
