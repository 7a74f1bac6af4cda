"""The redundancy groups of an estate and what tests say of them: configured, validated, failed or never tested."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from app.domain.results import ServiceGroup
from app.domain.stability_answers import GroupsTested, GroupTested
from app.domain.stability_tests import (
    CONFIGURED,
    FAILED,
    FAILED_TEST,
    GROUP_STATES,
    NEVER_TESTED,
    VALIDATED,
    StabilityTest,
)
from app.risk.intake.tested import Estimate, estimate, weight_of
from app.usecases import paging
from app.usecases.answers.areas import ranking_of
from app.usecases.assess import Assessed, assessed
from app.usecases.estate import Estate
from app.usecases.keep.stability_tests import SWITCHES, every_test, evidence_of, holds_at
from app.usecases.stability_tests.kept_stakes import with_stakes
from app.usecases.stability_tests.weigh import (
    at_stake,
    group_number,
    losses,
    minutes_now,
    success_now,
    weight_of_groups,
)
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

LEAST_WEIGHT = 0.25  # a pass that is older than two years validates no longer
SECONDS = 0.4  # of one question for what hangs on each group


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one group: its state, the test that says so, and the estimate of its switch (None: no test counts)."""

    state: str
    test: StabilityTest | None
    found: Estimate | None
    stated: bool


class TestedGroups:
    """The tests of the groups of an estate, found by what a group is: equal groups of several sources are one."""

    __test__ = False

    def __init__(self, estate: Estate, tests: Sequence[StabilityTest]) -> None:
        self._estate = estate
        self._row: Mapping[str, int] = {}
        revision = estate.revision.revision
        wanted = [
            test for test in tests
            if test.group and test.kind in SWITCHES and test.since <= revision and (test.until is None or test.until > revision)
        ]  # fmt: skip
        if wanted:
            self._row = estate.group_rows
        self._tests: dict[tuple[object, ...], list[StabilityTest]] = {}
        for test in wanted:
            if test.group in self._row:
                self._tests.setdefault(self._shape(self._row[test.group]), []).append(test)

    def _shape(self, row: int) -> tuple[object, ...]:
        groups = self._estate.graph.groups
        members = np.asarray(groups.member_id)[int(groups.member_offsets[row]) : int(groups.member_offsets[row + 1])]
        return int(groups.dependent_id[row]), tuple(members.tolist()), int(groups.needed[row]), int(groups.kind[row])

    def of(self, key: str) -> list[StabilityTest]:
        """Returns the tests of a group, the newest first."""
        return self._tests.get(self._shape(self._row[key]), []) if key in self._row else []

    def dependents(self) -> list[int]:
        """Returns the positions of the CIs whose groups were tested, of those that are assessed."""
        known = self._estate.graph.groups.dependent_id
        ids = {int(known[self._row[test.group]]) for tests in self._tests.values() for test in tests}
        return np.flatnonzero(np.isin(self._estate.compiled.ci_id, sorted(ids))).tolist() if ids else []

    def evidence(self, key: str, success: float, minutes: float | None) -> Evidence:
        """Returns what is known of a group; `success` and `minutes`: as compiled."""
        now = self._estate.options.now
        tests = self.of(key)
        counted = [one for test in tests if holds_at(test, self._estate.revision.revision) and (one := evidence_of(test))]
        newest = next((test for test in tests if test.outcome in ("passed", FAILED)), None)
        found = estimate(math.nan, math.nan, counted, now)
        stated = minutes is not None or success < 1.0
        return Evidence(state_of(newest, now, stated), newest, found, stated)


def with_evidence(base: Assessed, rows: Sequence[ServiceGroup], tests: Sequence[StabilityTest]) -> list[ServiceGroup]:
    """Returns the groups behind a service with what tests say of them."""
    tested = TestedGroups(base.estate, tests)
    compiled = base.estate.compiled
    declared = ~np.isnan(compiled.failover_hours)
    number = {compiled.group_key(group): group for group in np.flatnonzero(declared).tolist()}
    found = []
    for row in rows:
        group = number.get(row.key)
        known = tested.evidence(
            row.key, 1.0 if group is None else success_now(base, group), None if group is None else minutes_now(base, group)
        )
        at = known.test.started_at if known.test else ""
        found.append(replace(row, evidence=known.state, test=known.test.test if known.test else "", tested_at=at))
    return found


def state_of(newest: StabilityTest | None, now: int, stated: bool) -> str:
    """Returns the state of a group by its newest test that proves something."""
    if newest is not None and newest.outcome == FAILED:
        return FAILED_TEST
    if newest is not None and weight_of(int(datetime.fromisoformat(newest.started_at).timestamp()), now) >= LEAST_WEIGHT:
        return VALIDATED
    return CONFIGURED if stated else NEVER_TESTED


def groups_tested(tools: Tools, limit: int, after: str | None = None, state: str = "", seconds: float = SECONDS) -> GroupsTested:
    """Returns a page of the groups, those with the most at stake first; `seconds`: see `Groups`."""
    skip = int(paging.decode(after, "skip")["skip"]) if after else 0
    base = with_stakes(tools, assessed(tools.estates, tools.cache, None))
    groups = Groups(base, every_test(tools.documents), seconds)
    found = groups.in_order(state)
    more = len(found) > skip + limit
    return GroupsTested(
        stamp_of(base.estate, tools.documents), ranking_of(base, "ci").measure, groups.counts(), groups.untested_loss(),
        [groups.row(group) for group in found[skip : skip + limit]], len(found), len(groups.known), limit, more,
        paging.encode(skip=skip + limit) if more else None,
    )  # fmt: skip


