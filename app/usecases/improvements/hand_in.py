"""Hand in improvements and accepted risks that are older than the service's own record of them: each is predicted, or its loss
taken, by a revision that knows the estate as it was then, and carries the times at which it happened."""

from __future__ import annotations

import msgspec

from app.domain.errors import InvalidInput
from app.domain.stated_history import StatedHistory
from app.usecases.improvements.accept import accept
from app.usecases.improvements.plan import PlannedImprovement, plan_improvement, take_step
from app.usecases.keep.improvements import ACCEPTANCES, IMPROVEMENTS
from app.usecases.moments import past_moment
from app.usecases.operation_progress import Listener, silent
from app.usecases.tools import Tools


def hand_in(tools: Tools, text: str, revision: int, caller: str, listen: Listener = silent) -> int:
    """Keeps what a document (StatedHistory) says, as of a revision; returns how much of it is new. What is kept already, by its
    title or CI and its time, stays as it is, but takes the steps that it lacks."""
    try:
        stated = msgspec.json.decode(text, type=StatedHistory)
    except msgspec.DecodeError as error:
        raise InvalidInput(f"improvements: {error}", field="improvements") from None
    whole, new = len(stated.improvements) + len(stated.acceptances), 0
    known = {(kept.value.title, kept.value.planned_at): kept.value for kept in IMPROVEMENTS.every(tools.documents)}
    for number, one in enumerate(stated.improvements):
        listen("improvements", number / whole)
        made = known.get((one.title, past_moment(one.planned_at, "planned_at")))
        if made is None:
            asked = PlannedImprovement(
                one.title, one.owner, one.hypothesis, one.measures, one.due_on, one.watched, at=one.planned_at, revision=revision
            )
            made, new = plan_improvement(tools, asked, caller), new + 1
        for step in one.steps[len(made.steps) :]:
            take_step(tools, made.improvement, step.step, caller, step.at, step.note)
    accepted = {(kept.value.reason, kept.value.accepted_at) for kept in ACCEPTANCES.every(tools.documents)}
    for number, risk in enumerate(stated.acceptances):
        listen("accepted risks", (len(stated.improvements) + number) / whole)
        if (risk.reason, past_moment(risk.accepted_at, "accepted_at")) not in accepted:
            accept(tools, risk.ci, risk.reason, risk.expires_on, risk.grows, caller, risk.accepted_at, revision)
            new += 1
    return new
