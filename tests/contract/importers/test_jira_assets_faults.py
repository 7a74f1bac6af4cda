"""The fault table on Jira Assets (Cloud)."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from werkzeug import Request, Response

from importers.http.client import Outbound, Patience
from importers.registry import open_source
from tests.contract.importers.faults import CASES, Subject, run_faults
from tests.servers.jira_assets import TOKEN, USER, WORKSPACE, AssetsStub


def estate() -> AssetsStub:
    stub = AssetsStub()
    for number in range(1, 25):
        stub.put("Server", number, f"srv{number:02}")
    for number in range(1, 17):
        stub.put("Application", 50 + number, f"app{number:02}", Depends_on=[number, number + 1])
    return stub


def change(stub: AssetsStub) -> None:
    """A server and an application go, another server is renamed."""
    stub.now = "2026-11-21T09:00:00.000Z"
    del stub.objects[24], stub.objects[60]
    stub.put("Server", 20, "renamed")


def subject(mapping: Path) -> Subject:
    stub = estate()
    lists = tomllib.loads(files("importers.jira_assets").joinpath("mapping.toml").read_text("utf-8"))["lists"]
    mapping.write_text("[lists]\n" + "".join(f'"{name}" = false\n' for name in lists if name not in stub.types), "utf-8")

    def of(request: Request) -> str:
        found = re.search(r'objectType = "(\w+)"', json.loads(request.get_data() or b"{}").get("qlQuery", ""))
        return found[1] if found else ""

    def list_of(request: Request) -> str:
        return of(request) if request.path.endswith("object/aql") else ""

    def counts(request: Request) -> str:
        return of(request) if request.path.endswith("totalcount") else ""

    def open_it(url: str, ca_file: str, patience: Patience):
        settings = {
            "user": USER,
            "password_env": "JIRA_TOKEN",
            "page_size": 2,
            "api": url,
            "mapping": str(mapping),
            "workspace": WORKSPACE,
        }
        source = open_source("jira_assets", url, settings | ({"ca_file": ca_file} if ca_file else {}), Outbound(["localhost"]))
        source.lists.rest.api.client.patience = patience
        return source

    def made(body: object) -> Response:
        return Response(json.dumps(body), content_type="application/json")

    def empty(request: Request) -> Response:
        if counts(request):
            return made({"totalCount": 0})
        return made({"startAt": 0, "maxResults": 3, "total": 0, "isLast": True, "values": []})

    def ended(request: Request, honest: Response) -> Response:
        return made({**json.loads(honest.get_data()), "values": [], "isLast": True})

    def recounted(honest: Response) -> Response:
        body = json.loads(honest.get_data())
        return made({"totalCount": body["totalCount"] + 7} if "totalCount" in body else body)

    return Subject(stub, open_it, list_of, counts, empty, ended, recounted, lambda: change(stub))


@pytest.mark.parametrize(("fault", "full"), CASES)
def test_a_fault_at_every_page(tmp_path, monkeypatch, fault, full):
    monkeypatch.setenv("JIRA_TOKEN", TOKEN)
    heard = run_faults(tmp_path, subject(tmp_path / "own.toml"), fault, full)
    assert any(heard)
