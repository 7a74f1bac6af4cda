"""The steps of `make bench`, each run in a process of its own by `benchmarks.run`: python -m benchmarks.steps STEP FOLDER prints
one JSON object.

Peak memory is that of the step's process (ru_maxrss). Kernels are warmed up before anything is timed: compiling them happens once
per machine.
"""

from __future__ import annotations

import argparse
import csv
import http.client
import json
import multiprocessing
import os
import random
import resource
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from app.bootstrap import Forestay, assemble_service
from app.domain.areas import AREA_KINDS
from app.risk.exact.diagrams.budget import Budget
from app.risk.first_order.sweep import first_order
from app.risk.intake.compile import compile_graph
from app.risk.jit.catalogue import compile_all, load_all
from app.risk.outage.capability import PRODUCT
from app.risk.outage.causes import causes
from app.risk.outage.propagation import outage
from app.risk.sampling.worlds import sample_worlds
from app.risk.study.estate_redundancy import estate_redundancy
from app.settings import load_settings
from app.storage.compiled_files import CompiledFiles
from app.storage.write_behind import WriteBehind
from app.usecases.answers.areas import ranking_of
from app.usecases.answers.blast import blast_radius
from app.usecases.answers.recovery_gaps import gaps_page
from app.usecases.assess import Assessed, assess, assessed
from app.usecases.estate import Estates
from app.usecases.keep.sources import add_source, update_source
from app.usecases.run_sync import SyncRequest, run_sync
from benchmarks.blast import blast_figures
from benchmarks.estate import changed_copy, generate, shape, write_csv
from benchmarks.gaps import gaps_over_http
from benchmarks.impact import impacts
from benchmarks.live import live_updates
from benchmarks.pages import pages_over_http
from benchmarks.reach import reach
from benchmarks.scenarios import play_scenarios
from benchmarks.search import searches
from benchmarks.serving import serving

CLIENTS, REQUESTS = 4, 250
READ_EVERY = 0.02


def warm_up() -> None:
    """Nothing below is timed while it compiles or interprets."""
    compile_all()
    load_all()


def peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def estate(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Generate the estate, write it and a copy with 0.1 % of its rows changed as CSV, and say what shape it has."""
    graph = generate(asked.cis, asked.dependencies, asked.services, asked.seed)
    write_csv(graph, folder / "first")
    write_csv(changed_copy(graph, 0.001, asked.seed + 1), folder / "changed")
    write_csv(generate(asked.cis // 5, asked.cis, max(asked.services // 5, 1), asked.seed + 2), folder / "second")
    size = sum(path.stat().st_size for path in (folder / "first").glob("*.csv"))
    return {**shape(graph), **blast_figures(graph), "csv_mb": size // 1_000_000}


def service(folder: Path, store: str, **more: str) -> Forestay:
    environment = {"FORESTAY_WEB_REQUESTS_PER_MINUTE": "100000000", **more}
    if store == "neo4j":
        environment |= {
            "FORESTAY_STORE_URL": os.environ["FORESTAY_TEST_NEO4J_URI"],
            "FORESTAY_STORE_PASSWORD": os.environ["FORESTAY_TEST_NEO4J_PASSWORD"],
        }
    return assemble_service(load_settings(environment=environment, data_folder=folder / store))


def imports(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """CSV import with reconciliation, then the changed copy."""
    forestay = service(folder, asked.store)
    add_source(forestay.documents, "bench", "csv", str(folder / "first"))
    first_seconds, first = timed(lambda: run_sync(forestay, SyncRequest("bench", apply=True, complete=True)))
    update_source(forestay.documents, "bench", location=str(folder / "changed"))
    again_seconds, again = timed(lambda: run_sync(forestay, SyncRequest("bench", complete=True)))
    changed = sum(counts.stored for counts in again.counts.values()) + again.retired + again.dependencies_retired
    return {
        "first_seconds": first_seconds,
        "first_rows": sum(counts.read for counts in first.counts.values()),
        "counts_close": all(counts.closes() for report in (first, again) for counts in report.counts.values()),
        "again_seconds": again_seconds,
        "again_path": again.path,
        "again_changed": changed,
        "again_reconciled": again.rows_reconciled,
        "again_written": again.rows_written,
        "peak_mb": peak_mb(),
    }


def servicenow(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """A whole ServiceNow over HTTP from a stub in a process of its own, then 1,000 changes, then nothing changed; into Neo4j
    beside a plain loop of the driver over the same rows."""
    from benchmarks.servicenow import StubProcess
    from tests.servers.servicenow import PASSWORD, USER

    os.environ["BENCH_SERVICENOW_PASSWORD"] = PASSWORD
    stub = StubProcess(asked.cis, asked.dependencies)
    home = folder / "servicenow"
    forestay = service(home, asked.store, FORESTAY_OUTBOUND_HOSTS="localhost")
    settings = {"user": USER, "password_env": "BENCH_SERVICENOW_PASSWORD", "page_size": "10000"}
    add_source(forestay.documents, "sn", "servicenow", stub.url, settings=settings)
    first_seconds, first = timed(lambda: run_sync(forestay, SyncRequest("sn", apply=True)))
    changes = stub.change(1000)
    again_seconds, again = timed(lambda: run_sync(forestay, SyncRequest("sn")))
    requests = stub.change(0)["requests"]
    still_seconds, still = timed(lambda: run_sync(forestay, SyncRequest("sn")))
    stub.stop()
    peak = peak_mb()
    bare = {}
    if asked.store == "neo4j":
        from benchmarks.bare import bare_loop

        bare["bare_loop_seconds"] = bare_loop(forestay.store, 1)
        bare["times_bare_loop"] = first_seconds / bare["bare_loop_seconds"]
    forestay.close()
    changed = again.changed + again.retired + again.dependencies_added + again.dependencies_retired
    return {
        "first_seconds": first_seconds,
        "first_rows": sum(counts.read for counts in first.counts.values()),
        "complete": first.complete and again.complete,
        "counts_close": all(counts.closes() for report in (first, again, still) for counts in report.counts.values()),
        "again_seconds": again_seconds,
        "again_path": again.path,
        "again_changed": changed,
        "again_warnings": len(again.warnings),
        "again_requests": requests,
        "asked_for": changes["changed"] + changes["added"] + changes["gone_cis"] + changes["gone_relations"],
        "still_seconds": still_seconds,
        "still_state": still.state,
        "mirror_mb": sum(path.stat().st_size for path in home.rglob("mirror.db")) // 1_000_000,
        "peak_mb": peak,
        **bare,
    }


def loads(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Load and compile a revision from the store, again from the cache on disk, and a later one carried forward."""
    warm_up()
    forestay = service(folder, asked.store)
    parts = (forestay.store, forestay.documents, forestay.cache, forestay.settings.model)
    full, loaded = timed(lambda: Estates(*parts).at(1))
    forestay.cache.settle()
    disk, mapped = timed(lambda: Estates(*parts).at(1))
    carried, later = timed(lambda: Estates(*parts).at(2))
    forestay.cache.settle()
    again, _ = timed(lambda: compile_graph(loaded.graph))
    return {
        "load_and_compile_seconds": full,
        "from_disk_seconds": disk,
        "carried_forward_seconds": carried,
        "compile_alone_seconds": again,
        "how": [loaded.how, mapped.how, later.how],
        "peak_mb": peak_mb(),
    }


def sweep(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Every single-CI outage, exactly, with its loss; then the whole assessment with its scores written."""
    warm_up()
    forestay = service(folder, asked.store)
    estate = forestay.estates.at(2)
    seconds, first = timed(lambda: first_order(estate.compiled, rule=PRODUCT))
    whole, row = timed(lambda: assess(forestay, 2))
    return {
        "sweep_seconds": seconds,
        "assess_seconds": whole,
        "mean_blast": float(first.failed.mean()),
        "largest_blast": int(first.failed.max()),
        "pairs": len(first.point_service),
        "simulated": int(first.simulated.sum()),
        "assessment": row.assessment,
        "peak_mb": peak_mb(),
    }


def model(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """The risk model: an assessment from scratch and after 1 % changed CIs, sampled worlds of all services, the redundancy part
    of every service."""
    warm_up()
    forestay = service(folder, asked.store)
    _assessed(forestay.estates, forestay.cache, 2)
    forestay.cache.settle()
    _one_percent(folder / "changed", folder / "one-percent", asked.seed)
    update_source(forestay.documents, "bench", location=str(folder / "one-percent"))
    run_sync(forestay, SyncRequest("bench", apply=True, complete=True))
    again, made = timed(lambda: _assessed(forestay.estates, forestay.cache, 3))
    forestay.cache.settle()
    compiled = made.estate.compiled
    same = np.allclose(made.first.service_hours, first_order(compiled).service_hours, rtol=1e-12, atol=0.0, equal_nan=True)
    changed = int((made.first.service_hours != _assessed(forestay.estates, forestay.cache, 2).first.service_hours).sum())
    sampling, worlds = timed(lambda: sample_worlds(compiled, asked.seed, 0, 12, threads=2))
    redundancy, more = timed(lambda: estate_redundancy(compiled, made.first, Budget(500_000, 5.0)))
    return {
        "after_one_percent_seconds": again,
        "how": made.estate.how,
        "rows_that_differ": changed,
        "answers_equal": bool(same),
        "worlds_per_second": worlds.worlds / sampling,
        "redundancy_seconds": redundancy,
        "services_exact": int((more.method == 0).sum()),
        "services_bounded": int((more.method == 1).sum()),
        "peak_mb": peak_mb(),
    }


def scratch(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """The whole first-order assessment with its attribution from the store alone: load, compile, sweep, rank."""
    warm_up()
    forestay = service(folder, asked.store)
    empty = WriteBehind(CompiledFiles(folder / "empty-cache"))
    estates = Estates(forestay.store, forestay.documents, empty, forestay.settings.model)
    seconds, made = timed(lambda: _assessed(estates, empty, 2))
    return {"from_scratch_seconds": seconds, "how": made.estate.how, "peak_mb": peak_mb()}


def _assessed(estates: Estates, cache: WriteBehind, revision: int) -> Assessed:
    """The first-order part with its attribution: every kind of area ranked."""
    made = assessed(estates, cache, revision)
    for kind in AREA_KINDS:
        ranking_of(made, kind)
    return made


def _one_percent(source: Path, target: Path, seed: int) -> None:
    """A copy in which one CI in a hundred fails half as often again as it did."""
    shutil.copytree(source, target, dirs_exist_ok=True)
    rng = random.Random(seed)
    with (source / "cis.csv").open(newline="") as old, (target / "cis.csv").open("w", newline="") as new:
        rows, writer = csv.reader(old), csv.writer(new, lineterminator="\n")
        head = next(rows)
        writer.writerow(head)
        rate = head.index("failures_per_year")
        for row in rows:
            if rng.random() < 0.01 and row[rate]:
                row[rate] = repr(float(row[rate]) * 1.5)
            writer.writerow(row)


def engine(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """One blast radius through the engine, without HTTP; and reachability of all CIs, kept for the comparison with Cypher."""
    warm_up()
    forestay = service(folder, asked.store)
    estate = forestay.estates.at(2)
    rng = random.Random(asked.seed)
    positions = [rng.randrange(len(estate.compiled)) for _ in range(2000)]
    space = estate.workspace()
    seconds, _ = timed(lambda: [outage(estate.compiled, [p], space) for p in positions])
    with_paths, _ = timed(lambda: [causes(estate.compiled, outage(estate.compiled, [p], space)) for p in positions])
    reach_seconds, counts = timed(lambda: reach(estate.compiled))
    sample = positions[: asked.sample]
    np.savez(folder / "reach.npz", ci_id=estate.compiled.ci_id[sample], dependents=counts.dependents[sample])
    return {
        "outage_us": seconds / len(positions) * 1e6,
        "outage_with_causes_us": with_paths / len(positions) * 1e6,
        "reach_all_seconds": reach_seconds,
        "peak_mb": peak_mb(),
    }


def cypher(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Reachability of sampled CIs in Cypher through the driver, each by one query; answers must equal ours."""
    from neo4j import GraphDatabase

    with np.load(folder / "reach.npz") as kept:
        ids, dependents = kept["ci_id"].tolist(), kept["dependents"].tolist()
    # one hop is a dependency, or a group's dependent and its member; NEEDS and MEMBER both point from the dependent's side to the
    # provider's
    query = (
        "MATCH (c:ConfigurationItem {ci_id: $id})<-[:DEPENDS_ON|NEEDS|MEMBER*1..]-(d) "
        "WITH DISTINCT d WHERE d:ConfigurationItem RETURN count(d) AS n"
    )
    times, equal, skipped = [], 0, 0
    uri, password = os.environ["FORESTAY_TEST_NEO4J_URI"], os.environ["FORESTAY_TEST_NEO4J_PASSWORD"]
    with GraphDatabase.driver(uri, auth=("neo4j", password)) as driver, driver.session() as session:
        for ci_id, wanted in zip(ids[: asked.sample], dependents, strict=False):
            if wanted > 20_000:
                skipped += 1
                continue
            started = time.perf_counter()
            answer = session.run(query, id=ci_id).single()
            times.append(time.perf_counter() - started)
            equal += answer is not None and answer["n"] == wanted
    return {
        "queries": len(times),
        "mean_ms": float(np.mean(times) * 1e3),
        "p50_ms": float(np.median(times) * 1e3),
        "equal": equal,
        "left_out": skipped,
    }


def _client(port: int, keys: list[str], results: Any) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    times = []
    for key in keys:
        started = time.perf_counter()
        connection.request("GET", f"/api/v1/cis/{quote(key, safe='')}/blast-radius?limit=100")
        answer = connection.getresponse()
        body = answer.read()
        times.append(time.perf_counter() - started)
        if answer.status != 200:
            raise RuntimeError(body[:300])
    results.put(times)


def web(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Blast radius of random CIs over HTTP: totals, all services, the first 100 CIs; four clients at once, then the worst CI
    apart."""
    forestay = service(folder, asked.store)
    estate = forestay.estates.at(2)
    rng = random.Random(asked.seed + 9)
    keys = [estate.key(rng.randrange(len(estate.compiled))) for _ in range(CLIENTS * REQUESTS)]
    worst = estate.key(int(np.argmax(first_order(estate.compiled).failed)))
    forestay.close()
    with serving(folder / asked.store) as served:
        results: Any = multiprocessing.Queue()
        _client(served.port, keys[:100], results)  # the server maps the estate
        results.get()
        parts = [keys[number::CLIENTS] for number in range(CLIENTS)]
        clients = [multiprocessing.Process(target=_client, args=(served.port, part, results)) for part in parts]
        for client in clients:
            client.start()
        times = np.sort(np.concatenate([results.get() for _ in clients])) * 1e3
        _client(served.port, [worst] * 3, results)
        worst_ms = min(results.get()) * 1e3
        status = Path(f"/proc/{served.pid}/status")
        rss = (
            next((int(line.split()[1]) // 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM")), 0)
            if status.exists()
            else 0
        )
    return {
        "requests": len(times),
        "p50_ms": float(np.percentile(times, 50)),
        "p99_ms": float(np.percentile(times, 99)),
        "max_ms": float(times[-1]),
        "worst_ci_ms": worst_ms,
        "server_peak_mb": rss,
    }


def readers(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """One read every 20 ms while a second source (as many rows as the estate has CIs, and more) is imported beside it on
    SQLite."""
    forestay = service(folder, asked.store)
    add_source(forestay.documents, "second", "csv", str(folder / "second"))
    waits: list[float] = []
    errors: list[str] = []
    stop = threading.Event()
    rows = forestay.store.load_columns(2, "ci", ["ci_id", "key"])["ci_id"]
    process = multiprocessing.Process(target=_import_second, args=(folder, asked.store))
    process.start()
    rng = random.Random(asked.seed)

    def read() -> None:
        while not stop.wait(READ_EVERY):
            started = time.perf_counter()
            try:
                revision = forestay.store.current().revision
                ci_id = int(rows[rng.randrange(len(rows))])
                forestay.store.states(revision, [ci_id])
                forestay.store.rows(revision, "dependency", "provider_id", [ci_id])
            except Exception as error:  # any error at all is what this looks for
                errors.append(repr(error))
            waits.append(time.perf_counter() - started)

    thread = threading.Thread(target=read)
    started = time.perf_counter()
    thread.start()
    process.join()
    stop.set()
    thread.join()
    sizes = np.asarray(waits) * 1e3
    return {
        "seconds": time.perf_counter() - started, "imported": process.exitcode == 0, "reads": len(waits), "errors": len(errors),
        "p99_ms": float(np.percentile(sizes, 99)), "longest_ms": float(sizes.max()), "first_error": errors[0] if errors else "",
    }  # fmt: skip


def _import_second(folder: Path, store: str) -> None:
    forestay = service(folder, store)
    report = run_sync(forestay, SyncRequest("second", apply=True, complete=True))
    sys.exit(0 if report.state == "done" else 1)


def answer(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """The blast radius use case without HTTP: where the time of an answer goes."""
    forestay = service(folder, asked.store)
    estate = forestay.estates.at(2)
    rng = random.Random(asked.seed)
    keys = [estate.key(rng.randrange(len(estate.compiled))) for _ in range(300)]
    blast_radius(forestay, [keys[0]], revision=2)
    seconds, _ = timed(lambda: [blast_radius(forestay, [key], revision=2) for key in keys])
    return {"blast_radius_ms": seconds / len(keys) * 1e3, "peak_mb": peak_mb()}


def live(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Live-state updates over HTTP, each with the answer that it changed."""
    return live_updates(service(folder, asked.store), folder / asked.store, asked.seed)


def impact(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Impact by the ids that ticket systems hold, over HTTP."""
    return impacts(service(folder, asked.store), folder / asked.store, asked.seed)


def search(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Searches over HTTP by the beginnings of names, some with a typing error."""
    warm_up()
    return searches(service(folder, asked.store), folder / asked.store, asked.seed)


def scenarios(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Scenarios over time over HTTP, of 100 random CIs and of a whole site, four clients at once."""
    return play_scenarios(service(folder, asked.store), folder / asked.store, asked.seed)


def recovery(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """All gaps between required and achievable recovery, from a loaded and assessed estate."""
    warm_up()
    forestay = service(folder, asked.store)
    assessed(forestay.estates, forestay.cache, 2)
    seconds, page = timed(lambda: gaps_page(forestay, 100, revision=2))
    return {"gaps_seconds": seconds, "gaps": page.total_rows, "services": page.services, "peak_mb": peak_mb()}


def gaps(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """All gaps between required and achievable recovery over HTTP."""
    return gaps_over_http(service(folder, asked.store), folder / asked.store)


def pages(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Every page and report over HTTP; prints tables before the object."""
    warm_up()
    return pages_over_http(service(folder, asked.store), folder / asked.store)


STEPS: dict[str, Callable[[Path, argparse.Namespace], dict[str, Any]]] = {
    "estate": estate,
    "imports": imports,
    "servicenow": servicenow,
    "loads": loads,
    "sweep": sweep,
    "scratch": scratch,
    "model": model,
    "engine": engine,
    "cypher": cypher,
    "web": web,
    "readers": readers,
    "answer": answer,
    "live": live,
    "search": search,
    "impact": impact,
    "scenarios": scenarios,
    "recovery": recovery,
    "gaps": gaps,
    "pages": pages,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=list(STEPS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--store", choices=["sqlite", "neo4j"], default="sqlite")
    for name, value in (("cis", 1_000_000), ("dependencies", 5_000_000), ("services", 1000), ("seed", 1), ("sample", 200)):
        parser.add_argument(f"--{name}", type=int, default=value)
    asked = parser.parse_args()
    print(json.dumps({**STEPS[asked.step](asked.folder, asked), "load": os.getloadavg()[0]}))


if __name__ == "__main__":
    main()
