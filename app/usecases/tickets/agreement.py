"""Priority that learns: what people made of the priorities that we suggested, month by month, from the tickets that were read."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from app.domain.agreement import MONTHS, Agreement, Ended, MonthOfTickets, PairOfPriorities, month_of
from app.domain.sentences import count, number
from app.domain.tickets import INCIDENT
from app.usecases.keep.known_tickets import KNOWN, KnownTicket
from app.usecases.tickets.take_in import ENDED
from app.usecases.tools import Tools


def agreement(tools: Tools, months: int = MONTHS) -> Agreement:
    """Returns the figures of the latest months in which incidents ended. Tickets that we made ourselves carry the priority that
    we gave them and are counted apart. Money is that of the services as they are now."""
    ended, ours = _ended(tools)
    every = sorted(ended, key=lambda one: (one.ended, one.ticket))
    known = sorted({_month(one.ended) for one in every} | set(ours), reverse=True)
    shown = known[:months]
    money = _money(tools)
    rows = [_row(month, [one for one in every if _month(one.ended) == month], every, ours[month], money) for month in shown]
    within = [one for one in every if _month(one.ended) in set(shown)]
    whole = _row("", within, every, sum(ours[month] for month in shown), money)
    pairs = Counter((one.suggested, one.final) for one in within if one.suggested and one.final)
    currency = tools.estates.at().options.currency
    return Agreement(
        rows,
        whole,
        [PairOfPriorities(*pair, tickets) for pair, tickets in sorted(pairs.items())],
        currency,
        _sentence(whole, currency),
        len(known) > len(shown),
    )


def _row(
    month: str, ended: Sequence[Ended], every: Sequence[Ended], ours: int, money: Mapping[str, float | None]
) -> MonthOfTickets:
    return month_of(month, [(one, _before(one, every)) for one in ended], ours, money)


def _before(ticket: Ended, every: Sequence[Ended]) -> Sequence[Ended]:
    """Returns what ended while a ticket was open; `every` by its end."""
    first = bisect_right(every, ticket.opened, key=lambda one: one.ended)
    return every[first : bisect_left(every, ticket.ended, key=lambda one: one.ended)]


def _ended(tools: Tools) -> tuple[list[Ended], Counter[str]]:
    """Returns the incidents of others that ended, and how many of ours ended in each month."""
    found, ours = list[Ended](), Counter[str]()
    rows = [row.value for row in KNOWN.every(tools.documents) if row.value.kind == INCIDENT and row.value.phase in ENDED]
    for ticket in rows:
        if not ticket.ended_at:
            continue
        if ticket.order:
            ours[_month(_moment(ticket.ended_at))] += 1
            continue
        found.append(
            Ended(
                f"{ticket.connector}/{ticket.ticket}",
                _moment(ticket.created_at or ticket.ended_at),
                _moment(ticket.ended_at),
                ticket.suggested,
                ticket.priority,
                frozenset(ticket.predicted_of_rest) if _is_judged(ticket) else None,
                frozenset(ticket.named_services),
                frozenset(ticket.predicted_services),
            )
        )
    return found, ours


def _is_judged(ticket: KnownTicket) -> bool:
    """Whether a ticket names services, and beside them CIs of which services were predicted."""
    return bool(ticket.suggested and ticket.named_services) and len(ticket.cis) > len(ticket.named_services)


def _money(tools: Tools) -> dict[str, float | None]:
    """Returns the money that each service loses an hour; None where nobody gave it."""
    estate = tools.estates.at()
    lost = estate.compiled.money_per_hour.tolist()
    return {
        estate.key(int(position)): None if lost[service] != lost[service] else float(lost[service])
        for service, position in enumerate(estate.compiled.service_position)
    }


def _sentence(whole: MonthOfTickets, currency: str) -> str:
    if whole.share is None:
        return "No incident has ended yet whose suggested and final priority are both known."
    said = f"People kept the suggested priority of {whole.agreed:,} of {count(whole.compared, 'incident')}"
    said += f", gave {whole.people_more_urgent:,} a more urgent and {whole.people_less_urgent:,} a less urgent one."
    if whole.overtaken:
        cost = "" if whole.cost is None else f", which may have cost up to {number(whole.cost)} {currency}"
        said += (
            f" {count(whole.overtaken, 'incident')} waited up to {number(whole.overtaken_hours)} h behind less urgent ones{cost}."
        )
    return said


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _month(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m}"
