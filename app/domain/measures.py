"""Measures: changes of the estate that people think of, each of which can be tried in the model before it is paid for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.errors import InvalidInput
from app.domain.results import Stamp

TWIN, SECOND_SUPPLIER, FAILOVER, RESTORE, RATE, REMOVE = "twin", "second_supplier", "failover", "restore", "rate", "remove"
KINDS: Mapping[str, Sequence[str]] = {  # the fields that each kind needs
    TWIN: ("ci",),
    SECOND_SUPPLIER: ("ci", "supplier"),
    FAILOVER: ("group", "hours"),
    RESTORE: ("ci",),
    RATE: ("ci",),
    REMOVE: ("ci", "provider"),
}
SHARED_BY_TWINS = 0.1  # of a twin's failures that take both, where nobody says [a proposal, see docs/model.md]
MOST_HOURS = 87660.0  # ten years
MOST_COST = 1e12
MOST_MEASURES = 40


@dataclass(frozen=True, slots=True)
class Measure:
    """One change. `twin`: an equal CI beside `ci`; `common_cause_share`: which share of its failures takes both.
    `second_supplier`: such a twin from another supplier, by default without a common cause. `failover`: the group `group`
    switches by itself in `hours`, with the chance `success`. `restore`: `ci` is back in `hours`, or in the share `share` of
    today's time (default: half). `rate`: `ci` fails the share `share` of
    today's times (default: half). `remove`: `ci` no longer needs `provider`. `cost`: in the currency of the model; None: nobody
    said."""

    kind: str
    ci: str = ""
    provider: str = ""
    group: str = ""
    supplier: str = ""
    hours: float | None = None
    share: float | None = None
    success: float | None = None
    common_cause_share: float | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What measures change together, in the measure of the ranking (`unit`), first order. `less`: expected loss a year before
    less after, with its 90 % range over what is not known of rates and restore times, drawn alike for before and after."""

    unit: str
    before: float
    after: float
    less: float
    less_low: float
    less_high: float


@dataclass(frozen=True, slots=True)
class HelpedService:
    key: str
    name: str
    hours_before: float | None
    hours_after: float | None


@dataclass(frozen=True, slots=True)
class MeasuresTried:
    """What some measures do together. `alone`: what each does by itself, in their order; `together_more`: what they do together
    less the sum of that. `rests_on`: what the numbers assume."""

    stamp: Stamp
    measures: Sequence[Measure]
    sentences: Sequence[str]
    effect: Effect
    alone: Sequence[float]
    together_more: float
    services: Sequence[HelpedService]
    rests_on: Sequence[str]
    cost: float | None


@dataclass(frozen=True, slots=True)
class BestMeasures:
    """The set of measures within the budget that takes most loss away. `bound`: no set takes more away than this; `gap`: the
    bound less what the set found takes away; `exact`: nothing is left to look at, the gap is 0."""

    stamp: Stamp
    unit: str
    budget: float
    chosen: Sequence[int]
    sentences: Sequence[str]
    cost: float
    effect: Effect
    alone: Sequence[float]
    together_more: float
    bound: float
    gap: float
    exact: bool
    sets_tried: int
    rests_on: Sequence[str]


@dataclass(frozen=True, slots=True)
class SuggestedMeasure:
    """A measure that is worth a thought; its cost is for people to say. `less`: what it takes away a year by itself."""

    measure: Measure
    sentence: str
    because: str
    less: float
    share: float


@dataclass(frozen=True, slots=True)
class SuggestedMeasures:
    """`worked_out` of `candidates`: those of the worst areas first, as far as the time went."""

    stamp: Stamp
    unit: str
    items: Sequence[SuggestedMeasure]
    total: int
    worked_out: int
    candidates: int
    limit: int
    truncated: bool


def checked_measure(measure: Measure) -> Measure:
    """Returns the measure; InvalidInput where it says too little, or a figure that can be none."""
    if measure.kind not in KINDS:
        raise InvalidInput(f"kind: one of {', '.join(KINDS)}", field="kind")
    for name in KINDS[measure.kind]:
        if getattr(measure, name) in ("", None):
            raise InvalidInput(f"{name}: a measure of kind {measure.kind} needs it", field=name)
    for name, low, high in (
        ("hours", 0.0, MOST_HOURS), ("share", 0.0, 1.0), ("success", 0.0, 1.0), ("common_cause_share", 0.0, 0.999),
        ("cost", 0.0, MOST_COST),
    ):  # fmt: skip
        value = getattr(measure, name)
        if value is not None and not (math.isfinite(value) and low <= value <= high):
            raise InvalidInput(f"{name}: from {low:g} to {high:g}", field=name)
    if measure.kind == RESTORE and measure.hours is not None and measure.share is not None:
        raise InvalidInput("hours or share: state one of them", field="share")
    return measure


def shared_by(measure: Measure) -> float:
    """Returns which share of the failures of a twin takes both.

    >>> shared_by(Measure("twin", "db")), shared_by(Measure("second_supplier", "dns", supplier="B"))
    (0.1, 0.0)
    """
    if measure.common_cause_share is not None:
        return measure.common_cause_share
    return SHARED_BY_TWINS if measure.kind == TWIN else 0.0
