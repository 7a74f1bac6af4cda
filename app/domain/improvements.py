"""Improvements (plan, do, check, act): a measure that somebody carries out, what it should do, and what it did. And risks that
somebody accepts for a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.domain.measures import Effect, Measure

PLAN, DO, CHECK, ACT, DROPPED = "plan", "do", "check", "act", "dropped"
STATES = (PLAN, DO, CHECK, ACT, DROPPED)
START, DONE, STANDARDISE, CORRECT, DROP = "start", "done", "standardise", "correct", "drop"
STEPS = {  # from where each step may be taken, and where it leads
    START: ((PLAN,), DO),
    DONE: ((PLAN, DO), CHECK),
    STANDARDISE: ((CHECK,), ACT),
    CORRECT: ((CHECK,), ACT),
    DROP: ((PLAN, DO), DROPPED),
}
WORKED, NOT_WORKED, NOT_CLEAR, NOT_MEASURED = "worked", "did not work", "not clear yet", "not measured yet"
HOLDS, EXPIRED, GREW = "holds", "expired", "grew"


@dataclass(frozen=True, slots=True)
class Predicted:
    """What the model said that the measures do: at which revision and when."""

    effect: Effect
    revision: int
    at: str


@dataclass(frozen=True, slots=True)
class MeasuredEffect:
    """What the outages of the watched CIs say: loss a year taken away, with its 90 % range; `years` and `outages` before and
    after."""

    unit: str
    less: float
    low: float
    high: float
    years_before: float
    years_after: float
    outages_before: int
    outages_after: int
    until: str


@dataclass(frozen=True, slots=True)
class StepTaken:
    step: str
    at: str
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Improvement:
    """One improvement. `watched`: keys of the CIs whose outages show what it did; `done_at`: since when it holds; `measured`,
    `verdict`: as they were when it was decided; `order`: its ticket, where one was asked for."""

    improvement: str
    title: str
    owner: str
    hypothesis: str
    measures: Sequence[Measure]
    sentences: Sequence[str]
    predicted: Predicted
    watched: Sequence[str]
    due_on: str
    state: str = PLAN
    done_at: str = ""
    decision: str = ""  # standardise or correct, once decided
    measured: MeasuredEffect | None = None
    verdict: str = NOT_MEASURED
    connector: str = ""
    order: str = ""
    author: str = ""
    planned_at: str = ""
    steps: Sequence[StepTaken] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class ImprovementPage:
    """Improvements, the latest first. `states`: how many stand in each."""

    items: Sequence[Improvement]
    states: dict[str, int]
    total: int
    limit: int
    truncated: bool
    next: str | None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A risk that somebody accepts: the loss of a CI, until `expires_on`, as long as it has not grown by more than the share
    `grows`."""

    acceptance: str
    ci: str
    name: str
    reason: str
    unit: str
    loss: float
    revision: int
    expires_on: str
    grows: float
    author: str
    accepted_at: str


@dataclass(frozen=True, slots=True)
class AcceptanceRow:
    """An acceptance and how it stands. `state`: holds, expired or grew; `loss_now` None: the CI is not there any more."""

    accepted: Acceptance
    state: str
    loss_now: float | None
    because: str


@dataclass(frozen=True, slots=True)
class AcceptancePage:
    """Accepted risks, those that are raised again first."""

    items: Sequence[AcceptanceRow]
    raised: int
    total: int
    limit: int
    truncated: bool


def verdict_of(measured: MeasuredEffect | None, predicted: float) -> str:
    """Returns what a measured effect says: it worked where its range lies above nothing; it did not where the range reaches
    nothing and lies below what was predicted.

    >>> def of(low, high): return MeasuredEffect("money_per_year", (low + high) / 2, low, high, 1.0, 1.0, 9, 3, "")
    >>> verdict_of(of(10.0, 90.0), 60.0), verdict_of(of(-40.0, 30.0), 60.0), verdict_of(of(-40.0, 99.0), 60.0)
    ('worked', 'did not work', 'not clear yet')
    """
    if measured is None:
        return NOT_MEASURED
    if measured.low > 0:
        return WORKED
    return NOT_WORKED if measured.high < predicted else NOT_CLEAR
