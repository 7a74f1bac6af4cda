"""The fault table on Device42."""

from __future__ import annotations

import json
import re

import pytest
from werkzeug import Request, Response

from importers.http.client import Outbound, Patience
from importers.registry import open_source
from tests.contract.importers.faults import CASES, Subject, run_faults
from tests.servers.device42 import PASSWORD, USER, Device42Stub

AFFINITY = "view_affinity_dependency_data_v1"


def estate() -> Device42Stub:
    stub = Device42Stub()
    for number in range(1, 33):
        stub.device(number, f"srv{number:02}")
    for number in range(1, 32):
        stub.add(AFFINITY, dependent_device_fk=number, dependency_device_fk=number + 1)
    for number in range(1, 13):
        stub.add("view_appcomp_v1", appcomp_pk=number, name=f"app{number:02}", device_fk=number)
    return stub


def change(stub: Device42Stub) -> None:
    """The last device and an application go with what they need, another device is renamed."""
    stub.now = "2026-11-21T09:00:00"
    stub.drop("view_device_v2", device_pk=32), stub.drop(AFFINITY, dependency_device_fk=32)
    stub.drop("view_appcomp_v1", appcomp_pk=5), stub.device(20, "renamed")


def subject() -> Subject:
    stub = estate()

    def of(request: Request) -> str:
        found = re.search(r"FROM (view_\w+)", request.form.get("query", ""))
        return found[1] if found else ""

    def list_of(request: Request) -> str:
        return of(request) if " LIMIT " in request.form.get("query", "") else ""

    def counts(request: Request) -> str:
        return of(request) if "count(*)" in request.form.get("query", "") else ""

    def open_it(url: str, ca_file: str, patience: Patience):
        settings = {"user": USER, "password_env": "D42_PASSWORD", "page_size": 5}
        source = open_source("device42", url, settings | ({"ca_file": ca_file} if ca_file else {}), Outbound(["localhost"]))
        source.lists.doql.client.patience = patience
        return source

    def made(body: object) -> Response:
        return Response(json.dumps(body), content_type="application/json")

    def empty(request: Request) -> Response:
        return made([{"number": 0}] if counts(request) else [])

    def recounted(honest: Response) -> Response:
        body = json.loads(honest.get_data())
        return made([{"number": row["number"] + 7} if "number" in row else row for row in body])

    return Subject(stub, open_it, list_of, counts, empty, lambda request, honest: made([]), recounted, lambda: change(stub))


@pytest.mark.parametrize(("fault", "full"), CASES)
def test_a_fault_at_every_page(tmp_path, monkeypatch, fault, full):
    monkeypatch.setenv("D42_PASSWORD", PASSWORD)
    heard = run_faults(tmp_path, subject(), fault, full)
    assert any(heard)
