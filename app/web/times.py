"""Times on a page: written in UTC by the server; a module (times.js) turns them into the time of the reader's place."""

from __future__ import annotations

from datetime import UTC, datetime

from markupsafe import Markup


def at(text: str) -> Markup:
    """Returns a stored time to the minute.

    >>> at("2026-11-30T14:10:01.5+00:00"), at("")
    (Markup('<time datetime="2026-11-30T14:10:01+00:00">2026-11-30 14:10 UTC</time>'), Markup('never'))
    """
    if not text:
        return Markup("never")
    moment = _utc(text)
    return Markup('<time datetime="{}">{:%Y-%m-%d %H:%M} UTC</time>').format(moment.isoformat(timespec="seconds"), moment)


def ago(text: str) -> Markup:
    """Returns how long ago a stored time is, with the time itself behind it."""
    if not text:
        return Markup("never")
    moment = _utc(text)
    since = (datetime.now(UTC) - moment).total_seconds()
    return Markup('<time datetime="{}" data-ago title="{:%Y-%m-%d %H:%M} UTC">{}</time>').format(
        moment.isoformat(timespec="seconds"), moment, since_then(since)
    )


def since_then(seconds: float) -> str:
    """Returns a length of time that has passed as people say it.

    >>> [since_then(s) for s in (20, 150, 3 * 3600, 5 * 86400, -5)]
    ['just now', '2 min ago', '3 h ago', '5 days ago', 'just now']
    """
    for size, one in ((86400, " day"), (3600, " h"), (60, " min")):
        if seconds >= 2 * size or (size < 86400 and seconds >= size):
            number = int(seconds // size)
            return f"{number}{one}{'s' if size == 86400 else ''} ago"
    return "just now"


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
