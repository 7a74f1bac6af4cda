"""Real inputs beside the checkout, through the public ways in: imported, assessed, and which side falls when a named CI falls."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Service

pytestmark = pytest.mark.shared
DATA = Path(os.environ.get("FORESTAY_SHARED") or Path(__file__).parents[2].parent / "shared") / "data"
KINDS = {
    "archimate": ("archisurance/archisurance.xml", ()),
    "callgraph": ("train-ticket/call-edges.csv", ()),
    "netbox": ("netbox-demo/netbox-demo-v3.6-subset.json", ()),
    "json": ("cmdb-kit", ("--set", "mapping=cmdb-kit")),
}


def brought_in(service: Service, kind: str) -> Any:
    path, settings = KINDS[kind]
    return service.cli_json("import", kind, str(DATA / path), *settings)


def laid(service: Service, **customers: int) -> None:
    """Lay services over CIs by a name they are known by (underscores for blanks), and assess."""
    for name, number in customers.items():
        result = service.cli("service", "add", name.replace("_", " "), "--customers", str(number), "--money-per-hour", "100")
        assert result.exit_code == 0, result.output
    assert service.cli("assess").exit_code == 0


def hit(service: Service, ci: str) -> tuple[list[str], int | None, int]:
    """Services that stop with a CI, the customers they have, and services whose customers nobody gave."""
    answer = service.get(f"/cis/{ci}/blast-radius", limit=500)
    down = sorted(row["name"] for row in answer["services"] if row["state"] == "down")
    return down, answer["customers"], answer["customers_unknown"]


@pytest.mark.parametrize(
    ("kind", "cis", "dependencies", "groups"),
    [
        ("archimate", (120, 106, 14, 0), (178, 140, 34, 1), 0),
        ("callgraph", (58, 58, 0, 0), (113, 113, 0, 0), 0),
        ("netbox", (475, 475, 0, 0), (445, 445, 0, 0), 4),
        ("json", (290, 24, 266, 0), (22, 22, 0, 0), 0),
    ],
)
def test_counts_close_and_the_estate_is_assessed(
    service: Service, kind: str, cis: tuple[int, ...], dependencies: tuple[int, ...], groups: int
) -> None:
    report = brought_in(service, kind)
    assert (report["state"], report["revision"]) == ("done", 1)
    found = {
        noun: (count["read"], count["stored"], sum(count["ignored"].values()), count["duplicate"])
        for noun, count in report["counts"].items()
    }
    assert (found["ci"], found["dependency"], found["group"][1]) == (cis, dependencies, groups)
    for count in report["counts"].values():
        parts = count["stored"], count["unchanged"], sum(count["ignored"].values()), count["duplicate"], count["rejected"]
        assert count["read"] == sum(parts)
    refused = sum(count["rejected"] for count in report["counts"].values())
    assert refused == (
        3 if kind == "archimate" else 0
    )  # relations of elements that no mapping takes: each a need that was not read
    page = service.get("/areas", limit=500)
    assert page["total_rows"] > 0 and page["stamp"]["revision"] == 1
    row = service.get("/assessments")["items"][0]
    assert (row["revision"], row["groups"]) == (1, groups)


def test_archimate_a_server_takes_the_business_service_on_top_and_not_the_other_way_round(service: Service) -> None:
    brought_in(service, "archimate")
    laid(service, Premium_Payment_Service=70_000, Web_portal=5_000)
    assert service.failed("BIBIT Server") == {
        "BIBIT Server", "Bank System", "Financial Application", "Premium Payment Service", "Pay", "Claims Payment Service",
        "Home & Away Policy Administration", "Policy Creation Service", "Check and Sign Contract", "Customer", "Insurant",
        "Negotiation", "Contracting", "Formalise Request",
    }  # fmt: skip
    assert hit(service, "BIBIT Server") == (["Claims Payment Service", "Premium Payment Service"], 70_000, 1)
    # the customer file service and the applications on the mainframe: the portal serves nobody, the mainframe stands below it
    down = service.failed("Mainframe")
    assert {"Database Service", "Claim Files Service", "CRM System", "CIS", "Web portal"} <= down
    assert not {"NAS File Server", "Customer File Service", "Unix Server Farm", "Bank System"} & down
    assert service.failed("Web portal") == {"Web portal"}
    above = service.failed("Premium Payment Service")
    assert {"Pay", "Customer"} <= above and not {
        "Financial Application",
        "Bank System",
        "BIBIT Server",
        "Collect Premium",
    } & above


def test_train_ticket_a_database_takes_its_callers_and_not_the_other_way_round(service: Service) -> None:
    brought_in(service, "callgraph")
    laid(service, **{"ts-preserve-service": 900, "ts-execute-service": 40})
    callers = {
        "admin-order", "admin-travel", "cancel", "execute", "food", "inside-payment", "order", "preserve", "preserve-other",
        "rebook", "route-plan", "seat", "security", "travel", "travel2", "travel-plan",
    }  # fmt: skip
    assert service.failed("ts-order-mongo") == {"ts-order-mongo", *(f"ts-{name}-service" for name in callers)}
    assert hit(service, "ts-order-mongo")[0] == ["ts-execute-service", "ts-preserve-service"]
    assert hit(service, "ts-order-mongo")[1:] == (940, 0)
    assert service.failed("ts-food-mongo") == {
        "ts-food-mongo", "ts-food-service", "ts-preserve-service", "ts-preserve-other-service",
    }  # fmt: skip
    assert hit(service, "ts-food-mongo")[:2] == (["ts-preserve-service"], 900)
    assert service.failed("ts-preserve-service") == {"ts-preserve-service"}
    assert "ts-order-mongo" not in service.failed("ts-order-service")


def test_netbox_racks_clusters_panels_and_suppliers(service: Service) -> None:
    brought_in(service, "netbox")
    laid(service, vm1=300, vm21=50, **{"r107-torsw": 10, "KKDG4923": 7})
    assert service.failed("DO-AMS3") == {"DO-AMS3", *(f"vm{number}" for number in range(1, 21))}
    assert hit(service, "DO-AMS3") == (["vm1"], 300, 0)
    assert service.failed("vm1") == {"vm1"}
    # the virtual chassis needs one of its two switches: a switch alone leaves it standing, their rack does not
    assert service.failed("netbox:device:102") == {"tor-switch (102)"}
    assert service.failed("netbox:device:102", "netbox:device:103") == {"tor-switch (102)", "tor-switch (103)", "r107-torsw"}
    assert service.failed("R107") == {"R107", "tor-switch (102)", "tor-switch (103)", "r107-torsw"}
    assert hit(service, "R107") == (["r107-torsw"], 10, 0)
    assert service.failed("r107-torsw") == {"r107-torsw"}
    assert service.failed("DM-Akron") == {
        "DM-Akron", "Comms closet", "dmi01-akron-pdu01", "dmi01-akron-rtr01 PSU0", "dmi01-akron-rtr01",
        "dmi01-akron-sw01 Power Port", "dmi01-akron-sw01", "patch-panel (74)",
    }  # fmt: skip
    assert service.failed("dmi01-akron-pdu01") == {
        "dmi01-akron-pdu01", "dmi01-akron-rtr01 PSU0", "dmi01-akron-rtr01", "dmi01-akron-sw01 Power Port", "dmi01-akron-sw01",
    }  # fmt: skip
    assert service.failed("NCSU Facilities") == {"NCSU Facilities", "398282", "350927", "319031"}
    assert hit(service, "Level 3") == (["KKDG4923"], 7, 0)
    assert service.failed("KKDG4923") == {"KKDG4923"}


def test_cmdb_kit_a_server_takes_its_databases_and_what_uses_them(service: Service) -> None:
    brought_in(service, "json")
    laid(service, Mobile_API=12_000, Search_Service=800)
    assert service.failed("crm-db-01.ovoco.internal") == {
        "crm-db-01", "crm-primary", "crm-analytics", "CRM Core", "API Gateway", "Mobile API", "Analytics Engine",
    }  # fmt: skip
    assert hit(service, "crm-db-01") == (["Mobile API"], 12_000, 0)
    assert service.failed("crm-primary") == {"crm-primary", "CRM Core", "API Gateway", "Mobile API"}
    assert service.failed("crm-db-02") == {"crm-db-02", "crm-replica"}
    assert service.failed("crm-search-01") == {"crm-search-01", "Search Service", "Analytics Engine"}
    assert service.failed("Mobile API") == {"Mobile API"}
    assert service.failed("crm-app-01") == {"crm-app-01", "crm-worker-01", "CRM Core", "API Gateway", "Mobile API"}
    # the staging server is known, and not assessed
    assert service.get("/cis/crm-staging-01")["assessed"] is False
    problem = service.get("/cis/crm-staging-01/blast-radius", status=404)
    assert problem["detail"].startswith("json:cmdb_ci_server:crm-staging-01 is known but not assessed at revision 3")


def test_a_workbook_without_the_documented_sheets_gives_nothing_and_says_so(service: Service) -> None:
    result = service.cli("import", "csv", str(DATA / "cmdb-kit/all-all.xlsx"))
    assert result.exit_code == 0
    assert "0 records" in result.output and "50 sheets are not of the documented form" in result.output
    report = service.cli_json("import", "csv", str(DATA / "cmdb-kit/all-all.xlsx"))
    assert (report["state"], report["revision"], report["complete"]) == ("unchanged", 0, False)
    assert sum(count["read"] for count in report["counts"].values()) == 0
    assert report["warnings"][-1] == "0 records: no sheet is named cis, dependencies, groups, services, incidents, observations"
    assert service.get("/cis")["items"] == []


def test_all_four_stand_side_by_side_in_one_estate(make_service: Callable[..., Service]) -> None:
    """Names of one source never capture those of another: each failed set is that of its own estate."""
    service = make_service()
    for kind in KINDS:
        brought_in(service, kind)
    rows = {source["name"]: source["last_state"] for source in service.get("/sources")["items"]}
    assert rows == dict.fromkeys(KINDS, "done")
    assert len(service.failed("ts-order-mongo")) == 17
    assert len(service.failed("DO-AMS3")) == 21
    assert service.failed("crm-db-02") == {"crm-db-02", "crm-replica"}
    documents = json.loads(service.cli("runs", "list", "--json").stdout)
    assert [row["source"] for row in documents] == ["json", "netbox", "callgraph", "archimate"]
