"""What was not read stays a need: marked on all that hangs on it, in every answer, and gone when it is read."""

from __future__ import annotations

import csv
import json
import os
import random
from typing import Any

import pytest

from tests.seeds import some_quick
from tests.unread_ways import LESS, WAYS, Estate, History, as_document, made_unreadable, random_estate, server

SHOP = {"key": "shop", "name": "Shop", "class": "business_service"}
MONEY = {"key": "shop", "money_per_hour": 100, "customers": 10, "availability_target": 0.9}


def services(service: Any) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in service.get("/services")["items"]}


def test_a_need_of_an_unknown_ci_is_said_by_every_answer(service):
    report = service.csv(
        cis=[SHOP, server("web")],
        dependencies=[{"dependent": "shop", "provider": "web"}, {"dependent": "web", "provider": "db"}],
        services=[MONEY],
    )
    assert report.open_needs == 1 and any("1 of 2 relations (50.0%) were not understood" in text for text in report.warnings)
    assert services(service)["Shop"]["open_needs"] == 1
    blast = service.get("/cis/web/blast-radius")
    assert [hit["open_needs"] for hit in blast["services"]] == [1] and blast["services_incomplete"] == 0
    for question in ("availability", "loss", "goal", "importance", "cut-sets"):
        answer = service.get(f"/services/shop/{question}")
        assert answer["open_needs"] == 1, question
        assert '"exact"' not in json.dumps(answer), question
    goal = service.get("/services/shop/goal")
    assert goal["verdict"] == "undecided" and "at most" in goal["sentence"]
    made = service.post("/simulations", {"cis": ["web"], "duration_hours": 2})
    assert made["services"][0]["open_needs"] == 1
    area = next(row for row in service.get("/areas", kind="service")["items"] if row["label"] == "Shop")
    assert area["open_needs"] == 1
    detail = service.get("/cis/web")
    assert detail["open_needs_total"] == 1 and "no CI answers to 'db'" in detail["open_needs"][0]["reason"]
    findings = {row["kind"]: row for row in service.get("/quality")["findings"]}
    assert findings["need not read"]["count"] == 1 and findings["need not read"]["share"] == pytest.approx(1.0)
    assert "1 known" in service.cli("services").output and "not read" in service.cli("availability", "shop").output
    assert "incomplete: 1 need not read" in service.page("/services") and "incomplete" in service.page("/")
    for command in (
        ["areas", "--kind", "service"],
        ["area", "shop", "--kind", "service"],
        ["blast", "web"],
        ["simulate", "--ci", "web"],
        ["impact", "web"],
        ["loss", "shop"],
        ["goal", "shop"],
        ["importance", "shop"],
        ["cut-sets", "shop"],
        ["service", "show", "shop"],
    ):
        said = service.cli(*command)
        assert said.exit_code == 0 and "incomplete:" in said.output, command


def test_an_outage_of_what_nothing_is_known_to_need_is_no_all_clear(service):
    service.csv(cis=[SHOP, server("lonely")], dependencies=[{"dependent": "shop", "provider": "ghost"}], services=[MONEY])
    blast = service.get("/cis/lonely/blast-radius")
    assert "Incomplete: 1 need not read" in blast["sentence"] and "second path" not in blast["sentence"]
    assert (blast["open_needs"], blast["services_incomplete"]) == (1, 1)
    assert service.get("/impact", id="lonely")["open_needs"] == 1


def test_a_need_is_gone_when_it_is_resolved_by_another_source_or_taken_back(service):
    needs = [{"dependent": "shop", "provider": "db"}, {"dependent": "shop", "provider": "mq"}]
    service.csv("a", cis=[SHOP], dependencies=needs, services=[MONEY])
    assert services(service)["Shop"]["open_needs"] == 2
    service.csv("b", cis=[server("db")])
    assert (services(service)["Shop"]["open_needs"], service.failed("db")) == (1, {"db", "Shop"})
    service.csv("a", cis=[SHOP], dependencies=needs[:1], services=[MONEY])
    assert services(service)["Shop"]["open_needs"] == 0


