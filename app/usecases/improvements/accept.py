"""Accept a risk for a time, with a reason; it is raised again when that time is over or its number has grown."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

import numpy as np

from app.domain.errors import InvalidInput, NotFound
from app.domain.improvements import EXPIRED, GREW, HOLDS, Acceptance, AcceptancePage, AcceptanceRow
from app.domain.sentences import figure, percent
from app.usecases.answers.areas import ranking_of
from app.usecases.assess import Assessed, assessed
from app.usecases.find import identify
from app.usecases.keep import audit
from app.usecases.keep.improvements import ACCEPTANCES
from app.usecases.moments import past_moment
from app.usecases.tools import Tools

LONGEST_DAYS = 1096
MOST_GROWTH = 10.0


def accept(
    tools: Tools, ci: str, reason: str, expires_on: str, grows: float, caller: str, at: str = "", revision: int | None = None
) -> AcceptanceRow:
    """Accepts the loss that the outages of a CI cause, as it is by a revision (default: the current one). `at`: since when, with
    zone, where not now."""
    if not reason.strip():
        raise InvalidInput("reason: say why", field="reason")
    if not 0.0 <= grows <= MOST_GROWTH:
        raise InvalidInput(f"grows: a share from 0 to {MOST_GROWTH:g}", field="grows")
    since = past_moment(at, "at")
    try:
        days = (date.fromisoformat(expires_on) - date.fromisoformat(since[:10])).days
    except ValueError:
        raise InvalidInput("expires_on: a day, like 2027-03-31", field="expires_on") from None
    if not 0 < days <= LONGEST_DAYS:
        raise InvalidInput(f"expires_on: a day to come, within {LONGEST_DAYS} days", field="expires_on")
    base = assessed(tools.estates, tools.cache, revision)
    position = base.estate.position(identify(tools.store, base.estate.revision.revision, ci).ci_id)
    unit = ranking_of(base, "ci").measure
    loss = float(np.nan_to_num(base.totals.values()[unit][position]))
    made = Acceptance(
        f"a-{uuid.uuid4().hex[:12]}", base.estate.key(position), base.estate.name(position), reason.strip()[:2000], unit, loss,
        base.estate.revision.revision, expires_on, grows, caller, since,
    )  # fmt: skip
    with tools.documents.together():
        ACCEPTANCES.put(tools.documents, made.acceptance, made, expected=0)
        audit.record(tools.documents, caller, "risk accepted", made.ci, {"reason": made.reason[:400], "until": expires_on})
    return row_of(tools, assessed(tools.estates, tools.cache, None) if revision else base, made)


def end_acceptance(tools: Tools, name: str, caller: str) -> AcceptanceRow:
    """Takes an acceptance back."""
    made = ACCEPTANCES.get(tools.documents, name)
    row = row_of(tools, assessed(tools.estates, tools.cache, None), made)
    with tools.documents.together():
        ACCEPTANCES.delete(tools.documents, name)
        audit.record(tools.documents, caller, "acceptance of a risk ended", made.ci)
    return row


def row_of(tools: Tools, base: Assessed, made: Acceptance) -> AcceptanceRow:
    """Returns an acceptance as it stands: expired, grown beyond what was stated, or holding."""
    loss = _loss_now(tools, base, made)
    if datetime.now(UTC).date() > date.fromisoformat(made.expires_on):
        return AcceptanceRow(made, EXPIRED, loss, f"it was accepted until {made.expires_on}")
    if loss is not None and loss > made.loss * (1.0 + made.grows):
        grown = f"from {figure(made.loss)} to {figure(loss)} a year"
        return AcceptanceRow(made, GREW, loss, f"its loss grew {grown}, by more than the {percent(made.grows)} stated")
    return AcceptanceRow(made, HOLDS, loss, f"it is accepted until {made.expires_on}")


def _loss_now(tools: Tools, base: Assessed, made: Acceptance) -> float | None:
    try:
        position = base.estate.position(identify(tools.store, base.estate.revision.revision, made.ci).ci_id)
    except NotFound:
        return None
    value = float(base.totals.values()[made.unit][position])
    return None if np.isnan(value) else value


def acceptance_page(tools: Tools, limit: int) -> AcceptancePage:
    """Returns the accepted risks, those raised again first, then by loss."""
    base = assessed(tools.estates, tools.cache, None)
    rows = [row_of(tools, base, kept.value) for kept in ACCEPTANCES.every(tools.documents)]
    rows.sort(key=lambda row: (row.state == HOLDS, -(row.loss_now or 0.0), row.accepted.acceptance))
    raised = sum(row.state != HOLDS for row in rows)
    return AcceptancePage(rows[:limit], raised, len(rows), limit, len(rows) > limit)
