"""Answers about planned changes: what is planned, which collide, what one change does and when it does better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.results import OneAway, ServiceHit, Stamp, Step, UsedUpGroup
from app.domain.sentences import count, listed

TOGETHER, IN_FREEZE, IN_PEAK = "together", "freeze", "peak"
CLEAR, UNCLEAR, COLLIDES = "clear", "unclear", "collides"
APPROVALS = ("standard", "owner", "board", "another time")


@dataclass(frozen=True, slots=True)
class TimeSpan:
    start_at: str
    end_at: str  # the first moment after it


@dataclass(frozen=True, slots=True)
class NotPlaced:
    """A name that stands for no assessed CI: what an entry means there is not known."""

    entry: str
    name: str
    why: str
    candidates: Sequence[str]
    near: Sequence[str]


@dataclass(frozen=True, slots=True)
class UnreadRow:
    """An entry of a calendar that could not be read."""

    calendar: str
    record: str
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One entry with its windows ahead; lists show the first ones."""

    entry: str
    kind: str
    title: str
    state: str
    origin: str
    cis: Sequence[str]
    cis_total: int
    scope: str
    recurs: str
    zone: str
    windows: Sequence[TimeSpan]
    windows_total: int
    known_until_at: str  # "": all windows are known


@dataclass(frozen=True, slots=True)
class PlannedPage:
    """What is planned, by the next window. `unread`: entries of calendars that could not be read."""

    items: Sequence[PlannedRow]
    total: int
    unread: Sequence[UnreadRow]
    unread_total: int
    limit: int
    truncated: bool
    next: str | None


@dataclass(frozen=True, slots=True)
class CalendarRow:
    name: str
    format: str
    zone: str
    read_at: str
    caller: str
    bytes: int
    digest: str
    records: int  # of the file: entries and those that could not be read
    entries: int
    changes: int
    freezes: int
    peaks: int
    unread: Sequence[UnreadRow]  # the first ones
    unread_total: int


@dataclass(frozen=True, slots=True)
class CalendarPage:
    items: Sequence[CalendarRow]


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a collision: an entry, or what is reported now (`entry` "now")."""

    entry: str
    title: str
    kind: str
    cis: Sequence[str]  # keys of what it takes out, or as named; the first ones
    cis_total: int


@dataclass(frozen=True, slots=True)
class CollisionRow:
    """`smallest`: none of the parties can be left out; else more changes collide than are taken apart. `path`: how the first of
    what falls with them falls."""

    kind: str
    sentence: str
    parties: Sequence[Party]
    spans: Sequence[TimeSpan]
    spans_total: int
    smallest: bool
    services: Sequence[str]  # names of those that stop, or in a freeze or peak those that are stopped or degraded
    services_total: int
    cis_together: int  # that fall with all of the parties and with no fewer
    path: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Gaps:
    """What is not known, so that no answer takes it for safe."""

    unread: Sequence[UnreadRow]
    unread_total: int
    not_placed: Sequence[NotPlaced]
    not_placed_total: int
    known_until_at: str  # windows of recurring entries are known until then; "": of all
    not_taken_apart: int  # sets of changes that touch the same and are too many to be examined
    reports_not_placed: int  # reports of the live state that name no CI
    sentence: str  # "": nothing is missing


@dataclass(frozen=True, slots=True)
class Collisions:
    stamp: Stamp
    from_at: str
    until_at: str
    sentence: str
    items: Sequence[CollisionRow]
    total: int
    services_stopped: int  # services that some collision stops
    gaps: Gaps
    assumptions: Sequence[str]
    limit: int
    truncated: bool
    next: str | None


@dataclass(frozen=True, slots=True)
class BetterWindow:
    start_at: str
    end_at: str
    loss_expected: float | None
    p_further_failure: float
    beside: Sequence[str]  # ids of entries that are in progress then, and do not collide


@dataclass(frozen=True, slots=True)
class Reason:
    approval: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ChangeCheck:
    """What a change does, what may go wrong meanwhile, who should approve it, what it collides with, and when it does better.

    Money: `loss_planned` is what the change itself costs if nothing else fails, `loss_highest` with the one further failure that
    costs most, at the start; `loss_expected`: planned, and at most so much for further failures by their rates.
    """

    stamp: Stamp
    change: str
    title: str
    verdict: str  # clear, unclear, collides
    sentence: str
    approval: str
    priority: str
    priority_row: str
    reasons: Sequence[Reason]
    windows: Sequence[TimeSpan]
    windows_total: int
    hours: float  # of the longest window
    cis: Sequence[str]
    cis_total: int
    cis_down: int
    cis_degraded: int
    services_down: int
    services_degraded: int
    services_interrupted: int
    services: Sequence[ServiceHit]
    services_total: int
    customers: float | None
    customers_unknown: int
    customers_note: str
    loss_planned: float | None
    loss_planned_plus_minus: float
    loss_expected: float | None
    loss_highest: float | None
    money_unknown: int
    redundancy_used_up: Sequence[UsedUpGroup]
    redundancy_used_up_total: int
    one_failure_away: Sequence[OneAway]
    one_failure_away_total: int
    one_failure_away_tried: int
    one_failure_away_candidates: int
    p_further_failure: float  # that one of these fails during the window
    rates_unknown: int  # of these CIs: they count in no probability
    collisions: Sequence[CollisionRow]
    collisions_total: int
    better_windows: Sequence[BetterWindow]
    looked_until_at: str
    gaps: Gaps
    services_incomplete: int
    open_needs: int
    assumptions: Sequence[str]


def gaps_sentence(unread: int, not_placed: int, known_until: str, not_taken_apart: int, reports: int) -> str:
    """Returns what is not known in words.

    >>> gaps_sentence(0, 0, "", 0, 0)
    ''
    >>> gaps_sentence(2, 1, "", 0, 0)
    '2 entries of calendars could not be read; 1 name stands for no assessed CI: no collision with these is ruled out.'
    """
    parts = []
    if unread:
        parts.append(f"{count(unread, 'entry', 'entries')} of calendars could not be read")
    if not_placed:
        parts.append(f"{count(not_placed, 'name')} {'stands' if not_placed == 1 else 'stand'} for no assessed CI")
    if known_until:
        parts.append(f"recurring entries are known until {known_until[:10]} only")
    if not_taken_apart:
        parts.append(
            f"{count(not_taken_apart, 'set')} of changes {'has' if not_taken_apart == 1 else 'have'} too many sets to be examined"
        )
    if reports:
        parts.append(f"{count(reports, 'report')} of the present state {'names' if reports == 1 else 'name'} no CI")
    return "; ".join(parts) + ": no collision with these is ruled out." if parts else ""


def collision_sentence(kind: str, titles: Sequence[str], services: Sequence[str], cis: int, smallest: bool) -> str:
    """
    >>> collision_sentence("together", ["patch a", "patch b"], ["Shop"], 1, True)
    'patch a and patch b together stop Shop; none of them does without the others.'
    >>> collision_sentence("freeze", ["patch a", "Black Friday"], [], 0, True)
    'patch a falls into the freeze Black Friday and touches its scope.'
    """
    if kind != TOGETHER:
        word = "freeze" if kind == IN_FREEZE else "demand peak"
        hit = f"; it stops or degrades {listed(services)}" if services else ""
        return f"{titles[0]} falls into the {word} {titles[1]} and touches its scope{hit}."
    what = f"stop {listed(services)}" if services else f"take down {count(cis, 'CI')}, and no service"
    rest = (
        "none of them does without the others" if smallest else "fewer of them may as well: they are too many to be taken apart"
    )
    return f"{listed(titles)} together {what}; {rest}."
