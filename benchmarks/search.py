"""Searches over HTTP: what an operator types, from two signs to a whole name, with a slip of the hand now and then."""

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

SEARCHES = 1000


def typed(name: str, rng: random.Random) -> str:
    """What is typed to find a CI of that name."""
    text = name[: rng.randrange(2, len(name) + 1)] if len(name) > 2 else name
    if len(text) > 4 and rng.random() < 0.2:
        place = rng.randrange(len(text))
        text = text[:place] + text[place + 1 :]
    return text.strip() or name


def searches(forestay: Forestay, data: Path, seed: int) -> dict[str, Any]:
    """Milliseconds of one search after the other by one client, on a kept connection's worth of work each; how many found
    something."""
    estate = forestay.estates.at()
    index_seconds = time.perf_counter()
    index = forestay.searches.make(estate.revision.revision)
    index_seconds = time.perf_counter() - index_seconds
    forestay.cache.settle()
    rng = random.Random(seed + 21)
    asked = [typed(estate.name(rng.randrange(len(estate.compiled))), rng) for _ in range(SEARCHES)]
    megabytes = sum(part.nbytes for part in (index.terms, index.starts, index.postings)) // 1_000_000
    terms = len(index.terms)
    forestay.close()
    with serving(data) as served:
        for _ in range(20):
            served.ask("GET", "/search?q=warm&limit=20")
        times, found, ranked = [], 0, True
        for text in asked:
            started = time.perf_counter()
            body = served.ask("GET", f"/search?limit=20&q={quote(text, safe='')}")
            times.append((time.perf_counter() - started) * 1e3)
            page = json.loads(body)
            found += page["total"] != 0
            ranked &= page["ranked"]
    return {
        "searches": len(times),
        "found_something": found,
        "all_ranked": ranked,
        "index_seconds": index_seconds,
        "index_mb": megabytes,
        "terms": terms,
        "p50_ms": float(np.percentile(times, 50)),
        "p95_ms": float(np.percentile(times, 95)),
        "max_ms": max(times),
    }
