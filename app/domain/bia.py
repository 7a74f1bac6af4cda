"""A business impact analysis in five minutes: how grave an outage is over time by category, and the MTPD and RTO that follow.

The rule (docs/model.md, section 6): the MTPD is the first of the hours asked at which some category is severe, or more money is
lost than can be borne; the RTO is the hour before it, at which all can still be borne; half of the first where there is none.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from app.domain.errors import InvalidInput

HOURS = (1.0, 4.0, 8.0, 24.0, 72.0, 168.0)
LEVELS = ("none", "negligible", "limited", "severe", "threatening")
CATEGORIES = ("customers", "legal", "reputation")  # judged in levels; money is said as money
SEVERE = 3


@dataclass(frozen=True, slots=True)
class ServiceClass:
    """What is supposed of services of a class: by category the level at each of HOURS, and why."""

    name: str
    label: str
    levels: Mapping[str, Sequence[int]]
    reasons: Mapping[str, str]


@cache
def service_classes() -> Mapping[str, ServiceClass]:
    table = tomllib.loads(files("app.domain").joinpath("service_classes.toml").read_text("utf-8"))
    return {
        name: ServiceClass(
            name,
            row["label"],
            {category: tuple(row[category]) for category in CATEGORIES},
            {category: row[f"{category}_reason"] for category in CATEGORIES},
        )
        for name, row in table.items()
    }


@dataclass(frozen=True, slots=True)
class Bia:
    """`levels`: by category one of LEVELS (its number) at each of HOURS; `money`: lost until then, None: not known; `bearable`:
    the most money that may be lost, None: nobody said."""

    levels: Mapping[str, Sequence[int]]
    money: Sequence[float] | None = None
    bearable: float | None = None

    def __post_init__(self) -> None:
        for category, levels in self.levels.items():
            if category not in CATEGORIES or len(levels) != len(HOURS) or not all(0 <= one < len(LEVELS) for one in levels):
                raise InvalidInput(f"{category}: {len(HOURS)} levels from 0 to {len(LEVELS) - 1}", field=category)
            _rises(category, levels)
        if self.money is not None:
            if len(self.money) != len(HOURS) or not all(0 <= one < 1e15 for one in self.money):
                raise InvalidInput(f"money: {len(HOURS)} amounts, none below 0", field="money")
            _rises("money", self.money)
        if self.bearable is not None and not 0 < self.bearable < 1e15:
            raise InvalidInput("bearable: an amount above 0", field="bearable")


def _rises(name: str, values: Sequence[float]) -> None:
    if any(later < earlier for earlier, later in pairwise(values)):
        raise InvalidInput(f"{name}: an outage that lasts longer is not less grave", field=name)


@dataclass(frozen=True, slots=True)
class Limits:
    """None: nothing becomes severe within the hours asked. `because`: what does first; `sentence`: why they are so."""

    mtpd_hours: float | None
    rto_hours: float | None
    because: Sequence[str]
    sentence: str


def limits_of(bia: Bia) -> Limits:
    """Returns the MTPD and RTO that follow, and why.

    >>> levels = {"customers": (0, 1, 2, 3, 3, 4), "legal": (0,) * 6, "reputation": (0,) * 6}
    >>> limits_of(Bia(levels)).sentence
    'Customers: severe after 24 h, so the MTPD is 24 h. After 8 h all can still be borne, so the RTO is 8 h.'
    >>> limits_of(Bia(levels, (0, 10, 20, 20, 20, 20), 5)).mtpd_hours
    4.0
    """
    for place, hour in enumerate(HOURS):
        because = [f"{name}: {LEVELS[row[place]]}" for name, row in bia.levels.items() if row[place] >= SEVERE]
        if bia.money is not None and bia.bearable is not None and bia.money[place] > bia.bearable:
            because.append("money: more than can be borne")
        if because:
            before = HOURS[place - 1] if place else hour / 2
            told = "; ".join(because).capitalize()
            borne = f"After {before:g} h all can still be borne" if place else f"It is so at the first hour asked, {hour:g} h"
            follows = f"so the RTO is {before:g} h" if place else f"so the RTO is half of it, {before:g} h"
            return Limits(hour, before, because, f"{told} after {hour:g} h, so the MTPD is {hour:g} h. {borne}, {follows}.")
    return Limits(None, None, [], f"Nothing becomes severe within {HOURS[-1] / 24:g} days, so neither MTPD nor RTO follows.")


def impact_of(bia: Bia) -> dict[str, tuple[tuple[float, float], ...]]:
    """Returns the curves as they are kept with the exposure of a service, each from 0 on; money only where it is known.

    >>> impact_of(Bia({"legal": (0, 0, 1, 1, 1, 2)}))["legal"][:4]
    ((0.0, 0.0), (1.0, 0.0), (4.0, 0.0), (8.0, 1.0))
    """
    rows: dict[str, Sequence[float]] = dict(bia.levels) | ({"money": bia.money} if bia.money is not None else {})
    return {
        name: ((0.0, 0.0), *((hour, float(value)) for hour, value in zip(HOURS, row, strict=True))) for name, row in rows.items()
    }


def bia_of(impact: Mapping[str, Sequence[Sequence[float]]]) -> Bia | None:
    """Returns the analysis that was kept as curves; None where these are no such analysis."""
    found: dict[str, Any] = {}
    for name, points in impact.items():
        at = {float(hour): value for hour, value in points}
        if name in (*CATEGORIES, "money") and set(at) == {0.0, *HOURS}:
            found[name] = tuple(at[hour] if name == "money" else int(at[hour]) for hour in HOURS)
    money = found.pop("money", None)
    try:
        return Bia(found, money) if found else None
    except InvalidInput:
        return None
