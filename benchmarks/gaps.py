"""Recovery gaps of the whole estate over HTTP: the first answer of a revision, and then pages of it by four clients at once."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from app.bootstrap import Forestay
from app.usecases.assess import assessed
from benchmarks.serving import serving, side_by_side

CLIENTS = 4
ANSWERS = 25  # of each client


def gaps_over_http(forestay: Forestay, data: Path) -> dict[str, Any]:
    """Milliseconds of the first answer of an assessed revision, all that it computes included, and of later ones; processor
    seconds of the server beside them. The estate is mapped before, by another question."""
    assessed(forestay.estates, forestay.cache, forestay.store.current().revision)
    forestay.close()
    with serving(data) as served:
        served.ask("GET", "/areas?kind=ci&limit=1")
        cpu, started = served.cpu_seconds(), time.perf_counter()
        page = json.loads(served.ask("GET", "/recovery/gaps?limit=100"))
        first, first_cpu = time.perf_counter() - started, served.cpu_seconds() - cpu
        times: list[float] = []

        def ask(number: int) -> None:
            for turn in range(ANSWERS):
                started = time.perf_counter()
                served.ask("GET", f"/recovery/gaps?limit={50 + (number * ANSWERS + turn) % 50}")
                times.append((time.perf_counter() - started) * 1e3)

        cpu = served.cpu_seconds()
        side_by_side(CLIENTS, ask)
        cpu = served.cpu_seconds() - cpu
    return {
        "first_seconds": first,
        "first_cpu_seconds": first_cpu,
        "gaps": page["total_rows"],
        "services": page["services"],
        "four_clients_p50_ms": float(np.percentile(times, 50)),
        "four_clients_p95_ms": float(np.percentile(times, 95)),
        "cpu_ms_of_one": cpu / len(times) * 1e3,
    }
