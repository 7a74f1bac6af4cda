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
from app.usecases.assess import assessed
from app.usecases.search.indexes import PURPOSE
from benchmarks.serving import serving, side_by_side

SEARCHES = 1000
CLIENTS = 4


def typed(name: str, rng: random.Random) -> str:
    """What is typed to find a CI of that name."""
    text = name[: rng.randrange(2, len(name) + 1)] if len(name) > 2 else name
    if len(text) > 4 and rng.random() < 0.2:
        place = rng.randrange(len(text))
        text = text[:place] + text[place + 1 :]
    return text.strip() or name


def searches(forestay: Forestay, data: Path, seed: int) -> dict[str, Any]:
    """Milliseconds of one search after the other by one client, then by four at once; how many found something; processor seconds
    of making the index anew, and what the server takes for one search."""
    estate = forestay.estates.at()
    settings = estate.fingerprint
    for revision in forestay.cache.revisions(f"{PURPOSE}-{settings}"):
        forestay.cache.drop(revision, f"{PURPOSE}-{settings}")
    forestay.cache.settle()
    assessed(forestay.estates, forestay.cache, estate.revision.revision)
    index_seconds, index_cpu = time.perf_counter(), time.process_time()
    index = forestay.searches.make(estate.revision.revision)
    index_seconds, index_cpu = time.perf_counter() - index_seconds, time.process_time() - index_cpu
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
        beside: list[float] = []

        def ask(number: int) -> None:
            for text in asked[number::CLIENTS]:
                started = time.perf_counter()
                served.ask("GET", f"/search?limit=20&q={quote(text, safe='')}")
                beside.append((time.perf_counter() - started) * 1e3)

        cpu = served.cpu_seconds()
        side_by_side(CLIENTS, ask)
        cpu = served.cpu_seconds() - cpu
    return {
        "searches": len(times),
        "found_something": found,
        "all_ranked": ranked,
        "index_seconds": index_seconds,
        "index_cpu_seconds": index_cpu,
        "index_mb": megabytes,
        "terms": terms,
        "p50_ms": float(np.percentile(times, 50)),
        "p95_ms": float(np.percentile(times, 95)),
        "max_ms": max(times),
        "four_clients_p50_ms": float(np.percentile(beside, 50)),
        "four_clients_p95_ms": float(np.percentile(beside, 95)),
        "cpu_ms_of_one": cpu / len(beside) * 1e3,
    }
