"""Our kernels beside graph libraries, each in a process of its own, on the same edge file: JSON of seconds, peak RSS and ratios.

python -m benchmarks.bench_risk --cis 1000000 --dependencies 5000000 --services 1000 --seed 1 --sample 1000

The question all can answer is reachability: how many CIs lean on each CI, through needs of any kind. Peers answer it for a random
sample by their fastest call, scaled to all CIs; ours is measured for all CIs (both directions). Loading is not part of any time.
Answers must agree.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

PEERS = ("igraph_neighborhood_size", "igraph_subcomponent", "rustworkx_descendants", "networkx_descendants")


def _peer(name: str, folder: Path) -> dict[str, Any]:
    pairs = np.load(folder / "pairs.npy")
    sample = np.load(folder / "sample.npy").tolist()
    size = int(np.load(folder / "size.npy"))
    library = importlib.import_module(name.split("_")[0])
    count: Callable[[int], int]
    if name.startswith("igraph"):
        graph = library.Graph(n=size, edges=pairs, directed=True)
        if name.endswith("size"):
            start = time.perf_counter()
            sizes = graph.neighborhood_size(sample, order=size, mode="out")
            return _answer(start, [int(s) - 1 for s in sizes])
        count = lambda v: len(graph.subcomponent(v, mode="out")) - 1  # noqa: E731
    elif name.startswith("rustworkx"):
        graph = library.PyDiGraph(multigraph=False)
        graph.add_nodes_from(range(size))
        graph.add_edges_from_no_data(list(map(tuple, pairs.tolist())))
        count = lambda v: len(library.descendants(graph, v))  # noqa: E731
    else:
        graph = library.DiGraph()
        graph.add_nodes_from(range(size))
        graph.add_edges_from(pairs.tolist())
        count = lambda v: len(library.descendants(graph, v))  # noqa: E731
    start = time.perf_counter()
    return _answer(start, [count(v) for v in sample])


def _answer(start: float, counts: list[int]) -> dict[str, Any]:
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "counts": counts, "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def _ours(name: str, folder: Path) -> dict[str, Any]:
    from app.risk.graph.compiled import CompiledGraph
    from benchmarks.reach import reach

    arrays = {path.stem: np.load(path, mmap_mode="c") for path in (folder / "compiled").iterdir()}
    compiled = CompiledGraph.from_arrays(arrays)
    reach(_tiny())
    start = time.perf_counter()
    answer = reach(compiled, threads=int(name.rsplit("_", 1)[1]))
    seconds = time.perf_counter() - start
    by_row = np.zeros(len(compiled), dtype=np.int64)
    by_row[compiled.row] = answer.dependents
    return _answer(time.perf_counter() - seconds, by_row[np.load(folder / "sample.npy")].tolist())


def _tiny() -> Any:
    from app.risk.intake.compile import compile_graph
    from benchmarks.estate import generate

    return compile_graph(generate(3000, 12000, 10, 1))


def _prepare(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Writes what the children read, in a child of its own so that its memory is nobody else's."""
    from app.risk.intake.compile import compile_graph
    from benchmarks.estate import generate, shape

    _tiny()
    graph = generate(asked.cis, asked.dependencies, asked.services, asked.seed)
    start = time.perf_counter()
    compiled = compile_graph(graph)
    seconds = time.perf_counter() - start
    (folder / "compiled").mkdir()
    for name, array in compiled.to_arrays().items():
        np.save(folder / "compiled" / f"{name}.npy", array)
    groups = graph.groups
    owner = np.repeat(groups.dependent_id, np.diff(groups.member_offsets))
    pairs = np.stack(
        [
            np.concatenate([graph.dependencies.provider_id, groups.member_id]),
            np.concatenate([graph.dependencies.dependent_id, owner]),
        ],
        axis=1,
    )
    np.save(folder / "pairs.npy", np.unique(pairs, axis=0))
    np.save(folder / "size.npy", np.int64(asked.cis))
    np.save(
        folder / "sample.npy", np.random.default_rng(asked.seed).choice(asked.cis, min(asked.sample, asked.cis), replace=False)
    )
    return {"shape": shape(graph), "compile_seconds": round(seconds, 2)}


def _child(task: str, asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.bench_risk", "--task", task, "--folder", str(folder)]
    for name in ("cis", "dependencies", "services", "seed", "sample"):
        command += [f"--{name}", str(getattr(asked, name))]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    return dict(json.loads(done.stdout))


def _compare(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    report = _child("prepare", asked, folder)
    runs = {name: _child(name, asked, folder) for name in ("ours_1", "ours_2", *PEERS)}
    want = runs["ours_1"]["counts"]
    report["equal_answers"] = all(run["counts"] == want for run in runs.values())
    scale = asked.cis / len(want)
    report["runs"] = {
        name: {
            "seconds_all_cis": round(run["seconds"] * (1.0 if name.startswith("ours") else scale), 2),
            "peak_rss_mb": run["peak_rss_mb"],
            "measured": "all CIs, both directions" if name.startswith("ours") else f"{len(want)} CIs, dependents only, scaled",
        }
        for name, run in runs.items()
    }
    best = min(PEERS, key=lambda name: report["runs"][name]["seconds_all_cis"])
    report["best_peer"] = best
    report["ratio_to_best_peer"] = round(report["runs"][best]["seconds_all_cis"] / report["runs"]["ours_2"]["seconds_all_cis"], 1)
    report["load_average"] = round(os.getloadavg()[0], 1)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("cis", 1_000_000), ("dependencies", 5_000_000), ("services", 1000), ("seed", 1), ("sample", 1000)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--task", default="")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.task == "prepare":
        print(json.dumps(_prepare(asked, asked.folder)))
    elif asked.task.startswith("ours"):
        print(json.dumps(_ours(asked.task, asked.folder)))
    elif asked.task:
        print(json.dumps(_peer(asked.task, asked.folder)))
    else:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(_compare(asked, Path(folder)), indent=1))


if __name__ == "__main__":
    main()
