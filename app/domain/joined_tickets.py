"""Several tickets of one outage are one failure (model 1.13): which CI of an outage is its cause, and which fell with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

LEAD_SECONDS = 3600  # a symptom is often written down before its cause, but no more than this [a proposal]
OPEN_END = 1 << 60


@dataclass(frozen=True, slots=True)
class OutageOfCi:
    """A CI that a ticket names, and from when until when it was out (unix seconds; None: it is still)."""

    ticket: str
    ci: str
    began: int
    ended: int | None


def causes_of(outages: Sequence[OutageOfCi], needs: Mapping[str, Collection[str]]) -> list[OutageOfCi | None]:
    """Returns for each outage the one that it fell with, None where it is a cause itself. `needs`: of a CI all CIs that it
    depends on, by any path.

    An outage fell with another where its CI depends on that CI, their times overlap, and the other began at most an hour after
    it. Of two CIs that depend on each other the one that began first is the cause. Of several the earliest; one that fell itself
    leads to its own cause.

    >>> told = [OutageOfCi("1", "shop", 0, 9000), OutageOfCi("2", "db", 600, 8000), OutageOfCi("3", "db", 20000, 21000)]
    >>> [cause and cause.ticket for cause in causes_of(told, {"shop": ["app", "db"]})]
    ['2', None, None]
    """
    of_ci: dict[str, list[int]] = {}
    for number, one in enumerate(outages):
        of_ci.setdefault(one.ci, []).append(number)
    order = {number: (one.began, one.ci, one.ticket) for number, one in enumerate(outages)}
    fell: dict[int, int] = {}
    for number, one in enumerate(outages):
        found = [
            other
            for ci in needs.get(one.ci, ())
            if ci != one.ci
            for other in of_ci.get(ci, ())
            if _with(one, outages[other])
            and (one.ci not in needs.get(ci, ()) or order[other] < order[number])  # a loop: the first of them
        ]
        if found:
            fell[number] = min(found, key=order.__getitem__)
    return [None if number not in fell else outages[_root(number, fell)] for number in range(len(outages))]


def _with(one: OutageOfCi, other: OutageOfCi) -> bool:
    ended = one.ended if one.ended is not None else OPEN_END
    over = other.ended if other.ended is not None else OPEN_END
    return other.began - LEAD_SECONDS <= one.began <= over and other.began <= ended


def _root(number: int, fell: Mapping[int, int]) -> int:
    seen = {number}
    while number in fell and fell[number] not in seen:
        number = fell[number]
        seen.add(number)
    return number
