"""A study through the API and the command line: columns add up, the same options give the same numbers, a bounded service stays
an interval."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import assemble_service
from app.domain.study import StudyOptions
from app.jobs.runner import run_one
from app.settings import load_settings
from app.storage.compiled_files import CompiledFiles
from app.usecases.operation_progress import Cancelled
from app.usecases.studies.make import make_study
from tests.e2e.conftest import Service
from tests.e2e.test_fault_trees import estate_of
from tests.unit.risk.exact.fault_tree import plant_tree

pytestmark = pytest.mark.compiled
KINDS = ("ci", "service", "team", "site", "supplier", "class")
SMALL = {"worlds": 8192, "draws": 50}
CASES = json.loads((Path(__file__).parents[1] / "reference" / "golden.json").read_text())


def ci(key: str, ci_class: str, rate: float, hours: float, team: str = "", site: str = "", supplier: str = "") -> dict[str, Any]:
    return {
        "key": key, "name": key, "class": ci_class, "failures_per_year": rate, "repair_hours": hours, "team": team, "site": site,
        "supplier": supplier,
    }  # fmt: skip


SHOP = {
    "cis": [
        ci("shop", "business_service", 0, 1, "web"),
        ci("mail", "business_service", 0, 1, "office"),
        ci("app", "application", 4, 2, "web", "north"),
        ci("db-a", "database", 20, 6, "data", "north", "Oak"),
        ci("db-b", "database", 20, 6, "data", "south", "Elm"),
        ci("web-a", "server", 9, 3, "web", "north", "Oak"),
        ci("web-b", "server", 9, 3, "web", "south", "Oak"),
        ci("san", "storage", 1, 8, "data", "north", "Elm"),
        ci("search", "application", 12, 1, "web"),
        ci("lone", "server", 5, 5, "office"),
    ],
    "dependencies": [
        *({"dependent": a, "provider": b} for a, b in (("shop", "app"), ("db-a", "san"), ("mail", "san"))),
        {"dependent": "shop", "provider": "search", "kind": "soft", "weight": 0.2},
    ],
    "groups": [
        {
            "key": "dbs",
            "dependent": "app",
            "needed": 1,
            "members": ["db-a", "db-b"],
            "failover_minutes": 10,
            "failover_success": 0.9,
        },
        {"key": "webs", "dependent": "shop", "needed": 1, "members": ["web-a", "web-b"]},
    ],
    "services": [
        {"key": "shop", "customers": 1000, "money_per_hour": 5000, "mtpd_hours": 4, "availability_target": 0.995},
        {"key": "mail", "customers": 100, "money_per_hour": 300, "mtpd_hours": 8},
    ],
}


def studied(service: Service, **options: Any) -> str:
    """Ask for a study as a job, let the runner do it, give its id."""
    answer = service.client.post("/api/v1/studies", json={**SMALL, **options})
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"].endswith(answer.get_json()["job_id"])
    assert run_one(service.forestay)
    job = service.get("/jobs/" + answer.get_json()["job_id"])
    assert job["state"] == "done", job
    return str(job["result"]["study"])


def whole(service: Service, study: str) -> dict[str, Any]:
    """Everything a study answers."""
    parts = {kind: service.get(f"/studies/{study}/areas", kind=kind, limit=500) for kind in KINDS}
    parts |= {name: service.get(f"/studies/{study}/{name}") for name in ("services", "borders", "exceedance")}
    return {"summary": service.get(f"/studies/{study}"), **parts}


def timeless(answer: Any) -> Any:
    """Without what may differ between two runs: the id, moments, seconds taken."""
    if isinstance(answer, dict):
        return {name: timeless(value) for name, value in answer.items() if name not in ("study", "made_at", "seconds")}
    return [timeless(value) for value in answer] if isinstance(answer, list) else answer


def test_what_to_ask_first_names_inputs_that_change_the_worst(service: Service) -> None:
    """Twelve servers of one class, each behind a service of its own: the tenth and the eleventh are close, the first is not."""
    money = [100_000, 90_000, 80_000, 70_000, 60_000, 50_000, 40_000, 30_000, 20_000, 1_000, 990, 1]
    cis = [{"key": f"s{n}", "name": f"s{n}", "class": "business_service"} for n in range(12)]
    cis += [{"key": f"m{n}", "name": f"m{n}", "class": "server", "team": f"team {n}"} for n in range(12)]
    service.document(
        {
            "cis": cis, "dependencies": [{"dependent": f"s{n}", "provider": f"m{n}"} for n in range(12)],
            "services": [{"key": f"s{n}", "money_per_hour": value} for n, value in enumerate(money)],
        }
    )  # fmt: skip
    study = studied(service)
    page = service.get(f"/studies/{study}/ask-first", limit=2)
    assert (page["k"], page["truncated"], len(page["items"])) == (10, True, 2)
    assert {row["key"] for row in page["items"]} <= {"json:ci:m9", "json:ci:m10"}
    first = page["items"][0]
    assert (
        first["team"] in ("team 9", "team 10") and first["origin"] == "assumed" and first["low"] < first["value"] < first["high"]
    )
    assert 0.2 < first["p_changes"] < 0.8 and first["gain"] > 0
    after = service.get(f"/studies/{study}/ask-first", limit=2, after=page["next"])["items"]
    assert after[0]["rank"] == 3 and after[0]["gain"] <= page["items"][1]["gain"]
    shown = service.page("/ask-first")
    assert "What to ask for first" in shown and f"{first['team']}" in shown
    assert first["name"] in service.cli("study-show", study, "--part", "ask-first").output
    assert service.page("/quality").count("/ask-first") >= 1


def test_columns_of_every_kind_add_up_to_the_same_total(service: Service) -> None:
    service.document(SHOP)
    study = studied(service)
    row = service.get(f"/studies/{study}")
    assert (row["services"], row["services_exact"], row["services_bounded"], row["measure"]) == (2, 2, 0, "money_per_year")
    total = row["money"]["total"]
    assert total == pytest.approx(row["money"]["first_order"] + row["money"]["redundancy"], rel=1e-12)
    assert total == pytest.approx(
        sum(service.get(f"/services/{name}/loss")["money_total"]["value"] for name in ("shop", "mail")), rel=1e-9
    )
    for kind in KINDS:
        page = service.get(f"/studies/{study}/areas", kind=kind, limit=500)
        assert page["total"] == pytest.approx(total, rel=1e-9), kind
        assert sum(area["total"] for area in page["items"]) == pytest.approx(total, rel=1e-9), kind
        assert sum(area["first_order"] for area in page["items"]) == pytest.approx(row["money"]["first_order"], rel=1e-9), kind
        assert sum(area["share"] for area in page["items"]) == pytest.approx(1.0, abs=1e-9), kind
        totals = [area["total"] for area in page["items"]]
        assert totals == sorted(totals, reverse=True)
        assert all(0.0 <= area["p_worst"] <= 1.0 and area["low"] <= area["high"] for area in page["items"])
    borders = service.get(f"/studies/{study}/borders")
    assert borders["not_examined"] == pytest.approx(0.0, abs=1e-9)
    crossing = sum(border["loss"] for border in borders["rows"])
    assert crossing + borders["inside"] + borders["interrupted"] == pytest.approx(borders["examined"], rel=1e-12)
    assert borders["examined"] == pytest.approx(row["money"]["first_order"], rel=1e-9)
    assert ("data", "office") in {(border["provider_team"], border["dependent_team"]) for border in borders["rows"]}


def test_services_of_a_study_are_those_of_the_single_answers(service: Service) -> None:
    service.document(SHOP)
    page = service.get(f"/studies/{studied(service)}/services")
    assert [row["name"] for row in page["items"]] == ["shop", "mail"]
    for row in page["items"]:
        alone, loss = service.get(f"/services/{row['name']}/availability"), service.get(f"/services/{row['name']}/loss")
        assert row["unavailability"]["method"] == "exact"
        of_cuts = service.get(f"/services/{row['name']}/importance")["unavailability"][
            "value"
        ]  # without what failovers add, as the study's
        assert row["unavailability"]["value"] == pytest.approx(of_cuts, rel=1e-12)
        assert row["unavailability"]["value"] <= alone["unavailability"]["value"] + 1e-15
        assert row["stops_per_year"] <= alone["failures_per_year"]["value"] + 1e-12
        assert (row["unavailability"]["note"] == "") == (row["unavailability"]["value"] == alone["unavailability"]["value"])
        assert row["money_first_order"] == pytest.approx(loss["money_first_order"]["value"], rel=1e-12)
        assert row["money_redundancy"] == pytest.approx(loss["money_redundancy"]["value"], rel=1e-9)
        drawn = row["simulated_unavailability"]
        assert (
            drawn["method"] == "simulated" and drawn["low"] <= row["unavailability"]["value"] <= drawn["high"]
        )  # pinned by the seed
    shop = page["items"][0]
    budget = 8766 * (1 - 0.995)
    assert shop["share_of_budget"] == pytest.approx(8766 * shop["unavailability"]["value"] / budget, rel=1e-9)


def test_c39_by_areas(service: Service) -> None:
    case = next(case for case in CASES if case["id"] == "C39")
    service.document(case["estate"])
    page = service.get(f"/studies/{studied(service)}/areas")
    told = {area["label"]: area["total"] for area in page["items"]}
    wanted = {row["quantity"]: row["value"] for row in case["expected"]}
    for name in "dbc":
        assert told[name] == pytest.approx(wanted[f"by {name}"], rel=1e-7)
    assert page["total"] == pytest.approx(wanted["total"], rel=1e-7)


def test_the_same_options_give_the_same_numbers_also_after_a_restart(service: Service) -> None:
    service.document(SHOP)
    first = studied(service, seed=5, years=256)
    kept = whole(service, first)
    assert timeless(whole(service, studied(service, seed=5, years=256))) == timeless(kept)
    other = whole(service, studied(service, seed=6, years=256))
    assert timeless(other["services"]) != timeless(kept["services"]) and other["summary"]["money"] == kept["summary"]["money"]
    service.forestay.close()
    settings = load_settings(environment={"FORESTAY_WEB_REQUESTS_PER_MINUTE": "1000000"}, data_folder=service.folder / "data")
    again = assemble_service(settings)
    try:
        restarted = Service(service.folder, again)
        assert whole(restarted, first) == kept
        assert timeless(whole(restarted, studied(restarted, seed=5, years=256))) == timeless(kept)
    finally:
        again.close()


def test_exceedance_curves(service: Service) -> None:
    service.document(SHOP)
    study = studied(service, years=2048)
    told = service.get(f"/studies/{study}/exceedance")
    assert told["years"] >= 2048
    total = service.get(f"/studies/{study}")["money"]["total"]
    yearly = told["expected_annual_loss"]
    assert yearly["low"] <= total <= yearly["high"]  # pinned by the seed
    assert all(0.0 <= point["occurrence"] <= point["aggregate"] <= 1.0 for point in told["curve"])
    for one, more in (("occurrence", "aggregate"),):
        assert told[f"{one}_1_in_100"]["value"] <= told[f"{more}_1_in_100"]["value"]
    assert told["aggregate_1_in_10"]["value"] <= told["aggregate_1_in_100"]["value"] <= told["tail_value_1_in_100"]["value"]
    service.get(f"/studies/{studied(service)}/exceedance", status=404)  # no years were asked for


def test_a_bounded_service_is_an_interval_and_is_counted(service: Service) -> None:
    """A plant of some 300 events beside a small service; 1,000 nodes are enough for the small one only."""
    plant = estate_of(plant_tree(seed=6, systems=16, trains=3, parts=6, sequences=8))
    plant["cis"] += [{"key": "small", "unavailability": 0}, {"key": "host", "failures_per_year": 2, "repair_hours": 4}]
    plant["dependencies"].append({"dependent": "small", "provider": "host"})
    plant["services"].append({"key": "small", "money_per_hour": 10})
    service.document(plant)
    study = studied(service, nodes=1000)
    row = service.get(f"/studies/{study}")
    assert (row["services"], row["services_exact"], row["services_bounded"]) == (2, 1, 1)
    assert row["services_simulated"] == 1
    assert any("1 services need more than 1,000 nodes" in note and "simulated (65,536 samples" in note for note in row["notes"])
    rows = {found["name"]: found for found in service.get(f"/studies/{study}/services")["items"]}
    q = rows["top"]["unavailability"]
    exact = service.get("/services/top/availability", seconds=60)["unavailability"]
    assert exact["method"] == "exact"
    assert q["method"] == "bounded" and q["value"] is None and q["low"] <= exact["value"] <= q["high"]
    hours = rows["top"]["downtime_hours_per_year"]
    assert (
        hours["value"] is None
        and hours["low"] == pytest.approx(8766 * q["low"])
        and hours["high"] == pytest.approx(8766 * q["high"])
    )
    assert (
        rows["top"]["money_redundancy"] is None and rows["small"]["unavailability"]["method"] == "exact"
    )  # nobody gave its money
    drawn = rows["top"]["simulated_unavailability"]
    assert drawn["method"] == "simulated" and drawn["low"] <= exact["value"] <= drawn["high"]
    top, small, sums = rows["top"], rows["small"], row["service_hours"]
    assert (top["redundancy_method"], small["redundancy_method"]) == ("simulated", "exact")
    assert top["samples"] == 65536 and small["samples"] == 0
    true = 8766 * exact["value"] - top["hours_first_order"]
    assert top["hours_redundancy_low"] <= true <= top["hours_redundancy_high"]
    assert sums["redundancy_simulated"] == pytest.approx(top["hours_redundancy"], rel=1e-9)
    assert sums["redundancy_exact"] == pytest.approx(small["hours_redundancy"], rel=1e-9)
    assert sums["redundancy"] == pytest.approx(sums["redundancy_exact"] + sums["redundancy_simulated"], rel=1e-12)
    assert sums["redundancy_low"] <= sums["redundancy"] <= sums["redundancy_high"]
    assert sums["total"] == pytest.approx(sums["first_order"] + sums["redundancy"], rel=1e-12)


def test_cut_sets_beyond_the_budget_are_those_found_so_far(service: Service) -> None:
    """Each one is a minimal cut set of the exact list with its probability; what they leave out is bounded."""
    service.document(estate_of(plant_tree(seed=6, systems=16, trains=3, parts=6, sequences=8)))
    exact = service.get("/services/top/cut-sets", limit=1000, seconds=60)
    found = service.get("/services/top/cut-sets", limit=20, nodes=1000)
    assert found["unavailability"]["method"] in ("simulated", "bounded")
    assert found["total"] is None and found["truncated"] and "found by sampling" in found["notes"][0]
    known = {frozenset(row["cis"]): row["probability"] for row in exact["items"]}
    assert found["items"]
    for row in found["items"]:
        at_least = min(known.values())
        assert (
            row["probability"] == pytest.approx(known[frozenset(row["cis"])], rel=1e-9) if row["probability"] > at_least else True
        )
    assert found["items"][0]["probability"] == pytest.approx(exact["items"][0]["probability"], rel=1e-9)
    listed = sum(row["probability"] for row in found["items"])
    assert exact["unavailability"]["value"] - listed <= found["probability_not_listed"] <= 1.0


def test_a_study_that_takes_longer_than_the_limit_fails(make_service: Callable[..., Service]) -> None:
    service = make_service(FORESTAY_LIMITS_STUDY_WHOLE_SECONDS="0.001")
    service.document(SHOP)
    job = service.client.post("/api/v1/studies", json=SMALL).get_json()
    run_one(service.forestay)
    ended = service.get("/jobs/" + job["job_id"])
    assert (ended["state"], "limits.study_whole_seconds" in ended["error"]) == ("failed", True)
    assert service.get("/studies")["items"] == []


def test_a_study_can_be_cancelled(service: Service) -> None:
    service.document(SHOP)
    job = service.client.post("/api/v1/studies", json=SMALL).get_json()
    assert service.client.delete("/api/v1/jobs/" + job["job_id"]).status_code == 200
    run_one(service.forestay)
    assert service.get("/jobs/" + job["job_id"])["state"] == "cancelled"
    steps: list[str] = []

    def listen(step: str, share: float) -> None:
        steps.append(step)
        if step == "sampled worlds":
            raise Cancelled

    forestay = service.forestay
    with pytest.raises(Cancelled):
        make_study(forestay, StudyOptions(worlds=8192, draws=50), listen=listen)
    assert "redundancy, service by service" in steps
    assert service.get("/studies")["items"] == []  # half a study is none


def test_studies_come_newest_first(service: Service) -> None:
    service.document(SHOP)
    made = [studied(service, seed=seed) for seed in range(8)]
    assert [row["study"] for row in service.get("/studies")["items"]] == made[::-1]


def test_studies_are_paged_and_errors_are_told(service: Service) -> None:
    service.document(SHOP)
    made = [studied(service, seed=seed) for seed in (1, 2, 3)]
    first = service.get("/studies", limit=2)
    assert len(first["items"]) == 2 and first["truncated"]
    last = service.get("/studies", limit=2, after=first["next"])
    assert len(last["items"]) == 1 and not last["truncated"]
    assert {row["study"] for row in first["items"] + last["items"]} == set(made)
    areas = service.get(f"/studies/{made[0]}/areas", limit=3)
    rest = service.get(f"/studies/{made[0]}/areas", limit=500, after=areas["next"])
    every = service.get(f"/studies/{made[0]}/areas", limit=500)
    assert areas["items"] + rest["items"] == every["items"]
    for part in ("", "/areas", "/services", "/borders", "/exceedance"):
        service.get("/studies/20260101T000000-00000000" + part, status=404)
    service.get(f"/studies/{made[0]}/areas", kind="colour", status=422)
    service.get(f"/studies/{made[0]}/areas", kind="team", after=areas["next"], status=422)  # a cursor of another ranking
    for bad in ({"nodes": 1}, {"worlds": 0}, {"colour": 1}, {"seed": -1}):
        service.post("/studies", bad, status=422)


def test_the_command_line_prints_the_documents_of_the_api(service: Service) -> None:
    service.document(SHOP)
    options = ("--worlds", "8192", "--draws", "50", "--years", "256")
    made = service.cli_json("study", *options)
    study = made["study"]
    assert made == service.get(f"/studies/{study}")
    assert service.cli_json("study-show", study, "--part", "summary") == made
    assert service.cli_json("study-show", study, "--kind", "team", "--limit", "50") == service.get(
        f"/studies/{study}/areas", kind="team", limit=50
    )
    for part in ("services", "borders", "exceedance"):
        paged = {"limit": 50} if part == "services" else {}
        assert service.cli_json("study-show", study, "--part", part, "--limit", "50") == service.get(
            f"/studies/{study}/{part}", **paged
        )
    for command in ("availability", "importance", "cut-sets", "loss", "goal"):
        limit = () if command == "availability" else ("--limit", "50")
        said = service.cli_json(command, "shop", *limit)
        api = service.get(f"/services/shop/{command}", **({"limit": 50} if limit else {}))
        for answer in (said, api):
            answer["effort"] = {name: value for name, value in answer["effort"].items() if "seconds" not in name}
            answer.pop("stamp")
        assert said == api, command


def test_the_list_of_studies_on_the_command_line_is_that_of_the_api(service: Service) -> None:
    service.document(SHOP)
    studied(service)
    assert service.cli_json("studies", "--limit", "50") == service.get("/studies", limit=50)


def test_the_ranking_shows_range_and_redundancy_part_of_the_study(service: Service) -> None:
    service.document(SHOP)
    name = studied(service)
    for kind in KINDS:
        known = {row["name"]: row for row in service.get(f"/studies/{name}/areas", kind=kind)["items"]}
        shown = {row["name"]: row for row in service.get("/areas", kind=kind)["items"]}
        assert known and set(shown) <= set(known) | {area for area in shown if shown[area]["low"] is None}
        for area in set(shown) & set(known):
            assert [shown[area][part] for part in ("low", "high", "redundancy")] == [
                known[area][part] for part in ("low", "high", "redundancy")
            ], (kind, area)


def test_the_tables_of_a_listed_study_can_be_read_by_another_process(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    save = CompiledFiles.save

    def on_a_slow_disk(files: CompiledFiles, *entry: Any) -> None:
        time.sleep(0.3)
        save(files, *entry)

    service.document(SHOP)
    monkeypatch.setattr(CompiledFiles, "save", on_a_slow_disk)
    name = studied(service)
    assert "shop" in service.cli("study-show", name, "--part", "services").output


def test_a_study_says_which_services_hang_on_needs_that_were_not_read(service: Service) -> None:
    unread = {
        **SHOP,
        "dependencies": [
            *SHOP["dependencies"],
            {"dependent": "search", "provider": "index"},
            {"dependent": "shpo", "provider": "app"},
        ],
    }
    service.document(unread)
    name = studied(service)
    rows = {row["name"]: row for row in service.get(f"/studies/{name}/services")["items"]}
    assert {key: row["open_needs"] for key, row in rows.items()} == {"shop": 1, "mail": 0}
    assert rows["shop"]["unavailability"]["method"] == "incomplete" and rows["mail"]["unavailability"]["method"] == "exact"
    areas = {row["name"].rpartition(":")[2]: row for row in service.get(f"/studies/{name}/areas", kind="ci")["items"]}
    assert areas["search"]["open_needs"] == 1 and areas["san"]["open_needs"] == 0
    notes = " ".join(service.get(f"/studies/{name}")["notes"])
    assert "1 service hangs on needs that were not read (1)" in notes and "nobody can tell whose it is" in notes
    said = service.cli("study-show", name, "--part", "services").output
    assert "shop; incomplete: 1" in " ".join(said.split())


def test_a_stated_range_moves_the_total_with_the_draws(service: Service) -> None:
    """Once a year, 4 h, between 4 and 400 h: the expected loss lies among the draws, by service as by CI, and the row says so."""
    app = {"key": "app", "name": "app", "class": "application", "failures_per_year": 1, "repair_hours": 4}
    shop = {"key": "shop", "name": "shop", "class": "business_service", "failures_per_year": 0}
    estate = {"dependencies": [{"dependent": "shop", "provider": "app"}], "services": [{"key": "shop", "money_per_hour": 100}]}
    service.document({**estate, "cis": [shop, {**app, "repair_hours_low": 4, "repair_hours_high": 400}]})
    name = studied(service, worlds=1024, draws=400)
    row = service.get(f"/studies/{name}")
    tables = [service.get(f"/studies/{name}/areas", kind=kind)["items"][0] for kind in ("ci", "service", "class")]
    assert all(area["low"] < area["total"] < area["high"] for area in tables)
    assert len({round(area["first_order"], 6) for area in tables}) == 1
    assert tables[0]["first_order"] == pytest.approx(100 * 40 * 2.6645, rel=0.02)  # median 40 h, spread 1.4: mean 106.6 h
    assert row["money"]["first_order"] == pytest.approx(tables[0]["first_order"])
    assert service.get(f"/studies/{name}/services")["items"][0]["money_first_order"] == pytest.approx(tables[0]["first_order"])
    assert "median" in row["total_range"]["note"] and any("stated ranges count in money" in note for note in row["notes"])
