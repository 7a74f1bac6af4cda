"""The fault table on iTop."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from werkzeug import Request, Response

from importers.http.client import Outbound, Patience
from importers.registry import open_source
from tests.contract.importers.faults import CASES, Subject, run_faults
from tests.servers.itop import PASSWORD, USER, ItopStub

LISTS = {"FunctionalCI": "FunctionalCI", "CMDBChangeOp": "FunctionalCI", "LogicalVolume": "LogicalVolume"}


def estate() -> ItopStub:
    stub = ItopStub()
    servers = [stub.put("Server", 10 + 2 * number, name=f"srv{number:02}") for number in range(20)]
    apps = [
        stub.put("ApplicationSolution", 11 + 2 * number, name=f"app{number:02}", redundancy="disabled") for number in range(20)
    ]
    volumes = [stub.put("LogicalVolume", 10 + number, name=f"lv{number:02}") for number in range(16)]
    stub.edges |= set(zip(servers, apps, strict=True)) | set(zip(volumes, servers, strict=False))
    return stub


def change(stub: ItopStub) -> None:
    """A server, its application and a volume go; another server changes."""
    stub.now += timedelta(days=1)
    stub.remove("Server", 16)
    stub.remove("ApplicationSolution", 17)
    stub.remove("LogicalVolume", 25)
    stub.put("Server", 20, name="renamed")


def subject() -> Subject:
    stub = estate()

    def asked(request: Request) -> dict:
        return json.loads(request.form.get("json_data", "{}"))

    def list_of(request: Request) -> str:
        given = asked(request)
        if given.get("operation") == "core/get_related" or given.get("output_fields") == "id,redundancy":
            return f"impacts {LISTS.get(given['class'], 'FunctionalCI')}"
        if given.get("limit") == 1:
            return ""
        if given.get("output_fields") == "id" and given.get("limit"):
            return f"impacts {given['class']}"
        return LISTS.get(given.get("class", ""), "")

    def counts(request: Request) -> str:
        given = asked(request)
        return LISTS.get(given["class"], "") if given.get("limit") == 1 and given["class"] != "CMDBChangeOp" else ""

    def open_it(url: str, ca_file: str, patience: Patience):
        settings = {"user": USER, "password_env": "ITOP_PASSWORD", "page_size": "18", "zone": "Europe/Zurich"}
        source = open_source("itop", url, settings | ({"ca_file": ca_file} if ca_file else {}), Outbound(["localhost"]))
        source.lists.rest.client.patience = patience
        return source

    def made(honest: Response, **changes: object) -> Response:
        answer = Response(json.dumps({**json.loads(honest.get_data()), **changes}), content_type="application/json")
        answer.headers["Date"] = honest.headers["Date"]
        return answer

    def number(honest: Response, plus: int) -> str:
        return re.sub(r"\d+", lambda found: str(int(found[0]) + plus), json.loads(honest.get_data())["message"], count=1)

    def empty(request: Request) -> Response:
        honest = stub(request)
        related = {"relations": []} if asked(request)["operation"] == "core/get_related" else {}
        message = "Scope: 0; Related objects: " if related else "Found: 0"
        return made(honest, objects=None, message=message, **related)

    def ended(request: Request, honest: Response) -> Response:
        return made(
            honest,
            objects=None,
            **({"relations": [], "message": number(honest, -1)} if "relations" in json.loads(honest.get_data()) else {}),
        )

    def unauthorized() -> Response:
        return Response('{"code": 1, "message": "Error: Invalid login"}', 200, content_type="application/json")

    return Subject(
        stub,
        open_it,
        list_of,
        counts,
        empty,
        ended,
        lambda honest: made(honest, message=number(honest, 7)),
        lambda: change(stub),
        unauthorized=unauthorized,
    )


@pytest.mark.parametrize(("fault", "full"), CASES)
def test_a_fault_at_every_page(tmp_path, monkeypatch, fault, full):
    monkeypatch.setenv("ITOP_PASSWORD", PASSWORD)
    heard = run_faults(tmp_path, subject(), fault, full)
    assert any(heard)
