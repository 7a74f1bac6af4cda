"""Loss across borders of teams, and days without a supplier, by hand."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from app.jobs import runner
from app.usecases.answers import supplier_losses
from tests.e2e.conftest import Service


def ci(key: str, team: str, supplier: str = "", rate: float = 1.0) -> dict[str, Any]:
    kind = "business_service" if key == "shop" else "server"
    return {
        "key": key, "class": kind, "team": team, "supplier": supplier, "failures_per_year": rate, "repair_hours": 1.0,
    }  # fmt: skip


def estate(db_team: str = "data", **more: Any) -> dict[str, Any]:
    """shop (web) on app (web) on db (data) on disk (web): what the disk costs is handed over twice."""
    return {
        "cis": [ci("shop", "web", rate=0.0), ci("app", "web"), ci("db", db_team), ci("disk", "web", rate=2.0)],
        "dependencies": [{"dependent": a, "provider": b} for a, b in (("shop", "app"), ("app", "db"), ("db", "disk"))],
        "services": [{"key": "shop", "money_per_hour": 100.0}],
        **more,
    }


def test_what_crosses_borders_by_hand_and_its_trend(service: Service) -> None:
    """A year app costs 100 inside its team, db 100 over one border, disk 200 over two: 3/4 crosses; 1.25 hand-overs in the
    mean."""
    service.document(estate())
    told = service.get("/conway")
    (point,) = told["trend"]
    assert point["crossing_share"] == pytest.approx(0.75, rel=1e-3)
    assert point["mean_hand_overs"] == pytest.approx((0 + 1 + 2 * 2) / 4, rel=1e-3)
    assert point["mean_teams"] == pytest.approx((1 + 2 + 2 * 2) / 4, rel=1e-3)
    assert [(p["ci"], p["teams"], p["hand_overs"]) for p in told["paths"]] == [
        ("json:ci:disk", ["web", "data", "web"], 2), ("json:ci:db", ["data", "web"], 1),
    ]  # fmt: skip
    assert [(b["provider_team"], b["dependent_team"]) for b in told["borders"]] == [("data", "web")]
    assert sum(part["share"] for part in told["by_hand_overs"]) == pytest.approx(1.0)
    service.document(estate(db_team="web"))
    later = service.get("/conway")
    assert [p["crossing_share"] for p in later["trend"]] == [pytest.approx(0.75, rel=1e-3), 0.0]
    assert later["sentence"].startswith("0% of the loss by single failures crosses a border")
    assert service.get("/conway", trend=1)["trend"] == later["trend"][1:]
    assert service.cli_json("conway")["trend"] == later["trend"]
    assert later["sentence"] in service.page("/teams") and "web → data → web" in service.page("/teams", revision=1)


def supplied() -> dict[str, Any]:
    """shop on a host of Acme and on one of two lines, of Bolt and Core; Acme's host is on a network of Deep."""
    return {
        "cis": [
            ci("shop", "web"), ci("host", "ops", "Acme"), ci("line-b", "net", "Bolt"), ci("line-c", "net", "Core"),
            ci("net", "net", "Deep"), ci("none", "ops"),
        ],
        "dependencies": [{"dependent": "shop", "provider": "host"}, {"dependent": "host", "provider": "net"}],
        "groups": [{"key": "lines", "dependent": "shop", "members": ["line-b", "line-c"], "needed": 1}],
        "services": [{"key": "shop", "money_per_hour": 100.0}],
    }  # fmt: skip


