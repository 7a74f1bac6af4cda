"""What-if over time through the public ways in: selectors, states, losses, stored scenarios, the page, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.api.schemas.scenarios import DemandQuestion, ScenarioQuestion, SelectorQuestion, StepQuestion
from app.domain.errors import InvalidInput
from app.domain.scenario_text import parse_scenario
from app.usecases.scenarios.document import schema
from tests.e2e.conftest import Service

CIS: list[dict[str, Any]] = [
    {"key": "shop", "class": "application", "repair_hours": 0.5, "restart_hours": 0.25, "team": "web"},
    {"key": "crm", "class": "application", "repair_hours": 1, "team": "web"},
    {"key": "db", "class": "database", "repair_hours": 2, "restart_hours": 0.5, "team": "data", "supplier": "Ora"},
    {"key": "disk", "class": "storage", "repair_hours": 24, "team": "storage", "site": "north"},
    {"key": "a", "class": "server", "repair_hours": 4, "site": "north"},
    {"key": "b", "class": "server", "repair_hours": 100, "site": "south"},
    {"key": "spare", "class": "server", "repair_hours": 1, "site": "south"},
    {"key": "rack1", "class": "rack"},
]
NEEDS = [
    {"dependent": "shop", "provider": "db"},
    {"dependent": "db", "provider": "disk"},
    {"dependent": "a", "provider": "rack1"},
]
GROUPS = [{"key": "g", "dependent": "crm", "needed": 1, "members": "a|b"}]
SERVICES = [
    {"key": "shop", "rto_hours": 2, "mtpd_hours": 4, "money_per_hour": 100, "customers": 10},
    {"key": "crm", "rto_hours": 8, "money_per_hour": 10, "customers": 5},
]


@pytest.fixture
def estate(service: Service) -> Service:
    service.csv(cis=[{**ci, "failures_per_year": 1} for ci in CIS], dependencies=NEEDS, groups=GROUPS, services=SERVICES)
    return service


def play(estate: Service, text: str, **more: Any) -> Any:
    return estate.post("/timelines", {"text": text, **more}, 200)


def refused(estate: Service, text: str) -> tuple[int, str]:
    answer = estate.client.post("/api/v1/timelines", json={"text": text})
    return answer.status_code, answer.get_json()["detail"]


def states(answer: Any) -> dict[str, list[tuple[float, float, str]]]:
    return {row["name"]: [(s["from_hours"], s["to_hours"], s["state"]) for s in row["stretches"]] for row in answer["services"]}


def test_states_losses_breaches_and_recovery(estate: Service) -> None:
    answer = play(estate, "t=1h fail ci:disk for 3h; t=2h fail ci:db")
    # the disk is back at 4, then the database is repaired in 2 h, then the shop starts in .25
    assert states(answer) == {"shop": [(1.0, 6.0, "down"), (6.0, 6.25, "recovering")]}
    shop = answer["services"][0]
    assert (shop["hours_down"], shop["money"], shop["customer_hours"]) == (5.25, 525.0, 52.5)
    assert (shop["rto_breached_at_hours"], shop["mtpd_breached_at_minutes"]) == (3.0, 300)
    assert [step["key"].rpartition(":")[2] for step in shop["critical_path"]] == ["disk", "db", "shop"]
    assert [(step["begun_hours"], step["back_hours"]) for step in shop["critical_path"]] == [(1.0, 4.0), (4.0, 6.0), (6.0, 6.25)]
    assert [step["name"] for step in shop["path"]] == ["disk", "db", "shop"]
    assert [(row["name"], row["back_at_hours"]) for row in answer["recovery"]] == [("disk", 4.0), ("db", 6.0), ("shop", 6.25)]
    calls = {(call["kind"], call["name"]): call["minutes"] for call in answer["calls"]}
    assert calls == {("team", "storage"): 240, ("team", "data"): 180, ("supplier", "Ora"): 180, ("supplier", ""): 240}
    assert (answer["mtpd_breaches"], answer["rto_breaches"], answer["end_hours"]) == (1, 1, 6.25)
    assert [m["at_hours"] for m in answer["moments"]] == [1.0, 4.0, 6.0, 6.25]
    assert [m["money"] for m in answer["moments"]] == [0.0, 300.0, 500.0, 525.0]


def test_redundancy_is_used_up_stopped_added_and_taken_away(estate: Service) -> None:
    used = play(estate, "t=0 fail ci:a for 2h")
    assert (used["services_total"], used["redundancy_used_up_total"]) == (0, 1)
    assert [row["service_name"] for row in used["one_failure_away"]] == ["crm"]
    assert states(play(estate, "t=0 block ci:crm; t=0 fail ci:a for 2h")) == {"crm": [(0.0, 2.0, "down")]}
    assert states(play(estate, "t=0 remove ci:b from g; t=1h fail ci:a for 2h")) == {"crm": [(1.0, 3.0, "down")]}
    both = "t=1h fail ci:a ci:b for 2h"
    assert states(play(estate, both)) == {"crm": [(1.0, 3.0, "down")]}
    assert states(play(estate, f"t=0 add ci:spare to g; {both}")) == {}
    gone = play(estate, "t=0 remove ci:a ci:b from g")
    assert (states(gone)["crm"], gone["open_ended"]) == ([(0.0, 72.0, "down")], True)


def test_selectors(estate: Service) -> None:
    def named(text: str) -> list[str]:
        return sorted(ci["name"] for ci in play(estate, f"t=0 fail {text} for 1h")["steps"][0]["cis"])

    assert named("site:north") == ["a", "disk"]
    assert named("class:server") == ["a", "b", "spare"]
    assert named("team:web supplier:Ora") == ["crm", "db", "shop"]
    assert named("rack:rack1") == ["a", "rack1"]
    assert named("hangs_on:disk") == ["db", "disk", "shop"]
    assert len(named("environment:production")) == len(CIS)
    status, detail = refused(estate, "t=0 fail site:nowhere")
    assert (status, "step 1, site:nowhere" in detail) == (404, True)
    document = {**parse_scenario("t=0 fail site:nowhere ci:db for 1h"), "nothing": "warning"}
    answer = estate.post("/timelines", {"scenario": document}, 200)
    assert (len(answer["warnings"]), answer["services_down"]) == (1, 1)


def test_difference_to_another_scenario(estate: Service) -> None:
    answer = play(estate, "t=0 fail ci:db for 4h", compare=parse_scenario("t=0 fail ci:db for 1h"))
    row = answer["compared"]["services"][0]
    assert (row["name"], row["hours_down"], row["other_hours_down"], row["money_difference"]) == ("shop", 4.25, 1.25, -300.0)


def test_demand_weighs_customers_and_money(estate: Service) -> None:
    week = [1.0] * 168
    week[3] = 5.0  # Monday 03:00
    document = {
        **parse_scenario("t=0 fail ci:shop for 2h"), "start_at": "2026-11-30T02:00:00+00:00", "demand": {"week": week},
    }  # fmt: skip
    answer = estate.post("/timelines", {"scenario": document}, 200)
    assert (answer["money"], answer["customer_hours"], answer["steps"][0]["at"]) == (600.0, 60.0, "2026-11-30T02:00:00+00:00")


def test_pages_hold_the_whole(estate: Service) -> None:
    answer = play(estate, "t=0 fail class:server ci:db for 1h", limit=1)
    assert (len(answer["services"]), answer["services_total"], answer["truncated"]) == (1, 2, True)
    more = play(estate, "t=0 fail class:server ci:db for 1h", limit=1, after=answer["next"])
    assert {row["name"] for row in answer["services"] + more["services"]} == {"shop", "crm"}
    assert (more["money"], more["services_total"]) == (answer["money"], 2)


def test_stored_scenarios_are_versioned_copied_and_played(estate: Service) -> None:
    client = estate.client
    put = lambda text, **headers: client.put("/api/v1/scenarios/ex1", json={"text": text}, headers=headers)  # noqa: E731
    assert put("t=0 fail ci:db").status_code == 428
    first = put("t=0 fail ci:db", **{"If-None-Match": "*"})
    assert (first.status_code, first.get_json()["version"]) == (200, 1)
    assert put("t=0 fail ci:db", **{"If-None-Match": "*"}).status_code == 412
    tag = client.get("/api/v1/scenarios/ex1").headers["ETag"]
    second = put("t=0 fail ci:disk for 1h", **{"If-Match": tag})
    assert second.get_json()["version"] == 2
    assert put("t=0 fail ci:a", **{"If-Match": tag}).status_code == 412
    assert estate.get("/scenarios/ex1", version=1)["scenario"]["steps"][0]["select"] == [{"ci": "db"}]
    assert [row["version"] for row in estate.get("/scenarios/ex1/versions")["items"]] == [2, 1]
    copied = estate.post("/scenarios/ex1/copy", {"to": "ex2", "version": 1})
    assert (copied["name"], copied["copied_from"]) == ("ex2", "ex1@1")
    played = estate.post("/scenarios/ex1/run", {"compare_with": "ex2"}, 200)
    assert (played["services_down"], played["compared"]["services_total"]) == (1, 1)
    row = estate.get("/scenarios")["items"][0]
    assert (row["name"], row["exercises"], row["sentence"]) == ("ex1", 1, played["sentence"])
    assert estate.get("/exercises")["items"][0]["version"] == 2
    assert client.delete("/api/v1/scenarios/ex1").status_code == 200
    assert [row["name"] for row in estate.get("/scenarios")["items"]] == ["ex2"]
    acts = [entry["action"] for entry in estate.get("/audit")["items"]]
    assert acts.count("scenario written") == 3 and {"scenario played", "scenario removed"} <= set(acts)


def test_limits_are_named(estate: Service) -> None:
    many = "; ".join(f"t={n} fail ci:db for 1h" for n in range(201))
    status, detail = refused(estate, many)
    assert (status, "limits.scenario_steps" in detail) == (422, True)
    selectors = " ".join(["ci:db"] * 1001)
    status, detail = refused(estate, f"t=0 fail {selectors}")
    assert (status, "limits.scenario_selectors" in detail) == (422, True)


def test_time_that_is_over_is_named_at_the_command_line_as_well(
    make_service: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = make_service(FORESTAY_LIMITS_SCENARIO_SECONDS="0.000001")
    service.csv(cis=[{"key": "db"}], services=[{"key": "db"}])
    answer = service.client.post("/api/v1/timelines", json={"text": "t=0 fail ci:db for 1h"})
    assert (answer.status_code, "limits.scenario_seconds" in answer.get_json()["detail"]) == (503, True)
    monkeypatch.setenv("FORESTAY_LIMITS_SCENARIO_SECONDS", "0.000001")
    told = service.cli("simulate", "t=0 fail ci:db for 1h")
    assert told.exit_code != 0 and "limits.scenario_seconds" in told.output + told.stderr


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("t=0 fial ci:x", "character 5 'fial'"),
        ("fail ci:x", "character 1 'fail'"),
        ("t=soon fail ci:x", "character 1 't=soon'"),
        ("t=0 fail", "character 9"),
        ("t=0 fail nobody:x", "character 10 'nobody:x'"),
        ("t=0 fail ci:", "character 10 'ci:'"),
        ("t=0 degrade ci:x", "character 17"),
        ("t=0 degrade ci:x to half", "character 21 'half'"),
        ('t=0 fail ci:"x', "character 13"),
        ("t=0 add ci:x", "character 13"),
        ("t=0 fail ci:x; t=1 restore ci:x for 2h", "character 33 'for'"),
    ],
)
def test_errors_of_the_text_form_name_the_place(text: str, place: str) -> None:
    with pytest.raises(InvalidInput) as error:
        parse_scenario(text)
    assert place in error.value.message


def test_the_published_schema_is_that_of_the_api() -> None:
    kinds = schema()["$defs"]
    for name, question in (
        ("Scenario", ScenarioQuestion), ("ScenarioStep", StepQuestion), ("Selector", SelectorQuestion),
        ("DemandProfile", DemandQuestion),
    ):  # fmt: skip
        assert set(kinds[name]["properties"]) == set(question().fields), name


def test_page_and_command_line_say_the_same(estate: Service) -> None:
    text = "t=0 fail ci:disk for 5h"
    answer = play(estate, text)
    page = estate.page("/what-if", scenario=text)
    assert answer["sentence"] in page and '<rect class="down"' in page
    assert answer["sentence"] in " ".join(estate.cli("simulate", text).output.split())
    wrong = estate.client.get("/what-if?scenario=t%3D0+fial+ci%3Adisk")
    assert (wrong.status_code, "character 5" in wrong.get_data(as_text=True)) == (422, True)
    assert "Stored scenarios" not in estate.page("/what-if")
    estate.cli("scenario", "write", "night", text)
    assert "night" in estate.page("/what-if") and answer["sentence"] in estate.page("/what-if", scenario="night")
