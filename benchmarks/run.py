"""make bench: every claim about speed, measured in one run, beside real peers on the same files.

python -m benchmarks.run [--cis N --dependencies M --services S] [--no-neo4j] [--without STEP] [--keep FOLDER]
Each step and each peer runs in a process of its own, one after the other; the results go to benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WITH_NEO4J = str(ROOT / "scripts" / "neo4j" / "with-server")
AT_LEAST = {
    "re-assessment after 1 % changed CIs, times faster than from scratch": ("model", "times_faster", 5, "times"),
    "Monte Carlo, all services at once": ("model", "worlds_per_second", 5000, "worlds/s"),
}
TARGETS = {
    "every single-CI outage, exact, with loss": ("sweep", "sweep_seconds", 30, "s"),
    "blast radius over HTTP, p99, four clients": ("web", "p99_ms", 20, "ms"),
    "load and compile, SQLite": ("loads", "load_and_compile_seconds", 20, "s"),
    "load and compile, Neo4j": ("neo4j loads", "load_and_compile_seconds", 20, "s"),
    "carried forward by the changes, SQLite": ("loads", "carried_forward_seconds", 3, "s"),
    "carried forward by the changes, Neo4j": ("neo4j loads", "carried_forward_seconds", 3, "s"),
    "CSV import with reconciliation, SQLite": ("imports", "first_seconds", 120, "s"),
    "CSV import with reconciliation, Neo4j": ("neo4j imports", "first_seconds", 360, "s"),
    "re-import with 0.1 % changed, SQLite": ("imports", "again_seconds", 10, "s"),
    "re-import with 0.1 % changed, Neo4j": ("neo4j imports", "again_seconds", 10, "s"),
    "peak memory of an import": ("imports", "peak_mb", 4096, "MiB"),
    "ServiceNow over HTTP, everything, SQLite": ("servicenow", "first_seconds", 900, "s"),
    "ServiceNow over HTTP, 1,000 changes, SQLite": ("servicenow", "again_seconds", 20, "s"),
    "peak memory of a ServiceNow import": ("servicenow", "peak_mb", 4096, "MiB"),
    "ServiceNow into Neo4j, times a plain driver loop over the same rows": ("neo4j servicenow", "times_bare_loop", 3, "times"),
    "ServiceNow into Neo4j, 1,000 changes": ("neo4j servicenow", "again_seconds", 20, "s"),
    "peak memory of the assessment": ("sweep", "peak_mb", 6144, "MiB"),
    "first-order assessment from scratch, with attribution, loading included": ("scratch", "from_scratch_seconds", 60, "s"),
    "peak memory of the model": ("model", "peak_mb", 6144, "MiB"),
    "search over HTTP, p95": ("search", "p95_ms", 10, "ms"),
    "live-state update to changed answer over HTTP, p95, 100 CIs reported": ("live", "p95_ms", 100, "ms"),
    "scenario of 100 CIs over HTTP, p95, four clients": ("scenarios", "cis_given_p95_ms", 200, "ms"),
    "scenario of a whole site over HTTP, p95, four clients": ("scenarios", "site_given_p95_ms", 200, "ms"),
    "recovery gaps of all services": ("recovery", "gaps_seconds", 5, "s"),
    "recovery gaps of all services over HTTP, first answer of a revision": ("gaps", "first_seconds", 5, "s"),
    "search over HTTP, p95, four clients": ("search", "four_clients_p95_ms", 10, "ms"),
    "impact by a foreign id over HTTP, p99, four clients": ("impact", "four_clients_p99_ms", 50, "ms"),
    "live-state update to changed answer over HTTP, p95, four clients": ("live", "four_clients_p95_ms", 100, "ms"),
    "any page, when warm": ("pages", "slowest_warm_ms", 1000, "ms"),
    "a page of a ranking or a search, when warm": ("pages", "slowest_ranking_or_search_ms", 300, "ms"),
    "longest wait of a reader during an import": ("readers", "longest_ms", 500, "ms"),
}


def pace() -> float:
    """Milliseconds of a million additions in Python, the median of five: how quick the machine is just now (shared machines are
    not always)."""
    taken = []
    for _ in range(5):
        started, total = time.perf_counter(), 0
        for number in range(1_000_000):
            total += number
        taken.append((time.perf_counter() - started) * 1000)
    return sorted(taken)[2]


def step(name: str, folder: Path, asked: argparse.Namespace, store: str = "sqlite", before: Sequence[str] = ()) -> dict[str, Any]:
    """Run one step and return what it printed; `before`: what runs it, as a server of its own does."""
    command = [
        *before,
        sys.executable, "-m", "benchmarks.steps", name, str(folder), "--store", store, "--cis", str(asked.cis), "--dependencies",
        str(asked.dependencies), "--services", str(asked.services), "--seed", str(asked.seed),
    ]  # fmt: skip
    before_ms, started = pace(), time.perf_counter()
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    label = name if store == "sqlite" else f"{store} {name}"
    if run.returncode:
        print(f"{label}: failed\n{run.stderr[-2000:]}", flush=True)
        return {"failed": run.stderr.strip().splitlines()[-1:] or ["no output"]}
    result: dict[str, Any] = json.loads(run.stdout.strip().splitlines()[-1])
    result["pace_ms"] = [round(before_ms, 1), round(pace(), 1)]
    print(f"{label} ({time.perf_counter() - started:.0f} s): {json.dumps(result)}", flush=True)
    return result


def peers(asked: argparse.Namespace) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.bench_risk",
        "--cis",
        str(asked.cis),
        "--dependencies",
        str(asked.dependencies),
        "--services",
        str(asked.services),
        "--seed",
        str(asked.seed),
        "--sample",
        "500",
    ]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if run.returncode:
        return {"failed": run.stderr.strip().splitlines()[-1:]}
    text = run.stdout
    result: dict[str, Any] = json.loads(text[text.index("{") :])
    print(f"peers: {json.dumps(result)}", flush=True)
    return result


def render(results: dict[str, dict[str, Any]], asked: argparse.Namespace) -> str:
    shape = results["estate"]
    lines = [
        "# Results of `make bench`",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}, one run, nothing else "
        f"running. Estate: seed {asked.seed}, {shape['cis']:,} CIs, {shape['dependency_rows'] + shape['member_rows']:,} "
        f"dependencies (group members included), {shape['groups']:,} redundancy groups "
        f"({shape['share_of_groups_with_failover']:.1%} with failover), {shape['services']:,} services, "
        f"{shape['soft_share']:.0%} soft; mean blast radius {shape['mean_blast_radius']:.0f} CIs, largest "
        f"{shape['largest_blast_radius']:,}; {shape['components_with_cycles']} cycles.",
        "",
        "| what | measured | target | met |",
        "|---|---|---|---|",
    ]
    for label, (name, figure, target, unit) in TARGETS.items():
        value = results.get(name, {}).get(figure)
        if value is None:
            lines.append(f"| {label} | not measured | {target:,} {unit} | no |")
        else:
            lines.append(f"| {label} | {value:,.1f} {unit} | {target:,} {unit} | {'yes' if value <= target else '**no**'} |")
    for label, (name, figure, target, unit) in AT_LEAST.items():
        value = results.get(name, {}).get(figure)
        met = "no" if value is None else "yes" if value >= target else "**no**"
        lines.append(
            f"| {label} | {'not measured' if value is None else f'{value:,.1f} {unit}'} | at least {target:,} {unit} | {met} |"
        )
    lines += ["", "## Beside peers", ""]
    if "cypher" in results and "mean_ms" in results["cypher"]:
        cypher, engine = results["cypher"], results["engine"]
        ratio = cypher["mean_ms"] * 1000 / engine["outage_us"]
        lines.append(
            f"Blast radius of one CI: engine call {engine['outage_us']:.0f} µs (redundancy, supply and degradation exact), "
            f"Cypher through the driver {cypher['mean_ms']:.1f} ms for plain reachability: **{ratio:,.0f} times** (target 20). "
            f"{cypher['equal']} of {cypher['queries']} Cypher answers equal our reachability; {cypher['left_out']} CIs with "
            "more than 20,000 dependents were left out of the sample."
        )
    if "peers" in results:
        lines += [
            "",
            "Reachability of all CIs (peers on a sample of 500, scaled; each by its fastest call; loading not counted; ours is "
            "`benchmarks/reach.py`, written for this comparison over the product's compiled graph: no answer of the product "
            "reads it):",
            "",
            "```json",
        ]
        lines += [json.dumps(results["peers"], indent=1), "```"]
    lines += [
        "",
        "## Every figure",
        "",
        "`load` is the machine's load average when the step ended, `pace_ms` the milliseconds of a million additions in "
        "Python before and after it: the same machine can be twice as slow on another day.",
        "",
    ]
    for name, figures in results.items():
        if name != "peers":
            lines += [f"- **{name}**: " + ", ".join(f"{key} {_shown(value)}" for key, value in figures.items())]
    return "\n".join(lines) + "\n"


def _shown(value: Any) -> str:
    return (
        f"{value:,.3f}".rstrip("0").rstrip(".")
        if isinstance(value, float)
        else f"{value:,}"
        if isinstance(value, int)
        else str(value)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("cis", 1_000_000), ("dependencies", 5_000_000), ("services", 1000), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument(
        "--without", action="append", default=[], metavar="STEP", help="leave a step out; its figures are shown as not measured"
    )
    parser.add_argument("--no-neo4j", action="store_true")
    parser.add_argument("--inside-neo4j", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--keep", type=Path, help="folder for the files (default: a temporary one)")
    parser.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    asked = parser.parse_args()
    if not asked.no_neo4j and not asked.inside_neo4j:
        raise SystemExit(
            subprocess.call([WITH_NEO4J, sys.executable, "-m", "benchmarks.run", *sys.argv[1:], "--inside-neo4j"], cwd=ROOT)
        )
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        results = {
            name: step(name, folder, asked)
            for name in (
                "estate",
                "imports",
                "servicenow",
                "loads",
                "sweep",
                "scratch",
                "model",
                "engine",
                "answer",
                "web",
                "live",
                "search",
                "impact",
                "scenarios",
                "recovery",
                "gaps",
                "pages",
                "readers",
            )
            if name not in asked.without
        }
        if "after_one_percent_seconds" in results["model"] and "from_scratch_seconds" in results["scratch"]:
            ratio = results["scratch"]["from_scratch_seconds"] / results["model"]["after_one_percent_seconds"]
            results["model"]["times_faster"] = ratio
        results["peers"] = peers(asked)
        if asked.inside_neo4j:
            for name in ("imports", "loads"):
                results[f"neo4j {name}"] = step(name, folder, asked, "neo4j")
            results["cypher"] = step("cypher", folder, asked, "neo4j")
            if "servicenow" not in asked.without:  # into an empty database
                results["neo4j servicenow"] = step("servicenow", folder, asked, "neo4j", [WITH_NEO4J])
        asked.out.write_text(render(results, asked))
    print(f"written: {asked.out}")


if __name__ == "__main__":
    main()
