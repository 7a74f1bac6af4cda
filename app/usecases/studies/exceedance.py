"""Loss exceedance of a study: simulated years of every service, put together year by year and event by event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from app.domain.errors import NotFound
from app.domain.service_risk import Estimate
from app.domain.study import ExceedanceRow, StudyExceedance, StudyOptions, StudyRow
from app.risk.graph.compiled import SERVES, CompiledGraph
from app.risk.sampling.events import BLOCK_YEARS
from app.risk.sampling.years_summary import Estimate as Mean
from app.risk.study.exceedance import Level, exceedance_of, points_of_curve
from app.risk.study.year_losses import YearLosses, simulate_losses
from app.usecases.answers.service_risk.years import simulated
from app.usecases.studies.read import get_study, tables_of
from app.usecases.tools import Tools

NAMES = ("sums", "largest", "events", "event_count", "services", "money_unknown", "cut_off")


def exceedance_arrays(compiled: CompiledGraph, options: StudyOptions, tell: Callable[[float], None]) -> dict[str, Any]:
    """Returns the yearly losses as arrays; nothing where no years were asked for."""
    if not options.years:
        return {}
    losses = simulate_losses(compiled, options.seed, 0, -(-options.years // BLOCK_YEARS), threads=2, listen=tell)
    down, flat = compiled.unavailability, compiled.flat
    unheard = (down > 0.0) & (down < 1.0) & np.isnan(compiled.repair_hours) & (flat.flags & SERVES != 0)
    return {f"years.{name}": getattr(losses, name) for name in NAMES} | {"years.left_out": int(unheard.sum())}


def study_exceedance(tools: Tools, study: str) -> StudyExceedance:
    """Returns the loss exceedance curve of a study. NotFound where it simulated no years."""
    row = get_study(tools.documents, study)
    arrays = tables_of(tools.cache, row)
    if "years.sums" not in arrays:
        raise NotFound(f"study {study} simulated no years; make one with `years`")
    losses = YearLosses(
        0, *(arrays[f"years.{name}"] for name in NAMES[:3]), *(int(arrays[f"years.{name}"]) for name in NAMES[3:])
    )
    curves = exceedance_of(losses)
    return StudyExceedance(
        study=study,
        revision=row.revision,
        currency=row.currency,
        years=curves.years,
        expected_annual_loss=_estimate(curves.annual_loss),
        occurrence_1_in_10=_loss(curves.oep, 10.0),
        occurrence_1_in_100=_loss(curves.oep, 100.0),
        aggregate_1_in_10=_loss(curves.aep, 10.0),
        aggregate_1_in_100=_loss(curves.aep, 100.0),
        tail_value_1_in_100=_tail(curves.aep, 100.0),
        curve=[ExceedanceRow(*point) for point in points_of_curve(losses)],
        notes=_notes(row, losses, int(arrays.get("years.left_out", 0))),
    )


def _estimate(mean: Mean) -> Estimate:
    return simulated(mean, nothing="too few years were simulated")


def _loss(levels: Sequence[Level], period: float) -> Estimate:
    return next(_estimate(level.loss) for level in levels if level.period_years == period)


def _tail(levels: Sequence[Level], period: float) -> Estimate:
    return next(_estimate(level.tail_value) for level in levels if level.period_years == period)


def _notes(row: StudyRow, losses: YearLosses, left_out: int) -> list[str]:
    notes = [
        f"{losses.event_count:,} events with a loss in {len(losses.sums):,} years of {losses.services:,} services, "
        f"seed {row.options.seed}"
    ]
    if left_out:
        notes.append(
            f"{left_out:,} CIs never fail in these years: their unavailability is given and no restore time, "
            "so that losses are at least these"
        )
    if losses.money_unknown:
        notes.append(f"{losses.money_unknown:,} services are left out: nobody gave their money")
    if losses.cut_off:
        notes.append(f"{losses.cut_off:,} outages were given up while they still lasted: their losses are too low")
    return notes
