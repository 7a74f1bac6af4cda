"""Small inputs with the right answer (`../shared/cases`), through the command line; `expected.md` of each says why."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import main

pytestmark = pytest.mark.shared
CASES = Path(os.environ.get("FORESTAY_SHARED") or Path(__file__).parents[2].parent / "shared") / "cases"


class Case:
    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder / name
        shutil.copytree(next(CASES.glob(f"{name}-*")), self.folder)

    def run(self, *arguments: str, fails: bool = False) -> Result:
        result = CliRunner().invoke(main, ["--data", str(self.folder / "data"), *arguments])
        assert (result.exit_code != 0) == fails, result.output
        return result

    def ask(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)

    def load(self, place: str, name: str, *more: str, kind: str = "csv") -> str:
        return self.run("import", kind, str(self.folder / place), "--name", name, *more).output

    def keys(self) -> set[str]:
        return {row["key"] for row in self.ask("cis")["items"]}

    def services(self) -> dict[str, Any]:
        return {row["name"]: row for row in self.ask("services")["items"]}

    def stopped(self, *cis: str) -> set[str]:
        return {hit["name"] for hit in self.ask("blast", *cis)["services"] if hit["state"] == "down"}


@pytest.fixture
def case(tmp_path):
    return lambda name: Case(name, tmp_path)


def test_01_a_cloned_machine_is_two(case):
    found = case("01")
    found.load("b", "b")
    said = found.load("a", "a")
    assert "not merged by uuid" in said and found.keys() == {"b:ci:vm-b", "a:ci:vm-a", "a:ci:shop"}
    blast = found.ask("blast", "pay-a.north.example")
    assert not blast["services"] and blast["redundancy_used_up"][0]["left"] == ["b:ci:vm-b"]
    assert (
        blast["services_incomplete"] == 1
    )  # the pair may be one: its redundancy is not proven until a person says that they are two
    assert {row["a"] for row in found.ask("suggestions", "--look")["items"]} == {"a:ci:vm-a"}


@pytest.mark.parametrize("place", ["junk", "blade", "pdu", "vpn"])
def test_02_what_an_identifier_in_common_does_not_join(case, place):
    found = case("02")
    found.load(f"{place}/a", "a")
    said = found.load(f"{place}/b", "b")
    assert len(found.keys()) == 2 and (place == "junk" or "not merged by" in said)


def test_03_a_group_whose_members_are_one(case):
    found = case("03")
    found.load("a", "a")
    assert "members are one CI" in found.run("merge", "a:ci:w1", "a:ci:w2").output
    for _ in range(2):
        assert found.stopped("w1") == {"Shop"} and found.services()["Shop"]["single_points"] == 1
        assert found.ask("blast", "w1")["money_per_hour"] == 100
        found.run("sync", "a")


def test_04_a_group_with_an_unknown_member(case):
    found = case("04")
    assert "1 of 2 members unknown" in found.load("a", "a")
    assert found.stopped("web-1") == {"Shop"} and found.stopped("w1") == found.stopped("w2") == {"Blog"}
    assert found.ask("impact", "web-1")["priority"] != "5"
    assert {row["open_needs"] for row in found.services().values()} == {1}
    finding = next(row for row in found.ask("quality")["findings"] if row["kind"] == "need not read")
    assert finding["count"] == 2 and finding["impact"] > 0


def test_05_refused_relations_are_no_all_clear(case):
    found = case("05")
    found.load("a", "a")
    blast = found.ask("blast", "lonely")
    assert not blast["services_incomplete"] or "as far as was read" in blast["sentence"]


@pytest.mark.parametrize(("gate", "alone"), [("OrJunction", set()), ("AndJunction", {"tickets"})])
def test_11_a_junction_is_a_need(case, gate, alone):
    found = case("11")
    model = found.folder / "m.xml"
    model.write_text(model.read_text().replace("OrJunction", gate))
    found.load("m.xml", "ea", "--complete", kind="archimate")
    assert found.stopped("payA") == alone and found.stopped("payA", "payB") == {"tickets"}


@pytest.mark.parametrize("first", ["b", "a"])
def test_13_a_reference_of_another_source_is_resolved_again(case, first):
    found = case("13")
    for name in (first, "a" if first == "b" else "b"):
        found.load("b1" if name == "b" else "a", name, "--complete")
    assert found.stopped("db1.corp.example") == {"Shop"}
    shutil.rmtree(found.folder / "b1")
    (found.folder / "b2").rename(found.folder / "b1")
    found.run("sync", "b", "--complete", "--approve")
    assert found.stopped("db1.corp.example") == {"Shop"} and found.services()["Shop"]["open_needs"] == 0


def test_16_a_need_of_a_retired_ci(case):
    found = case("16")
    found.load("a", "a")
    assert found.services()["Shop"]["open_needs"] == 1
    assert found.ask("availability", "shop")["availability"]["method"] == "incomplete"
    finding = next(row for row in found.ask("quality")["findings"] if row["kind"] == "need of what is not active")
    assert finding["examples"] == ["a:ci:shop -> a:ci:db (retired, production)"]


def test_21_a_bad_cell_costs_the_cell(case):
    found = case("21")
    assert "about 4" in found.load("a", "a")
    assert found.stopped("db") == {"shop"} or found.stopped("db") == {"Shop"}
    assert {row["open_needs"] for row in found.services().values()} == {1}


def value_of(found: Case, ci: str, name: str) -> dict[str, Any]:
    return next(value for value in found.ask("ci", ci)["values"] if value["name"] == name)


def test_06_three_tickets_of_one_outage_are_one_failure(case):
    found = case("06")
    found.load("a", "a")
    first, second = (value_of(found, name, "failures_per_year") for name in ("s1", "s2"))
    assert first["value"] == second["value"] and first["evidence"] == second["evidence"] == "1 in 0.9 years"


def test_08_times_that_are_none_are_refused_with_what_they_are(case):
    found = case("08")
    said = found.load("a", "a")
    assert "20260310 looks like a date" in said and "1773136800000 looks like milliseconds" in said
    assert value_of(found, "s1", "failures_per_year")["evidence"] == "1 in 1.8 years"


def test_10_one_spelling_of_letters_and_blanks(case):
    found = case("10")
    said = found.load("a", "a")
    assert "rejected" not in said.replace("rejected  closes", "")
    for name in ("web-1", "m\u00fcnchen", "mu\u0308nchen", "b 1", "b\u00a01", "dots"):
        assert found.stopped(name) == {"Shop"}, name
    assert found.services()["Shop"]["open_needs"] == 0


def test_29_templates_and_yaml_that_is_no_catalog_are_ignored_and_counted(case, monkeypatch):
    monkeypatch.setenv("COLUMNS", "240")  # no cell of the table is wrapped
    found = case("29")
    (found.folder / "cat" / "ci.yaml").write_text("stages: [build]\nbuild: {script: make}\n")
    (found.folder / "cat" / "broken.yaml").write_text("{% if values.docs %}\nsite_name: ${{ values.name }}\n")
    bad = (
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: 'two words'}\nspec: {type: service, owner: team}\n"
    )
    (found.folder / "cat" / "bad.yaml").write_text(bad)
    said = found.run("import", "backstage", str(found.folder / "cat"), "--name", "bs", "--complete", fails=True).output
    assert "1 template that nobody filled in" in said and "2 YAML that is no catalog" in said
    assert "'two words' is no name in Backstage" in said and "write the value out" in said
    known = found.keys()
    assert known and not any("values.name" in key or "two" in key for key in known)


def test_05_nothing_depends_on_it(case):
    found = case("05")
    found.load("a", "a")
    assert found.ask("blast", "lonely")["sentence"].startswith("Nothing is known to depend on lonely")
    row = next(row for row in found.ask("areas")["items"] if row["label"] == "lonely")
    assert "second path" not in row["reason"]


def test_14_a_service_at_a_part_counts_by_its_share(case):
    found = case("14")
    found.load("a", "a")
    impact, blast = found.ask("impact", "big"), found.ask("blast", "big")
    assert blast["money_per_hour"] == impact["money_per_hour"] == pytest.approx(60)
    assert impact["impact"] != "none" and impact["priority"] != "5"
    assert impact["customers"] == pytest.approx(6) and (impact["services_down"], impact["services_degraded"]) == (0, 1)
    assert blast["sentence"] == "If big fails, 1 service works at a part."


def test_17_an_unknown_number_never_lowers_a_priority(case):
    found = case("17")
    found.load("a", "a")
    impact = found.ask("impact", "db")
    assert (impact["impact"], impact["urgency"], impact["priority"]) == ("high", "unknown", "2")
    assert "at least" in impact["priority_row"] and "nobody gave the MTPD" in impact["priority_row"]


def test_22_hours_above_a_year_are_corrected(case):
    found = case("22")
    found.load("a", "a")
    said = "outages overlap: 40,000 hours a year to first order are 8,349 of down time"
    assert found.services()["Shop"]["overlap"] == said
    assert "outages overlap" in " ".join(found.run("services").output.split())
    assert said in found.ask("areas", "--kind", "service")["items"][0]["reason"]


def test_24_down_at_rest_is_said_in_place_of_zeros(case):
    found = case("24")
    found.load("a", "a")
    goal, loss, availability = found.ask("goal", "S"), found.ask("loss", "S"), found.ask("availability", "S")
    assert "down in the state at rest" in goal["sentence"] and goal["bad_minutes_per_year"]["value"] == 525_960
    assert goal["availability"]["value"] == 0 and goal["verdict"] == "missed"
    for told in (loss["money_total"], loss["hours_first_order"], availability["lost_share"]):
        assert told["value"] is None and "down in the state at rest" in told["note"]
    assert found.ask("cut-sets", "S")["items"] == [] and "down in the state at rest" in found.ask("cut-sets", "S")["notes"][0]
    reasons = {row["label"]: row["reason"] for row in found.ask("areas")["items"]}
    assert "second path" not in reasons["A"] and "second path" not in reasons["B"]
    (service,) = found.ask("areas", "--kind", "service")["items"]
    assert "down in the state at rest" in service["reason"]
