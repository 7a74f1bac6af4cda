"""The fault table on ServiceNow."""

from __future__ import annotations

import json

import pytest
from werkzeug import Request, Response

from importers.http.client import Outbound, Patience
from importers.registry import open_source
from tests.contract.importers.faults import CASES, Subject, run_faults
from tests.servers.servicenow import PASSWORD, USER, ServiceNowStub, plain
from tests.servers.servicenow_estate import ci, relation, tables

LATER = "2026-11-03 09:00:00"


def estate() -> ServiceNowStub:
    cis = [ci(f"svc{n}", "cmdb_ci_service") for n in range(3)] + [ci(f"app{n:02}", "cmdb_ci_appl") for n in range(14)]
    cis += [ci(f"host{n:02}", "cmdb_ci_linux_server") for n in range(14)] + [ci(f"thing{n}", "u_thing") for n in range(6)]
    apps, hosts = cis[3:17], cis[17:31]
    relations = [relation(a, "Runs on::Runs", b) for a, b in zip(apps, hosts, strict=True)]
    relations += [relation(cis[n % 3], "Depends on::Used by", apps[n]) for n in range(14)]
    at = {"sys_updated_on": ("time", LATER)}
    members = [
        {"sys_id": f"{n:032x}", "service_id": (cis[0]["sys_id"], "svc0"), "ci_id": (apps[n]["sys_id"], ""), **at}
        for n in range(5)
    ]
    asset = {
        "sys_id": "a",
        "item": (cis[0]["sys_id"], ""),
        "item_table": "cmdb_ci_service",
        "recovery_time_objective": ("t", "4 hours"),
        **at,
    }
    return ServiceNowStub(tables(cis, relations, svc_ci_assoc=members, sn_bcp_plan_asset=[asset]))


def change(stub: ServiceNowStub) -> None:
    """A host, an application and what ties them go; a host and a relation change."""
    gone = {row["sys_id"] for row in stub.tables["cmdb_ci"].rows.values() if row["name"] in ("host03", "app03")}
    for table in stub.tables.values():
        for key in [
            key
            for key, row in table.rows.items()
            if {key, *(plain(row.get(end, "")) for end in ("parent.sys_id", "child.sys_id", "ci_id"))} & gone
        ]:
            del table.rows[key]
        for key, row in table.rows.items():
            if row.get("name") == "host05":
                table.rows[key] = {**row, "name": "renamed", "sys_updated_on": ("time", LATER)}


def subject() -> Subject:
    stub = estate()

    def table_of(request: Request) -> str:
        return request.path.removeprefix("/api/now/table/")

    def asks_rows(request: Request) -> bool:
        return int(request.args.get("sysparm_limit", 0)) > 1

    def open_it(url: str, ca_file: str, patience: Patience):
        settings = {"user": USER, "password_env": "SN_PASSWORD", "page_size": "4", **({"ca_file": ca_file} if ca_file else {})}
        source = open_source("servicenow", url, settings, Outbound(["localhost"]))
        source.lists.client.patience = patience
        return source

    def empty(request: Request) -> Response:
        return Response('{"result": []}', 200, {"X-Total-Count": "0"}, content_type="application/json")

    def ended(request: Request, honest: Response) -> Response:
        return Response(
            '{"result": []}', 200, {"X-Total-Count": honest.headers["X-Total-Count"]}, content_type="application/json"
        )

    def recounted(honest: Response) -> Response:
        body = json.dumps(json.loads(honest.get_data()))
        total = str(int(honest.headers.get("X-Total-Count", 0)) + 7)
        return Response(body, honest.status_code, {"X-Total-Count": total}, content_type="application/json")

    return Subject(
        stub,
        open_it,
        lambda r: table_of(r) if asks_rows(r) else "",
        lambda r: "" if asks_rows(r) else table_of(r),
        empty,
        ended,
        recounted,
        lambda: change(stub),
    )


@pytest.mark.parametrize(("fault", "full"), CASES)
def test_a_fault_at_every_page(tmp_path, monkeypatch, fault, full):
    monkeypatch.setenv("SN_PASSWORD", PASSWORD)
    heard = run_faults(tmp_path, subject(), fault, full)
    assert any(heard)
