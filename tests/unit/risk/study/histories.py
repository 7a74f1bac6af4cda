"""Estates with known truth, and histories of incidents lived from it: what an estimate may see, and what it should have said."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from app.domain.ci_classes import ci_classes
from app.domain.columns import ABSENT
from app.domain.graph import DependencyGraph
from app.risk.first_order.sweep import first_order
from app.risk.first_order.totals import totals_of
from app.risk.graph.compiled import CompiledGraph
from app.risk.intake.assemble import AssembleOptions, assemble
from app.risk.intake.class_rates import SHAPE_SPREAD, begin_of
from app.risk.intake.compile import compile_graph
from app.risk.intake.restore_times_seen import SHARE
from app.risk.study.uncertainty import OuterDraws, ranges_of, response
from tests.unit.risk.build import category, texts
from tests.unit.risk.intake.test_evidence import ci_columns

YEAR, HOUR = 8766 * 3600, 3600
CLASSES = ci_classes()
OF_CLASS = {"server": 30, "database": 12, "network_switch": 9, "application": 25}
NAMES = [name for name, count in OF_CLASS.items() for _ in range(count)]
SERVICES = 6


@dataclass(frozen=True)
class Truth:
    """Rates (per year of up time) and mean restore times (hours) of the CIs that fail, and spread of single restores."""

    rate: Any
    hours: Any
    sigma: Any


@dataclass(frozen=True)
class Lived:
    """What was estimated from one history: the compiled estate, its draws, rates in use, and which CIs have a measured restore
    time."""

    compiled: CompiledGraph
    outer: OuterDraws
    truth: Truth  # by position
    fails: Any  # positions of the CIs that fail
    true_loss: Any  # a year, by position


def truth_of(rng: np.random.Generator) -> Truth:
    """Every class has its mean, its shape and its usual restore time, drawn from the class table as the model reads it; every CI
    its own rate and restore time about them."""
    rate, hours, sigmas = [], [], []
    for name, count in OF_CLASS.items():
        row = CLASSES[name]
        median, spread, shape = begin_of(row)
        mean = median * math.exp(spread * rng.standard_normal())
        own = shape * math.exp(SHAPE_SPREAD * rng.standard_normal())
        rate.append(rng.gamma(own, mean / own, count))
        sigma = row.repair_sigma
        middle = math.log(row.repair_hours) - sigma**2 / 2 + math.sqrt(SHARE) * sigma * rng.standard_normal()
        hours.append(np.exp(middle + math.sqrt(SHARE) * sigma * rng.standard_normal(count) + sigma**2 / 2))
        sigmas.append(np.full(count, sigma))
    return Truth(*map(np.concatenate, (rate, hours, sigmas)))


def lived(truth: Truth, years: float, rng: np.random.Generator) -> list[tuple[int, int, int, int, int]]:
    """Incidents (source, ci_id, from, until, root cause) of each CI from 0 on, up and down in turn; the last may be open."""
    rows, end = [], int(years * YEAR)
    for number, (rate, mean, sigma) in enumerate(zip(truth.rate, truth.hours, truth.sigma, strict=True)):
        at = 0.0
        while True:
            at += rng.exponential(YEAR / rate) if rate > 0 else math.inf
            if at >= end:
                break
            until = at + mean * HOUR * math.exp(sigma * rng.standard_normal() - sigma**2 / 2)
            rows.append((1, 10 + number, int(at), int(until) if until < end else ABSENT, 1))
            at = until
    return rows


@cache
def _structure(seed: int) -> dict[str, Any]:
    """Who needs whom, and what the services cost: every service needs some applications and they some of the others, hard."""
    rng = np.random.default_rng(seed)
    count = len(NAMES)
    first_app = count - OF_CLASS["application"]
    edges = {(10 + count + int(rng.integers(SERVICES)), 10 + app) for app in range(first_app, count)}
    edges |= {
        (10 + int(rng.integers(first_app, count)), 10 + low) for low in range(first_app) for _ in range(int(rng.integers(1, 3)))
    }
    ends = np.asarray(sorted(edges), np.int64)
    return {"ends": ends, "money": np.exp(rng.normal(7.0, 1.2, SERVICES))}


def _columns(seed: int, incident: Any, years: float) -> dict[str, Any]:
    made, count = _structure(seed), len(NAMES)
    ci = ci_columns([*NAMES, *["business_service"] * SERVICES], is_service=np.array([0] * count + [1] * SERVICES))
    ends = made["ends"]
    none, nothing = np.zeros(0), np.zeros(0, np.int64)
    return {
        "ci": ci,
        "incident": dict(zip(("source_id", "ci_id", "started_at", "ended_at", "root_cause"), incident.T, strict=True)),
        "observation": {
            "source_id": np.array([1]), "scope": category(["*"]), "observed_from": np.array([0]),
            "observed_until": np.array([int(years * YEAR)]),
        },
        "dependency": {
            "dependent_id": ends[:, 0], "provider_id": ends[:, 1], "kind": category(["hard"] * len(ends)),
            "weight": np.full(len(ends), math.nan),
        },
        "redundancy_group": {
            "key": texts([]), "dependent_id": nothing, "kind": category([]), "needed": nothing, "members": texts([]),
            "shares": texts([]), "failover_minutes": none, "failover_success": none, "common_cause_share": none,
            "common_cause_unavailability": none,
        },
        "exposure": {
            "ci_id": 10 + count + np.arange(SERVICES), "source_id": np.ones(SERVICES, np.int64),
            "currency": category(["EUR"] * SERVICES), "customer_population": category([None] * SERVICES),
            "impact": texts([""] * SERVICES), "money_per_hour": made["money"],
            **{
                name: np.full(SERVICES, math.nan)
                for name in ("customers", "mtpd_hours", "rto_hours", "rpo_hours", "mbco_share", "availability_target")
            },
        },
        "open_need": {
            "source_id": nothing, "need_key": texts([]), "dependent_id": nothing, "kind": category([]), "needs": nothing,
        },
    }  # fmt: skip


def graph_of(seed: int, incidents: list[tuple[int, int, int, int, int]], years: float) -> DependencyGraph:
    table = np.asarray(incidents, np.int64).reshape(-1, 5)
    return assemble(_columns(seed, table, years), CLASSES, AssembleOptions(now=int(years * YEAR))).graph


def estimated(seed: int, years: float, draws: int = 400, without: tuple[str, ...] = ()) -> Lived:
    """One estate with its own truth, and what its history says of it. `without`: classes whose incidents nobody writes down."""
    rng = np.random.default_rng([seed, 19])
    truth = truth_of(rng)
    graph = graph_of(seed % 8, lived(truth, years, rng), years)
    compiled = compile_graph(graph)
    ranges = ranges_of(graph.cis, compiled.row, CLASSES)
    outer = OuterDraws(response(compiled, "money_per_year"), ranges, compiled.ci_id, draws, seed)
    position = np.asarray([compiled.position_of(10 + number) for number in range(len(NAMES))])
    rate, hours = compiled.failures_per_year.copy(), compiled.repair_hours.copy()
    rate[position], hours[position] = truth.rate, truth.hours
    real = replace(compiled, failures_per_year=rate, repair_hours=hours)
    loss = np.nan_to_num(totals_of(real, first_order(real)).values()["money_per_year"])
    return Lived(compiled, outer, Truth(rate, hours, truth.sigma), position, loss)
