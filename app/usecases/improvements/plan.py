"""Plan an improvement with what it should do, take it step by step, and measure what it did."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.improvements import (
    CHECK,
    CORRECT,
    DONE,
    STANDARDISE,
    STATES,
    STEPS,
    Improvement,
    ImprovementPage,
    Predicted,
    StepTaken,
    verdict_of,
)
from app.domain.measures import RATE, RESTORE, Measure
from app.domain.tickets import PROBLEM
from app.usecases import paging
from app.usecases.find import identify
from app.usecases.improvements.decide import helped_services
from app.usecases.improvements.observed import measured_of
from app.usecases.improvements.trial import Trial, trial_of
from app.usecases.keep import audit
from app.usecases.keep.improvements import IMPROVEMENTS
from app.usecases.moments import past_moment
from app.usecases.tickets.ask_for import Asked, ask_for
from app.usecases.tools import Tools

MOST_WATCHED = 10
LONGEST = 400


@dataclass(frozen=True, slots=True)
class PlannedImprovement:
    """What is asked for. `watched`: CIs whose outages will show what it did; none: what is restored faster or fails less itself,
    else the services it helps. `connector`: of the ticket, "" none. `at`: when it was planned, with zone ("": now); `revision`:
    by which its effect is predicted (None: the current one)."""

    title: str
    owner: str
    hypothesis: str
    measures: Sequence[Measure]
    due_on: str
    watched: Sequence[str] = ()
    connector: str = ""
    at: str = ""
    revision: int | None = None


def plan_improvement(tools: Tools, asked: PlannedImprovement, caller: str) -> Improvement:
    """Keeps an improvement with the effect that the model predicts; asks for its ticket where a connector is named."""
    for name in ("title", "owner", "hypothesis"):
        if not getattr(asked, name).strip():
            raise InvalidInput(f"{name}: say it", field=name)
    due = _day(asked.due_on, "due_on")
    planned_at = past_moment(asked.at, "at")
    trial = trial_of(tools, asked.measures, asked.revision)
    every = tuple(range(len(asked.measures)))
    watched = _watched(tools, trial, asked.watched)
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    base = trial.base.estate.revision.revision
    made = Improvement(
        f"i-{uuid.uuid4().hex[:12]}", asked.title.strip()[:LONGEST], asked.owner.strip()[:LONGEST],
        asked.hypothesis.strip()[: LONGEST * 10], list(asked.measures), [one.sentence for one in trial.measures],
        Predicted(trial.effect(every), base, moment), watched, due.isoformat(), author=caller, planned_at=planned_at,
        connector=asked.connector,
    )  # fmt: skip
    with tools.documents.together():
        IMPROVEMENTS.put(tools.documents, made.improvement, made, expected=0)
        audit.record(tools.documents, caller, "improvement planned", made.improvement, {"title": made.title})
    if asked.connector:
        text = f"{made.hypothesis}\n\n{'; '.join(made.sentences)}\nOwner: {made.owner}, due {made.due_on}"
        order = ask_for(tools, Asked(asked.connector, watched[0], PROBLEM, made.title[:200], text), caller)
        made = IMPROVEMENTS.change(tools.documents, made.improvement, lambda one: replace(one, order=order.key))
    return made


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{field}: a day, like 2027-03-31", field=field) from None


def _watched(tools: Tools, trial: Trial, named: Sequence[str]) -> list[str]:
    """Returns the keys of the CIs to watch."""
    estate = trial.base.estate
    if len(named) > MOST_WATCHED:
        raise InvalidInput(f"watched: at most {MOST_WATCHED}", field="watched")
    if named:
        hits = [identify(tools.store, estate.revision.revision, text) for text in named]
        return [estate.key(estate.position(hit.ci_id)) for hit in hits]
    if all(one.measure.kind in (RESTORE, RATE) for one in trial.measures):
        return list(dict.fromkeys(estate.key(estate.position(one.ci_ids[0])) for one in trial.measures))
    helped = helped_services(trial, tuple(range(len(trial.measures))))
    first = trial.measures[0].ci_ids[0]
    return [row.key for row in helped[:MOST_WATCHED]] or [estate.key(estate.position(first))]


def take_step(tools: Tools, name: str, step: str, caller: str, at: str = "", note: str = "") -> Improvement:
    """Takes an improvement one step on. `done` says since when it holds (`at`, with zone; default: now); `standardise` and
    `correct` keep what was measured until `at`. Conflict where it does not stand where the step begins."""
    if step not in STEPS:
        raise InvalidInput(f"step: one of {', '.join(STEPS)}", field="step")
    since = past_moment(at, "at")
    then = IMPROVEMENTS.get(tools.documents, name)
    if step in (STANDARDISE, CORRECT):
        then = _shown(tools, then, datetime.fromisoformat(since))

    def taken(one: Improvement) -> Improvement:
        begins, leads = STEPS[step]
        if one.state not in begins:
            raise Conflict(f"improvement {name} is in {one.state}; {step} begins in {' or '.join(begins)}")
        said = StepTaken(step, since, caller, note.strip()[: LONGEST * 5])
        one = replace(one, state=leads, steps=[*one.steps, said])
        if step == DONE:
            return replace(one, done_at=since)
        if step in (STANDARDISE, CORRECT):
            return replace(one, decision=step, measured=then.measured, verdict=then.verdict)
        return one

    with tools.documents.together():
        made = IMPROVEMENTS.change(tools.documents, name, taken)
        audit.record(tools.documents, caller, f"improvement: {step}", name, {"at": since, "note": note[:LONGEST]})
    return one_improvement(tools, made.improvement)


def one_improvement(tools: Tools, name: str) -> Improvement:
    """Returns an improvement; while it is checked, with what is measured of it today."""
    return _shown(tools, IMPROVEMENTS.get(tools.documents, name), datetime.now(UTC))


def _shown(tools: Tools, one: Improvement, until: datetime) -> Improvement:
    if one.state != CHECK:
        return one
    try:
        measured = measured_of(tools, one, until)
    except NotFound:  # what is watched is not there any more
        measured = None
    return replace(one, measured=measured, verdict=verdict_of(measured, one.predicted.effect.less))


def improvement_page(tools: Tools, limit: int, after: str | None = None, state: str = "") -> ImprovementPage:
    """Returns a page of improvements, the latest first."""
    if state not in ("", *STATES):
        raise InvalidInput(f"state: one of {', '.join(STATES)}", field="state")
    skip = int(paging.decode(after, "skip")["skip"]) if after else 0
    every = sorted(
        (kept.value for kept in IMPROVEMENTS.every(tools.documents)),
        key=lambda one: (one.planned_at, one.improvement),
        reverse=True,
    )
    counts = Counter(one.state for one in every)
    found = [one for one in every if state in ("", one.state)]
    more, now = len(found) > skip + limit, datetime.now(UTC)
    shown = [_shown(tools, one, now) for one in found[skip : skip + limit]]
    return ImprovementPage(
        shown, {name: counts[name] for name in STATES}, len(found), limit,
        more, paging.encode(skip=skip + limit) if more else None,
    )  # fmt: skip