def test_a_need_of_a_ci_that_went_in_an_earlier_run_stays_a_need(service):
    """What a text meant last counts while that CI goes on, not once it is gone."""
    service.csv("b", cis=[server("w1"), server("w2")])
    service.csv("a", cis=[SHOP], dependencies=[{"dependent": "shop", "provider": "w1"}], services=[MONEY])
    service.csv("b", approve=True, cis=[server("w2")])
    assert services(service)["Shop"]["open_needs"] == 1
    service.csv("b", approve=True, cis=[server("w2"), server("w3")])
    assert services(service)["Shop"]["open_needs"] == 1
    service.csv("b", approve=True, cis=[server("w1"), server("w2"), server("w3")])
    assert services(service)["Shop"]["open_needs"] == 0


def test_a_ci_that_comes_again_under_another_key_and_name_is_known_by_its_serial_number(service):
    service.csv("b", cis=[server("d1", name="db", serial="SN-7F3K")])
    service.csv("a", cis=[SHOP], dependencies=[{"dependent": "shop", "provider": "db"}], services=[MONEY])
    service.csv("b", approve=True, cis=[server("z9", name="other", serial="SN-7F3K")])
    assert service.failed("b:ci:z9") == {"other", "Shop"} and services(service)["Shop"]["open_needs"] == 0
    service.csv("b", approve=True, cis=[server("z9", name="other", serial="N/A")])
    service.csv("b", approve=True, cis=[server("q1", name="third", serial="N/A")])
    assert service.failed("b:ci:q1") == {"third"} and services(service)["Shop"]["open_needs"] == 1


def test_a_group_gets_its_member_back_when_it_comes(service):
    group = {"key": "pair", "dependent": "shop", "needed": 1, "members": "w1|w2"}
    service.csv("a", cis=[SHOP, server("w1")], groups=[group], services=[MONEY])
    shop = services(service)["Shop"]
    assert (shop["single_points"], shop["open_needs"]) == (1, 1)
    service.csv("b", cis=[server("w2")])
    shop = services(service)["Shop"]
    assert (shop["single_points"], shop["open_needs"]) == (0, 0)
    service.csv("b", approve=True, cis=[server("w3")])
    shop = services(service)["Shop"]
    assert (shop["single_points"], shop["open_needs"]) == (1, 1)
    service.csv("b", approve=True, cis=[server("w2"), server("w3")])
    assert services(service)["Shop"]["single_points"] == 0


def test_a_group_none_of_whose_members_resolves_is_an_open_need(service):
    group = {"key": "pair", "dependent": "shop", "needed": 1, "members": "w1|w2"}
    service.csv("a", cis=[SHOP], groups=[group], services=[MONEY])
    assert services(service)["Shop"]["open_needs"] == 1
    service.csv("b", cis=[server("w1"), server("w2")])
    assert (services(service)["Shop"]["open_needs"], service.failed("w1")) == (0, {"w1"})


def test_members_that_become_one_and_are_parted_again(service):
    group = {"key": "pair", "dependent": "shop", "needed": 1, "members": "w1|w2"}
    service.csv("a", cis=[SHOP, server("w1"), server("w2")], groups=[group], services=[MONEY])
    assert service.failed("w1") == {"w1"}
    assert service.cli("merge", "a:ci:w1", "a:ci:w2").exit_code == 0
    assert service.failed("w1") == {"w1", "Shop"} and services(service)["Shop"]["open_needs"] == 0
    findings = {row["kind"]: row for row in service.get("/quality")["findings"]}
    assert "members are one CI" in findings["members are one CI"]["examples"][0]
    assert service.cli("split", "w1", "a:ci:w2").exit_code == 0
    assert service.failed("w1") == {"w1"}


def test_a_negated_gate_marks_its_tree(service):
    gate = {"key": "g", "dependent": "shop", "needed": 1, "members": "w1|w2", "kind": "not"}
    service.csv(cis=[SHOP, server("w1"), server("w2")], groups=[gate], services=[MONEY])
    assert services(service)["Shop"]["open_needs"] == 1
    assert service.get("/services/shop/availability")["unavailability"]["method"] == "incomplete"


