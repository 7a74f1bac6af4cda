"""Of 200 needs that nobody stated, how many are proposed within the first 400: an estate whose truth is known, with two years of
incidents and a call graph made from the true needs; what is simulated is said at each step."""

from __future__ import annotations

import csv
import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from app.jobs.runner import run_one
from app.risk.outage.propagation import outage, workspace
from app.usecases.keep.proposals import PROPOSALS
from app.usecases.proposals.look import proposed_pairs
from tests.builders import estate
from tests.e2e.conftest import Service

BEGIN = datetime(2024, 6, 1, tzinfo=UTC)
YEARS, RECORDED, TRACED, NOISE, LATE_SECONDS = 2.0, 0.9, 0.6, 0.05, 480.0
CLASSES = {
    "svc": "business_service", "app": "application", "db": "database", "vm": "virtual_machine", "host": "server", "net": "switch",
    "san": "storage",
}  # fmt: skip
SIZES = {"svc": 60, "app": 400, "db": 200, "vm": 500, "host": 240, "net": 60, "san": 40}
Need = tuple[str, str]


def true_needs(rng: random.Random) -> tuple[list[str], list[Need]]:
    """1,500 CIs on seven floors and about 3,000 hard needs: services on 2 to 5 applications, these on a machine, up to two
    databases and up to two others of them, down to hosts, switches and storage."""
    of = {kind: [f"{kind}{n}" for n in range(size)] for kind, size in SIZES.items()}
    needs: set[Need] = set()

    def add(ci: str, kind: str, number: int) -> None:
        needs.update((ci, provider) for provider in rng.sample(of[kind], number))

    for ci in of["svc"]:
        add(ci, "app", rng.randint(2, 5))
    for place, ci in enumerate(of["app"]):
        add(ci, "db", rng.randint(0, 2))
        add(ci, "vm", 1)
        needs.update((ci, other) for other in rng.sample(of["app"][:place], min(place, rng.randint(0, 2))))
    for kind, below in (("db", "vm"), ("vm", "host"), ("host", "net")):
        for ci in of[kind]:
            add(ci, below, 1)
    for ci in of["host"]:
        add(ci, "san", rng.randint(0, 1))
    return [ci for cis in of.values() for ci in cis], sorted(needs)


def history(rng: random.Random, cis: list[str], needs: list[Need]) -> list[dict[str, Any]]:
    """Each CI fails by itself at a rate of its own, in the mean once a year (lognormal, sigma 1), for an hour; everything that
    needs it fails with it. Nine of ten of these failures come on record, each up to 8 minutes late, and no ticket says what
    caused it: each is written as if it had begun where it was seen."""
    built = estate(
        "; ".join(cis), hard=" ".join(f"{a}>{b}" for a, b in needs), services={ci: {} for ci in cis if ci[:3] == "svc"}
    )
    called = {int(position): ci for ci, position in zip(cis, built.at(" ".join(cis)), strict=True)}
    space, rows = workspace(built.compiled), list[dict[str, Any]]()
    for position in called:
        rate = math.exp(rng.gauss(-0.5, 1.0))
        times = np.random.default_rng([7, position]).poisson(rate * YEARS)
        fallen = [called[one] for one in outage(built.compiled, [position], space).failed.tolist()] if times else []
        for _ in range(times):
            began = BEGIN + timedelta(hours=rng.uniform(0.0, YEARS * 8766.0))
            for down in fallen:
                if rng.random() < RECORDED:
                    seen = began + timedelta(seconds=rng.uniform(0.0, LATE_SECONDS))
                    rows.append({"key": f"i{len(rows)}", "ci": down, "started_at": seen.isoformat(),
                                 "ended_at": (began + timedelta(hours=1)).isoformat(), "root_cause": True})  # fmt: skip
    return rows


def listed(ci: str) -> dict[str, Any]:
    return {"key": ci, "name": ci, "class": CLASSES[ci.rstrip("0123456789")], "identifiers": {"trace": ci}}


@pytest.mark.slow
def test_of_200_needs_that_nobody_stated_160_are_among_the_first_400(service: Service) -> None:
    rng = random.Random(19)
    cis, needs = true_needs(rng)
    hidden = set(rng.sample(needs, 200))
    told = [need for need in needs if need not in hidden]
    service.document(
        {
            "cis": [
                {"key": ci, "name": ci, "class": CLASSES[ci.rstrip("0123456789")], "identifiers": {"trace": ci}} for ci in cis
            ],
            "dependencies": [{"dependent": a, "provider": b} for a, b in told],
            "services": [{"key": ci, "customers": 100} for ci in cis if ci[:3] == "svc"],
            "incidents": history(rng, cis, needs),
        }
    )
    calls = [(a, b) for a, b in needs if a[:3] == "app" and (b[:3] == "app" or b[:2] == "db")]
    seen = [call for call in calls if rng.random() < TRACED]
    apps = [ci for ci in cis if ci[:3] == "app"]
    seen += [tuple(rng.sample(apps, 2)) for _ in range(int(NOISE * len(calls)))]  # calls that nothing needs
    path = service.folder / "calls.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("caller", "callee", "kind", "calls"))
        rows.writerows((a, b, "postgresql" if b[:2] == "db" else "", rng.randint(10, 10_000)) for a, b in seen)
    service.sync("traces", "callgraph", path, calls="propose")
    service.post("/proposals", None, 202)
    assert run_one(service.forestay)
    first = proposed_pairs([kept.value for kept in PROPOSALS.page(service.forestay.documents, "", 400)])
    found = {(a.rpartition(":")[2], b.rpartition(":")[2]) for a, b in first} & hidden
    print(len(found))
    assert len(found) >= 160  # 172 when this was written; of the first 238, before any second likeliest, 156 are right