def group_tested(tools: Tools, key: str) -> GroupTested | None:
    """Returns one group, by its key, with what tests say of it; None where it plays no part in the assessed estate."""
    base = with_stakes(tools, assessed(tools.estates, tools.cache, None))
    group = group_number(base, key)
    return None if group is None else Groups(base, every_test(tools.documents)).row(group)


class Groups:
    """The groups that can lose a member, by number in the compiled estate, with what tests say of them. What hangs on a group is
    worked out once for an assessment, for `seconds` at a time, those first on which about the most hangs."""

    def __init__(self, base: Assessed, tests: Sequence[StabilityTest], seconds: float = 0.0) -> None:
        self.base, self.tested = base, TestedGroups(base.estate, tests)
        flat = base.estate.compiled.flat
        self._sizes = np.diff(flat.member_ptr)
        self.able = np.flatnonzero(self._sizes > flat.group_needed)
        worked_out: dict[int, tuple[float | None, float | None]] = base.found.setdefault("at stake", {})
        self._work_out(seconds, worked_out)
        self.known = dict(worked_out)  # as another question may go on with it
        self._state = self._states()

    def _work_out(self, seconds: float, worked_out: dict[int, tuple[float | None, float | None]]) -> None:
        if seconds <= 0.0 or len(worked_out) == len(self.able):
            return
        base, measure = self.base, ranking_of(self.base, "ci").measure
        if "groups by weight" not in base.found:
            weights = weight_of_groups(base, measure)[self.able]
            base.found["groups by weight"] = self.able[np.argsort(-weights, kind="stable")]
        until, now = time.monotonic() + seconds, losses(base)
        for group in base.found["groups by weight"].tolist():
            if group not in worked_out:
                if time.monotonic() >= until:
                    return
                more, between = at_stake(base, group, now)
                worked_out[group] = more.get(measure), between.get(measure)

    def _states(self) -> Any:
        """int8[G]: the place of each group's state in GROUP_STATES."""
        compiled = self.base.estate.compiled
        stated = ~np.isnan(compiled.failover_hours) | (np.nan_to_num(compiled.failover_success, nan=1.0) < 1.0)
        found = np.where(stated, GROUP_STATES.index(CONFIGURED), GROUP_STATES.index(NEVER_TESTED)).astype(np.int8)
        for dependent in self.tested.dependents():
            for group in range(int(compiled.flat.group_ptr[dependent]), int(compiled.flat.group_ptr[dependent + 1])):
                found[group] = GROUP_STATES.index(self._evidence(group).state)
        return found

    def _evidence(self, group: int) -> Evidence:
        key = self.base.estate.compiled.group_key(group)
        return self.tested.evidence(key, success_now(self.base, group), minutes_now(self.base, group))

    def counts(self) -> dict[str, int]:
        """Returns how many groups are in each state."""
        return dict(zip(GROUP_STATES, np.bincount(self._state[self.able], minlength=len(GROUP_STATES)).tolist(), strict=True))

    def untested_loss(self) -> float | None:
        """Returns the sum of what is lost a year more if the groups without a valid test never switch, each alone, of those
        that were worked out."""
        untested = [GROUP_STATES.index(state) for state in (CONFIGURED, NEVER_TESTED)]
        worked_out = [more for group, (more, _) in self.known.items() if self._state[group] in untested and more is not None]
        return sum(worked_out) if self.known or not len(self.able) else None

    def in_order(self, state: str = "") -> list[int]:
        """Returns the groups in one state ("": in any), those with the most at stake first, then by key those of which that is
        not known."""
        found, key = self.base.found, self.base.estate.compiled.group_key
        if "groups by key" not in found:
            found["groups by key"] = np.asarray(sorted(self.able.tolist(), key=key), np.int64)
        stakes = np.full(len(self._state), -1.0)
        for group, (_, between) in self.known.items():
            stakes[group] = -1.0 if between is None else between
        by_key = found["groups by key"]
        order = by_key[np.argsort(-stakes[by_key], kind="stable")]
        return [int(group) for group in (order[self._state[order] == GROUP_STATES.index(state)] if state else order)]

    def can_lose_a_member(self, group: int) -> bool:
        return bool(self._sizes[group] > self.base.estate.compiled.flat.group_needed[group])

    def row(self, group: int) -> GroupTested:
        """Returns a group and what is known of its switch."""
        more, between = self.known.get(group, (None, None))
        return _row(self.base, self._evidence(group), group, int(self._sizes[group]), more, between)


def _row(base: Assessed, known: Evidence, group: int, members: int, more: float | None, between: float | None) -> GroupTested:
    estate, flat = base.estate, base.estate.compiled.flat
    key, success, minutes = estate.compiled.group_key(group), success_now(base, group), minutes_now(base, group)
    dependent, found = int(flat.group_dependent[group]), known.found
    origin = "measured" if found is not None else "declared" if known.stated else "assumed"
    return GroupTested(
        key, estate.key(dependent), estate.name(dependent), int(flat.group_needed[group]), members, known.state,
        known.test.test if known.test else "", known.test.started_at if known.test else "",
        found.passed if found else 0, found.failed if found else 0, success,
        found.success_low if found else None, found.success_high if found else None, origin, minutes, more, between,
    )  # fmt: skip
