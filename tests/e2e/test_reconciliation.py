"""Three exports that describe 3,000 CIs and do not agree: merged to the truth, whatever their order; and what people decide stays."""

from __future__ import annotations

import csv
import json
from itertools import permutations
from typing import Any

import pytest

from app.usecases.answers.identity import identity
from app.usecases.keep.sources import add_source, find_source
from app.usecases.run_sync import SyncRequest, run_sync
from tests.e2e.conftest import Service
from tests.three_exports import SOURCES, Export, pairs_of


def give(service: Service, export: Export, order: tuple[str, ...] = SOURCES) -> None:
    """Sync the sources in an order, each read whole."""
    for name in SOURCES:
        if find_source(service.forestay.documents, name) is None:
            add_source(service.forestay.documents, name, "csv", str(service.folder / "input" / name))
    for name in order:
        folder = service.folder / "input" / name
        folder.mkdir(parents=True, exist_ok=True)
        for sheet, rows in export.sheets(name).items():
            names = list(dict.fromkeys(key for row in rows for key in row))
            with (folder / f"{sheet}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, names, restval="")
                writer.writeheader()
                writer.writerows(rows)
        report = run_sync(service.forestay, SyncRequest(name, complete=True, full=True, apply=True, approve=True))
        assert report.state in ("done", "unchanged") and not report.rejected, report


def groups(service: Service) -> dict[tuple[str, str], int]:
    """(source, key) -> ci_id."""
    store = service.forestay.store
    rows = store.load_columns(store.current().revision, "source_record", ["source_id", "source_key", "ci_id"])
    names = {find_source(service.forestay.documents, name).source_id: name for name in SOURCES}
    return {
        (names[int(s)], key.removeprefix("ci:")): int(ci)
        for s, key, ci in zip(rows["source_id"], rows["source_key"], rows["ci_id"], strict=True)
        if int(s) in names
    }


def graph(service: Service) -> str:
    """All that holds, as text: each CI named by its records, not by the key and number that history gave it."""
    store = service.forestay.store
    at = store.current().revision
    records: dict[int, list[str]] = {}
    for (source, key), ci_id in sorted(groups(service).items()):
        records.setdefault(ci_id, []).append(f"{source}:{key}")
    names = {ci_id: "+".join(places) for ci_id, places in records.items()}
    cis: list[Any] = []
    columns = store.load_columns(at, "ci")
    for row, ci_id in enumerate(columns["ci_id"]):
        kept = {name: str(column[row]) for name, column in columns.items() if name not in ("ci_id", "key", "aliases")}
        aliases = [alias for alias in json.loads(columns["aliases"][row] or "[]") if alias[0] != "key"]
        cis.append([names[int(ci_id)], kept, aliases])
    rows = store.load_columns(at, "dependency")
    edges = [
        [names[int(a)], names[int(b)], str(kind), int(source)]
        for a, b, kind, source in zip(rows["dependent_id"], rows["provider_id"], rows["kind"], rows["source_id"], strict=True)
    ]
    return json.dumps([sorted(cis, key=lambda ci: ci[0]), sorted(edges)], indent=1)


@pytest.fixture(scope="module")
def export() -> Export:
    return Export()


def test_they_merge_to_the_truth_and_each_merge_names_rule_and_records(service, export):
    give(service, export)
    truth, found = export.pairs(), set(pairs_of(groups(service)))
    right = len(truth & found)
    assert right / len(found) >= 0.99, sorted(found - truth)[:20]
    assert right / len(truth) >= 0.97, sorted(truth - found)[:20]
    members: dict[int, list[str]] = {}
    for (source, key), ci_id in groups(service).items():
        members.setdefault(ci_id, []).append(f"{source}:ci:{key}")
    for places in [sorted(places) for places in members.values() if len(places) > 1][::10]:
        told = identity(service.forestay.store, service.forestay.documents, places[0])
        assert sorted(told.records) == places
        reached = {places[0]}
        for _ in places:
            reached |= {
                end for link in told.links for end in (link.record, link.with_record) if {link.record, link.with_record} & reached
            }
        assert reached == set(places), told


@pytest.mark.slow
def test_every_order_of_the_three_gives_the_same_graph_byte_for_byte(make_service, export):
    graphs = set()
    for order in permutations(SOURCES):
        service = make_service()
        give(service, export, order)
        graphs.add(graph(service))
    assert len(graphs) == 1
