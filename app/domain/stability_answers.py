"""What is answered of tests, of the evidence on redundancy groups, and of game days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.results import Stamp
from app.domain.stability_tests import LoadFigures, RefusedLine, StepTime


@dataclass(frozen=True, slots=True)
class TestRow:
    """A test that is kept. `counts`: whether it changes a number today; `weight`: what it counts for by its age (1 new)."""

    __test__ = False  # not a test of pytest's

    test: str
    kind: str
    title: str
    tool: str
    ci: str
    group: str
    started_at: str
    seconds: float | None
    outcome: str
    failover_minutes: float | None
    capacity_share: float | None
    load: LoadFigures | None
    expected: Sequence[str]
    fell: Sequence[str]
    steps: Sequence[StepTime]
    notes: Sequence[str]
    refused: Sequence[RefusedLine]
    refused_total: int
    author: str
    origin: str
    kept_at: str
    file: str
    digest: str
    day: str
    counts: bool
    not_counted: str
    weight: float
    taken_back_by_revision: int | None


@dataclass(frozen=True, slots=True)
class TestPage:
    __test__ = False

    items: Sequence[TestRow]
    total: int
    limit: int
    truncated: bool
    next: str | None


@dataclass(frozen=True, slots=True)
class TestsAdded:
    __test__ = False

    revision: int
    items: Sequence[TestRow]


@dataclass(frozen=True, slots=True)
class GroupTested:
    """A redundancy group and what is known of its switch. `state`: configured, validated, failed or never tested.

    `success` is in use, of `success_origin` (measured, declared, assumed), with the 90 % interval of the tests alone;
    `more_if_it_fails`: what is lost a year more if it never switches; `loss_at_stake`: between never and always. `None`: not
    worked out in the time there was.
    """

    group: str
    dependent_key: str
    dependent_name: str
    needed: int
    members: int
    state: str
    test: str
    tested_at: str
    tests_passed: int
    tests_failed: int
    success: float
    success_low: float | None
    success_high: float | None
    success_origin: str
    failover_minutes: float | None
    more_if_it_fails: float | None
    loss_at_stake: float | None


@dataclass(frozen=True, slots=True)
class GroupsTested:
    """The redundancy groups that can lose a member, those with the most at stake first. `untested_loss`: the sum of what is lost
    a year more if those without a valid test never switch, each alone."""

    stamp: Stamp
    measure: str
    states: dict[str, int]
    untested_loss: float | None
    items: Sequence[GroupTested]
    total: int
    worked_out: int
    limit: int
    truncated: bool
    next: str | None


@dataclass(frozen=True, slots=True)
class NextExperiment:
    """A failover test of a group, with what it is expected to bring in the measure: `less_loss` a year, as a defect that it finds
    is mended; `less_uncertainty`: by how much the standard deviation of the loss falls; `per_hour`: the larger one per hour."""

    group: GroupTested
    hours: float
    less_loss: float
    less_uncertainty: float
    per_hour: float
    because: str


@dataclass(frozen=True, slots=True)
class NextExperiments:
    stamp: Stamp
    measure: str
    items: Sequence[NextExperiment]
    total: int
    worked_out: int
    limit: int
    truncated: bool


@dataclass(frozen=True, slots=True)
class GameDayRow:
    day: str
    group: str
    dependent_key: str
    dependent_name: str
    start_at: str
    hours: float
    title: str
    hypothesis: str
    steps: Sequence[str]
    active: Sequence[str]
    standby: Sequence[str]
    hit: Sequence[str]
    hit_total: int
    stays: Sequence[str]
    customers: float | None
    abort: str
    abort_minutes: float | None
    people: Sequence[str]
    checked_at_revision: int
    checked_again: bool
    author: str
    planned_at: str
    state: str
    tests: Sequence[str]


@dataclass(frozen=True, slots=True)
class GameDayPage:
    items: Sequence[GameDayRow]
    total: int
    limit: int
    truncated: bool
    next: str | None
