"""The fault table on i-doit."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from werkzeug import Request, Response

from importers.http.client import Outbound, Patience
from importers.registry import open_source
from tests.contract.importers.faults import CASES, Subject, run_faults
from tests.servers.idoit import API_KEY, PASSWORD, USER, IdoitStub


def estate() -> IdoitStub:
    """Servers, and applications that depend on them: each relation has its ends in two lists."""
    stub = IdoitStub()
    stub.category(9999, "C__CATG__MODEL", {"serial": "none"}), stub.category(9999, "C__CATG__IP", {"hostname": "none"})
    stub.put("PERSON_GROUP", 5, "Unix team"), stub.put("PERSON_GROUP", 6, "DBA"), stub.relate(99, 5, 10, "ADMIN")
    for n in range(16):
        stub.put("SERVER", 10 + n, f"srv{n:02}"), stub.put("APPLICATION", 50 + n, f"app{n:02}")
        stub.put("SERVER", 10 + n), stub.put("APPLICATION", 50 + n)
        stub.relate(100 + n, 10 + n, 50 + n, "SOFTWARE")
    return stub


def change(stub: IdoitStub) -> None:
    """A server and its application go, another server is renamed."""
    stub.now = "2026-11-21 09:00:00"
    stub.archive(14), stub.archive(54), stub.put("SERVER", 16, "renamed")


def subject(mapping: Path) -> Subject:
    stub = estate()
    lists = tomllib.loads(files("importers.idoit").joinpath("mapping.toml").read_text("utf-8"))["lists"]
    mapping.write_text("[lists]\n" + "".join(f"{name} = false\n" for name in lists if name not in stub.types), "utf-8")

    def asked(request: Request) -> Any:
        return json.loads(request.get_data())

    def first(request: Request) -> dict[str, Any]:
        body = asked(request)
        return body[0] if isinstance(body, list) else body

    def list_of(request: Request) -> str:
        question = first(request)
        given = question["params"]
        if question["method"] == "cmdb.objects.read":
            return given["filter"]["type"] if given["sort"] == "ASC" else ""
        if question["method"] == "cmdb.category.read":
            kind = stub.objects[int(given["objID"])]["type"]
            only = all(one["params"]["category"] == "C__CATG__RELATION" for one in asked(request))
            return f"relation {kind}" if only else kind
        return ""

    def counts(request: Request) -> str:
        question = first(request)
        descending = question["method"] == "cmdb.objects.read" and question["params"]["sort"] == "DESC"
        return question["params"]["filter"]["type"] if descending else ""

    def open_it(url: str, ca_file: str, patience: Patience):
        settings = {"user": USER, "password_env": "IDOIT_PASSWORD", "page_size": 7, "batch_size": 5, "mapping": str(mapping)}
        source = open_source("idoit", url, settings | ({"ca_file": ca_file} if ca_file else {}), Outbound(["localhost"]))
        source.lists.rest.client.patience = patience
        return source

    def made(body: Any) -> Response:
        return Response(json.dumps(body), content_type="application/json")

    def empty(request: Request) -> Response:
        """An object may have no entries in a category, so entries that are gone are no fault to be seen; relations stand at both
        ends."""
        body = asked(request)
        if isinstance(body, list) and not list_of(request).startswith("relation"):
            return made([])
        if isinstance(body, list):
            return made([{"id": one["id"], "jsonrpc": "2.0", "result": []} for one in body])
        return made({"id": body["id"], "jsonrpc": "2.0", "result": []})

    def ended(request: Request, honest: Response) -> Response:
        return made([]) if isinstance(asked(request), list) else empty(request)

    def recounted(honest: Response) -> Response:
        """i-doit tells no total; what tells where a list ends is its highest id, and how many answers a batch has."""
        body = json.loads(honest.get_data())
        if isinstance(body, list):
            return made(body[1:])
        rows = body.get("result")
        if isinstance(rows, list) and len(rows) == 1:
            rows[0]["id"] = str(int(rows[0]["id"]) + 7)
        return made(body)

    def unauthorized() -> Response:
        return made({"jsonrpc": "2.0", "error": {"code": -32604, "message": "Unable to login", "data": None}, "id": 1})

    return Subject(stub, open_it, list_of, counts, empty, ended, recounted, lambda: change(stub), unauthorized=unauthorized)


@pytest.mark.parametrize(("fault", "full"), CASES)
def test_a_fault_at_every_page(tmp_path, monkeypatch, fault, full):
    monkeypatch.setenv("IDOIT_PASSWORD", PASSWORD), monkeypatch.setenv("IDOIT_API_KEY", API_KEY)
    heard = run_faults(tmp_path, subject(tmp_path / "own.toml"), fault, full)
    assert any(heard)
