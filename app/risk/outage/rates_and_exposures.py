"""What the sweep reads beside the graph: rates and restore times of CIs, what hangs on services, and which groups switch over."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.domain.quantities import HOURS_PER_YEAR
from app.risk.graph.compiled import CompiledGraph
from app.risk.jit import Array, Bools, Floats, Int32s, Int64s
from app.risk.outage.failover import Failovers, failovers_of


class RatesAndExposures(NamedTuple):
    """N CIs, S services. `load`: down hours a year of a CI to first order, lambda m * 8766."""

    rate: Floats  # float64[N] failures per year of up time, NaN unknown
    mean: Floats  # float64[N] restore time, hours, NaN unknown
    sigma: Floats  # float64[N] NaN exponential
    load: Floats  # float64[N] NaN unknown
    can_fail: Bools  # bool[N] rate > 0 or 0 < U < 1
    customers: Floats  # float64[S] NaN unknown
    money: Floats  # float64[S] per hour, NaN unknown or by curve
    curve_ptr: Int32s  # int32[S+1]
    curve_hours: Floats  # float64
    curve_loss: Floats  # float64
    mtpd: Floats  # float64[S] hours, NaN none
    mbco: Floats  # float64[S] share, NaN none
    service_position: Int32s  # int32[S]
    key: Int64s  # int64[N] ci_id: names the CI in random streams
    failovers: Failovers


def can_fail(compiled: CompiledGraph, positions: Array | slice = slice(None)) -> Array:
    """bool by CI (all of them, or those of `positions`): it fails by itself now and then, lambda > 0 and R > 0, or 0 < U < 1
    (model 1.2, 1.8)."""
    rate, repair, down = (
        column[positions] for column in (compiled.failures_per_year, compiled.repair_hours, compiled.unavailability)
    )
    return np.asarray(((np.nan_to_num(rate) > 0.0) & (repair != 0.0)) | ((down > 0.0) & (down < 1.0)))


def rates_and_exposures_of(compiled: CompiledGraph) -> RatesAndExposures:
    """Those of an estate; U given without a restore time keeps the load U / (1 - U) * 8766, exact for losses linear in time."""
    rate, mean, down = compiled.failures_per_year, compiled.repair_hours, compiled.unavailability
    with np.errstate(invalid="ignore", divide="ignore"):
        load = np.where(rate == 0.0, 0.0, rate * mean)
        load = np.where(np.isnan(load) & (down < 1.0), HOURS_PER_YEAR * down / (1.0 - down), load)
    return RatesAndExposures(
        np.ascontiguousarray(rate), np.ascontiguousarray(mean), np.ascontiguousarray(compiled.repair_sigma), load,
        can_fail(compiled), compiled.customers,
        compiled.money_per_hour, compiled.curve_ptr, compiled.curve_hours, compiled.curve_loss, compiled.mtpd_hours,
        compiled.mbco_share,
        compiled.service_position, compiled.ci_id, failovers_of(compiled),
    )  # fmt: skip
