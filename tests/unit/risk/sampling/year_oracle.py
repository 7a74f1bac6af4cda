"""Simulated years in plain Python over sets, on the same up and down times: model 1.6 and 1.10 word by word, every state from the
oracle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.domain.quantities import HOURS_PER_YEAR
from app.risk.graph.subestate import Subestate
from app.risk.outage.rates_and_exposures import rates_and_exposures_of
from app.risk.sampling.events import BLOCK_YEARS, RUN_OFF
from app.risk.sampling.renewal import renewal_of, restore_time, start_state, up_time
from app.risk.sampling.streams import seed_word
from app.risk.sampling.transitions import works
from tests.unit.risk.switch_oracle import SwitchOracle, loss_at

Set = frozenset[str]
SPAN = BLOCK_YEARS * HOURS_PER_YEAR


@dataclass
class Group:
    number: int
    key: int
    dependent: str
    members: tuple[str, ...]
    active: frozenset[str]
    hours: float


@dataclass
class Story:
    """One outage or stop."""

    start: float
    initiator: str
    alone: bool
    end: float = math.nan
    loss: float = 0.0
    lost: float = 0.0
    down: float = 0.0


@dataclass
class YearOracle:
    estate: Mapping[str, Any]
    cut: Subestate
    seed: int
    block: int
    own: set[str] = field(default_factory=set)
    stuck: dict[int, set[str]] = field(default_factory=dict)
    held: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        compiled = self.cut.compiled
        self.names = [self.estate["cis"][int(i) - 10]["key"] for i in compiled.ci_id]
        self.oracle = SwitchOracle(self.estate)
        self.failovers = rates_and_exposures_of(compiled).failovers
        self.ren, _ = renewal_of(compiled)
        self.service = next(s for s in self.estate["services"] if s["key"] == self.names[self.cut.target])
        flat = compiled.flat
        self.groups = []
        for g in np.flatnonzero(self.failovers.switches).tolist():
            members = tuple(self.names[m] for m in flat.member[flat.member_ptr[g] : flat.member_ptr[g + 1]])
            self.groups.append(Group(g, int(self.failovers.key[g]), self.names[flat.group_dependent[g]], members,
                                     frozenset(members[: flat.group_needed[g]]), float(self.failovers.hours[g])))  # fmt: skip
        self.groups.sort(key=lambda g: g.key)

    def by_number(self, number: int) -> Group:
        return next(g for g in self.groups if g.number == number)

    def lasting(self, without: int = -1) -> Set:
        return frozenset(self.own | {self.by_number(g).dependent for g in self.stuck if g != without})

    def failed(self, forced: Set) -> Set:
        return self.oracle.state(forced)[0]

    def seen(self, forced: Set) -> tuple[float, bool, bool]:
        """(share lost, down, down or below the MBCO)."""
        key = self.service["key"]
        lost = self.oracle.lost(forced, key)
        down = key in self.failed(forced)
        return (lost, down, self.oracle.is_out(forced, self.service)) if lost > 1e-11 else (0.0, False, False)

    def now_seen(self) -> tuple[float, bool, bool]:
        return self.seen(self.lasting() | {self.by_number(g).dependent for g in self.held})

    def stands(self, group: Group) -> bool:
        failed = self.failed(self.lasting())
        left = sum(m not in failed for m in group.members)
        return group.dependent not in self.oracle.rest_failed and left >= len(group.active)

    def switch(self, before: Set, ci_id: int, number: int, now: float, interrupts: bool) -> set[str]:
        """Let groups switch after the failures that are new since `before`; dependents taken down."""
        asked: set[int] = set()
        forced: set[str] = set()

        def triggered(old: Set) -> list[Group]:
            new = self.failed(self.lasting()) - old
            found = [g for g in self.groups if g.number not in asked and g.active & new and self.stands(g)]
            asked.update(g.number for g in found)
            return found

        queue = triggered(before)
        while queue:
            group = queue.pop(0)
            state = self.failed(self.lasting())
            if not self.stands(group):
                continue
            if works(self.failovers, group.number, seed_word(self.seed), np.int64(ci_id), self.block, number):
                if not interrupts or group.hours <= 0:
                    continue
                self.held[group.number] = max(self.held.get(group.number, 0.0), now + group.hours)
            elif group.dependent in state:
                continue
            else:
                self.stuck[group.number] = set(group.members) & state
                queue += triggered(state)
            forced.add(group.dependent)
        return forced

    def release(self) -> None:
        again = True
        while again:
            again = False
            for number in list(self.stuck):
                missing = set(self.by_number(number).members) & self.failed(self.lasting(number))
                if self.stuck[number] - missing:
                    del self.stuck[number]
                    again = True
                else:
                    self.stuck[number] = missing

    def run(self) -> tuple[list[Story], list[Story], dict[str, float]]:
        seed = seed_word(self.seed)
        n = len(self.names)
        times, number, lies = [math.inf] * n, [0] * n, [False] * n
        for i in range(n):
            if self.ren.rate[i] > 0:
                lies[i], times[i] = start_state(self.ren, seed, self.block, i)
                if lies[i]:
                    self.own.add(self.names[i])
        if self.own and self.groups:
            self.switch(frozenset(), 0, 0, 0.0, False)
        outages: list[Story] = []
        stops: list[Story] = []
        sums = {"lost": 0.0, "down": 0.0, "out": 0.0}
        curve = self.oracle.points(self.service)
        now, outage, stop = 0.0, None, None
        lost, down, out = self.now_seen()
        while True:
            then = min([*times, *self.held.values()], default=math.inf)
            end = SPAN + (RUN_OFF * HOURS_PER_YEAR if outage or stop else 0)
            cut = then >= end
            then = max(now, end) if cut else then
            inner = max(0.0, min(then, SPAN) - now)
            sums["lost"] += lost * inner
            sums["down"] += down * inner
            sums["out"] += out * inner
            if outage:
                outage.loss += lost * (loss_at(curve, then - outage.start) - loss_at(curve, now - outage.start))
                outage.lost += lost * (then - now)
                outage.down += down * (then - now)
            now = then
            if cut:
                break
            was_lost, was_out, initiator, forced = lost, out, None, set()
            due = [g for g, until in self.held.items() if until <= now]
            if due:
                for g in due:
                    del self.held[g]
            else:
                i = times.index(then)
                key = self.names[i]
                if key in self.own:
                    self.own.discard(key)
                    self.release()
                    times[i] = now + up_time(self.ren, seed, self.block, i, number[i])
                else:
                    number[i] += 1
                    before = self.failed(self.lasting())
                    self.own.add(key)
                    forced = self.switch(before, int(self.cut.compiled.ci_id[i]), number[i], now, True)
                    self.release()
                    initiator = key
                    times[i] = now + restore_time(self.ren, seed, self.block, i, number[i])
            lost, down, out = self.now_seen()
            if outage and lost <= 0:
                outage.end = now
                outages.append(outage)
                outage = None
            if stop and not out:
                stop.end = now
                stops.append(stop)
                stop = None
            if initiator and now < SPAN:
                alone = self.seen(frozenset({initiator, *forced}))
                if lost > 0 and was_lost <= 0:
                    outage = Story(now, initiator, alone[0] > 0)
                if out and not was_out:
                    stop = Story(now, initiator, alone[2])
        for story, listed in ((outage, outages), (stop, stops)):
            if story:
                story.end = now
                listed.append(story)
        return outages, stops, sums
