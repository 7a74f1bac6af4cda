"""What NetBox and Nautobot have in common for the fault table: lists under /api/, each page with its count."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from werkzeug import Request, Response

from importers.http.client import Outbound, Patience
from importers.registry import open_source
from tests.contract.importers.faults import Subject


def dcim_subject(kind: str, stub: Any, change: Callable[[], None], **settings: Any) -> Subject:
    def open_it(url: str, ca_file: str, patience: Patience):
        given = {"token_env": "NB_TOKEN", "page_size": 5, **settings, **({"ca_file": ca_file} if ca_file else {})}
        source = open_source(kind, url, given, Outbound(["localhost"]))
        source.client.patience = patience
        return source

    def made(honest: Response, **changes: object) -> Response:
        return Response(json.dumps({**json.loads(honest.get_data()), **changes}), content_type="application/json")

    def empty(request: Request) -> Response:
        return Response(json.dumps({"count": 0, "next": None, "previous": None, "results": []}), content_type="application/json")

    return Subject(
        stub, open_it, lambda request: request.path.removeprefix("/api/").rstrip("/"), lambda request: "", empty,
        lambda request, honest: made(honest, results=[], next=None),
        lambda honest: made(honest, count=json.loads(honest.get_data()).get("count", 0) + 7),
        change,
    )  # fmt: skip
