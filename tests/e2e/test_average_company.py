"""The export of an average company: one command, every loss named, nothing safer than it is; and the page that shows it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app.cli import main
from tests.made_estate import HOSTS, LOST, SERVICES, export, truth

PAGE = Path(__file__).parents[2] / "docs" / "importing.md"


def run(home: Path, *arguments: str) -> str:
    result = CliRunner().invoke(main, ["--data", str(home / "data"), *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def ask(home: Path, *arguments: str) -> Any:
    return json.loads(run(home, *arguments, "--json"))


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    sent, whole = tmp_path_factory.mktemp("sent"), tmp_path_factory.mktemp("whole")
    export(sent / "export")
    said = run(sent, "import", "csv", str(sent / "export"), "--name", "firma", "--set", "decimal=,", "--complete")
    run(whole, "import", "csv", str(truth(whole / "truth")), "--name", "firma", "--complete")
    return sent, whole, said


def test_every_loss_is_named(homes):
    sent, _, said = homes
    told = ask(sent, "runs", "refused", "1", "--limit", "1000")
    for where, reason in LOST:
        assert any(row["where"] == where and reason in row["reason"] for row in told), (where, reason)
    assert all(row["advice"] for row in told)
    assert {row["where"] for row in told} == {where for where, _ in LOST}, "nothing is named that was read"
    assert f"and {len(told) - 10} more: forestay runs refused 1" in said
    assert re.search(r"\d+ of \d+ relations \([\d.]+%\) were not understood", said)
    finding = next(row for row in ask(sent, "quality")["findings"] if row["kind"] == "incident never closed")
    assert finding["examples"] == ["INC-3, open since 2026-02-01"]


def test_nothing_is_safer_than_it_is(homes):
    sent, whole, _ = homes
    true, found = ({row["name"]: row for row in ask(home, "services")["items"]} for home in (whole, sent))
    assert set(true) == set(found) == set(SERVICES)
    for name, row in true.items():
        marked = found[name]["open_needs"] > 0
        assert marked, "half of its relations dangle"
        assert found[name]["single_points"] >= row["single_points"] or marked
    for host in (*HOSTS, "db-01", "db-02"):
        stops = {hit["name"] for hit in ask(whole, "blast", f"firma:ci:{host}")["services"]}
        blast = ask(sent, "blast", f"firma:ci:{host}")
        known = {hit["name"] for hit in blast["services"]}
        assert known <= stops and (stops == known or blast["services_incomplete"]), host
        assert stops == known or "ncomplete" in blast["sentence"], blast["sentence"]


def test_the_page_shows_what_the_command_says(homes):
    sent, _, said = homes
    page = PAGE.read_text("utf-8").splitlines()
    wanted = [re.sub(r"\d+\.\d s", "0.1 s", line.rstrip()) for line in said.splitlines() if line.strip()]
    start = page.index(wanted[0])
    assert page[start : start + len(wanted)] == wanted
    told = ask(sent, "runs", "refused", "1", "--limit", "1000")
    rows = [f"| {row['where']} | {row['kind']} {row['key']} | {row['field']} | {row['reason']} |" for row in told]
    start = page.index(rows[0])
    assert page[start : start + len(rows)] == rows