def test_a_bad_cell_costs_the_cell(service):
    report = service.csv(
        cis=[SHOP, server("web", repair_hours="about 4")],
        dependencies=[{"dependent": "shop", "provider": "web", "kind": "hard", "weight": "half"}],
        services=[{**MONEY, "mtpd_hours": "soon"}],
    )
    assert report.counts["ci"].rejected == report.counts["dependency"].rejected == report.counts["service"].rejected == 0
    assert {row.field for row in report.rejected} == {"repair_hours", "weight", "mtpd_hours"}
    assert service.failed("web") == {"web", "Shop"} and services(service)["Shop"]["open_needs"] == 2
    repair = next(value for value in service.get("/cis/web")["values"] if value["name"] == "repair_hours")
    assert repair["origin"] == "assumed"


def test_a_class_that_nobody_knows_marks_what_rests_on_it(service):
    """Rates of `other` stand in, which may be lower; where rate and restore time are given the class says nothing."""
    needs = [{"dependent": "shop", "provider": "app"}]
    app = {"key": "app", "name": "app", "class": "gizmo", "failures_per_year": "", "repair_hours": ""}
    service.csv(cis=[SHOP, app], dependencies=needs, services=[MONEY])
    assert services(service)["Shop"]["open_needs"] == 1
    assert "'gizmo' is no class of the table" in service.get("/cis/app")["open_needs"][0]["reason"]
    service.csv(cis=[SHOP, {**app, "failures_per_year": 2, "repair_hours": 1}], dependencies=needs, services=[MONEY])
    assert services(service)["Shop"]["open_needs"] == 0 and service.get("/cis/app")["open_needs"] == []
    service.csv(cis=[SHOP, {**app, "class": "application"}], dependencies=needs, services=[MONEY])
    assert services(service)["Shop"]["open_needs"] == 0


def test_an_old_name_is_found_with_the_revision_until_which_it_held(service):
    service.csv("b", cis=[server("d1", name="db-old")])
    service.csv("a", cis=[SHOP], dependencies=[{"dependent": "shop", "provider": "db-old"}], services=[MONEY])
    service.csv("b", cis=[server("d1", name="db-new")])
    blast = service.get("/cis/db-old/blast-radius")
    assert blast["cis"][0] == {
        "key": "b:ci:d1",
        "name": "db-new",
        "ci_class": "server",
        "alias": "db-old",
        "alias_kind": "until revision 3",
    }
    report = service.csv(
        "a", cis=[SHOP, server("x")], dependencies=[{"dependent": "shop", "provider": "db-old"}], services=[MONEY]
    )
    assert any("until revision 3" in text for text in report.warnings) and service.failed("d1") == {"db-new", "Shop"}


def test_ones_own_source_wins_over_anothers_equal_text(service):
    service.csv("b", cis=[server("77", name="db")])
    service.csv("a", cis=[SHOP, server("9", name="db")], dependencies=[{"dependent": "shop", "provider": "db"}], services=[MONEY])
    assert service.failed("a:ci:9") == {"db", "Shop"} and service.failed("b:ci:77") == {"db"}


# --- observations of single CIs
WATCHED = {"scope": "ci:a:ci:w1", "observed_from": "2025-01-01T00:00:00Z", "observed_until": "2026-01-01T00:00:00Z"}


def watched_years(service: Any, ci: str) -> str:
    rate = next(value for value in service.get(f"/cis/{ci}")["values"] if value["name"] == "failures_per_year")
    return str(rate["evidence"]) if rate["origin"] == "measured" else ""


