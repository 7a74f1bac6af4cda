"""Three exports that describe 3,000 CIs and do not agree: merged to the truth, whatever their order; and what people decide
stays."""

from __future__ import annotations

import csv
import json
import random
from itertools import permutations
from typing import Any

import pytest

from app.usecases import decide
from app.usecases.answers.identity import identity
from app.usecases.keep.sources import add_source, find_source
from app.usecases.run_sync import SyncRequest, run_sync
from tests.e2e.conftest import Service
from tests.seeds import fresh
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
            needed = ("key", "name", "class") if sheet == "cis" else ("dependent", "provider")
            names = list(dict.fromkeys([*needed, *(key for row in rows for key in row)]))
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


@pytest.mark.slow
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
        told = identity(service.forestay, places[0])
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


def wrongly_merged(export: Export) -> tuple[str, str]:
    """Have `monitoring` write the DNS name and address of another CI for one of its own: (its key there, the key of the other in
    `cmdb`)."""
    told = {number: key for (source, key), number in sorted(export.truth.items()) if source == "monitoring"}
    numbers = [n for n in export.truth.values() if n not in export.spoiled and n + 1 not in export.spoiled]
    for (source, key), number in sorted(export.truth.items()):
        row = export.rows[source][key]
        if source == "cmdb" and number in numbers and number not in told and row["class"] == "server" and number > 5:
            other = next(n for n in sorted(told, reverse=True) if export.rows["monitoring"][told[n]]["class"] == "server")
            export.rows["monitoring"][told[other]] |= {"fqdn": row["fqdn"], "address": ""}
            return told[other], key
    raise AssertionError("no such pair in this export")


def edges(service: Service) -> list[list[Any]]:
    return json.loads(graph(service))[1]


@pytest.mark.slow
def test_a_wrong_merge_is_split_with_all_edges_and_no_sync_of_any_source_merges_it_again(make_service):
    service, export = make_service(), Export(seed=3, cis=300)
    monitored, listed = wrongly_merged(export)
    give(service, export)
    assert groups(service)["monitoring", monitored] == groups(service)["cmdb", listed]
    alone = make_service()
    apart = Export(seed=3, cis=300)
    wrongly_merged(apart)
    apart.rows["monitoring"][monitored].pop("fqdn")
    give(alone, apart)
    assert edges(service) != edges(alone)
    decide.split(service.forestay, f"monitoring:ci:{monitored}", [f"monitoring:ci:{monitored}"], "me", "another machine")
    for turn in range(3):
        assert edges(service) == edges(alone)
        told = identity(service.forestay, f"monitoring:ci:{monitored}", f"cmdb:ci:{listed}")
        assert not told.same and any("a person decided" in text for text in told.against)
        for name in SOURCES:
            for row in export.rows[name].values():
                row["team"] = f"team of turn {turn}"
        give(service, export, tuple(permutations(SOURCES))[turn])


def test_a_correction_is_believed_before_every_source_at_every_sync_and_after_a_split(make_service):
    service, export = make_service(), Export(seed=3, cis=300)
    monitored, listed = wrongly_merged(export)
    give(service, export)
    decide.correct(
        service.forestay, f"cmdb:ci:{listed}", {"ci_class": "hypervisor", "team": "night", "rack": "7"}, "me", new_attributes=True
    )

    def told() -> tuple[str, str, str, str]:
        store = service.forestay.store
        at = store.current().revision
        row = store.states(at, [groups(service)["cmdb", listed]])
        return row["ci_class"][0], row["team"][0], row["attributes"][0], row["name"][0]

    name = export.rows["cmdb"][listed]["name"]
    for turn, ci_class in enumerate(("server", "virtual_machine", "database")):
        assert told() == ("hypervisor", "night", '{"rack":"7"}', name)
        for source in SOURCES:
            for row in export.rows[source].values():
                row |= {"class": ci_class, "team": f"team of turn {turn}"}
        give(service, export, tuple(permutations(SOURCES))[turn])
        assert told() == ("hypervisor", "night", '{"rack":"7"}', name)
        if turn == 1:
            decide.split(service.forestay, f"cmdb:ci:{listed}", [f"monitoring:ci:{monitored}"], "me")
    store = service.forestay.store
    other = store.states(store.current().revision, [groups(service)["monitoring", monitored]])
    assert (other["ci_class"][0], other["team"][0]) == ("database", "team of turn 2")


def crowd(rng: random.Random) -> Export:
    """A few records of three sources that share what little there is, so that most of it is in doubt."""
    export = Export(cis=10, seed=rng.randrange(1000))
    for rows in export.rows.values():
        for key in [key for key in rows if rng.random() < 0.2]:
            del rows[key]
        for row in rows.values():
            for name in ("serial", "fqdn", "address", "uuid", "mac"):
                row.pop(name, None)
            row |= {"class": rng.choice(("server", "server", "database", "business_service")), "name": rng.choice("abcdef")}
            row |= {"environment": rng.choice(("production", "production", "test"))}
            kinds = {
                "serial": ("S1", "S2", "S3", "s1", "N/A"),
                "fqdn": ("a.x", "a.y", "a", "b", "b.x", "A.X."),
                "address": ("1.1.1.1", "2.2.2.2"),
            }
            row |= {kind: rng.choice(values) for kind, values in kinds.items() if rng.random() < 0.5}
    for name, rows in export.rows.items():
        keys = sorted(rows)
        export.edges[name] = sorted({(a, b) for a in keys for b in keys if a != b and rng.random() < 0.2})
    return export


@pytest.mark.parametrize(
    "seed", [*range(6), *(pytest.param(seed, marks=pytest.mark.slow) for seed in (*range(6, 33), *fresh(27)))]
)
def test_two_histories_that_hold_the_same_records_give_the_same_graph(make_service, seed):
    rng = random.Random(seed)
    base, long, short = crowd(rng), make_service(), make_service()
    for _ in range(3):
        other = crowd(rng)
        for name in SOURCES:  # the keys of the last state, with what another one says of them, and some of them gone
            told = list(other.rows[name].values())
            other.rows[name] = {
                key: {**rng.choice(told), "key": key} for key in base.rows[name] if told and rng.random() < 0.8
            } or dict(base.rows[name])
            other.edges[name] = [(a, b) for a, b in base.edges[name] if {a, b} <= set(other.rows[name])]
        give(long, other, tuple(rng.sample(SOURCES, 3)))
    give(long, base, tuple(rng.sample(SOURCES, 3)))
    give(short, base, tuple(rng.sample(SOURCES, 3)))
    assert json.loads(graph(long)) == json.loads(graph(short))


def test_an_identifier_that_becomes_common_joins_nothing_any_more(make_service):
    export = Export(cis=2)
    machine = {"name": "m", "class": "server", "environment": "production", "serial": "SAME99"}
    export.rows = {
        name: {f"{name}{n}": {"key": f"{name}{n}", **machine} for n in range(60 if name == "cmdb" else 1)} for name in SOURCES
    }
    export.edges = {name: [] for name in SOURCES}
    graphs = set()
    for order in (SOURCES, SOURCES[::-1]):
        service = make_service()
        give(service, export, order)
        assert len(set(groups(service).values())) == 62
        graphs.add(graph(service))
    assert len(graphs) == 1
