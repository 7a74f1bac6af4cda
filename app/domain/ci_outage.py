"""What an operator needs to know of one CI that fails: whom to call, how long there is, what is near and one failure away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.domain.now import BANDS, band_of
from app.domain.results import CiRow, ServiceHit, Stamp

NOTHING_RUNS = "no limit runs"  # the service works, at a part that is not below its MBCO, or is only interrupted
ALIKE = 3  # so many services of one kind are folded
CONTACT = re.compile("contact|phone|e-?mail|on.?call|support|pager|escalat", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Contact:
    """A way to reach somebody, as a source states it."""

    source: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Fold:
    """Services that are alike: of one class, in one state, hit over the same next CI, named alike but for numbers. `like`: the
    name of the first; a fold of one is a service by itself."""

    like: str
    state: str
    does_share: float  # what they still do
    via: str  # the name of the CI after the failed one on the path; "": none between
    minutes_left: float | None  # the least of them
    services: Sequence[ServiceHit]


@dataclass(frozen=True, slots=True)
class Band:
    """Services by the time left until their MTPD (their RTO where they have none), counted from the failure."""

    band: str
    total: int
    folds: Sequence[Fold]


@dataclass(frozen=True, slots=True)
class Shared:
    """A place or supplier that the CI has in common with others: how many CIs hang on it, or are there, this one among them.
    `key`: of a CI; "" for a site, team or supplier."""

    kind: str
    key: str
    name: str
    cis: int
    services: int | None  # that hang on it; None: of sites and suppliers not counted


@dataclass(frozen=True, slots=True)
class NextFailure:
    """A service that one more failure would stop, with the CIs whose failure would; `total` of them."""

    service: str
    service_name: str
    cis: Sequence[CiRow]
    total: int


@dataclass(frozen=True, slots=True)
class CiOutage:
    """`tried` of `candidates` CIs were examined for what is one failure away."""

    stamp: Stamp
    key: str
    name: str
    team: str
    supplier: str
    contacts: Sequence[Contact]
    bands: Sequence[Band]
    shared: Sequence[Shared]
    one_failure_away: Sequence[NextFailure]
    one_failure_away_total: int
    tried: int
    candidates: int


def bands(hits: Iterable[tuple[ServiceHit, float | None, bool]]) -> list[Band]:
    """Returns services (each with the minutes until its limit, and whether that runs) by band, the least time first; like ones
    are folded.

    >>> shop = ServiceHit("a", "Till 1", "down", 1.0, None, None, 2.0)
    >>> [(band.band, band.total) for band in bands([(shop, 120.0, True), (shop, None, True), (shop, 120.0, False)])]
    [('within 4 h', 1), ('no limit given', 1), ('no limit runs', 1)]
    """
    found: dict[str, dict[tuple[object, ...], list[tuple[ServiceHit, float | None]]]] = {}
    for hit, minutes, runs in hits:
        band = band_of(minutes) if runs else NOTHING_RUNS
        via = hit.path[1].name if len(hit.path) > 2 else ""
        alike = (re.sub(r"\d+", "#", hit.name), hit.state, round(hit.lost_share, 2), via)
        found.setdefault(band, {}).setdefault(alike, []).append((hit, minutes))
    return [
        Band(band, sum(len(rows) for rows in found[band].values()), _folds(found[band].values()))
        for band in (*BANDS, NOTHING_RUNS)
        if band in found
    ]


def _folds(groups: Iterable[Sequence[tuple[ServiceHit, float | None]]]) -> list[Fold]:
    made = []
    for rows in groups:
        for part in [rows] if len(rows) >= ALIKE else [[row] for row in rows]:
            first = part[0][0]
            times = [minutes for _, minutes in part if minutes is not None]
            via = first.path[1].name if len(first.path) > 2 else ""
            hits = [hit for hit, _ in part]
            made.append(Fold(first.name, first.state, 1.0 - first.lost_share, via, min(times, default=None), hits))
    return sorted(made, key=lambda fold: (fold.minutes_left is None, fold.minutes_left or 0.0, -_customers(fold)))


def _customers(fold: Fold) -> float:
    return sum(hit.customers or 0.0 for hit in fold.services)
