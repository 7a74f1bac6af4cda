"""Simulated years of one service: for durations and losses that have no closed form, and for services beyond the exact engine."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.domain.errors import InvalidInput, LimitExceeded
from app.domain.service_risk import SIMULATED, Estimate
from app.risk.graph.subestate import subestate_of
from app.risk.jit.clock import look, working_time
from app.risk.sampling.events import BLOCK_YEARS
from app.risk.sampling.years import Years, simulate_years
from app.risk.sampling.years_summary import Estimate as Mean
from app.risk.sampling.years_summary import by_initiator, summary_of, survival_of_stops
from app.usecases.answers.service_risk.ask import Inquiry, unknown

LEFT_OUT = "simulated without {0:,} CIs that have an unavailability and no restore time"


@dataclass(frozen=True, slots=True)
class Lived:
    """The results of the simulated years, each number with its interval; by CI (positions of the estate) the loss and lost hours
    that it started."""

    years: Years
    stops_per_year: Estimate
    hours: Estimate  # lost, weighted by share
    money: Estimate
    breaches: Estimate
    position: Any  # int32[n]
    money_by_ci: Any  # float64[n] a year
    hours_by_ci: Any  # float64[n] a year

    def longer_than(self, hours: list[float]) -> list[float]:
        """Returns P(a stop is longer) for each duration."""
        return [float(p) for p in survival_of_stops(self.years, hours)[0]]


def lived(inquiry: Inquiry) -> Lived | None:
    """Simulates the years; None where no years were asked for. InvalidInput with CIs forced down: their outage has no end."""
    wanted = inquiry.question.years
    if not wanted:
        return None
    if inquiry.forced:
        raise InvalidInput(
            "years are simulated with all CIs free to fail and be restored: leave `down` or `years` out", field="years"
        )
    cut = subestate_of(inquiry.estate.compiled, inquiry.position)
    listen = within(inquiry.question.seconds, wanted)
    years = simulate_years(cut, inquiry.question.seed, 0, -(-wanted // BLOCK_YEARS), threads=2, listen=listen)
    figures, started = summary_of(years), by_initiator(years, len(cut.positions))
    left_out = years.without_restore_time + years.unknown
    note = LEFT_OUT.format(left_out) if left_out else ""
    return Lived(
        years,
        simulated(figures.stops_per_year, note),
        simulated(figures.lost_hours_per_year, note),
        simulated(figures.loss_per_year, note),
        simulated(figures.breaches_per_year, note),
        cut.positions,
        started.loss_per_year,
        started.lost_hours_per_year,
    )


def within(seconds: float, wanted: int) -> Callable[[float], None]:
    """Returns a listener that ends a simulation whose threads have each worked longer: LimitExceeded says how many years were
    done. Time in which kernels are compiled or interpreted is not charged, except by the deadline of the question."""
    begun: dict[int, float] = {}

    def listen(share: float) -> None:
        look()
        started = begun.setdefault(threading.get_ident(), working_time())
        if working_time() - started > seconds:
            done = int(share * wanted)
            raise LimitExceeded(
                f"{done:,} of {wanted:,} years were simulated in {seconds:g} s: ask for fewer years, or give more seconds",
                field="years",
            )

    return listen


def simulated(mean: Mean, note: str = "", nothing: str = "nothing was drawn that tells") -> Estimate:
    """Returns a simulated mean with its interval, open ends left out; `nothing`: the note where there is none."""
    if math.isnan(mean.value):
        return unknown(nothing)
    low, high = (edge if math.isfinite(edge) else None for edge in mean.interval)
    return Estimate(mean.value, SIMULATED, low, high, note)
