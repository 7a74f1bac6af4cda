"""The page Now: the live state, for the operator at three in the morning."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request
from werkzeug.wrappers import Response

from app.api.auth import caller, permission, scoped
from app.api.common import base_url, forestay, unchanged, whole
from app.domain.now import NO_LIMIT, OVER, WITHIN_1_H
from app.risk.outage.restore_first import EXACT
from app.usecases.answers.live_state import minute_tag
from app.usecases.answers.now import now_page
from app.usecases.answers.now_next import now_causes, restore_first
from app.usecases.answers.plain_text import as_text
from app.usecases.keep.live import present

blueprint = Blueprint("now_web", __name__)
ROWS = 50
CAUSES, CAUSE_SECONDS = 3, 0.5


@blueprint.app_template_filter("left")
def left(minutes: float | None) -> str:
    """Returns the time that is left, as people say it.

    >>> left(None), left(-75.0), left(35.0), left(1500.0)
    ('', 'since 1 h 15 min', '35 min', '1 d 1 h')
    """
    if minutes is None:
        return ""
    whole_minutes = round(abs(minutes))
    days, rest = divmod(whole_minutes, 24 * 60)
    hours, rest = divmod(rest, 60)
    parts = [f"{days} d", f"{hours} h"] if days else [f"{hours} h", f"{rest} min"] if hours else [f"{rest} min"]
    text = " ".join(part for part in parts if not part.startswith("0 ")) or "0 min"
    return f"since {text}" if minutes <= 0 else text


@blueprint.app_template_filter("band_state")
def band_state(band: str) -> str:
    """Returns how urgent a band looks: the class of its mark."""
    return "down" if band in (OVER, WITHIN_1_H) else "unknown" if band == NO_LIMIT else "degraded"


@blueprint.get("/now")
@permission("read")
@scoped
def now() -> str | Response:
    """What is reported right now and what it does; unchanged within a minute (304) where nothing new is reported."""
    service = forestay()
    words = present(service.documents)
    held = unchanged(service.store.current(), minute_tag(service, words))
    if held is not None:
        return held
    page = now_page(service, ROWS, request.args.get("after"), words=words)
    causes = now_causes(service, CAUSES, seconds=CAUSE_SECONDS, words=words) if page.cis_reported["down"] else None
    order = restore_first(service, EXACT, words=words) if page.cis_total else None
    whole().reads.note(caller().name, "read page now", "")
    answer = Response(
        render_template("now.html", page=page, causes=causes, order=order, summary=as_text(page, base_url())),
        mimetype="text/html",
    )
    answer.set_etag(g.etag)
    return answer
