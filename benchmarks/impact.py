"""Impact by a foreign id over HTTP: what ticket systems ask, by the ids that they hold, from four clients at once."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from app.bootstrap import Forestay
from app.domain.json_columns import aliases_of
from app.domain.nouns import SOURCE_RECORD
from app.usecases.assess import assessed
from benchmarks.serving import serving, side_by_side

ASKED, CLIENTS = 1000, 4
KINDS = ("source id", "class:id", "Class::id", "fqdn", "serial")


def identities(forestay: Forestay, rng: random.Random) -> Mapping[str, Sequence[str]]:
    """Returns texts of each kind by which other systems name CIs, drawn from all CIs alike."""
    store, estate = forestay.store, forestay.estates.at()
    revision = estate.revision.revision
    ids = [int(estate.compiled.ci_id[rng.randrange(len(estate.compiled))]) for _ in range(ASKED)]
    records = store.rows(revision, SOURCE_RECORD.name, "ci_id", ids)
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for source_key in map(str, records["source_key"]):
        source_class, _, source_id = source_key.partition(":")
        found["source id"].append(source_id)
        found["class:id"].append(source_key)
        found["Class::id"].append(f"{source_class}::{source_id}")
    for text in store.states(revision, ids)["aliases"]:
        for kind, value in aliases_of(text) if text else ():
            if kind in found:
                found[kind].append(value)
    return {kind: texts for kind, texts in found.items() if texts}


def impacts(forestay: Forestay, data: Path, seed: int) -> dict[str, Any]:
    """Milliseconds of one answer, of all kinds of ids together and by kind; what the server's processor takes for one."""
    assessed(forestay.estates, forestay.cache, forestay.store.current().revision)
    rng = random.Random(seed + 23)
    given = identities(forestay, rng)
    forestay.close()
    asked = [(kind, text) for kind, texts in given.items() for text in rng.sample(texts, min(ASKED // len(given), len(texts)))]
    rng.shuffle(asked)
    times: list[tuple[str, float]] = []
    hit = Counter[str]()
    with serving(data) as served:
        for _, text in asked[:20]:
            served.ask("GET", f"/impact?id={quote(text, safe='')}")

        def ask(number: int) -> None:
            for kind, text in asked[number::CLIENTS]:
                started = time.perf_counter()
                body = served.ask("GET", f"/impact?id={quote(text, safe='')}")
                times.append((kind, (time.perf_counter() - started) * 1e3))
                hit[kind] += json.loads(body)["services_total"] > 0

        cpu = served.cpu_seconds()
        side_by_side(CLIENTS, ask)
        cpu = served.cpu_seconds() - cpu
    taken = [milliseconds for _, milliseconds in times]
    return {
        "asked": len(times),
        "that_hit_a_service": hit.total(),
        "four_clients_p50_ms": float(np.percentile(taken, 50)),
        "four_clients_p95_ms": float(np.percentile(taken, 95)),
        "four_clients_p99_ms": float(np.percentile(taken, 99)),
        "max_ms": max(taken),
        "cpu_ms_of_one": cpu / len(taken) * 1e3,
        **{f"p99_ms by {kind}": float(np.percentile([one for of, one in times if of == kind], 99)) for kind in given},
    }
