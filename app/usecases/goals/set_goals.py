"""Set a goal of a service, or take one back: with author, reason and time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.domain.errors import InvalidInput, NotFound
from app.domain.goals import AVAILABILITY, GOAL_KINDS, Goal, checked_target, checked_terms, target_text
from app.domain.texts import is_text
from app.usecases.estate import Estate
from app.usecases.exposures import state_target, target_by_hand
from app.usecases.find import identify_service
from app.usecases.keep import audit
from app.usecases.keep.goals import GOALS, goals_of
from app.usecases.tools import Tools

REASON_SIGNS = 500
A_SOURCE = "the exposure of the service"  # as a source or a person stated it: of such a target only the terms were set


@dataclass(frozen=True, slots=True)
class GoalSet:
    """What became of a goal. `revision`: of the ledger, which holds the targets of availability; `sentence`: for people."""

    key: str
    kind: str
    revision: int
    sentence: str


def set_goal(tools: Tools, ci: str, goal: Goal, caller: str, now: datetime | None = None) -> GoalSet:
    """Keeps a goal in place of the service's goal of its kind. The target of availability is written to the ledger, where the
    goal answer, the studies and the reports read it, in one unit of work with its terms; without a target the one that the ledger
    holds stays, and only how it is judged is set."""
    if goal.target is None and goal.kind != AVAILABILITY:
        raise InvalidInput("target: what is the goal?", field="target")
    checked_terms(goal.terms)
    if len(goal.reason) > REASON_SIGNS or not is_text(goal.reason) or "\x00" in goal.reason:
        raise InvalidInput(f"reason: at most {REASON_SIGNS} signs", field="reason")
    estate = tools.estates.at()
    position = identify_service(tools.store, estate, ci)
    key, name = estate.key(position), estate.name(position)
    moment = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    target = stated_target(estate, position) if goal.target is None else checked_target(goal.kind, goal.target)
    if target is None:
        raise InvalidInput("target: no source states an availability goal of it: what is the goal?", field="target")
    made = replace(goal, target=None if goal.kind == AVAILABILITY else target, by=caller, at=moment, set_to=target)
    if goal.target is None:
        made = replace(made, origin=A_SOURCE)
    details = {
        "kind": goal.kind, "target": target, "window": goal.terms.window, "zone": goal.terms.zone,
        "maintenance_counts": goal.terms.maintenance_counts, "reason": goal.reason, "origin": made.origin,
    }  # fmt: skip
    told = f"The goal of {name} is {goal.kind.replace('_', ' ')} {target_text(goal.kind, target)}."
    if goal.kind == AVAILABILITY and goal.target is not None:
        kept = goals_of(tools.documents, key).having(made)
        written = [(GOALS.kind, key, GOALS.text(kept))]
        return GoalSet(key, goal.kind, state_target(tools, key, target, caller, details, written).revision, told)
    with tools.documents.together():
        GOALS.put(tools.documents, key, goals_of(tools.documents, key).having(made))
        audit.record(tools.documents, caller, "goal set", key, details)
    return GoalSet(key, goal.kind, estate.revision.revision, told)


def stated_target(estate: Estate, position: int) -> float | None:
    """Returns the availability target that the ledger holds of a service; None where nobody stated one."""
    row = int(estate.compiled.service_row[estate.service_number[position]])
    return estate.graph.services[row].availability_target if row >= 0 else None


def drop_goal(tools: Tools, ci: str, kind: str, caller: str) -> GoalSet:
    """Takes a goal back. An availability goal that a source states stays: it goes where that source no longer states it."""
    if kind not in GOAL_KINDS:
        raise InvalidInput(f"kind: one of {', '.join(GOAL_KINDS)}", field="kind")
    estate = tools.estates.at()
    position = identify_service(tools.store, estate, ci)
    key, name = estate.key(position), estate.name(position)
    kept = goals_of(tools.documents, key)
    less = kept.less(kind)
    told = f"{name} has no goal of {kind.replace('_', ' ')} set by hand any more."
    if kind == AVAILABILITY and (target_by_hand(tools, key) is not None or kind not in kept.goals):
        revision = state_target(tools, key, None, caller, {"kind": kind}, [(GOALS.kind, key, GOALS.text(less))]).revision
        return GoalSet(key, kind, revision, told)
    if kind not in kept.goals:
        raise NotFound(f"{name} has no goal of {kind.replace('_', ' ')}")
    with tools.documents.together():
        GOALS.put(tools.documents, key, less)
        audit.record(tools.documents, caller, "goal removed", key, {"kind": kind})
    return GoalSet(key, kind, estate.revision.revision, told)
