"""Tests of stability as evidence: what was tested when, what came of it, and what the model may take from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LOAD, FAILOVER, GAME_DAY, EXERCISE = "load", "failover", "game_day", "recovery_exercise"
TEST_KINDS = (LOAD, FAILOVER, GAME_DAY, EXERCISE)
PASSED, FAILED, NO_PROOF = "passed", "failed", "proves nothing"
OUTCOMES = (PASSED, FAILED, NO_PROOF)

CONFIGURED, VALIDATED, FAILED_TEST, NEVER_TESTED = "configured", "validated", "failed", "never tested"
GROUP_STATES = (CONFIGURED, VALIDATED, FAILED_TEST, NEVER_TESTED)


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A record of a file of results that was not read: which one, in which field, why, and what to do."""

    record: str
    field: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """What a load test measured. `error_rate` is a share of the requests, `p95_ms` None where the file does not say;
    `limits_broken`: thresholds of the tool that were not kept."""

    requests: int
    failed: int
    per_second: float | None
    error_rate: float
    p95_ms: float | None
    limits_broken: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class StepTime:
    """A step of a recovery exercise, planned against actual; None: not stated, or the step was never finished."""

    name: str
    planned_minutes: float | None
    actual_minutes: float | None


@dataclass(frozen=True, slots=True)
class ReadTest:
    """What a file of results says. `started_at`: unix seconds, None where the file names no time; `seconds` how long the test
    took; `failover_seconds` how long the switch took; `expected`, `fell`: what should have stayed up, what did not."""

    tool: str
    kind: str
    title: str
    started_at: int | None
    seconds: float | None
    outcome: str
    notes: Sequence[str] = ()
    load: LoadFigures | None = None
    failover_seconds: float | None = None
    expected: Sequence[str] = ()
    fell: Sequence[str] = ()
    steps: Sequence[StepTime] = ()
    refused: Sequence[RefusedLine] = ()
    refused_total: int = 0
    about: str = ""  # the CI or group that the file itself names


@dataclass(frozen=True, slots=True)
class StabilityTest:
    """A test that is kept. `ci` and `group` are keys ("": none); `capacity_share`: of the dependent's full load that the CI
    carries as a member of the group; `day`: the game day whose result it is.

    `since`, `until`: the revisions between which it is evidence (0: it changes no number; None: until today); `not_counted`: why
    it changes no number although it is of a kind that could.
    """

    test: str
    kind: str
    title: str
    tool: str
    ci: str
    group: str
    started_at: str
    seconds: float | None
    outcome: str
    author: str
    origin: str
    kept_at: str
    file: str = ""
    digest: str = ""
    bytes: int = 0
    notes: Sequence[str] = ()
    load: LoadFigures | None = None
    failover_minutes: float | None = None
    capacity_share: float | None = None
    expected: Sequence[str] = ()
    fell: Sequence[str] = ()
    steps: Sequence[StepTime] = ()
    refused: Sequence[RefusedLine] = ()
    refused_total: int = 0
    day: str = ""
    since: int = 0
    until: int | None = None
    not_counted: str = ""


@dataclass(frozen=True, slots=True)
class GroupEvidence:
    """What a test says of a redundancy group: whether it switched, how many minutes that took, or the share of the full load that
    a member carries (then `passed` is None). `at`: unix seconds."""

    group: str
    at: int
    passed: bool | None
    minutes: float | None = None
    member: str = ""
    share: float | None = None
