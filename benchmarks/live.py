"""The live state over HTTP: a CI is reported down, and the changed answer is read; by one client, and by four at once."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from app.bootstrap import Forestay
from benchmarks.serving import Served, serving, side_by_side

UPDATES = 100
CLIENTS = 4


def live_updates(forestay: Forestay, data: Path, seed: int) -> dict[str, Any]:
    """One CI after another is reported, down or at a part, until `UPDATES` are; after each the present is read. Milliseconds
    of report and answer together, and of the answer; then the same of other CIs by four clients at once."""
    estate = forestay.estates.at()
    rng = random.Random(seed + 16)
    keys = [estate.key(position) for position in rng.sample(range(len(estate.compiled)), 2 * UPDATES)]
    forestay.close()
    with serving(data) as served:
        for _ in range(3):
            served.ask("GET", "/now")
        one, body = _updates(served, keys[:UPDATES])
        now = json.loads(body)
        _take_back(served, keys[:UPDATES])
        parts = [keys[UPDATES + number :: CLIENTS] for number in range(CLIENTS)]
        found: list[list[tuple[float, float]]] = [[] for _ in parts]
        cpu = served.cpu_seconds()
        side_by_side(CLIENTS, lambda number: found[number].extend(_updates(served, parts[number])[0]))
        cpu = served.cpu_seconds() - cpu
        _take_back(served, keys[UPDATES:])
    both, answers = ([pair[place] for pair in one] for place in (0, 1))
    beside = [pair[0] for part in found for pair in part]
    return {
        "updates": len(both),
        "first_update_ms": both[0],
        "p50_ms": float(np.percentile(both, 50)),
        "p95_ms": float(np.percentile(both, 95)),
        "max_ms": max(both),
        "answer_p50_ms": float(np.percentile(answers, 50)),
        "answer_p95_ms": float(np.percentile(answers, 95)),
        "four_clients_p50_ms": float(np.percentile(beside, 50)),
        "four_clients_p95_ms": float(np.percentile(beside, 95)),
        "cpu_ms_of_one": cpu / len(beside) * 1e3,
        "cis_down": now["cis_down"],
        "services_hit": now["services_total"],
    }


def _updates(served: Served, keys: Sequence[str]) -> tuple[list[tuple[float, float]], bytes]:
    """Returns of each report milliseconds with the answer that it changed, and of the answer; and the last answer."""
    times, body = [], b""
    for number, key in enumerate(keys):
        said = {"state": "degraded", "share": 0.5} if number % 5 == 4 else {"state": "down"}
        started = time.perf_counter()
        served.ask("PUT", f"/live/{quote(key, safe='')}", said)
        asked = time.perf_counter()
        body = served.ask("GET", "/now")
        ended = time.perf_counter()
        times.append(((ended - started) * 1e3, (ended - asked) * 1e3))
    return times, body


def _take_back(served: Served, keys: Sequence[str]) -> None:
    for key in keys:
        served.ask("DELETE", f"/live/{quote(key, safe='')}")
