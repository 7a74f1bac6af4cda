"""Simulated years of one service: for durations and losses that have no closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.domain.service_risk import Estimate
from app.usecases.answers.service_risk.ask import Asked


@dataclass(frozen=True, slots=True)
class Lived:
    """What came of the simulated years, each number with its interval."""

    outages: int
    lengths: Any  # float64[outages] hours, ascending
    stops_per_year: Estimate
    hours: Estimate
    money: Estimate
    breaches: Estimate

    def longer_than(self, hours: float) -> float:
        """Share of outages longer than that."""
        return float((self.lengths > hours).mean())


def lived(asked: Asked) -> Lived | None:
    """None where no years were asked for."""
    return None
