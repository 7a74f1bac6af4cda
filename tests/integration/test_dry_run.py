"""A dry run tells beforehand, byte for byte, what the run then does: random changes of an estate that two sources tell of."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from app.bootstrap import Forestay, assemble_service
from app.domain.change_list import WORDS, ChangeList
from app.domain.records import SyncReport
from app.settings import load_settings
from app.usecases.changes.kept import find_head, read_lines
from app.usecases.keep.sources import add_source, list_sources
from app.usecases.run_sync import SyncRequest, run_sync
from tests.changes_made import changes_made
from tests.deltas import Told
from tests.seeds import THOROUGH, fresh, named, some_of

DELTAS = 10  # of one estate
OFTEN = ("ci", "dependency", "service", "record")  # what every hundred deltas change in each way
COUNTED = ("created", "changed", "retired", "dependencies_added", "dependencies_changed", "dependencies_retired", "path")


def told_before(service: Forestay, report: SyncReport) -> tuple[bytes, str]:
    head = find_head(service.documents, report.run_id)
    assert head.total == head.kept  # small enough to be kept whole
    lines = read_lines(service.documents, head, 0, head.kept)
    return "\n".join(line.text() for line in lines).encode(), head.digest


def done(service: Forestay, a: int, b: int) -> tuple[bytes, str]:
    made = ChangeList()
    if b > a:
        sources = {source.source_id: source.name for source in list_sources(service.documents)}
        changes_made(service.store, a, b, sources, made)
    return "\n".join(line.text() for line in made.lines()).encode(), made.digest()


def check_estate(home: Path, seed: int) -> set[str]:
    """DELTAS random deltas of one estate; what the lists told of: noun and word, and "moved" for a record that another CI took
    over."""
    with named(seed):
        return compare(home, Random(seed))


def compare(home: Path, random: Random) -> set[str]:
    seen = set[str]()
    service = assemble_service(load_settings(environment={}, data_folder=home))
    sources = {"csv": Told("csv", random), "json": Told("json", random)}
    places = {"csv": home / "input" / "folder", "json": home / "input" / "document.json"}
    for kind, told in sources.items():
        told.begin()
        add_source(service.documents, kind, kind, str(places[kind]), random.randrange(1, 5))
    for _ in range(DELTAS):
        kind = random.choice(list(sources))
        sources[kind].change(random.choice([1, 4, 12, 25]))
        sources[kind].write(places[kind])
        asked = {"apply": True, "approve": True, "complete": True, "full": random.random() < 0.3}
        before = service.store.current().revision
        dry = run_sync(service, SyncRequest(kind, dry_run=True, **asked))
        assert service.store.current().revision == before
        wanted = told_before(service, dry)
        report = run_sync(service, SyncRequest(kind, **asked))
        assert done(service, before, report.revision) == wanted
        assert [getattr(dry, name) for name in COUNTED] == [getattr(report, name) for name in COUNTED]
        assert dry.counts == report.counts
        for line in map(json.loads, wanted[0].splitlines()):
            seen.add(f"{line['noun']} {line['word']}")
            seen |= {"moved"} if line["noun"] == "record" and None not in line["values"].get("ci_id", [None]) else set()
    service.close()
    return seen


@pytest.mark.slow
def test_a_dry_run_lists_the_changes_that_are_made(tmp_path):
    seen = set[str]().union(*(check_estate(tmp_path / str(seed), seed) for seed in range(4)))
    assert {"ci created", "ci changed", "ci retired", "dependency changed", "group changed", "service changed", "moved"} <= seen


@pytest.mark.slow
@pytest.mark.parametrize("part", some_of(range(5), 3))
def test_five_hundred_dry_runs_list_the_changes_that_are_made(tmp_path, part):
    seen = set[str]()
    for seed in range(100 + 10 * part, 110 + 10 * part):
        seen |= check_estate(tmp_path / str(seed), seed)
    assert {f"{noun} {word}" for noun in OFTEN for word in WORDS} | {"moved"} <= seen


@pytest.mark.slow
@pytest.mark.parametrize("part", range(5))
def test_as_many_of_this_commit(tmp_path, part):
    for seed in fresh(50 if THOROUGH else 25)[part::5]:
        assert check_estate(tmp_path / str(seed), seed)
