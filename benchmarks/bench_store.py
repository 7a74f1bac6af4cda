"""Both stores at full size: what a first import, a small change, loading, search and scores cost. Prints JSON.

    python -m benchmarks.bench_store --cis 1000000 --dependencies 5000000 --store sqlite
    scripts/neo4j/with-server python -m benchmarks.bench_store --store neo4j

The comparison that an import makes first is not in here: these are the stores alone, given changesets of 250,000 rows.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.domain.columns import Batch, Categorical
from app.domain.graph import KIND_CODES, DependencyGraph
from app.domain.nouns import NOUNS
from app.ports.graph_store import SCORES
from app.risk.intake.assemble import GRAPH_COLUMNS
from app.storage.neo4j_store import Neo4jStore
from app.storage.sqlite_store import SqliteStore
from app.storage.tables import take
from benchmarks.estate import generate

ROWS = 250_000
ENDS = ("dependent_id", "provider_id")
KINDS = tuple(sorted(KIND_CODES, key=KIND_CODES.__getitem__))


class Watch:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, name: str, work: Any) -> Any:
        start = time.perf_counter()
        answer = work()
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - start, 4)
        return answer


def ci_rows(graph: DependencyGraph, start: int, stop: int) -> dict[str, Any]:
    """CIs with three aliases each, as a CMDB gives them."""
    cis = graph.cis
    rows = np.arange(start, stop)
    some = take({name: getattr(cis, name) for name in ("ci_class", "site", "team", "supplier", "lifecycle", "environment")}, rows)
    keys = [cis.key[i] for i in rows]
    aliases = [
        f'[["fqdn","{key}.forestay.example"],["serial","{serial(i)}"],["sys_id","{i * 11400714819323198485 % 2**64:032x}"]]'
        for i, key in enumerate(keys, start)
    ]
    count = len(keys)
    absent = dict.fromkeys(
        (
            "failures_per_year_low",
            "failures_per_year_high",
            "repair_sigma",
            "repair_hours_low",
            "repair_hours_high",
            "unavailability",
            "failure_on_demand",
            "level_share",
            "restart_hours",
            "backup_interval_hours",
            "transfer_lag_hours",
        ),
        np.full(count, np.nan),
    )
    absent["restore_pool"] = absent["starts_without"] = Categorical(np.full(count, -1, np.int32), ())
    declared = Categorical(np.zeros(count, np.int32), ("declared",))
    return {
        **some,
        **absent,
        "ci_id": cis.ci_id[rows] + 1,
        "key": keys,
        "name": [cis.name[i] for i in rows],
        "raw_class": Categorical(np.zeros(count, np.int32), ("cmdb_ci",)),
        "is_service": np.zeros(count, np.int64),
        "failures_per_year": cis.failures_per_year[rows],
        "failures_origin": declared,
        "repair_hours": cis.repair_hours[rows],
        "repair_origin": declared,
        "repair_distribution": Categorical(np.full(count, -1, np.int32), ()),
        "aliases": aliases,
        "attributes": [f'{{"os":"linux","rack":"r{i % 999}"}}' for i in range(start, stop)],
    }


def serial(i: int) -> str:
    return f"SN{i * 2654435761 % 2**32:08X}"


def batches(graph: DependencyGraph) -> Iterator[Batch]:
    cis = len(graph.cis.ci_id)
    for start in range(0, cis, ROWS):
        yield Batch("ci", ci_rows(graph, start, min(start + ROWS, cis)), {})
    links = graph.dependencies
    order = np.lexsort((links.kind, links.provider_id, links.dependent_id))
    for start in range(0, len(order), ROWS):
        rows = order[start : start + ROWS]
        columns = {
            "dependent_id": links.dependent_id[rows] + 1, "provider_id": links.provider_id[rows] + 1,
            "kind": Categorical(links.kind[rows].astype(np.int32), KINDS), "source_id": np.ones(len(rows), np.int64),
            "weight": links.weight[rows], "relation": Categorical(np.zeros(len(rows), np.int32), ("Depends on::Used by",)),
        }  # fmt: skip
        yield Batch("dependency", columns, {})
    yield group_batch(graph)
    for start in range(0, cis, ROWS):
        yield Batch("source_record", record_rows(start, min(start + ROWS, cis)), {})


def group_batch(graph: DependencyGraph) -> Batch:
    groups = graph.groups
    offsets = groups.member_offsets.tolist()
    members = (groups.member_id + 1).tolist()
    count = len(groups.key)
    columns = {
        "group_id": list(range(1, count + 1)), "key": list(groups.key), "dependent_id": groups.dependent_id + 1,
        "kind": ["ordinary"] * count, "needed": groups.needed,
        "members": [json.dumps(members[a:b]) for a, b in itertools.pairwise(offsets)],
        "shares": [""] * count, "failover_minutes": groups.failover_minutes, "failover_success": groups.failover_success,
        "common_cause_share": [None] * count, "common_cause_unavailability": [None] * count, "source_id": [1] * count,
    }  # fmt: skip
    return Batch("redundancy_group", columns, {})


def record_rows(start: int, stop: int) -> dict[str, Any]:
    rows = range(start, stop)
    text = '{"attributes":{"os":"linux"},"class":"server","name":"srv-%07d","site":"site %d"}'
    return {
        "source_id": [1] * len(rows), "source_key": [f"server:{i:032x}" for i in rows], "ci_id": [i + 1 for i in rows],
        "content_hash": [i * 2654435761 for i in rows],
        "payload": [text % (i, i % 8) for i in rows],
    }  # fmt: skip


def write(store: Any, graph: DependencyGraph, watch: Watch) -> None:
    store.open_revision("bench", 0)
    for n, batch in enumerate(batches(graph), start=1):
        watch.time(f"write {batch.noun}", lambda batch=batch, n=n: store.write(1, n, batch))
    watch.time("publish with indexes", lambda: store.publish(1, 0, {"ci": len(graph.cis.ci_id) + 1}))


def change(store: Any, graph: DependencyGraph, watch: Watch) -> None:
    """0.1 % of the CIs renamed, 0.1 % of the dependencies with another word of the source."""
    columns = ci_rows(graph, 0, max(len(graph.cis.ci_id) // 1000, 1))
    columns["name"] = [f"{name} renamed" for name in columns["name"]]
    links = store.load_columns(1, "dependency")
    ended = take(links, np.arange(0, len(links["kind"]), 1000))
    begun = {**ended, "relation": Categorical(np.zeros(len(ended["kind"]), np.int32), ("Runs on::Runs",))}

    def work() -> None:
        store.open_revision("change", 1)
        store.write(2, 1, Batch("ci", columns, {"ci_id": columns["ci_id"]}))
        store.write(2, 2, Batch("dependency", begun, {name: ended[name] for name in NOUNS["dependency"].identity}))
        store.publish(2, 1, {})

    watch.time("change of 0.1 %", work)
    watch.time("differences of 0.1 %", lambda: [store.changes(1, 2, noun) for noun in ("ci", "dependency")])
    watch.time("load dependency at the old revision", lambda: store.load_columns(1, "dependency"))


def read(store: Any, watch: Watch, cis: int) -> None:
    for noun in NOUNS:
        watch.time(f"load {noun}", lambda noun=noun: store.load_columns(1, noun))
    watch.time("load what an assessment needs", lambda: assessment_columns(store))
    some = list(range(1, cis, max(cis // 50, 1)))
    watch.time("neighbours of 50 CIs", lambda: [store.rows(1, "dependency", end, some) for end in ENDS])
    watch.time("find 50 aliases", lambda: store.find(1, [serial(i) for i in some]))
    for kind, text in (("prefix", "sn00"), ("anywhere", "01.forestay"), ("anywhere, rare", "zzqx"), ("exact", "SN00000000")):
        watch.time(f"search {kind}", lambda text=text: store.search(1, text, 20))
    scores = {"ci_id": np.arange(1, cis + 1), **{name: np.random.default_rng(1).random(cis) for name in SCORES}}
    watch.time("write scores", lambda: store.write_scores("a1", 1, scores))
    watch.time("load scores", store.load_scores)


def assessment_columns(store: Any) -> None:
    for noun, names in GRAPH_COLUMNS.items():
        store.load_columns(1, noun, names)


def bench(store: Any, graph: DependencyGraph) -> dict[str, Any]:
    watch = Watch()
    write(store, graph, watch)
    read(store, watch, len(graph.cis.ci_id))
    change(store, graph, watch)
    imports = [name for name in watch.seconds if name.startswith(("write ", "publish")) and name != "write scores"]
    total = sum(watch.seconds[name] for name in imports)
    return {
        "cis": len(graph.cis.ci_id),
        "dependencies": len(graph.dependencies.kind),
        "groups": len(graph.groups.key),
        "first import seconds": round(total, 1),
        "seconds": watch.seconds,
        "load average at the end": os.getloadavg(),
        "client peak MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cis", type=int, default=1_000_000)
    parser.add_argument("--dependencies", type=int, default=5_000_000)
    parser.add_argument("--services", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", choices=("sqlite", "neo4j"), default="sqlite")
    asked = parser.parse_args(arguments)
    graph = generate(asked.cis, asked.dependencies, asked.services, asked.seed)
    if asked.store == "neo4j":
        auth = ("neo4j", os.environ["FORESTAY_TEST_NEO4J_PASSWORD"])
        store = Neo4jStore(os.environ["FORESTAY_TEST_NEO4J_URI"], auth)
        print(json.dumps({"store": "neo4j", **bench(store, graph)}, indent=1))
        store.close()
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        result = bench(SqliteStore(path), graph)
        print(json.dumps({"store": "sqlite", **result, "file MiB": path.stat().st_size >> 20}, indent=1))


if __name__ == "__main__":
    main()
