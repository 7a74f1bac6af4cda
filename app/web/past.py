"""Which pages show an older state of the estate, and how they say so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import g, request

from app.api.common import forestay
from app.domain.errors import ForestayError, InvalidInput
from app.ports.graph_store import Revision
from app.usecases.estate import resolve_revision


@dataclass(frozen=True, slots=True)
class Past:
    revision: int
    day: str
    age: str


def revision_asked() -> Revision:
    """Returns the revision that the page is about, from `revision` or `as_of` in the address."""
    text, moment = request.args.get("revision"), request.args.get("as_of")
    if text and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidInput("revision is a whole number")
    try:
        at = datetime.fromisoformat(moment if "T" in moment else moment + "T23:59:59+00:00") if moment else None
    except ValueError:
        raise InvalidInput("as_of is a date like 2026-11-01, or a time with zone") from None
    return resolve_revision(forestay().store, int(text) if text else None, at)


def past_on_show() -> Past | None:
    """Returns what an older state is called on every page that shows one; None where the page shows the present."""
    if g.get("caller") is None or not (request.args.get("revision") or request.args.get("as_of")):
        return None
    try:
        shown = revision_asked()
        if shown.revision == forestay().store.current().revision:
            return None
    except ForestayError:  # the page itself says what is wrong with the address
        return None
    at = (shown.published_at or shown.created_at).astimezone(UTC)
    return Past(shown.revision, f"{at.day} {at:%B %Y}", days_since((datetime.now(UTC) - at).days))


def days_since(days: int) -> str:
    """Returns how long ago a day was.

    >>> days_since(59), days_since(1), days_since(0)
    ('59 days ago', '1 day ago', 'earlier today')
    """
    return f"{days} day{'' if days == 1 else 's'} ago" if days > 0 else "earlier today"
