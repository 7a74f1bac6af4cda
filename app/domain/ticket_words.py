"""The comment that a ticket gets: a template of named fields, edited by people, checked before it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter

from app.domain.errors import InvalidInput
from app.domain.tickets import CHANGE, INCIDENT

LONGEST = 20_000
COMMENT_FIELDS: Mapping[str, Mapping[str, str]] = {
    INCIDENT: {
        "what": "the CIs, and what else is out now",
        "priority": "suggested priority, 1 to 5",
        "reason": "the row of the table that it comes from, and why",
        "now": "services and customers hit now",
        "after_1h": "the same after an hour",
        "after_4h": "the same after four hours",
        "first_mtpd": "the minute of the first breach of an MTPD, and of which service",
        "redundancy": "groups that have nothing left to lose",
        "call": "teams and suppliers, with the minutes that each has",
        "unknown": "what is not known, and so may make it worse",
        "as_of": "revision and age of the data",
        "link": "a link that shows this again",
    },
    CHANGE: {
        "what": "the CIs and the window",
        "verdict": "clear, unclear or collides, and the approval that it takes, with the reason",
        "priority": "suggested priority, 1 to 5",
        "reason": "the row of the table that it comes from",
        "impact": "services and customers hit while it lasts",
        "redundancy": "groups that have nothing left to lose meanwhile",
        "collisions": "what it collides with",
        "better": "better windows",
        "unknown": "what is not known",
        "as_of": "revision and age of the data",
        "link": "a link that shows this again",
    },
}
DEFAULT_TEMPLATES: Mapping[str, str] = {
    INCIDENT: """Forestay: {what}
Suggested priority {priority} ({reason}).
Hit now: {now}.
After 1 hour: {after_1h}.
After 4 hours: {after_4h}.
First MTPD: {first_mtpd}.
Redundancy used up: {redundancy}.
To call: {call}.
Not known: {unknown}.
{as_of}
{link}""",
    CHANGE: """Forestay: {what}
{verdict}
Suggested priority {priority} ({reason}).
Hit meanwhile: {impact}.
Redundancy used up: {redundancy}.
Collisions: {collisions}.
Better windows: {better}.
Not known: {unknown}.
{as_of}
{link}""",
}


def checked_template(kind: str, template: str) -> str:
    """Returns the template; InvalidInput names the field that there is not, or what else is wrong.

    >>> checked_template("incident", "Priority {priority}, see {link}")
    'Priority {priority}, see {link}'
    """
    if kind not in COMMENT_FIELDS:
        raise InvalidInput(f"kind: a comment is made for {' and '.join(COMMENT_FIELDS)}, not {kind!r}", field="kind")
    if not template.strip() or len(template) > LONGEST or "\x00" in template:
        raise InvalidInput(f"template: 1 to {LONGEST:,} characters", field="template")
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise InvalidInput(f"template: {error}; a brace by itself is written twice", field="template") from None
    for _, name, form, conversion in parts:
        if name is not None and name not in COMMENT_FIELDS[kind]:
            raise InvalidInput(f"template: no field {name!r}; the fields are {', '.join(COMMENT_FIELDS[kind])}", field="template")
        if form or conversion:
            raise InvalidInput(f"template: {name} is written without ':' and '!'", field="template")
    return template


def filled(template: str, said: Mapping[str, str]) -> str:
    """Returns the text of a template that was checked.

    >>> filled("Priority {priority}", {"priority": "2"})
    'Priority 2'
    """
    return template.format_map(said)