def test_observations_of_a_ci_follow_a_merge_and_a_split(on_each_store):
    service = on_each_store
    service.csv("z", cis=[server("old", name="w-old")])
    service.csv("a", cis=[server("w1")])
    service.csv(
        "m",
        cis=[server("x")],
        observations=[WATCHED, {**WATCHED, "scope": "ci:z:ci:old", "observed_from": "2024-01-01T00:00:00Z"}],
    )
    assert watched_years(service, "a:ci:w1") == "0 in 1.0 years" and watched_years(service, "z:ci:old") == "0 in 2.0 years"
    assert service.cli("merge", "z:ci:old", "a:ci:w1").exit_code == 0
    assert watched_years(service, "a:ci:w1") == "0 in 2.0 years"
    service.csv("m", cis=[server("x")], observations=[WATCHED])
    assert watched_years(service, "z:ci:old") == "0 in 1.0 years"


def test_observations_of_a_ci_that_goes_wait_for_it(service):
    service.csv("a", cis=[server("w1"), server("w2")])
    later = {"observed_from": "2026-03-01T00:00:00Z", "observed_until": "2026-09-01T00:00:00Z"}
    service.csv("m", cis=[server("x")], observations=[WATCHED, {**WATCHED, **later}])
    assert watched_years(service, "w1") == "0 in 1.5 years"
    service.csv("a", approve=True, cis=[server("w2")])
    assert service.get("/services")["stamp"]["needs_of_nobody"] == 2
    service.csv("a", cis=[server("w1"), server("w2")])
    assert watched_years(service, "w1") == "0 in 1.5 years" and service.get("/services")["stamp"]["needs_of_nobody"] == 0


# --- the law: losing information never lowers a risk without the mark
TRIED, QUICK = int(os.environ.get("FORESTAY_ESTATES_TRIED", "60")), 10
SEEDS = some_quick(QUICK, TRIED)


def brought(service: Any, form: str, estate: Estate, source: str = "a") -> None:
    if form == "csv":
        service.csv(source, approve=True, **{name: rows for name, rows in estate.items() if rows})
    else:
        service.document(as_document(estate), source)


def figures(service: Any) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """Services by key, impact by CI, and what the stamp says of needs that are nobody's."""
    page = service.get("/services")
    rows = {row["key"]: row for row in page["items"]}
    priorities = {}
    for row in service.get("/cis", limit=100)["items"]:
        try:
            priorities[row["key"]] = service.get("/impact", id=row["key"])
        except AssertionError:
            continue  # not assessed
    return rows, priorities, [text for text in page["stamp"]["warnings"] if text.startswith("incomplete")]


@pytest.mark.parametrize("form", ["csv", pytest.param("json", marks=pytest.mark.slow)])
@pytest.mark.parametrize("seed", SEEDS)
def test_no_figure_falls_without_the_mark(make_service, seed, form):
    rng = random.Random(f"{seed} {form}")
    estate = random_estate(rng)
    whole = make_service()
    brought(whole, form, estate)
    before, urgent, already = figures(whole)
    assert not already
    what = made_unreadable(rng, estate)
    spoilt = make_service()
    brought(spoilt, form, estate)
    after, later, nobodys = figures(spoilt)
    if any("nobody can tell" in text for text in nobodys):
        return
    rates_too = not any("incidents were not read" in text for text in nobodys)
    named = {row["name"]: row for row in after.values()}
    for key, row in before.items():
        now = after.get(key) or named.get(row["name"])
        assert now is not None, f"{what}: {key} is no service any more"
        if now["open_needs"]:
            continue
        assert now["single_points"] >= row["single_points"], f"{what}: single points of {key}"
        for name in ("service_hours_per_year", "money_per_year", "customer_hours_per_year") if rates_too else ():
            assert (now[name] or 0) >= (row[name] or 0) * (1 - 1e-12), f"{what}: {name} of {key}"
    for key, answer in urgent.items():
        now = later.get(key)
        if now is None or now["open_needs"] or any(hit["open_needs"] for hit in now["services"]):
            continue
        assert now["priority"] <= answer["priority"], f"{what}: priority of {key}"


