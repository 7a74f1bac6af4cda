"""A timeline in plain Python: every instant from scratch, over sets, with no code of app/risk.

What is down at an instant is forced down by its own outage, by a restart, by a switch that failed or by one that is under way;
the states follow by the model read word by word (tests/unit/risk/oracle.py).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.unit.risk.oracle import Oracle

INF = math.inf


@dataclass
class Own:
    end: float | None  # the hour at which it is over; None: after `work` hours once all needs are back
    work: float = 0.0


@dataclass
class Naive:
    """`decide(step, group number, success)`: how a switch goes ("works", "fails"); called where both can be. `place`: the order
    of the graph, in which equally late needs are named."""

    estate: dict[str, Any]
    steps: list[dict[str, Any]]
    decide: Callable[[int, int, float], str]
    rank: Callable[[int, int], int]  # of several groups that switch at once, which is asked first
    place: Callable[[str], int]
    restarts: bool = True
    hours: float = 72.0
    rule: str = "product"
    probability: float = 1.0
    own: dict[str, Own] = field(default_factory=dict)
    restarting: dict[str, float] = field(default_factory=dict)
    levels: dict[str, tuple[float, float]] = field(default_factory=dict)
    switching: dict[str, float] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    answers: dict[int, str] = field(default_factory=dict)
    states: list[tuple[float, float, dict[str, tuple[str, float]]]] = field(default_factory=list)
    waited: list[dict[str, str]] = field(default_factory=list)  # by step: the need that each that came back waited for last

    def __post_init__(self) -> None:
        self.oracle = Oracle(self.estate)
        self.groups = self.oracle.groups
        self.ci = {ci["key"]: ci for ci in self.estate["cis"]}
        self.rest_failed = self.oracle.failed(set())
        self.rest = self.oracle.capability(self.rest_failed, self.rule)
        self.base_level = dict(self.oracle.level)

    def failed(self, forced: set[str]) -> set[str]:
        return self.oracle.failed(forced) - self.rest_failed

    def switches(self, number: int) -> tuple[float, float] | None:
        """Hours and success of a group's failover; None where it never switches."""
        group = self.groups[number]
        if group["dependent"] in self.blocked:
            return 0.0, 0.0
        if group.get("failover_minutes") is None:
            return None
        success = group.get("failover_success")
        success = 1.0 if success is None else success
        for standby in group["members"][group["needed"] :]:
            success *= 1.0 - self.ci[standby].get("failure_on_demand", 0.0)
        hours = group["failover_minutes"] / 60.0
        return (hours, success) if hours > 0 or success < 1 else None

    def active(self, number: int) -> list[str]:
        group = self.groups[number]
        return list(group["members"][: group["needed"]])

    def stands(self, number: int, down: set[str]) -> bool:
        group = self.groups[number]
        lost = sum(m in down or m in self.rest_failed for m in group["members"])
        return lost < len(group["members"]) - group["needed"] + 1 and group["dependent"] not in self.rest_failed

    def run(self) -> None:
        times = sorted(
            {s["at"] for s in self.steps}
            | {s["at"] + s["hours"] for s in self.steps if s["do"] == "degrade" and s["hours"] is not None}
        )
        for n, now in enumerate(times):
            self.levels = {k: v for k, v in self.levels.items() if v[1] > now}
            for act in self.steps:
                if act["at"] == now:
                    self.apply(act, now)
            self.play(n, now, times[n + 1] if n + 1 < len(times) else INF)

    def apply(self, act: dict[str, Any], now: float) -> None:
        cis = [k for k in act["cis"] if k not in self.rest_failed]
        for key in cis:
            if act["do"] == "block":
                self.blocked.add(key)
            elif act["do"] == "degrade":
                self.levels[key] = (act["share"], INF if act["hours"] is None else now + act["hours"])
            elif act["do"] == "fail":
                self.restarting.pop(key, None)
                modelled = act["hours"] == "modelled"
                end = None if modelled else INF if act["hours"] is None else now + act["hours"]
                self.own[key] = Own(end, self.ci[key]["repair_hours"])
            else:
                for kept in (self.own, self.restarting, self.levels):
                    kept.pop(key, None)  # type: ignore[attr-defined]

    def play(self, n: int, now: float, following: float) -> None:
        # what lasts: switches that failed hold their dependents while an active member is down
        forced = set(self.own) | set(self.restarting)
        held: set[int] = set()
        turn: list[int] = []
        turned = 0

        def spread() -> set[str]:
            while True:
                down = self.failed(forced | {self.groups[g]["dependent"] for g in held})
                more = {
                    g
                    for g, how in self.answers.items()
                    if how == "fails" and g not in held and any(a in down for a in self.active(g))
                }
                if not more:
                    break
                held.update(more)
            new = [
                g for g in range(len(self.groups))
                if g not in self.answers and g not in turn and self.switches(g) and any(a in down for a in self.active(g))
            ]  # fmt: skip
            turn.extend(sorted(new, key=lambda g: self.rank(n, g)))
            return down

        down = spread()
        asked: dict[int, str] = {}
        while turned < len(turn):
            g = turn[turned]
            turned += 1
            _, success = self.switches(g) or (0.0, 1.0)
            if not self.stands(g, down):
                asked[g] = "moot"
                continue
            how = "works" if success >= 1 else "fails" if success <= 0 else self.decide(n, g, success)
            if 0 < success < 1:
                self.probability *= success if how == "works" else 1 - success
            asked[g] = how
            if how == "fails":
                held.add(g)
                down = spread()
        self.answers.update(asked)
        for g, how in asked.items():
            if how == "works" and self.stands(g, down) and (self.switches(g) or (0, 0))[0] > 0:
                dependent = self.groups[g]["dependent"]
                self.switching[dependent] = max(self.switching.get(dependent, 0.0), now + (self.switches(g) or (0, 0))[0])
        self.answers = {g: how for g, how in self.answers.items() if any(a in down for a in self.active(g))}
        back, begun, circle = self.back(down, held, now)
        end = following
        if end == INF:
            end = max([now, *(b for b in back.values() if b < INF), *(u for u in self.switching.values())])
            if any(b == INF for b in back.values()) or any(u == INF for _, u in self.levels.values()):
                end = max(end, now + self.hours)
        held_cis = {self.groups[g]["dependent"] for g in held}
        work = {k: self.hours_of(k) for k in down}
        cuts = {now, end} | {t for t in [*back.values(), *self.switching.values()] if now < t < end}
        order = sorted(cuts)
        for start, stop in pairwise(order):
            self.states.append((start, stop, self.state_at(start, down, held_cis, work, back)))
        if following == INF:
            return
        own, restarting = {}, {}
        for k in down:
            if back[k] <= following:
                continue
            left = work[k]
            if begun[k] < following and work[k] > 0:
                left = work[k] * (back[k] - following) / circle[k] if circle[k] else back[k] - following
            if k in self.own:
                own[k] = Own(self.own[k].end, left)
            elif work[k] > 0:
                restarting[k] = left
        self.own, self.restarting = own, restarting
        self.switching = {k: u for k, u in self.switching.items() if u > following}
        self.answers = {g: how for g, how in self.answers.items() if any(back.get(a, 0.0) > following for a in self.active(g))}

    def hours_of(self, k: str) -> float:
        if k in self.own:
            return self.own[k].work if self.own[k].end is None else 0.0
        if not self.restarts:
            return 0.0
        return self.restarting.get(k, self.ci[k].get("restart_hours", 0.0))

    def state_at(
        self, t: float, down: set[str], held: set[str], work: dict[str, float], back: dict[str, float]
    ) -> dict[str, tuple[str, float]]:
        broken = {k for k in down if back[k] > t and (k in self.own or k in held)}
        slow = {k for k in down if back[k] > t and work[k] > 0} | broken
        all_forced = slow | {k for k, until in self.switching.items() if until > t}
        lasting, recovering, failed = self.failed(broken), self.failed(slow), self.failed(all_forced)
        for k, base in self.base_level.items():
            self.oracle.level[k] = min(base, self.levels[k][0]) if k in self.levels else base
        capability = self.oracle.capability(failed | self.rest_failed, self.rule)
        self.oracle.level = dict(self.base_level)
        out = {}
        for k, c in capability.items():
            if k in self.rest_failed:
                continue
            if k in failed:
                out[k] = ("down" if k in lasting else "recovering" if k in recovering else "interrupted", 0.0)
            elif c < self.rest[k] - 1e-9:
                out[k] = ("degraded", c)
        return out

    def back(self, down: set[str], held: set[int], now: float) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
        """The hour at which each CI that is down is back: all that can be known is worked out again and again, the earliest
        first; where nothing can, circles that wait for nothing else come back together."""
        never = {k for k in down if k in self.own and self.own[k].end == INF}
        waiting: set[str] = set()
        while True:
            stuck = self.failed(never | waiting) if never else set()
            more = {self.groups[g]["dependent"] for g in held if any(a in stuck for a in self.active(g))}
            if more <= waiting:
                break
            waiting |= more
        back = dict.fromkeys(stuck, INF)
        begun, circle = dict.fromkeys(down, now) | dict.fromkeys(stuck, INF), dict.fromkeys(down, 0.0)
        open_cis = {k for k in down if k not in stuck}
        waited: dict[str, str] = {}
        self.waited.append(waited)

        def needs(v: str) -> list[tuple[float, str]]:
            """Those needs of v that are back and that it had to wait for, with their hours."""
            out = [(back[b], b) for a, b in self.oracle.hard | self.oracle.supply if a == v and b in back]
            out += [(back[b], b) for g in held if self.groups[g]["dependent"] == v for b in self.active(g) if b in back]
            for group in self.groups:
                up = sum(m not in down and m not in self.rest_failed for m in group["members"])
                came = sorted((back[m], m) for m in group["members"] if m in down and m in back and back[m] < INF)
                lacking = group["needed"] - up
                if group["dependent"] == v and 0 < lacking <= len(came):
                    out += [one for one in came if one[0] == came[lacking - 1][0]]
            return out

        def name(v: str) -> None:
            known = needs(v)
            latest = max((time for time, _ in known), default=now)
            waited[v] = min((b for time, b in known if time == latest), key=self.place, default="")

        def ready(v: str, among: set[str] | None = None) -> float | None:
            """When all needs of v are back; None: not known yet. `among`: needs that do not count."""
            latest = now
            for a, b in self.oracle.hard | self.oracle.supply:
                if a == v and b in down:
                    if b not in back:
                        return None
                    latest = max(latest, back[b])
            for g in held:
                if self.groups[g]["dependent"] == v:
                    for b in self.active(g):
                        if b in down:
                            if b not in back:
                                return None
                            latest = max(latest, back[b])
            for group in self.groups:
                if group["dependent"] == v:
                    members = group["members"]
                    up = sum(m not in down and m not in self.rest_failed for m in members)
                    lacking = group["needed"] - up
                    if lacking > 0:
                        known = sorted(back[m] for m in members if m in down and m in back and back[m] < INF)
                        if len(known) < lacking:
                            return None
                        latest = max(latest, known[lacking - 1])
            return latest

        def finish(v: str, start: float) -> float:
            own = self.own.get(v)
            return max(own.end, start) if own is not None and own.end is not None else start + self.hours_of(v)

        while open_cis:
            able = [(finish(v, r), self.place(v), v, r) for v in sorted(open_cis) if (r := ready(v)) is not None]
            for _, _, v, _ in able:
                if v not in waited:
                    name(v)
            if able:
                time, _, v, r = min(able)
                back[v], begun[v] = time, r
                open_cis.discard(v)
                continue
            before, named = set(open_cis), {}
            for v in sorted(open_cis):
                name(v)
                named[v] = waited.pop(v)
            self.force_circles(open_cis, back, begun, circle, held, down, now)
            for v in sorted(before - open_cis):
                waited[v] = named[v]
        of_part = Counter(self.oracle.component.values())
        for v in waited:
            if of_part[self.oracle.component[v]] == 1:  # in no cycle: all that it needs is known before
                name(v)
        return back, begun, circle

    def force_circles(
        self, open_cis: set[str], back: dict[str, float], begun: dict[str, float], circle: dict[str, float], held: set[int],
        down: set[str], now: float,
    ) -> None:  # fmt: skip
        def open_needs(v: str) -> set[str]:
            out = {b for a, b in self.oracle.hard | self.oracle.supply if a == v and b in open_cis}
            out |= {b for g in held if self.groups[g]["dependent"] == v for b in self.active(g) if b in open_cis}
            for group in self.groups:
                if group["dependent"] == v:
                    up = sum(m not in down and m not in self.rest_failed for m in group["members"])
                    came = sum(m in down and m in back and back[m] < INF for m in group["members"])
                    if up + came < group["needed"]:
                        out |= {m for m in group["members"] if m in open_cis}
            return out

        def known_start(v: str) -> float:
            times = [now]
            times += [back[b] for a, b in self.oracle.hard | self.oracle.supply if a == v and b in back]
            times += [back[b] for g in held if self.groups[g]["dependent"] == v for b in self.active(g) if b in back]
            for group in self.groups:
                if group["dependent"] == v:
                    up = sum(m not in down and m not in self.rest_failed for m in group["members"])
                    lacking = group["needed"] - up
                    came = sorted(back[m] for m in group["members"] if m in down and m in back and back[m] < INF)
                    if lacking > 0:
                        times += came[:lacking]
            return max(times)

        parts: dict[int, set[str]] = {}
        for v in open_cis:
            parts.setdefault(self.oracle.component[v], set()).add(v)
        sources = [part for part in parts.values() if all(open_needs(v) <= part for v in part)]
        assert sources
        times = []
        for part in sources:
            start = max(known_start(v) for v in part)
            start = max([start, *(end for v in part if v in self.own and (end := self.own[v].end) is not None)])
            together = sum(self.hours_of(v) for v in part)
            times.append((part, start, together))
        for part, start, together in times:
            for v in part:
                back[v], begun[v], circle[v] = start + together, start, together
            open_cis -= part
