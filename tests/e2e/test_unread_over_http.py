"""The law over a source that is read over HTTP: whatever one field of a ServiceNow holds instead, no service is safer without the
mark."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from app.usecases.assess import assess
from app.usecases.keep import sources as keep
from app.usecases.operation_progress import silent
from app.usecases.run_sync import SyncRequest, run_sync
from importers.http.client import Outbound
from importers.registry import open_source
from tests.e2e.conftest import Service
from tests.servers.running import Running
from tests.servers.servicenow import PASSWORD, USER, ServiceNowStub
from tests.servers.servicenow_estate import ci, relation, tables
from tests.unread_ways import HALF

Rows = list[dict[str, Any]]
GHOST = "f" * 32
WAYS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "cis": {
        "name": (HALF, ""),
        "sys_class_name": ("u_gizmo", "", HALF),
        "operational_status": ("97", HALF, "about 4"),
        "serial_number": (HALF, "#N/A"),
    },
    "relations": {
        "type.name": ("", "Frobs::Frobbed by", HALF),
        "child.sys_id": ("", GHOST, HALF),
        "parent.sys_id": ("", GHOST, HALF),
        "child.sys_class_name": ("", "u_gizmo", HALF),
    },
}


def random_cmdb(rng: random.Random) -> tuple[Rows, Rows]:
    classes = ("cmdb_ci_appl", "cmdb_ci_linux_server", "cmdb_ci_ip_switch", "cmdb_ci_db_instance")
    rows = [ci(f"s{n}", "cmdb_ci_service") for n in range(2)]
    rows += [ci(f"c{n}", rng.choice(classes), serial_number=f"SN-{n}7F{n}") for n in range(rng.randint(4, 7))]
    relations = []
    for at, parent in enumerate(rows[:-1]):
        below = rows[max(at + 1, 2) :]
        for child in {id(row): row for row in rng.choices(below, k=rng.randint(1, 2))}.values():
            relations.append(relation(parent, rng.choice(["Depends on::Used by", "Runs on::Runs"]), child))
    return rows, relations


def spoil(rng: random.Random, cis: Rows, relations: Rows) -> str:
    kind, rows = rng.choice([("cis", cis[2:]), ("relations", relations)])
    row = rng.choice(rows)
    field = rng.choice([name for name in WAYS[kind] if name in row])
    row[field] = rng.choice(WAYS[kind][field])
    return f"{kind}.{field}: {row[field]!r}"


@pytest.fixture
def read(make_service, monkeypatch) -> Iterator[Any]:
    monkeypatch.setenv("SN_PASSWORD", PASSWORD)
    servers = []

    def make(cis: Rows, relations: Rows) -> tuple[dict[str, dict[str, Any]], list[str]]:
        service: Service = make_service()
        server = Running(ServiceNowStub(tables(cis, relations)))
        servers.append(server)
        settings = {"user": USER, "password_env": "SN_PASSWORD"}
        keep.add_source(service.forestay.documents, "sn", "servicenow", server.url, None, settings)
        source = open_source("servicenow", server.url, settings, Outbound(["localhost"]))
        run_sync(service.forestay, SyncRequest("sn", apply=True, approve=True), silent, source)
        assess(service.forestay)
        page = service.get("/services")
        return {row["key"]: row for row in page["items"]}, [
            text for text in page["stamp"]["warnings"] if text.startswith("incomplete")
        ]

    yield make
    for server in servers:
        server.close()


def held(read: Any, seed: int) -> str:
    rng = random.Random(f"servicenow {seed}")
    cis, relations = random_cmdb(rng)
    before, already = read(cis, relations)
    assert not already and len(before) == 2
    what = spoil(rng, cis, relations)
    after, nobodys = read(cis, relations)
    for key, row in before.items():
        now = after[key]
        if now["open_needs"] or nobodys:
            continue
        assert now["single_points"] >= row["single_points"], f"{what}: single points of {key}"
        assert now["service_hours_per_year"] >= row["service_hours_per_year"] * (1 - 1e-12), f"{what}: hours of {key}"
    return what.partition(":")[0]


def test_a_field_of_a_servicenow_that_cannot_be_read_makes_no_service_safer(read):
    for seed in range(4):
        held(read, seed)


@pytest.mark.slow
def test_no_field_of_a_servicenow_that_cannot_be_read_makes_a_service_safer(read):
    spoilt = {held(read, seed) for seed in range(100, 160)}
    assert spoilt == {f"{kind}.{field}" for kind, ways in WAYS.items() for field in ways}
