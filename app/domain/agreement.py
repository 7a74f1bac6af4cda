"""Suggested against final priority of incidents that ended, what disagreement may have cost, and predicted against named
services: month by month (docs/model.md, "Priority that learns")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
MONTHS = 24  # that are shown


@dataclass(frozen=True, slots=True)
class Ended:
    """An incident of others that ended. `suggested`, `final`: priorities, "" where none is known; `predicted`: services that were
    said to be hit, None where nothing was said; `named`: services that the ticket itself names, empty where it names none."""

    ticket: str
    opened: datetime
    ended: datetime
    suggested: str
    final: str
    predicted: frozenset[str] | None = None
    named: frozenset[str] = frozenset()
    hit: frozenset[str] = frozenset()  # all that was said to be hit, those that it names too


@dataclass(frozen=True, slots=True)
class MonthOfTickets:
    """Incidents that ended in a month (UTC). `tickets`: all but those that we made ourselves (`ours`); `compared`: those of which
    both priorities are known; of them `agreed`, and those that people gave a more or a less urgent one. `share`: agreed of
    compared, null without any. `overtaken`: tickets that waited while one that we called less urgent was worked first;
    `overtaken_hours` and `cost`: at most so long, and at most so much of money; `cost_unknown`: overtaken ones of which money
    is unknown. `judged`: tickets that name a service and of which services were predicted; `predicted`, `named`, `both`: services
    over all of these."""

    month: str
    tickets: int = 0
    ours: int = 0
    compared: int = 0
    agreed: int = 0
    people_more_urgent: int = 0
    people_less_urgent: int = 0
    share: float | None = None
    overtaken: int = 0
    overtaken_hours: float = 0.0
    cost: float | None = None
    cost_unknown: int = 0
    judged: int = 0
    predicted: int = 0
    named: int = 0
    both: int = 0
    precision: float | None = None
    recall: float | None = None


@dataclass(frozen=True, slots=True)
class PairOfPriorities:
    """How many compared incidents had this suggested and this final priority."""

    suggested: str
    final: str
    tickets: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """`months`: the latest first, months without an end left out; `whole`: all of these months together, its `month` is empty;
    `pairs`: of the same tickets. `currency`: of costs."""

    months: Sequence[MonthOfTickets]
    whole: MonthOfTickets
    pairs: Sequence[PairOfPriorities]
    currency: str
    sentence: str
    truncated: bool


def waited(ticket: Ended, others: Iterable[Ended]) -> timedelta:
    """Returns for how long a ticket at most waited behind others that we called less urgent and people more urgent, and that
    ended before it: the time in which both were open, each hour once.

    >>> from datetime import UTC
    >>> at = lambda hour: datetime(2026, 11, 30, hour, tzinfo=UTC)
    >>> late = Ended("a", at(1), at(9), suggested="1", final="3")
    >>> waited(late, [Ended("b", at(0), at(3), "4", "2"), Ended("c", at(2), at(5), "3", "1"), Ended("d", at(2), at(8), "1", "1")])
    datetime.timedelta(seconds=14400)
    """
    if not ticket.suggested or not ticket.final:
        return timedelta()
    spans = sorted(
        (max(ticket.opened, other.opened), other.ended)
        for other in others
        if other.suggested > ticket.suggested and "" < other.final < ticket.final and ticket.opened < other.ended < ticket.ended
    )
    total, reached = timedelta(), ticket.opened
    for start, end in spans:
        start = max(start, reached)
        if end > start:
            total, reached = total + (end - start), end
    return total


def month_of(
    month: str, rows: Sequence[tuple[Ended, Sequence[Ended]]], ours: int, money: Mapping[str, float | None]
) -> MonthOfTickets:
    """Returns the figures of the incidents that ended in a month, each with those that ended while it was open. `money`: lost an
    hour by each service, None where nobody gave it."""
    ended = [one for one, _ in rows]
    both = [one for one in ended if one.suggested and one.final]
    agreed = sum(one.suggested == one.final for one in both)
    waits = [(one, hours) for one, others in rows if (hours := waited(one, others) / HOUR) > 0]
    costs = [_cost(one, hours, money) for one, hours in waits]
    known = [cost for cost in costs if cost is not None]
    judged = [(one.predicted, one.named) for one in ended if one.predicted is not None and one.named]
    predicted, named = (sum(len(pair[side] or ()) for pair in judged) for side in (0, 1))
    hits = sum(len((guess or frozenset()) & truth) for guess, truth in judged)
    return MonthOfTickets(
        month=month,
        tickets=len(ended),
        ours=ours,
        compared=len(both),
        agreed=agreed,
        people_more_urgent=sum(one.final < one.suggested for one in both),
        people_less_urgent=sum(one.final > one.suggested for one in both),
        share=agreed / len(both) if both else None,
        overtaken=len(waits),
        overtaken_hours=sum(hours for _, hours in waits),
        cost=sum(known) if known or (both and not waits) else None,
        cost_unknown=len(costs) - len(known),
        judged=len(judged),
        predicted=predicted,
        named=named,
        both=hits,
        precision=hits / predicted if predicted else None,
        recall=hits / named if named else None,
    )


def _cost(ticket: Ended, hours: float, money: Mapping[str, float | None]) -> float | None:
    """Returns what a ticket's services lost in some hours; None where nobody gave the money of one of them."""
    lost = [money.get(service) for service in ticket.hit]
    known = [one for one in lost if one is not None]
    return hours * sum(known) if lost and len(known) == len(lost) else None
