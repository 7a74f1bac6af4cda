"""Now: what is reported of CIs, what follows from it, the probable cause, what to restore first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, g

from app.api.bodies import Blueprint
from app.api.common import forestay, route, tagged, unchanged
from app.api.schemas.questions import LiveQuestion, PageQuestion
from app.bootstrap import Forestay
from app.domain.live import LiveReport
from app.domain.now import Now, NowCauses, RestoreFirst
from app.usecases.answers.live_state import minute_tag
from app.usecases.answers.now import now_page
from app.usecases.answers.now_next import now_causes, restore_first
from app.usecases.keep.live import AlertRecord, Present, clear_alert, present
from app.usecases.report_live import clear_live, set_live

blueprint = Blueprint("now", __name__, url_prefix="/api/v1", description="The estate as it is right now")


@dataclass(frozen=True, slots=True)
class Cleared:
    ci: str
    reports: int  # that were taken back


def of_the_minute(answer: Callable[[Forestay, Present], Any]) -> Response:
    """Returns the answer, or 304 where the caller holds it: it changes with what is reported, with the estate, and with each
    minute."""
    service = forestay()
    words = present(service.documents)
    return unchanged(service.store.current(), minute_tag(service, words)) or tagged(answer(service, words))


@route(blueprint, "/now", "read", Now, sensitive=True, in_scope=True)
@blueprint.arguments(PageQuestion, location="query")
def now(question: dict[str, Any]) -> Any:
    """What is reported right now and what it does: services with the time left, customers, lost redundancy, what is one failure
    away, and reports that name no CI."""
    return of_the_minute(lambda service, words: now_page(service, question["limit"], question.get("after"), words=words))


@route(blueprint, "/now/causes", "read", NowCauses, sensitive=True, long=True, in_scope=True)
def causes() -> Any:
    """The CIs whose outage explains best what is reported down, and the fewest that explain it together."""
    return of_the_minute(lambda service, words: now_causes(service, words=words))


@route(
    blueprint, "/now/restore-first", "read", RestoreFirst, sensitive=True, long=True, in_scope=True, called="now_restore_first"
)
def restore() -> Any:
    """The order in which to restore what is reported: the largest loss avoided for each hour of work, needs first."""
    return of_the_minute(lambda service, words: restore_first(service, words=words))


@route(blueprint, "/live/<path:ci>", "report", LiveReport, method="PUT", called="live_put")
@blueprint.arguments(LiveQuestion)
def set_state(question: dict[str, Any], ci: str) -> Any:
    """Say that a CI is down, degraded or in maintenance; it holds until it is taken back."""
    return set_live(forestay(), ci, g.caller.name, **question)


@route(blueprint, "/live/<path:ci>", "report", Cleared, method="DELETE", called="live_delete")
def clear(ci: str) -> Any:
    """Take back all that is reported of a CI, alerts included."""
    key, reports = clear_live(forestay(), ci, g.caller.name)
    return Cleared(key, reports)


@route(blueprint, "/alerts/<alert>", "report", AlertRecord, method="DELETE", called="alerts_delete")
def clear_one(alert: str) -> Any:
    """Take back one alert, as for one that names no CI; `alert_key` of the answer of /now."""
    return clear_alert(forestay().documents, alert, g.caller.name)
