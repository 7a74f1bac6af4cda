"""For how long an incident waited behind less urgent ones: against a count minute by minute."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from app.domain.agreement import Ended, month_of, waited

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


def by_minutes(ticket: Ended, others: list[Ended]) -> int:
    """Minutes in which the ticket was open beside one that overtook it."""
    overtaking = [
        one
        for one in others
        if ticket.suggested and ticket.final and one.final and one.suggested > ticket.suggested and one.final < ticket.final
        and one.ended < ticket.ended
    ]  # fmt: skip
    minutes = [ticket.opened + timedelta(minutes=n) for n in range(int((ticket.ended - ticket.opened) / timedelta(minutes=1)))]
    return sum(any(one.opened <= at < one.ended for one in overtaking) for at in minutes)


def test_waiting_is_counted_as_minute_by_minute() -> None:
    rng, some = random.Random(18), 0
    for _ in range(300):
        tickets = []
        for n in range(rng.randint(1, 8)):
            opened = BEGIN + timedelta(minutes=rng.randrange(60))
            ended = opened + timedelta(minutes=rng.randrange(60))
            tickets.append(Ended(str(n), opened, ended, rng.choice(("", "1", "2", "3")), rng.choice(("", "1", "2", "3"))))
        for one in tickets:
            found = waited(one, [other for other in tickets if other is not one])
            assert found == timedelta(minutes=by_minutes(one, tickets))
            some += found > timedelta()
    assert some > 50


def test_what_is_unknown_is_no_agreement_and_costs_nothing_known() -> None:
    at = [BEGIN + timedelta(hours=n) for n in range(9)]
    late = Ended("late", at[1], at[8], "1", "3", hit=frozenset(("shop", "pay")))
    quick = Ended("quick", at[0], at[3], "4", "2")
    unknown = Ended("unknown", at[0], at[2], "", "1")
    rows = [(late, [quick, unknown]), (quick, []), (unknown, [])]
    month = month_of("2026-11", rows, 5, {"shop": 100.0, "pay": 20.0})
    assert (month.tickets, month.ours, month.compared, month.agreed, month.share) == (3, 5, 2, 0, 0.0)
    assert (month.people_more_urgent, month.people_less_urgent) == (1, 1)
    assert (month.overtaken, month.overtaken_hours, month.cost, month.cost_unknown) == (1, 2.0, 240.0, 0)
    assert (month.judged, month.precision, month.recall) == (0, None, None)
    dark = month_of("2026-11", rows, 0, {"shop": 100.0, "pay": None})
    assert (dark.cost, dark.cost_unknown, dark.overtaken) == (None, 1, 1)
    assert month_of("2026-11", [(unknown, [])], 0, {}).share is None


def test_precision_and_recall_are_over_all_services() -> None:
    def judged(predicted: str, named: str) -> Ended:
        return Ended(predicted, BEGIN, BEGIN, "1", "1", frozenset(predicted), frozenset(named))

    month = month_of("", [(judged("abc", "ab"), []), (judged("d", "de"), []), (judged("", "f"), [])], 0, {})
    assert (month.judged, month.predicted, month.named, month.both) == (3, 4, 5, 3)
    assert (month.precision, month.recall) == (0.75, 0.6)