def test_two_days_without_a_supplier_by_hand(service: Service) -> None:
    service.document(supplied())
    told = service.get("/suppliers", days=2)
    rows = {row["supplier"]: row for row in told["items"]}
    assert rows["Acme"]["money_alone"] == pytest.approx(4800) and rows["Acme"]["subcontractors"] == ["Deep"]
    assert rows["Acme"]["substitutable"] == "by nobody known" and rows["Acme"]["services_alone"] == 1
    assert (
        rows["Bolt"]["money_alone"] == 0 and rows["Bolt"]["substitutable"] == "by others" and rows["Bolt"]["others"] == ["Core"]
    )
    assert rows["Deep"]["money_alone"] == pytest.approx(4800)
    assert told["unknown_cis"] == 2 and told["days"] == 2
    first = service.get("/suppliers", days=2, limit=1)
    assert service.get("/suppliers", days=2, limit=3, after=first["next"])["items"] == told["items"][1:]
    assert service.cli_json("suppliers", "--days", "2")["items"] == told["items"]
    assert "by others: Core" in service.page("/suppliers", days=2)
    assert service.client.get("/suppliers?days=0").status_code == 422


def test_columns_of_the_register(service: Service) -> None:
    service.document(supplied())
    chain = service.get("/suppliers/register/B_05.02")
    codes = [code for code, _ in chain["columns"]]
    rows = [dict(zip(codes, row, strict=True)) for row in chain["rows"]]
    assert [(row["c0030"], row["c0050"], row["c0060"]) for row in rows] == [
        ("Acme", "1", ""), ("Deep", "2", "Acme"), ("Bolt", "1", ""), ("Core", "1", ""), ("Deep", "1", ""),
    ]  # fmt: skip
    assert chain["unknown"] == ["c0010", "c0020", "c0040", "c0070"]
    printed = service.cli("suppliers", "--register", "B_07.01")
    table = list(csv.DictReader(io.StringIO(printed.stdout)))
    assert [(row["c0020"], row["c0110"], row["c0120"]) for row in table] == [
        ("Acme", "", ""), ("Bolt", "Yes", "Core"), ("Core", "Yes", "Bolt"), ("Deep", "", ""),
    ]  # fmt: skip
    assert "B_05.02" in service.get("/suppliers/register/B_99", 422)["detail"]


def test_those_of_a_large_estate_are_worked_out_ahead_one_by_one(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a failover of 3 hours that works 9 times in 10, and a loss curve, so that no two days cost the same."""
    document = supplied()
    document["groups"][0] |= {"failover_hours": 3.0, "failover_success": 0.9}
    document["services"] = [{"key": "shop", "loss_curve": [[0, 0], [2, 100], [30, 5000], [200, 90000]]}]
    service.document(document)
    days = (0.25, 1, 2, 14)
    at_once = {day: service.get("/suppliers", days=day) for day in days}
    register = service.get("/suppliers/register/B_07.01")
    assert at_once[1]["total"] == at_once[1]["worked_out"] == 4
    monkeypatch.setattr(supplier_losses, "AT_ONCE", 0)
    monkeypatch.setattr(supplier_losses, "STEP_SECONDS", 0.0)
    nothing = service.get("/suppliers")
    assert nothing["items"] == [] and nothing["worked_out"] is None
    assert "are being worked out" in service.page("/suppliers") and "0 of all suppliers" in service.cli("suppliers").stdout
    monkeypatch.setattr(runner, "KEEPERS", (supplier_losses.keep_suppliers,))
    ahead = runner._Ahead(service.forestay)
    assert ahead.look() and ahead.look()
    some = service.get("/suppliers")
    assert (some["total"], some["worked_out"]) == (4, 1) and len(some["items"]) == 4
    assert some["items"][-1]["services_alone"] is None and some["items"][-1]["substitutable"] == "being worked out"
    assert "Being worked out: 1 of 4 suppliers" in service.page("/suppliers")
    assert "for 1 of 4 suppliers so far" in service.get("/suppliers/register/B_07.01")["notes"][-1]
    assert [ahead.look() for _ in range(4)] == [True, True, True, False]
    for day in days:
        assert service.get("/suppliers", days=day) == at_once[day]
    assert service.get("/suppliers/register/B_07.01") == register
    assert "0.25, 0.5, 1, 2" in service.get("/suppliers", 422, days=1.7)["detail"]
