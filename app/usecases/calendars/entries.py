"""What a calendar or a caller states of one entry, checked and put into one form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.errors import InvalidInput
from app.domain.planned import CHANGE, ENTRY_KINDS, ENTRY_STATES, PLANNED, PlannedEntry, checked_scope
from app.domain.texts import one_form
from app.settings import ChangeSettings
from app.usecases.calendars.windows import Timing, windows_of

NAME, TITLE, IDENTITY = 200, 300, 400


@dataclass(frozen=True, slots=True)
class Stated:
    """One entry as it was read, before it was checked."""

    name: str  # its id within the calendar
    timing: Timing
    kind: str = CHANGE
    title: str = ""
    cis: Sequence[str] = ()
    scope: str = ""
    state: str = PLANNED


def entry_of(stated: Stated, prefix: str, origin: str, settings: ChangeSettings, now: datetime) -> PlannedEntry:
    """Returns the entry; InvalidInput names the field that is wrong."""
    name, title = one_form(stated.name), one_form(stated.title)[:TITLE]
    kind, state = stated.kind.strip().casefold() or CHANGE, stated.state.strip().casefold() or PLANNED
    if not name or len(name) > NAME or not name.isprintable():
        raise InvalidInput(f"an id is 1 to {NAME} printable signs", field="id")
    if kind not in ENTRY_KINDS:
        raise InvalidInput(f"kind is one of {', '.join(ENTRY_KINDS)}, not {kind[:40]!r}", field="kind")
    if state not in ENTRY_STATES:
        raise InvalidInput(f"state is one of {', '.join(ENTRY_STATES)}, not {state[:40]!r}", field="state")
    cis = list(dict.fromkeys(text for text in map(one_form, stated.cis) if text))
    if kind == CHANGE and not cis:
        raise InvalidInput("a change names no CI", field="cis")
    if len(cis) > settings.cis_each:
        raise InvalidInput(f"more than {settings.cis_each:,} CIs (changes.cis_each)", field="cis")
    if any(len(text) > IDENTITY or "\x00" in text for text in cis):
        raise InvalidInput(f"an identity has at most {IDENTITY} signs", field="cis")
    when = windows_of(stated.timing, settings, now)
    return PlannedEntry(
        prefix + name, kind, title or name, cis if kind == CHANGE else (), "" if kind == CHANGE else checked_scope(stated.scope),
        when.windows, stated.timing.rule[:NAME], str(stated.timing.zone or ""), when.known_until, state, origin,
    )  # fmt: skip
