"""Tiny estates as DependencyGraph, from the dicts of the golden cases or from random numbers."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.domain.columns import Categorical, Texts
from app.domain.graph import KIND_CODES, CiColumns, DependencyColumns, DependencyGraph, GroupColumns, ServiceExposure

NAN = float("nan")


def texts(rows: Sequence[str]) -> Texts:
    raw = [row.encode() for row in rows]
    offsets = np.concatenate([[0], np.cumsum([len(r) for r in raw])]).astype(np.int64)
    return Texts(np.frombuffer(b"".join(raw) or b"", dtype=np.uint8), offsets)


def category(values: Sequence[str | None]) -> Categorical:
    known = tuple(sorted({v for v in values if v is not None}))
    return Categorical(np.array([-1 if v is None else known.index(v) for v in values], dtype=np.int32), known)


def graph_of(estate: Mapping[str, Any]) -> DependencyGraph:
    """ci_id = 10 + number in the estate's list."""
    cis = estate["cis"]
    at = {ci["key"]: 10 + i for i, ci in enumerate(cis)}

    def real(name: str, default: float = NAN) -> Any:
        return np.array([ci.get(name, default) for ci in cis], dtype=np.float64)

    spread = [ci.get("repair_distribution", {}) for ci in cis]
    count = len(cis)
    rows = estate["dependencies"]
    groups = estate["groups"]
    members = [at.get(m, 999) for g in groups for m in g["members"]]
    return DependencyGraph(
        CiColumns(
            ci_id=np.arange(10, 10 + count), key=texts([ci["key"] for ci in cis]), name=texts([ci["key"] for ci in cis]),
            **{
                name: category([ci.get(name) for ci in cis])
                for name in ("ci_class", "site", "team", "supplier", "lifecycle", "environment")
            },
            assessed=np.array([ci.get("assessed", True) for ci in cis], dtype=bool), failures_per_year=real("failures_per_year"),
            failures_origin=np.zeros(count, np.int8), repair_hours=real("repair_hours"), repair_origin=np.zeros(count, np.int8),
            repair_distribution=np.array([int(s.get("kind") == "lognormal") for s in spread], np.int8),
            repair_sigma=np.array([s.get("sigma", NAN) for s in spread]), unavailability=real("unavailability"),
            failure_on_demand=real("failure_on_demand", 0.0), level_share=real("level_share", 1.0), restart_hours=np.zeros(count),
            observed_years=np.zeros(count), observed_incidents=np.zeros(count, np.int32),
        ),
        DependencyColumns(
            np.array([at.get(r["dependent"], 999) for r in rows], np.int64),
            np.array([at.get(r["provider"], 999) for r in rows], np.int64),
            np.array([KIND_CODES[r["kind"]] for r in rows], np.int8), np.array([r.get("weight", 1.0) for r in rows], np.float64),
        ),
        GroupColumns(
            [g["key"] for g in groups], np.array([at.get(g["dependent"], 999) for g in groups], np.int64),
            np.array([int(g.get("supply", False)) for g in groups], np.int8), np.array([g["needed"] for g in groups], np.int64),
            np.concatenate([[0], np.cumsum([len(g["members"]) for g in groups])]).astype(np.int64), np.array(members, np.int64),
            np.array([s for g in groups for s in g.get("shares", [NAN] * len(g["members"]))], np.float64),
            np.array([g.get("failover_minutes", NAN) for g in groups], np.float64),
            np.array([g.get("failover_success", NAN) for g in groups], np.float64),
            np.array([g.get("common_cause_share", NAN) for g in groups], np.float64),
            np.array([g.get("common_cause_unavailability", NAN) for g in groups], np.float64),
        ),
        sorted(
            (
                ServiceExposure(
                    at[s["key"]], s.get("customers"), s.get("money_per_hour"), impact=s.get("impact", {}),
                    mtpd_hours=s.get("mtpd_hours"), rto_hours=s.get("rto_hours"), mbco_share=s.get("mbco_share"),
                )
                for s in estate["services"]
            ),
            key=lambda s: s.ci_id,
        ),
    )  # fmt: skip


def random_estate(rng: random.Random, cis: int, failover: float = 0.0, levels: bool = True) -> dict[str, Any]:
    """Any edges between any CIs: cycles, soft and supply edges, groups with and without shares."""
    keys = [f"c{i}" for i in range(cis)]
    acyclic = rng.random() < 0.3

    def pair() -> tuple[str, str]:
        a, b = rng.sample(range(cis), 2)
        return (keys[max(a, b)], keys[min(a, b)]) if acyclic else (keys[a], keys[b])

    rows = []
    for _ in range(rng.randint(0, 2 * cis)):
        a, b = pair()
        kind = rng.choice(("hard", "hard", "soft", "soft", "supply"))
        rows.append({"dependent": a, "provider": b, "kind": kind, "weight": rng.choice((0.1, 0.3, 0.5, 0.9, 1.0, 0.0))})
    groups = []
    for i in range(rng.randint(0, cis)):
        own = rng.randrange(cis)
        able = [k for n, k in enumerate(keys) if n != own and (n < own or not acyclic)]
        if not able:
            continue
        members = rng.sample(able, rng.randint(1, min(4, len(able))))
        group: dict[str, Any] = {
            "key": f"g{i}", "dependent": keys[own], "needed": rng.randint(1, len(members)), "members": members,
            "supply": rng.random() < 0.35,
        }  # fmt: skip
        if rng.random() < 0.3:
            group["shares"] = [rng.choice((0.25, 0.5, 0.75, 1.0)) for _ in members]
        if rng.random() < failover:
            group |= {
                "failover_minutes": rng.choice((3, 6, 15, 60)),
                "failover_success": rng.choice((0.5, 0.8, 0.9, 1.0)),
                "supply": False,
            }
        groups.append(group)
    cis_rows = [
        {
            "key": k, "failures_per_year": rng.choice((0.0, 0.5, 2.0, 12.0)), "repair_hours": rng.choice((0.5, 2.0, 8.0)),
            "level_share": rng.choice((0.5, 0.8)) if levels and rng.random() < 0.05 else 1.0,
        }
        for k in keys
    ]  # fmt: skip
    services = [
        {"key": k, "customers": rng.choice((10, 100)), "money_per_hour": rng.choice((0, 50, 1000)), "mtpd_hours": 4.0}
        for k in rng.sample(keys, min(cis, 3))
    ]
    return {"cis": cis_rows, "dependencies": rows, "groups": groups, "services": services}
