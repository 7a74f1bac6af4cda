"""What a run says and keeps: states and exit codes, numbers, what ended, corrections, settings, whose source is read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.settings import load_settings
from app.wsgi import create_app


class Shop:
    def __init__(self, home: Path) -> None:
        self.home, self.place = home, home / "in"
        self.place.mkdir()

    def sheet(self, name: str, *lines: str, place: str = "in") -> None:
        (self.home / place).mkdir(exist_ok=True)
        (self.home / place / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")

    def run(self, *arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(main, ["--data", str(self.home / "data"), *arguments])
        assert result.exit_code == code, result.output
        return result

    def ask(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path)
    shop.sheet("cis", "key,class", "shop,business_service", *(f"s{n},server" for n in range(6)))
    shop.sheet("dependencies", "dependent,provider", *(f"shop,s{n}" for n in range(6)))
    return shop


def test_a_read_that_is_cut_is_partial_and_ends_with_a_code(shop):
    shop.run("import", "csv", str(shop.place), "--no-assess")
    shop.sheet("cis", "key,class,name", "shop,business_service,Shop", 's0,server,"never closed', "s1,server,x", "s2,server,y")
    said = shop.run("sync", "csv", "--complete", "--no-assess", code=1).output
    assert "csv: partial" in said and "a quote opens in line 3 and is not closed" in said
    assert shop.ask("runs", "list")[0]["state"] == "partial" and "cis" in shop.ask("source", "list")[0]["incomplete"]
    assert {row["key"] for row in shop.ask("cis")["items"]} == {"csv:ci:shop", *(f"csv:ci:s{n}" for n in range(6))}


def test_dependencies_that_end_are_named(shop):
    shop.run("import", "csv", str(shop.place), "--no-assess")
    shop.sheet("dependencies", "dependent,provider", *(f"shop,s{n}" for n in range(4)))
    said = shop.run("sync", "csv", "--complete", "--approve", "--no-assess").output
    assert "dependencies of csv that ended" in said and "csv:ci:shop -> csv:ci:s5 (hard)" in said
    assert len(shop.ask("runs", "show", "2")["ended"]) == 2


def test_a_held_run_that_another_replaced_is_not_held_and_numbers_are_those_people_see(shop):
    shop.run("import", "csv", str(shop.place), "--no-assess")
    shop.sheet("cis", "key,class", "shop,business_service", "s0,server")
    assert "5 of the 6 records this source has" in shop.run("sync", "csv", "--complete", code=3).output
    shop.sheet("cis", "key,class", "shop,business_service", "s0,server", "s1,server")
    shop.run("sync", "csv", "--complete", code=3)
    rows = {row["run_id"]: row["state"] for row in shop.ask("runs", "list")}
    assert rows == {"1": "done", "2": "replaced", "3": "held"}
    client = create_app(load_settings(data_folder=shop.home / "data")).test_client()
    assert client.get("/api/v1/runs/2").json["state"] == "replaced"
    assert [row["run_id"] for row in client.get("/api/v1/runs?limit=2").json["items"]] == ["3", "2"]
    assert (
        client.get(f"/api/v1/runs?limit=2&after={client.get('/api/v1/runs?limit=2').json['next']}").json["items"][0]["run_id"]
        == "1"
    )
    assert client.get("/api/v1/sources/csv").json["listed_run"] == "3"
    page = client.get("/sources").get_data(as_text=True)
    assert "Run 3 of csv" in page and "Run 2 of csv" not in page
    assert "Run 3 of csv" in client.get("/run?id=3").get_data(as_text=True)


def test_another_place_under_a_name_that_is_taken_asks_for_a_name(shop):
    shop.run("import", "csv", str(shop.place), "--no-assess")
    shop.sheet("cis", "key", "x", place="other")
    said = shop.run("import", "csv", str(shop.home / "other"), "--no-assess", code=1).output
    assert "--name" in said and str(shop.place) in said
    assert shop.ask("source", "list")[0]["location"] == str(shop.place)
    shop.run("import", "csv", str(shop.home / "other"), "--name", "other", "--no-assess")
    shop.run("import", "csv", str(shop.place), "--no-assess")


def test_a_setting_is_changed_and_the_others_stay(shop):
    shop.sheet("cis", "key;class;repair_hours", "shop;business_service;", "s0;server;4,5")
    shop.run("source", "add", "cmdb", "csv", str(shop.place), "--set", "list_separator=/")
    assert "decimal=," in shop.run("source", "set", "cmdb", "decimal=,").output.replace('"', "")
    assert shop.ask("source", "list")[0]["settings"] == {"decimal": ",", "list_separator": "/"}
    shop.run("source", "set", "cmdb", "decimal=x", code=1)
    shop.run("source", "set", "cmdb", "list_separator=null", "--priority", "7")
    found = shop.ask("source", "list")[0]
    assert found["settings"] == {"decimal": ","} and found["priority"] == 7
    client = create_app(load_settings(data_folder=shop.home / "data")).test_client()
    changed = client.patch("/api/v1/sources/cmdb", json={"schedule": "every 1h", "location": str(shop.home / "data" / "input")})
    assert changed.status_code == 400 or changed.json["schedule"] == "every 1h"


def test_a_correction_belongs_to_the_ci_and_outlives_the_record_that_founded_it(shop):
    shop.sheet("cis", "key,class,serial", "web,server,7XK2AB", place="a")
    shop.sheet("cis", "key,class,serial", "w1,server,7XK2AB", "w2,server,9QQ1ZZ", place="b")
    for name in ("a", "b"):
        shop.run("import", "csv", str(shop.home / name), "--name", name, "--no-assess")
    shop.run("correct", "web", "team=night")
    assert "did you mean" in shop.run("correct", "web", "taem=night", code=1).output
    shop.run("correct", "web", "hue=blue", "--new-attribute")

    def team() -> str:
        return shop.ask("ci", "w1")["team"]

    shop.sheet("cis", "key,class,serial", "other,server,5PP0AA", place="a")
    shop.run("sync", "a", "--complete", "--approve", "--no-assess")
    assert team() == "night"
    for name in ("a", "b"):
        shop.run("sync", name, "--full", "--no-assess")
        assert team() == "night"
    shop.sheet("cis", "key,class,serial,team", "web,server,7XK2AB,day", place="a")
    shop.run("sync", "a", "--no-assess")
    assert team() == "night" and shop.ask("ci", "web")["key"] == shop.ask("ci", "w1")["key"]
    shop.run("correct", "w1", "team=", "hue=")
    assert team() == "day"


def test_pods_come_and_go_by_their_net_loss(shop):
    shop.sheet("cis", "key,class", "shop,business_service", *(f"pod-a{n},container" for n in range(60)))
    shop.sheet("dependencies", "dependent,provider", *(f"shop,pod-a{n}" for n in range(60)))
    shop.run("import", "csv", str(shop.place), "--no-assess")
    shop.sheet("cis", "key,class", "shop,business_service", *(f"pod-b{n},container" for n in range(58)))
    shop.sheet("dependencies", "dependent,provider", *(f"shop,pod-b{n}" for n in range(58)))
    shop.run("sync", "csv", "--complete", "--no-assess")
    shop.sheet("cis", "key,class", "shop,business_service", *(f"pod-c{n},container" for n in range(10)))
    shop.sheet("dependencies", "dependent,provider", *(f"shop,pod-c{n}" for n in range(10)))
    said = shop.run("sync", "csv", "--complete", "--no-assess", code=3).output
    assert "48 of the 58 records this source has would be retired (net: 58 go, 10 are new)" in said


def test_a_class_can_be_declared_short_lived(shop, monkeypatch):
    monkeypatch.setenv("FORESTAY_MODEL_SHORT_LIVED", "server")
    shop.run("import", "csv", str(shop.place), "--no-assess")
    shop.sheet("cis", "key,class", "shop,business_service", *(f"t{n},server" for n in range(6)))
    shop.sheet("dependencies", "dependent,provider", *(f"shop,t{n}" for n in range(6)))
    shop.run("sync", "csv", "--complete", "--no-assess")


def test_half_a_character_refuses_one_record(shop):
    document = (
        '{"cis": [{"key": "a"}, {"key": "b\\ud800"}, {"key": "c"}], "dependencies": [{"dependent": "a", "provider": '
        '"b\\ud800"}, {"dependent": "a", "provider": "c"}]}'
    )
    (shop.home / "d.json").write_text(document)
    found = shop.ask("import", "json", str(shop.home / "d.json"), "--no-assess")
    assert found["counts"]["ci"]["stored"] == 2 and found["counts"]["dependency"]["stored"] == 1
    assert {row["reason"] for row in found["rejected"]} <= {"is not valid Unicode", "cannot be read"} or found["rejected"]


def test_controls_that_turn_the_writing_are_shown_harmlessly(shop):
    shop.sheet("cis", "key,name,class", "s\u202e0,srv\u202egpj.exe,server", "shop,Shop,business_service", "h,שרת,server")
    shutil.rmtree(shop.place / "x", ignore_errors=True)
    shop.sheet("dependencies", "dependent,provider", "shop,s\u202e0", "shop,h")
    shop.run("import", "csv", str(shop.place))
    assert "\u202e" not in shop.run("cis").output and "<U+202E>" in shop.run("cis").output
    client = create_app(load_settings(data_folder=shop.home / "data")).test_client()
    page = client.get("/ci?key=csv:ci:shop").get_data(as_text=True)
    assert (
        "\u202e" not in page.split("</title>")[0] and "<bdi>srv&lt;U+202E&gt;gpj.exe</bdi>" in page and "<bdi>שרת</bdi>" in page
    )


def test_several_windows_of_one_scope_are_a_union_and_are_replaced_together(shop):
    def evidence() -> str:
        return next(value["evidence"] for value in shop.ask("ci", "s0")["values"] if value["name"] == "failures_per_year")

    half = ("*,2024-01-01T00:00:00Z,2024-07-01T15:00:00Z", "*,2025-01-01T00:00:00Z,2025-07-02T15:00:00Z")
    shop.sheet("observations", "scope,observed_from,observed_until", *half, "*,2025-02-01T00:00:00Z,2025-03-01T00:00:00Z")
    for more in ((), ("--complete",), ("--complete",)):
        report = shop.ask("import", "csv", str(shop.place), *more)
        counts = report["counts"]["observation"]
        assert (counts["read"], counts["duplicate"], counts["rejected"]) == (3, 1, 0) and evidence() == "0 in 1.0 years"
    shop.sheet("observations", "scope,observed_from,observed_until", half[1])
    shop.run("sync", "csv")  # what a source says of a scope is all its windows, whether or not it said that this is all there is
    assert evidence() == "0 in 0.5 years"
    shop.sheet("observations", "scope,observed_from,observed_until", *half)
    shop.run("sync", "csv", "--complete")
    assert evidence() == "0 in 1.0 years"
