"""The fault table on a Backstage catalog."""

from __future__ import annotations

import base64
import json

import pytest
from werkzeug import Request, Response

from importers.http.client import Outbound, Patience
from importers.registry import open_source
from tests.contract.importers.faults import CASES, Subject, run_faults
from tests.servers.backstage import TOKEN, BackstageStub, entity

KINDS = ("component", "resource", "api", "system", "domain")


def estate() -> BackstageStub:
    found = []
    for n in range(22):
        needs = (
            ("dependsOn", f"resource:default/db{n:02}"),
            ("partOf", f"system:default/s{n % 4}"),
            ("ownedBy", "group:default/team-a"),
        )
        found.append(entity("Component", f"c{n:02}", needs, type="service", lifecycle="production"))
    found += [entity("Resource", f"db{n:02}", type="database") for n in range(22)]
    found += [entity("API", f"a{n:02}", (("providesApi", f"component:default/c{n:02}"),), type="openapi") for n in range(14)]
    found += [entity("System", f"s{n}", (("partOf", f"domain:default/d{n % 2}"),)) for n in range(8)]
    found += [entity("Domain", f"d{n}") for n in range(5)]
    return BackstageStub(found)


def change(stub: BackstageStub) -> None:
    """A component and its database go with all that names them; another component changes."""
    gone = {"component:default/c03", "resource:default/db03"}
    for name in gone:
        del stub.entities[name]
    for row in stub.entities.values():
        row["relations"] = [relation for relation in row["relations"] if relation["targetRef"] not in gone]
    stub.entities["component:default/c05"]["metadata"]["title"] = "renamed"


def kind_of(request: Request) -> str:
    if "cursor" in request.args:
        text = json.loads(base64.b64decode(request.args["cursor"]))["filter"][0]
    else:
        text = request.args.get("filter", "")
    return text.removeprefix("kind=")


def subject() -> Subject:
    stub = estate()

    def asks_rows(request: Request) -> bool:
        return int(request.args.get("limit", 0)) > 1

    def open_it(url: str, ca_file: str, patience: Patience):
        settings = {"token_env": "BS_TOKEN", "page_size": "4", **({"ca_file": ca_file} if ca_file else {})}
        source = open_source("backstage", url, settings, Outbound(["localhost"]))
        source.lists.client.patience = patience
        return source

    def made(honest: Response, **changes: object) -> Response:
        return Response(json.dumps({**json.loads(honest.get_data()), **changes}), content_type="application/json")

    def empty(request: Request) -> Response:
        return Response(json.dumps({"items": [], "totalItems": 0, "pageInfo": {}}), content_type="application/json")

    return Subject(
        stub, open_it, lambda r: kind_of(r) if asks_rows(r) else "", lambda r: "" if asks_rows(r) else kind_of(r), empty,
        lambda request, honest: made(honest, items=[], pageInfo={}),
        lambda honest: made(honest, totalItems=json.loads(honest.get_data()).get("totalItems", 0) + 7),
        lambda: change(stub),
    )  # fmt: skip


@pytest.mark.parametrize(("fault", "full"), CASES)
def test_a_fault_at_every_page(tmp_path, monkeypatch, fault, full):
    monkeypatch.setenv("BS_TOKEN", TOKEN)
    heard = run_faults(tmp_path, subject(), fault, full)
    assert any(heard)
