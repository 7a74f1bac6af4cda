"""Scenarios over HTTP: four clients at once play scenarios of 100 random CIs and of a whole site."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.bootstrap import Forestay
from benchmarks.serving import family_seconds, serving

CLIENTS, PLAYED, CIS, WARM = 4, 10, 100, 4
KINDS = {"given": {"hours": 4.0}, "modelled": {"back": "modelled"}}  # how long each CI is out


def _play(port: int, bodies: list[bytes], results: Any) -> None:
    """Seconds of each answer, and whether its figures are exact."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    told = []
    for body in bodies:
        started = time.perf_counter()
        connection.request("POST", "/api/v1/timelines", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        read = answer.read()
        taken = time.perf_counter() - started
        if answer.status != 200:
            raise RuntimeError(read[:300])
        made = json.loads(read)
        told.append((taken, not made["simulated"], made["outcomes"], made["cis_down_most"], made["services_total"]))
    results.put(told)


def _asked(select: list[dict[str, str]], back: dict[str, Any]) -> bytes:
    return json.dumps({"scenario": {"steps": [{"at_hours": 0, "do": "fail", "select": select, **back}]}}).encode()


def play_scenarios(forestay: Forestay, data: Path, seed: int) -> dict[str, Any]:
    """Milliseconds by kind of scenario, four clients at once, and processor milliseconds of one answer, web process and lane
    together. RuntimeError where an answer is not exact."""
    estate = forestay.estates.at()
    rng = random.Random(seed + 61)
    keys = [estate.key(rng.randrange(len(estate.compiled))) for _ in range(CIS * CLIENTS * PLAYED)]
    sites = [site for site in estate.graph.cis.site.values if site]
    bodies: dict[str, list[bytes]] = {}
    for how, back in KINDS.items():
        parts = [keys[first : first + CIS] for first in range(0, len(keys), CIS)]
        bodies[f"cis_{how}"] = [_asked([{"ci": key} for key in part], back) for part in parts]
        bodies[f"site_{how}"] = [_asked([{"site": rng.choice(sites)}], back) for _ in range(CLIENTS * PLAYED)]
    forestay.close()
    told: dict[str, Any] = {}
    with serving(data, FORESTAY_WEB_ANSWER_SECONDS="600") as served:
        for name, asked in bodies.items():
            _by_clients(served.port, [asked[:WARM]] * CLIENTS)  # both processes of the lane map the estate
            before = family_seconds(served.pid)
            rows = _by_clients(served.port, [asked[n::CLIENTS] for n in range(CLIENTS)])
            spent = family_seconds(served.pid) - before
            if not rows[:, 1].all():
                raise RuntimeError(f"{name}: {int((rows[:, 1] == 0).sum())} of {len(rows)} answers are simulated")
            told |= {
                f"{name}_p50_ms": float(np.percentile(rows[:, 0], 50) * 1e3),
                f"{name}_p95_ms": float(np.percentile(rows[:, 0], 95) * 1e3),
                f"{name}_processor_ms": spent / len(rows) * 1e3,
                f"{name}_exact": len(rows),
                f"{name}_outcomes_most": float(rows[:, 2].max()),
                f"{name}_cis_down_most": int(rows[:, 3].max()),
                f"{name}_services_most": int(rows[:, 4].max()),
            }
    return {"cis": len(estate.compiled), "scenarios_each": CLIENTS * PLAYED, **told}


def _by_clients(port: int, parts: Sequence[list[bytes]]) -> Any:
    """What `_play` says of every question, each part asked by a client of its own, all at once."""
    results: Any = multiprocessing.Queue()
    clients = [multiprocessing.Process(target=_play, args=(port, part, results)) for part in parts]
    for client in clients:
        client.start()
    return np.asarray([row for _ in clients for row in results.get(timeout=900)])
