"""Failovers and losses of one outage in plain Python (model 1.6, 1.10): every outcome of the switches, every stretch of constant
state."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.unit.risk.oracle import Oracle

Set = frozenset[str]


@dataclass(frozen=True)
class Switch:
    dependent: str
    members: tuple[str, ...]
    needed: int
    hours: float
    success: float


@dataclass
class Hit:
    """What one outage costs one service, by expected value."""

    hours: float = 0.0
    money: float = 0.0
    breach: float = 0.0


def loss_at(points: list[tuple[float, float]], d: float) -> float:
    """L(d), left-continuous, last slope goes on."""
    if d <= 0:
        return 0.0
    slope = 0.0
    for (t0, l0), (t1, l1) in itertools.pairwise(points):
        if t1 > t0:
            slope = (l1 - l0) / (t1 - t0)
            if d <= t1:
                return l0 + slope * (d - t0)
    return points[-1][1] + slope * (d - points[-1][0])


def _phi(x: float) -> float:
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def stays(mean: float, sigma: float | None, t: float) -> float:
    """P(R > t)."""
    if mean == 0:
        return 0.0
    if t <= 0:
        return 1.0
    if sigma is None:
        return math.exp(-t / mean)
    return 1 - _phi((math.log(t) - math.log(mean) + sigma**2 / 2) / sigma)


def mean_beyond(mean: float, sigma: float | None, t: float) -> float:
    """E max(R - t, 0)."""
    if t <= 0 or mean == 0:
        return mean
    if sigma is None:
        return mean * math.exp(-t / mean)
    mu = math.log(mean) - sigma**2 / 2
    return mean * _phi((mu + sigma**2 - math.log(t)) / sigma) - t * stays(mean, sigma, t)


def lost_beyond(points: list[tuple[float, float]], mean: float, sigma: float | None, after: float) -> float:
    """E max(L(R) - L(after), 0): the integral of P(R > t) over L from `after` on."""
    total, slope = 0.0, 0.0
    for (t0, l0), (t1, l1) in itertools.pairwise(points):
        if t1 > t0:
            slope = (l1 - l0) / (t1 - t0)
            if t1 > after:
                total += slope * (mean_beyond(mean, sigma, max(t0, after)) - mean_beyond(mean, sigma, t1))
        elif t0 >= after:
            total += (l1 - l0) * stays(mean, sigma, t0)
    return total + slope * mean_beyond(mean, sigma, max(points[-1][0], after))


@dataclass
class SwitchOracle:
    estate: Mapping[str, Any]
    rule: str = "product"
    oracle: Oracle = field(init=False)
    states: dict[Set, tuple[Set, dict[str, float]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.oracle = Oracle(self.estate)
        gamma = {ci["key"]: ci.get("failure_on_demand", 0.0) for ci in self.estate["cis"]}
        self.switches = []
        for g in self.oracle.groups:
            if g.get("failover_minutes") is None and g.get("failover_success") is None:
                continue
            success = g.get("failover_success", 1.0)
            for standby in g["members"][g["needed"] :]:
                success *= 1 - gamma[standby]
            hours = (g.get("failover_minutes") or 0) / 60
            self.switches.append(Switch(g["dependent"], tuple(g["members"]), g["needed"], hours, success))
        self.rest_failed, self.rest = self.state(frozenset())

    def state(self, down: Set) -> tuple[Set, dict[str, float]]:
        if down not in self.states:
            failed = self.oracle.failed(set(down))
            self.states[down] = (frozenset(failed), self.oracle.capability(failed, self.rule))
        return self.states[down]

    def stands(self, w: Switch, failed: Set) -> bool:
        """The group can switch: its dependent is not down at rest, and enough members are left."""
        return w.dependent not in self.rest_failed and sum(m not in failed for m in w.members) >= w.needed

    def triggered(self, forced: Set) -> list[int]:
        failed = self.state(forced)[0]
        new = failed - self.rest_failed
        return [k for k, w in enumerate(self.switches) if self.stands(w, failed) and new.intersection(w.members[: w.needed])]

    def outcomes(
        self, forced: Set, decided: Mapping[int, bool] | None = None, p: float = 1.0
    ) -> Iterator[tuple[float, Set, list[Switch]]]:
        """(probability, lasting forced CIs, switches that interrupt). A switch is asked once, whether or not its dependent is
        down by another need."""
        decided = decided or {}
        live = self.triggered(forced)
        undecided = [k for k in live if k not in decided]
        if not undecided:
            yield p, forced, [self.switches[k] for k in live if decided[k]]
            return
        k = undecided[-1]
        w = self.switches[k]
        yield from self.outcomes(forced, {**decided, k: True}, p * w.success)
        if w.success < 1:
            yield from self.outcomes(forced | {w.dependent}, {**decided, k: False}, p * (1 - w.success))

    def lost(self, forced: Set, service: str) -> float:
        return self.rest[service] - self.state(forced)[1][service]

    def is_out(self, forced: Set, service: Mapping[str, Any]) -> bool:
        """Down, or below its MBCO, and not so at rest already."""
        if self.lost(forced, service["key"]) <= 0:
            return False
        mbco = service.get("mbco_share")
        return service["key"] in self.state(forced)[0] or (mbco is not None and self.state(forced)[1][service["key"]] < mbco)

    def points(self, service: Mapping[str, Any]) -> list[tuple[float, float]]:
        curve = service.get("impact", {}).get("money")
        return [tuple(p) for p in curve] if curve else [(0.0, 0.0), (1.0, float(service.get("money_per_hour") or 0.0))]

    def levels(self, lasting: Set, switched: list[Switch]) -> list[tuple[float, float, Set]]:
        """Stretches (from, to, forced) while some interruption lasts, from the start."""
        times = sorted({0.0, *(w.hours for w in switched)})
        return [
            (a, b, lasting | {w.dependent for w in switched if w.hours > a})
            for a, b in itertools.pairwise(times)
        ]  # fmt: skip

    def hits(self, ci: Mapping[str, Any], service: Mapping[str, Any]) -> list[tuple[float, Hit]]:
        """(probability, cost) of each outcome of one outage of `ci`, which lasts R; a failover counts in full."""
        key, mean = service["key"], ci["repair_hours"]
        spread = ci.get("repair_distribution", {})
        sigma = spread["sigma"] if spread.get("kind") == "lognormal" else None
        curve, mtpd = self.points(service), service.get("mtpd_hours")
        answer = []
        for p, lasting, switched in self.outcomes(frozenset({ci["key"]})):
            base = self.lost(lasting, key)
            hit, out_alone, out_both, after = Hit(), 0.0, 0.0, 0.0
            for a, b, forced in self.levels(lasting, switched):  # while the outage lasts, and after it while the interruptions do
                only = frozenset(w.dependent for w in switched if w.hours > a)
                x, y = self.lost(only, key), self.lost(forced, key)
                hit.hours += x * (b - a) + (y - x) * (mean_beyond(mean, sigma, a) - mean_beyond(mean, sigma, b))
                hit.money += x * (loss_at(curve, b) - loss_at(curve, a))
                hit.money += (y - x) * (lost_beyond(curve, mean, sigma, a) - lost_beyond(curve, mean, sigma, b))
                out_alone = b if self.is_out(only, service) else out_alone
                out_both = b if self.is_out(forced, service) else out_both
                after = b
            hit.hours += base * mean_beyond(mean, sigma, after)
            hit.money += base * lost_beyond(curve, mean, sigma, after)
            if mtpd is not None:
                if out_alone > mtpd:
                    hit.breach = 1.0
                elif out_both > mtpd or self.is_out(lasting, service):
                    hit.breach = stays(mean, sigma, mtpd)
            answer.append((p, hit))
        return answer

    def expected(self, ci: Mapping[str, Any], service: Mapping[str, Any]) -> Hit:
        rows = self.hits(ci, service)
        return Hit(*(sum(p * getattr(h, n) for p, h in rows) for n in ("hours", "money", "breach")))

    def story(self, down: Set, duration: float, service: Mapping[str, Any]) -> Hit:
        """A fixed duration: (expected hours down or below the MBCO, money, probability that it stops)."""
        curve, total = self.points(service), Hit()
        for p, lasting, switched in self.outcomes(down):
            cuts = sorted({0.0, duration, *(w.hours for w in switched)})
            began, before = 0.0, -1.0
            stopped = False
            for a, b in itertools.pairwise(cuts):
                forced = frozenset({*(lasting if a < duration else ()), *(w.dependent for w in switched if w.hours > a)})
                share = self.lost(forced, service["key"])
                if share <= 1e-15:
                    continue
                began = began if before == a else a
                before = b
                total.money += p * share * (loss_at(curve, b - began) - loss_at(curve, a - began))
                total.hours += p * (b - a) * self.is_out(forced, service)
                stopped = stopped or service["key"] in self.state(forced)[0]
            total.breach += p * stopped
        return total
