"""The live state over HTTP: a CI is reported down, and the changed answer is read."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from app.bootstrap import Forestay
from benchmarks.serving import serving

UPDATES = 100


def live_updates(forestay: Forestay, data: Path, seed: int) -> dict[str, Any]:
    """One CI after another is reported, down or at a part, until `UPDATES` are; after each the present is read. Milliseconds
    of report and answer together, and of the answer."""
    estate = forestay.estates.at()
    rng = random.Random(seed + 16)
    keys = [estate.key(position) for position in rng.sample(range(len(estate.compiled)), UPDATES)]
    forestay.close()
    with serving(data) as served:
        for _ in range(3):
            served.ask("GET", "/now")
        both, answers = [], []
        for number, key in enumerate(keys):
            said = {"state": "degraded", "share": 0.5} if number % 5 == 4 else {"state": "down"}
            started = time.perf_counter()
            served.ask("PUT", f"/live/{quote(key, safe='')}", said)
            asked = time.perf_counter()
            body = served.ask("GET", "/now")
            both.append((time.perf_counter() - started) * 1e3)
            answers.append((time.perf_counter() - asked) * 1e3)
        now = json.loads(body)
        for key in keys:
            served.ask("DELETE", f"/live/{quote(key, safe='')}")
    return {
        "updates": len(both),
        "first_update_ms": both[0],
        "p50_ms": float(np.percentile(both, 50)),
        "p95_ms": float(np.percentile(both, 95)),
        "max_ms": max(both),
        "answer_p50_ms": float(np.percentile(answers, 50)),
        "answer_p95_ms": float(np.percentile(answers, 95)),
        "cis_down": now["cis_down"],
        "services_hit": now["services_total"],
    }
