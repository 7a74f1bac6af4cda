"""The redundancy groups of an estate and what tests say of them: configured, validated, failed or never tested."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

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
from app.usecases.stability_tests.weigh import (
    at_stake,
    losses,
    minutes_now,
    success_now,
    weight_of_groups,
)
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

LEAST_WEIGHT = 0.25  # a pass that is older than two years validates no longer
SECONDS = 0.8  # for what hangs on each group


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
        self._row: dict[str, int] = {}
        revision = estate.revision.revision
        wanted = [
            test for test in tests
            if test.group and test.kind in SWITCHES and test.since <= revision and (test.until is None or test.until > revision)
        ]  # fmt: skip
        if wanted:
            self._row = {key: row for row, key in enumerate(estate.graph.groups.key)}
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


def groups_tested(tools: Tools, limit: int, after: str | None = None, state: str = "") -> GroupsTested:
    """Returns a page of the groups, those with the most at stake first."""
    skip = int(paging.decode(after, "skip")["skip"]) if after else 0
    base = assessed(tools.estates, tools.cache, None)
    rows, worked_out, untested = rows_of(base, every_test(tools.documents))
    counts = {name: sum(row.state == name for row in rows) for name in GROUP_STATES}
    found = [row for row in rows if not state or row.state == state]
    more = len(found) > skip + limit
    return GroupsTested(
        stamp_of(base.estate, tools.documents), ranking_of(base, "ci").measure, counts, untested, found[skip : skip + limit],
        len(found), worked_out, limit, more, paging.encode(skip=skip + limit) if more else None,
    )  # fmt: skip


def rows_of(base: Assessed, tests: Sequence[StabilityTest]) -> tuple[list[GroupTested], int, float | None]:
    """Returns the groups that can lose a member, of how many it was worked out what hangs on them, and the sum of what is
    lost a year more if those without a valid test never switch, each alone. What hangs on a group is
    worked out once for an assessment, as far as the time of a question goes, and further by the next one."""
    estate, flat = base.estate, base.estate.compiled.flat
    measure = ranking_of(base, "ci").measure
    tested = TestedGroups(estate, tests)
    sizes = np.diff(flat.member_ptr)
    weights, now = weight_of_groups(base, measure), losses(base)
    able = [group for group in np.argsort(-weights, kind="stable").tolist() if sizes[group] > flat.group_needed[group]]
    until, rows = time.monotonic() + SECONDS, list[GroupTested]()
    known: dict[int, tuple[float | None, float | None]] = base.found.setdefault("at stake", {})  # each call goes on with it
    for group in able:
        if group not in known and time.monotonic() < until:
            more, between = at_stake(base, group, now)
            known[group] = more.get(measure), between.get(measure)
        rows.append(_row(base, tested, group, int(sizes[group]), *known.get(group, (None, None))))
    worked = len(known)
    untested = [row.more_if_it_fails for row in rows if row.state in (CONFIGURED, NEVER_TESTED)]
    loss = sum(more for more in untested if more is not None) if worked or not rows else None
    order = sorted(rows, key=lambda row: (-(row.loss_at_stake if row.loss_at_stake is not None else -1.0), row.group))
    return order, worked, loss


def _row(
    base: Assessed, tested: TestedGroups, group: int, members: int, more: float | None, between: float | None
) -> GroupTested:
    estate, flat = base.estate, base.estate.compiled.flat
    key, success, minutes = estate.compiled.group_key(group), success_now(base, group), minutes_now(base, group)
    known = tested.evidence(key, success, minutes)
    dependent, found = int(flat.group_dependent[group]), known.found
    origin = "measured" if found is not None else "declared" if known.stated else "assumed"
    return GroupTested(
        key, estate.key(dependent), estate.name(dependent), int(flat.group_needed[group]), members, known.state,
        known.test.test if known.test else "", known.test.started_at if known.test else "",
        found.passed if found else 0, found.failed if found else 0, success,
        found.success_low if found else None, found.success_high if found else None, origin, minutes, more, between,
    )  # fmt: skip