def test_the_estates_of_the_property_are_spoilt_in_every_column_and_as_whole_rows():
    said = set()
    for seed in range(4_000):
        rng = random.Random(seed)
        said.add(made_unreadable(rng, random_estate(rng)).partition(":")[0::2])
    columns = {what for what, _ in said}
    assert columns >= {f"{sheet}.{column}" for sheet, ways in WAYS.items() for column in ways if column != "unavailability"}
    assert {(sheet, " the whole row") for sheet in WAYS} | {(sheet, " twice") for sheet in LESS} <= said


def test_a_row_cut_short_is_a_need_of_its_dependent(service, tmp_path):
    service.csv("a", cis=[SHOP, server("db")], services=[MONEY])
    folder = service.folder / "input" / "a"
    with (folder / "dependencies.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["dependent", "provider", "kind"], ["shop", "db"]])
    service.sync("a", "csv", folder)
    assert services(service)["Shop"]["open_needs"] == 1


def test_a_ci_that_is_out_is_no_redundancy(service):
    """A share of 0 is left of it: it is down, not a record with a cell that cannot be read."""
    group = {"key": "pair", "dependent": "shop", "needed": 1, "members": "w1|w2"}
    report = service.csv(cis=[SHOP, server("w1", level_share=""), server("w2", level_share=0)], groups=[group], services=[MONEY])
    assert not report.rejected
    shop = services(service)["Shop"]
    assert (shop["single_points"], shop["open_needs"]) == (1, 0) and service.failed("w1") == {"w1", "Shop"}


# --- a need of which nobody can tell whose it is
def test_a_need_of_a_dependent_nobody_knows_is_said_by_every_answer(service):
    service.csv(
        cis=[SHOP, server("web"), server("lonely")],
        dependencies=[{"dependent": "shop", "provider": "web"}, {"dependent": "shpo", "provider": "lonely"}],
        services=[MONEY],
    )
    said = "1 need or value was not read of which nobody can tell whose it is"
    for question in (
        "/services",
        "/services/shop",
        "/services/shop/availability",
        "/services/shop/loss",
        "/services/shop/goal",
        "/areas",
        "/cis/lonely/blast-radius",
        "/cis/lonely",
        "/quality",
    ):
        stamp = service.get(question)["stamp"]
        assert stamp["needs_of_nobody"] == 1 and any(said in text for text in stamp["warnings"]), question
    assert service.get("/impact", id="lonely")["stamp"]["needs_of_nobody"] == 1
    for command in (
        ["services"],
        ["areas"],
        ["blast", "lonely"],
        ["availability", "shop"],
        ["service", "show", "shop"],
        ["loss", "shop"],
        ["impact", "lonely"],
        ["quality"],
    ):
        assert said in " ".join(service.cli(*command).output.split()), command
    for page in ("/", "/services", "/quality", "/service", "/ci"):
        assert said in service.page(page, **({"key": "shop"} if page in ("/service", "/ci") else {})), page
    found = {row["kind"]: row for row in service.get("/quality")["findings"]}
    assert "need not read" not in found
    assert found["need of nobody known"]["count"] == 1 and found["need of nobody known"]["share"] == pytest.approx(0.5)
    assert "shpo -> lonely" in found["need of nobody known"]["examples"][0]


# --- a pair that may be one CI is no proven redundancy
PAIR = {"key": "pair", "dependent": "shop", "needed": 1, "members": "a:ci:w1|b:ci:w2"}


def doubtful_pair(service: Any) -> None:
    """Two sources, one serial number, two full DNS names."""
    service.csv("a", cis=[SHOP, server("w1", name="web-1", serial="SN-7F3K", fqdn="web-1.example.com")], services=[MONEY])
    service.csv("b", cis=[server("w2", name="web-2", serial="SN-7F3K", fqdn="web-2.example.com")])


def test_a_group_of_two_that_may_be_one_is_marked_until_a_person_decides(on_each_store):
    service = on_each_store
    doubtful_pair(service)
    found = {row["kind"]: row for row in service.get("/quality")["findings"]}["may be one CI"]
    assert found["count"] == 1 and "web-1 and web-2 may be one CI" in found["examples"][0]
    assert services(service)["Shop"]["open_needs"] == 0
    service.csv("c", groups=[PAIR], cis=[server("x")])
    shop = services(service)["Shop"]
    assert (shop["single_points"], shop["open_needs"]) == (0, 1)
    need = service.get("/cis/shop")["open_needs"][0]
    assert "members web-1 and web-2 may be one CI: both have serial SN-7F3K" in need["reason"]
    assert service.get("/services/shop/availability")["unavailability"]["method"] == "incomplete"
    assert service.cli("suggestions", "--look").exit_code == 0
    pair = service.get("/suggestions")["items"][0]
    assert service.cli("refuse", pair["suggestion"]).exit_code == 0
    assert services(service)["Shop"]["open_needs"] == 0 and service.failed("a:ci:w1") == {"web-1"}
    assert "may be one CI" not in {row["kind"] for row in service.get("/quality")["findings"]}
    service.csv("c", groups=[PAIR], cis=[server("x"), server("y")])
    service.csv("b", cis=[server("w2", name="web-2", serial="SN-7F3K", fqdn="web-2.example.com", repair_hours=5)])
    assert services(service)["Shop"]["open_needs"] == 0


def test_a_doubtful_pair_that_is_accepted_is_a_single_point(service):
    service.csv("c", groups=[PAIR], cis=[server("x")])
    doubtful_pair(service)
    assert services(service)["Shop"]["open_needs"] == 1
    assert service.cli("merge", "a:ci:w1", "b:ci:w2").exit_code == 0
    assert service.failed("a:ci:w1") == {"web-1", "Shop"} and services(service)["Shop"]["open_needs"] == 0


def test_a_doubt_ends_with_what_it_rests_on(service):
    service.csv("c", groups=[PAIR], cis=[server("x")])
    doubtful_pair(service)
    service.csv("b", cis=[server("w2", name="web-2", serial="SN-9Q1Z", fqdn="web-2.example.com")])
    assert services(service)["Shop"]["open_needs"] == 0
    service.csv("b", cis=[server("w2", name="web-2", serial="SN-7F3K", fqdn="web-2.example.com")])
    assert services(service)["Shop"]["open_needs"] == 1
    service.csv("c", groups=[{**PAIR, "members": "a:ci:w1|x"}], cis=[server("x")])
    assert services(service)["Shop"]["open_needs"] == 0


# --- the law over histories
def history(make_service: Any, seed: int, rounds: int = 6) -> None:
    """Whatever came and went before, no service is safer than where the same inputs are all that was ever read, unless it is
    marked."""
    told = History(random.Random(f"history {seed}"))
    kept = make_service()
    now = {source: told.half(source) for source in "ab"}
    for source in "ab":
        brought(kept, "csv", now[source], source)
    for step in range(rounds):
        source = told.next()
        now[source] = told.half(source)
        brought(kept, "csv", now[source], source)
        fresh = make_service()
        for other in "ab":
            brought(fresh, "csv", now[other], other)
        (after, _, nobodys), (before, _, unknown) = figures(kept), figures(fresh)
        mine = {row["name"]: row for row in after.values()}
        assert bool(nobodys) or not unknown or told.renamed, f"step {step}"
        for row in before.values():
            one = mine[row["name"]]
            if (
                one["open_needs"] or nobodys or (told.renamed and row["open_needs"])
            ):  # names of the past are known here, and not there
                continue
            assert not row["open_needs"], f"step {step}: {row['name']} is not marked"
            assert one["single_points"] >= row["single_points"], f"step {step}: {row['name']}"
            assert (one["service_hours_per_year"] or 0) >= (row["service_hours_per_year"] or 0) * (1 - 1e-9), f"step {step}"


@pytest.mark.parametrize("seed", some_quick(1, 2))
def test_needs_that_come_and_go_are_never_lost(make_service, seed):
    history(make_service, seed, 3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 24))
def test_needs_that_come_and_go_are_never_lost_over_many_runs(make_service, seed):
    history(make_service, seed)
