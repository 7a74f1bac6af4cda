"""A strict stand-in for a Backstage catalog backend, written from the wire format: by-query with opaque cursors, filters, field
selection.

Its traps: a cursor is only good for one walk and carries filter and order with it; `limit` is clipped; an unknown filter key
matches nothing; relations stand at both ends; a wrong token is a 401 with the error envelope, a broken cursor a 400.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from werkzeug import Request, Response

TOKEN = "catalog-token"
LARGEST = 500
MIRRORS = {
    "dependsOn": "dependencyOf", "consumesApi": "apiConsumedBy", "providesApi": "apiProvidedBy", "partOf": "hasPart",
    "ownedBy": "ownerOf",
}  # fmt: skip


def entity(
    kind: str, name: str, relations: tuple[tuple[str, str], ...] = (), namespace: str = "default", **spec: Any
) -> dict[str, Any]:
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "metadata": {"uid": f"uid-{kind}-{name}", "etag": "e1", "namespace": namespace, "name": name},
        "spec": spec,
        "relations": [{"type": word, "targetRef": target} for word, target in relations],
    }


def ref(row: dict[str, Any]) -> str:
    return f"{row['kind']}:{row['metadata']['namespace']}/{row['metadata']['name']}".casefold()


class BackstageStub:
    """`entities` by reference; `asked` the queries it saw."""

    def __init__(self, entities: list[dict[str, Any]]) -> None:
        self.entities = {ref(row): row for row in entities}
        self.asked: list[dict[str, str]] = []
        for row in entities:  # as the catalog does: each relation once more at the other end
            for relation in list(row["relations"]):
                other = self.entities.get(relation["targetRef"])
                if other is not None and relation["type"] in MIRRORS:
                    other["relations"].append({"type": MIRRORS[relation["type"]], "targetRef": ref(row)})

    def __call__(self, request: Request) -> Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._error(request, 401, "AuthenticationError", "Missing credentials")
        if request.path != "/api/catalog/entities/by-query" or request.method != "GET":
            return self._error(request, 404, "NotFoundError", f"No such route {request.path}")
        self.asked.append(dict(request.args))
        limit = min(int(request.args.get("limit", 20)), LARGEST)
        if "cursor" in request.args:
            try:
                state = json.loads(base64.b64decode(request.args["cursor"], validate=True))
            except ValueError:
                return self._error(request, 400, "InputError", "Malformed cursor, could not be decoded")
        else:
            state = {"filter": request.args.getlist("filter"), "offset": 0}
        found = [row for name, row in sorted(self.entities.items()) if self._matches(row, state["filter"])]
        page = found[state["offset"] : state["offset"] + limit]
        info: dict[str, str] = {}
        if state["offset"] + limit < len(found):
            info["nextCursor"] = base64.b64encode(json.dumps({**state, "offset": state["offset"] + limit}).encode()).decode()
        fields = request.args.get("fields", "").split(",")
        body = {"items": [self._picked(row, fields) for row in page], "totalItems": len(found), "pageInfo": info}
        return Response(json.dumps(body), content_type="application/json; charset=utf-8")

    @staticmethod
    def _matches(row: dict[str, Any], filters: list[str]) -> bool:
        """Repeated parameters are OR; within one, `,` is AND between keys and OR for repeats of a key."""
        if not filters:
            return True
        for text in filters:
            wanted: dict[str, set[str]] = {}
            for pair in text.split(","):
                key, _, value = pair.partition("=")
                wanted.setdefault(key, set()).add(value.casefold())
            if all(key == "kind" and row["kind"].casefold() in values for key, values in wanted.items()):
                return True
        return False

    @staticmethod
    def _picked(row: dict[str, Any], fields: list[str]) -> dict[str, Any]:
        if fields == [""]:
            return row
        found: dict[str, Any] = {}
        for field in fields:
            head, _, rest = field.partition(".")
            if not rest and head in row:
                found[head] = row[head]
            elif rest and rest in row.get(head, {}):
                found.setdefault(head, {})[rest] = row[head][rest]
        return found

    @staticmethod
    def _error(request: Request, status: int, name: str, message: str) -> Response:
        body = {
            "error": {"name": name, "message": message},
            "request": {"method": request.method, "url": request.path},
            "response": {"statusCode": status},
        }
        return Response(json.dumps(body), status, content_type="application/json; charset=utf-8")
