"""The fault table on GLPI."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from werkzeug import Request, Response

from importers.http.client import Outbound, Patience
from importers.registry import open_source
from tests.contract.importers.faults import CASES, Subject, run_faults
from tests.servers.glpi import APP, TOKEN, GlpiStub

NAMED = ("State", "Location", "Group", "Manufacturer", "ComputerType", "Entity")


def estate() -> GlpiStub:
    stub = GlpiStub({name: {} for name in ("Computer", "Appliance", "ImpactRelation", *NAMED)})
    for number in range(1, 25):
        stub.put("Computer", number, name=f"pc{99 - number}")
    for number in range(1, 19):
        stub.put("Appliance", number, name=f"app{number:02}")
        stub.impact(number, ("Computer", number), ("Appliance", number))
    return stub


def change(stub: GlpiStub) -> None:
    """A computer and an appliance go, with what related them; another computer is renamed."""
    stub.now = "2026-11-21 09:00:00"
    del stub.items["Computer"][7], stub.items["Appliance"][7], stub.items["ImpactRelation"][7]
    stub.put("Computer", 12, name="renamed")


def subject(mapping: Path) -> Subject:
    stub = estate()
    shipped = tomllib.loads(files("importers.glpi").joinpath("mapping.toml").read_text("utf-8"))
    lines = [
        f"[{table}]\n" + "".join(f"{name} = false\n" for name in shipped[table] if name not in stub.items)
        for table in ("lists", "relations")
    ]
    mapping.write_text("".join(lines), "utf-8")

    def of(request: Request) -> str:
        parts = request.path.removeprefix("/apirest.php/").strip("/").split("/")
        name = parts[1] if parts[0] in ("search", "listSearchOptions") else parts[0]
        return name if name in stub.items and name not in NAMED else ""

    def probe(request: Request) -> bool:
        return request.args.get("range") == "0-0" or "listSearchOptions" in request.path

    def list_of(request: Request) -> str:
        return "" if probe(request) else of(request)

    def counts(request: Request) -> str:
        return of(request) if request.args.get("range") == "0-0" else ""

    def open_it(url: str, ca_file: str, patience: Patience):
        settings = {"token_env": "GLPI_TOKEN", "app_token_env": "GLPI_APP", "page_size": "3", "mapping": str(mapping)}
        source = open_source("glpi", url, settings | ({"ca_file": ca_file} if ca_file else {}), Outbound(["localhost"]))
        source.lists.rest.client.patience = patience
        return source

    def empty(request: Request) -> Response:
        if "search" in request.path:
            return Response(json.dumps({"totalcount": 0, "count": 0, "data": []}), content_type="application/json")
        return Response("[]", 200, {"Accept-Range": "990"}, content_type="application/json")

    def ended(request: Request, honest: Response) -> Response:
        if "search" in request.path:
            return Response(json.dumps({**json.loads(honest.get_data()), "data": []}), content_type="application/json")
        kept = {name: text for name, text in honest.headers.items() if name.lower() in ("content-range", "accept-range")}
        return Response("[]", honest.status_code, kept, content_type="application/json")

    def recounted(honest: Response) -> Response:
        if "Content-Range" in honest.headers:
            part, _, total = honest.headers["Content-Range"].partition("/")
            honest.headers["Content-Range"] = f"{part}/{int(total) + 7}"
        return honest

    def unauthorized() -> Response:
        return Response('["ERROR_SESSION_TOKEN_INVALID", "session_token seems invalid"]', 401, content_type="application/json")

    return Subject(stub, open_it, list_of, counts, empty, ended, recounted, lambda: change(stub), unauthorized=unauthorized)


@pytest.mark.parametrize(("fault", "full"), CASES)
def test_a_fault_at_every_page(tmp_path, monkeypatch, fault, full):
    monkeypatch.setenv("GLPI_TOKEN", TOKEN), monkeypatch.setenv("GLPI_APP", APP)
    heard = run_faults(tmp_path, subject(tmp_path / "own.toml"), fault, full)
    assert any(heard)
