"""The example estate as `forestay run` imports it: what its three sources become together."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path

import pytest

from app.demo import retailer
from app.usecases.answers.blast import blast_radius
from app.usecases.answers.replay import replay
from app.usecases.studies import make
from tests.e2e.conftest import Service

KINDS = {"cmdb": "csv", "datacentre": "json", "tracing": "callgraph"}


@pytest.fixture
def retail(service: Service) -> Service:
    for name, place in retailer.write(retailer.build(7), service.folder / "example").items():
        report = service.sync(name, KINDS[name], place)
        assert not report.identity_conflicts and not report.rejected
    return service


def groups(service: Service) -> list[list[str]]:
    store = service.forestay.store
    rows = store.load_columns(store.current().revision, "source_record", ["source_key", "ci_id"])
    found: dict[int, list[str]] = {}
    for key, ci_id in zip(rows["source_key"], rows["ci_id"], strict=True):
        found.setdefault(int(ci_id), []).append(key)
    return sorted(sorted(keys) for keys in found.values())


@pytest.mark.compiled
def test_its_three_sources_are_one_estate_in_which_an_outage_below_reaches_services(retail):
    found = groups(retail)
    assert len(found) == 2908
    assert sum(len(keys) == 2 for keys in found) == 1056 and max(map(len, found)) == 2
    assert ["ci:db-payment-1", "ci:vm-db-payment-01"] in found  # a database node and the machine given to it, by its DNS name
    assert ["ci:app-checkout", "service:checkout"] in found
    forestay = retail.forestay
    told = replay(forestay, limit=500)  # the desk leaves a tenth of its tickets out and writes some of other services: it shows
    assert (told.incidents, told.episodes, told.predicted, told.recorded, told.right) == (764, 472, 1052, 1024, 957)
    assert told.sentence == (
        "In 472 episodes, 91.0% of the services predicted were recorded (precision), "
        "93.5% of those recorded were predicted (recall)."
    )
    fallen = blast_radius(forestay, ["san-fra1-02"], limit=500)
    assert {"Checkout", "Shop tills"} <= {row.name for row in fallen.services}


@pytest.mark.compiled
def test_every_question_of_the_readme_has_an_answer_on_it(retail, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(make, "estate_redundancy", partial(make.estate_redundancy, samples=1024))
    text = (Path(__file__).parents[2] / "README.md").read_text("utf-8").split("## Asking")[1].split("## In production")[0]
    commands = [shlex.split(line, comments=True)[1:] for line in text.splitlines() if line.startswith("forestay ")]
    assert len(commands) >= 18
    for command in commands:
        if command[0] in ("availability", "importance", "loss", "goal"):
            command += ["--seconds", "0.5"]  # what takes the whole budget is simulated then, which is an answer as well
        if command[0] == "study":
            command = ["study", "--worlds", "4096", "--draws", "20", "--years", "20", "--seconds", "0.1"]
        answer = retail.cli(*command)
        assert answer.exit_code == 0 and answer.output.strip(), (command, answer.output)
