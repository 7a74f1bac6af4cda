"""What the ranking is worth: outer draws of rates and restore times, one a class and one a CI, carried to areas and ranks (model
1.9, 1.13).

The first-order loss of a CI is linear in its rate; over its mean restore time it is read off sweeps at a few multiples (log-log,
linear in between). Every draw is keyed by seed, CI or class, and its number: the same bits for any order of CIs and any number of
workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from app.domain.ci_classes import CiClass
from app.domain.graph import ASSUMED, MEASURED, CiColumns
from app.risk.first_order.pairs import FirstOrder
from app.risk.first_order.populations import Populations, by_ci, pair_customer_hours
from app.risk.first_order.sweep import first_order
from app.risk.first_order.totals import totals_of
from app.risk.graph.compiled import CompiledGraph
from app.risk.graph.ragged import spans
from app.risk.intake.cause_rows import FIRST_ID
from app.risk.intake.class_rates import ClassRates, class_rates
from app.risk.intake.evidence import class_rows, rates_by_class
from app.risk.jit import Array, Floats, FloatTable, Int64s, kernel
from app.risk.outage.failover import draw

DRAWS = 400
SCALES = (0.25, 0.5, 1.0, 2.0, 4.0)  # multiples of the mean restore times that are swept
BLOCK = 2048
GRID = 400  # restore times over which the loss of a stated range is averaged
LEVEL = 0.9  # intervals run from 5 % to 95 %
APART = 0.9  # P(i worse than j) above which two areas are told apart
RATE, REPAIR, NODE = 1, 2, 3  # purposes of the streams
EDGE = 1.6448536269514722  # of a normal number, 5 % lie beyond it to either side
SETTING, CLASS_TABLE, POSTERIOR, GIVEN = 0, 1, 2, 3  # where a spread comes from
SPREADS = ("setting", "class table", "posterior", "given")


class Ranges(NamedTuple):
    """How sure each value is, N CIs by position. Spreads are standard deviations of the logarithm, 0: taken as said. Middles are
    the logarithm of the median of a stated range over the value, NaN where none is stated: factors then have the mean 1."""

    class_code: Int64s  # int64[N] the class whose draw the CI shares
    rate_shared: Floats  # float64[N] drawn once a class
    rate_own: Floats  # float64[N] drawn once a CI
    incidents: Floats  # float64[N] behind a measured rate, NaN: the rate is lognormal
    years: Floats  # float64[N] of service in which they were seen
    repair_shared: Floats  # float64[N]
    repair_own: Floats  # float64[N]
    rate_middle: Floats  # float64[N]
    repair_middle: Floats  # float64[N]
    classes: Mapping[int, ClassRates]  # by class code: where measured rates come from, drawn once a class


@dataclass(frozen=True, slots=True)
class Response:
    """Loss a year of each CI by multiple of its mean restore time. `table` float64[N, len(scales)]; `pairs` float64[P,
    len(scales)]: of each pair of CI and service of the sweep at the mean restore times."""

    scales: Array
    table: Array
    pairs: Array = field(default_factory=lambda: np.zeros((0, len(SCALES))))


@dataclass(frozen=True, slots=True)
class OuterDraws:
    """Draws of all rates and restore times: the same `seed` gives the same numbers, whatever is computed from them."""

    answer: Response
    ranges: Ranges
    ci_id: Array  # int64[N]
    draws: int = DRAWS
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Spread:
    """A areas in the given order of the ranking: interval of the loss a year, P(among the worst k), expected rank (1 the worst),
    and the number of the group it stands in: areas of one group cannot be told apart from its first."""

    low: Array  # float64[A] 5 %
    median: Array
    high: Array  # float64[A] 95 %
    p_worst: Array  # float64[A]
    expected_rank: Array  # float64[A]
    group: Array  # int64[A], from 1
    k: int
    draws: int


def ranges_of(cis: CiColumns, row: Array, classes: Mapping[str, CiClass], declared_spread: float = 0.0) -> Ranges:
    """Ranges of the assessed CIs, `row` int32[N] into the columns. An assumed rate has the spread of its class, half of its
    variance shared by the class and half the CI's own; a measured one its posterior, with what its class may be; a declared one
    `declared_spread`. A mean restore time is spread half as much as single restores are where it is assumed, by what its
    incidents leave open where they measured it [proposals, model 1.13]. A range stated with a value is a 90 % interval: lognormal
    with these ends, that CI's own, instead of all this.

    Example by hand: a class with spread 1.2: .8485 shared and .8485 own, together sqrt(.72 + .72) = 1.2. A rate of 2 stated as 1
    to 4: its own spread is ln 4 / (2 * 1.645) = .4214, its middle ln(2 / 2) = 0.
    """
    number, table = class_rows(cis.ci_class, classes)
    number = number[row]
    rate_spread = np.asarray([entry.failures_sigma for entry in table])[number]
    repair_spread = np.asarray([entry.repair_sigma for entry in table])[number]
    rate, repair, n = cis.failures_origin[row], cis.repair_origin[row], cis.observed_incidents[row]
    half = np.sqrt(0.5)
    mean_spread = np.select(
        [repair == ASSUMED, repair == MEASURED], [0.5 * repair_spread, repair_spread / np.sqrt(np.maximum(1, n))], declared_spread
    )
    shared_spread = np.where(repair == ASSUMED, half * mean_spread, 0.0)
    own_spread = np.where(repair == ASSUMED, half * mean_spread, mean_spread)
    if cis.repair_own_spread is not None:
        seen = ~np.isnan(cis.repair_own_spread[row])
        shared_spread = np.where(seen, cis.repair_shared_spread[row], shared_spread)
        own_spread = np.where(seen, cis.repair_own_spread[row], own_spread)
    rate_middle, rate_said = _stated(cis.failures_per_year, cis.failures_per_year_low, cis.failures_per_year_high, row)
    repair_middle, repair_said = _stated(cis.repair_hours, cis.repair_hours_low, cis.repair_hours_high, row)
    own_rate = np.where(rate == ASSUMED, half * rate_spread, declared_spread)
    years = np.asarray(cis.observed_years, np.float64)
    posterior = (rate == MEASURED) & (years[row] > 0) & np.isnan(rate_said)
    return Ranges(
        number,
        np.where((rate == ASSUMED) & np.isnan(rate_said), half * rate_spread, 0.0),
        np.where(np.isnan(rate_said), own_rate, rate_said),
        np.where(posterior, n, np.nan),
        np.where(posterior, years[row], 0.0),
        np.where(np.isnan(repair_said), shared_spread, 0.0),
        np.where(np.isnan(repair_said), own_spread, repair_said),
        rate_middle,
        repair_middle,
        _classes(cis, table, np.unique(number[posterior]).tolist(), classes),
    )


def interval_of(ranges: Ranges, place: int, rate: bool) -> tuple[float, float]:
    """5 % and 95 % of the factor on the rate, else on the mean restore time, of the CI at a place of the ranges; (1, 1): taken as
    said.

    Example by hand: a spread of .6 shared and .8 own, together 1: exp(-.5 -+ 1.645).
    """
    if rate and not np.isnan(ranges.incidents[place]):
        known, n, years = ranges.classes[int(ranges.class_code[place])], ranges.incidents[place], ranges.years[place]
        low, high = known.interval(float(n), float(years), LEVEL)
        mean = float(known.mean(np.asarray([n]), np.asarray([years]))[0])
        return low / mean, high / mean
    shared, own, middle = (
        float(column[place])
        for column in (
            (ranges.rate_shared, ranges.rate_own, ranges.rate_middle)
            if rate
            else (ranges.repair_shared, ranges.repair_own, ranges.repair_middle)
        )
    )
    spread = float(np.hypot(shared, own))
    centre = -0.5 * spread**2 if np.isnan(middle) else middle
    return float(np.exp(centre - EDGE * spread)), float(np.exp(centre + EDGE * spread))


def _classes(
    cis: CiColumns, table: Sequence[CiClass], wanted: Sequence[int], classes: Mapping[str, CiClass]
) -> dict[int, ClassRates]:
    """What is known of the rates of classes, from all their CIs that are watched; common causes are no evidence of their own."""
    number, _ = class_rows(cis.ci_class, classes)
    own = (np.asarray(cis.failures_origin) == MEASURED) & (np.asarray(cis.ci_id) < FIRST_ID) & np.isin(number, wanted)
    known = (
        rates_by_class(number, table, np.where(own, cis.observed_years, 0.0), np.asarray(cis.observed_incidents))
        if wanted
        else {}
    )
    nothing = np.zeros(0)
    return {code: known[code] if code in known else class_rates(table[code], nothing, nothing) for code in wanted}


def _stated(value: Array, low: Array | None, high: Array | None, row: Array) -> tuple[Array, Array]:
    """Of the stated ranges: logarithm of the median over the value, and spread of the logarithm; NaN where none is (or all of it
    is 0)."""
    if low is None or high is None:
        return np.full(len(row), np.nan), np.full(len(row), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        bottom, top = np.log(low[row]), np.log(high[row])
        middle, spread = (bottom + top) / 2 - np.log(value[row]), (top - bottom) / (2 * EDGE)
    known = np.isfinite(middle) & np.isfinite(spread)
    return np.where(known, middle, np.nan), np.where(known, spread, np.nan)


def spread_sources(cis: CiColumns, row: Array | Sequence[int]) -> tuple[Array, Array]:
    """Where the spread of the rate and of the restore time of the CIs `row` comes from, as numbers of SPREADS (int64[N] each).

    Example by hand: a declared rate: the setting; with a range stated beside it: given; an assumed one: the class table.
    """
    at = np.asarray(row, np.int64)
    rate, repair = np.asarray(cis.failures_origin)[at], np.asarray(cis.repair_origin)[at]
    watched = np.asarray(cis.observed_years)[at] > 0
    _, rate_said = _stated(cis.failures_per_year, cis.failures_per_year_low, cis.failures_per_year_high, at)
    _, repair_said = _stated(cis.repair_hours, cis.repair_hours_low, cis.repair_hours_high, at)
    rates = np.select(
        [~np.isnan(rate_said), rate == ASSUMED, (rate == MEASURED) & watched], [GIVEN, CLASS_TABLE, POSTERIOR], SETTING
    )
    repairs = np.select([~np.isnan(repair_said), (repair == ASSUMED) | (repair == MEASURED)], [GIVEN, CLASS_TABLE], SETTING)
    return rates, repairs


def response(
    compiled: CompiledGraph,
    measure: str,
    listen: Callable[[float], None] = lambda share: None,
    populations: Populations | None = None,
) -> Response:
    """Sweep the estate at each multiple of the restore times; `measure` of `Totals.values`, customers of one population counted
    once.

    Example by hand: one CI behind one service, 100 an hour, once a year, 4 h: 400 a year; at twice the restore time 800.
    """
    columns, pairs = [], []
    for number, scale in enumerate(SCALES):
        scaled = replace(compiled, repair_hours=compiled.repair_hours * scale)
        first = first_order(scaled)
        once = None
        if populations is not None and populations.shared:
            once = by_ci(first, pair_customer_hours(first, populations))
        columns.append(np.nan_to_num(totals_of(scaled, first, once).values()[measure]))
        column = first.pair_money if measure == "money_per_year" else first.pair_hours
        pairs.append((_pair_keys(first, len(compiled.service_position)), np.nan_to_num(column)))
        listen((number + 1) / len(SCALES))
    return Response(np.asarray(SCALES), np.stack(columns, axis=1), _aligned(pairs))


def _pair_keys(first: FirstOrder, services: int) -> Array:
    """int64[P]: CI and service of each pair as one number, ascending."""
    ci = np.repeat(np.arange(len(first.pair_ptr) - 1), np.diff(first.pair_ptr))
    return np.asarray(ci * max(services, 1) + first.pair_service, np.int64)


def _aligned(pairs: Sequence[tuple[Array, Array]]) -> Array:
    """The columns of all multiples by the pairs of the multiple 1; a pair that is not there costs nothing there."""
    keys = pairs[SCALES.index(1.0)][0]
    table = np.zeros((len(keys), len(pairs)))
    for number, (mine, column) in enumerate(pairs):
        at = np.searchsorted(keys, mine)
        inside = at < len(keys)
        inside[inside] = keys[at[inside]] == mine[inside]
        table[at[inside], number] = column[inside]
    return table


@kernel
def _uniforms(keys: Int64s, draws: int, seed: int, purpose: int, out: FloatTable) -> None:
    for i in range(len(keys)):
        for k in range(draws):
            out[i, k] = draw(keys[i], k, seed * 4 + purpose)


def normals(keys: Array, draws: int, seed: int, purpose: int) -> Array:
    """Standard normal numbers float64[len(keys), draws], each keyed by (seed, purpose, key, number of the draw)."""
    from scipy.special import ndtri  # takes a quarter of a second to import, and only studies need it

    out = np.empty((len(keys), draws))
    _uniforms(np.asarray(keys, np.int64), draws, seed, purpose, out)
    return np.asarray(ndtri(np.clip(out, 2.0**-53, 1.0 - 2.0**-53)))


def rate_factors(ranges: Ranges, ci_id: Array, rows: Array, draws: int, seed: int) -> Array:
    """Factors on the rates of the CIs `rows`, float64[len(rows), draws], of mean 1 or with the ends of a stated range; of a
    measured rate from its posterior, Gamma (by its inverse distribution) with the shape and mean that its class has in that draw.

    Example by hand: two CIs of one class with only a shared spread get the same factors; with only their own, different ones.
    """
    from scipy.special import gammaincinv, ndtr

    own = normals(ci_id[rows], draws, seed, RATE)
    measured = np.flatnonzero(~np.isnan(ranges.incidents[rows]))
    factors = np.exp(
        ranges.rate_own[rows, None] * own
        + _middle(ranges.rate_middle, ranges.rate_own, rows)
        + _shared(ranges.rate_shared, ranges, rows, draws, seed, RATE)
    )
    for code in np.unique(ranges.class_code[rows[measured]]).tolist():
        at = measured[ranges.class_code[rows[measured]] == code]
        known, n, years = ranges.classes[code], ranges.incidents[rows[at]], ranges.years[rows[at]]
        chosen = ndtr(normals(np.asarray([-code - 1]), draws, seed, NODE)[0])
        node = np.minimum(np.searchsorted(np.cumsum(known.weight), chosen), len(known.weight) - 1)
        drawn = gammaincinv(known.shape[node] + n[:, None], ndtr(own[at])) / (known.years[node] + years[:, None])
        factors[at] = drawn / known.mean(n, years)[:, None]
    return np.asarray(factors)


def repair_factors(ranges: Ranges, ci_id: Array, rows: Array, draws: int, seed: int) -> Array:
    """Factors on the mean restore times of the CIs `rows`, as `rate_factors` gives them for rates."""
    own = ranges.repair_own[rows, None]
    drawn = own * normals(ci_id[rows], draws, seed, REPAIR) + _middle(ranges.repair_middle, ranges.repair_own, rows)
    return np.asarray(np.exp(drawn + _shared(ranges.repair_shared, ranges, rows, draws, seed, REPAIR)))


def _middle(middle: Array, own: Array, rows: Array) -> Array:
    """Logarithm of the median of the own factor: that of the stated range, else what makes the mean 1. float64[len(rows), 1]."""
    stated = middle[rows, None]
    return np.asarray(np.where(np.isnan(stated), -0.5 * np.square(own[rows, None]), stated))


def _shared(spreads: Array, ranges: Ranges, rows: Array, draws: int, seed: int, purpose: int) -> Array:
    """Logarithm of the factor that all CIs of a class share; its stream is keyed by the class (negative, so that no CI has
    it)."""
    classes, back = np.unique(ranges.class_code[rows], return_inverse=True)
    drawn = normals(-classes - 1, draws, seed, purpose)[back]
    return np.asarray(spreads[rows, None] * drawn - 0.5 * np.square(spreads[rows, None]))


def losses(answer: Response, rows: Array, rate: Array, repair: Array) -> Array:
    """Loss a year of the CIs `rows` in each draw: rate factor times the loss read off at the drawn restore time,
    float64[len(rows), draws].

    Between two multiples the logarithm of the loss is linear in that of the restore time; beyond the last it goes on with the
    same slope.

    Example by hand: losses 100, 200 at multiples 1, 2 (linear): at a factor of 3 it is 300; with a rate factor of 2 it is 600.
    """
    return read_off(answer.scales, answer.table[rows], rate, repair)


def read_off(scales: Array, table: Array, rate: Array, repair: Array) -> Array:
    """The losses of `losses`, from rows of a table, float64[R, len(scales)]."""
    logs, grid = np.log(np.maximum(table, 1e-300)), np.log(scales)
    x = np.log(repair)
    left = np.clip(np.searchsorted(grid, x, "right") - 1, 0, len(grid) - 2)
    low = np.take_along_axis(logs, left, axis=1)
    high = np.take_along_axis(logs, left + 1, axis=1)
    value = low + (high - low) * (x - grid[left]) / (grid[left + 1] - grid[left])
    return np.asarray(np.where(table.max(axis=1, keepdims=True) > 0.0, rate * np.exp(value), 0.0))


def stated_shift(answer: Response, ranges: Ranges, of: Array, table: Array) -> Array:
    """How far the expected loss over the stated ranges lies from the loss at the values, float64[R], for rows of a response table
    (`of` int[R]: the CI of each). 0 where no range is stated: other factors have the mean 1.

    The mean factor of a rate is exp(middle + spread^2 / 2); the loss is averaged over GRID equally likely restore times.

    Example by hand: a rate of 2 stated as 2 to 8 (median 4, spread .4214) and a loss of 10: 10 (2 e^.0888 - 1) = 11.86.
    """
    from scipy.special import ndtri

    unit = int(np.argmin(np.abs(answer.scales - 1.0)))
    base = table[:, unit]
    rate_said, repair_said = ~np.isnan(ranges.rate_middle[of]), ~np.isnan(ranges.repair_middle[of])
    mean = np.ones(len(of))
    at = of[rate_said]
    mean[rate_said] = np.exp(ranges.rate_middle[at] + 0.5 * np.square(ranges.rate_own[at]))
    lost = np.array(base, np.float64)
    rows = np.flatnonzero(repair_said)
    normal = ndtri((np.arange(GRID) + 0.5) / GRID)
    for start in range(0, len(rows), BLOCK):
        part = rows[start : start + BLOCK]
        factor = np.exp(ranges.repair_own[of[part], None] * normal + ranges.repair_middle[of[part], None])
        lost[part] = read_off(answer.scales, table[part], np.ones_like(factor), factor).mean(axis=1)
    return np.where(base > 0.0, mean * lost - base, 0.0)


def shifts(answer: Response, ranges: Ranges, first: FirstOrder, pair_losses: Array, services: int) -> tuple[Array, Array]:
    """`stated_shift` of every CI (float64[N]) and of every service (float64[services])."""
    every = np.arange(len(answer.table))
    by_ci = stated_shift(answer, ranges, every, answer.table)
    stated = np.flatnonzero(~np.isnan(ranges.rate_middle) | ~np.isnan(ranges.repair_middle))
    by_service = np.zeros(services)
    if len(stated):
        counts = np.diff(first.pair_ptr)[stated]
        pair, of = spans(first.pair_ptr[stated], counts), np.repeat(stated, counts)
        table, unit = answer.pairs[pair], int(np.argmin(np.abs(answer.scales - 1.0)))
        usual = np.where(table[:, unit] > 0.0, table[:, unit], np.inf)
        moved = stated_shift(answer, ranges, of, table) * np.nan_to_num(pair_losses)[pair] / usual
        np.add.at(by_service, first.pair_service[pair], moved)
    return by_ci, by_service


def drawn_areas(outer: OuterDraws, codes: Array, count: int) -> Array:
    """Loss of every area in every draw, float64[count, draws]; `codes` int[N]: the area of each CI, -1 none. CIs that cost
    nothing are passed over."""
    sums = np.zeros((count, outer.draws))
    for rows, rate, repair in _drawn(outer, codes >= 0):
        np.add.at(sums, codes[rows], losses(outer.answer, rows, rate, repair))
    return sums


def drawn_groupings(outer: OuterDraws, groupings: Sequence[tuple[Array, int]]) -> list[Array]:
    """`drawn_areas` for several ways to group the CIs, (codes, count) each, from one pass over the draws; every CI has an area in
    each.

    Example by hand: CIs that lose 1 and 2, of one team at two sites: (3) and (1, 2).
    """
    sums = [np.zeros((count, outer.draws)) for _, count in groupings]
    for rows, rate, repair in _drawn(outer, np.ones(len(outer.ci_id), np.bool_)):
        drawn = losses(outer.answer, rows, rate, repair)
        for (codes, _), total in zip(groupings, sums, strict=True):
            np.add.at(total, codes[rows], drawn)
    return sums


def _drawn(outer: OuterDraws, wanted: Array) -> Iterator[tuple[Array, Array, Array]]:
    """Blocks of the wanted CIs that cost something: their rows, and the factors on their rates and restore times in every draw,
    float64[len(rows), draws]."""
    ranges, ci_id, draws, seed = outer.ranges, outer.ci_id, outer.draws, outer.seed
    costing = np.flatnonzero(wanted & (outer.answer.table.max(axis=1) > 0.0))
    for start in range(0, len(costing), BLOCK):
        rows = costing[start : start + BLOCK]
        rate, repair = rate_factors(ranges, ci_id, rows, draws, seed), repair_factors(ranges, ci_id, rows, draws, seed)
        yield rows, rate, repair


def spread_of(drawn: Array, k: int = 10) -> Spread:
    """Intervals and ranks of A areas from their draws (float64[A, K], in the order of the ranking).

    Example by hand: areas that lose (10, 30) and (20, 20) in two draws are each the worst one half of the time.
    """
    areas, draws = drawn.shape
    order = np.argsort(-drawn, axis=0, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(areas)[:, None], axis=0)
    edges = np.quantile(drawn, ((1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2), axis=1) if areas else np.zeros((3, 0))
    return Spread(
        edges[0], edges[1], edges[2], (rank < k).mean(axis=1), rank.mean(axis=1) + 1.0, _groups(drawn), k, draws,
    )  # fmt: skip


def _groups(drawn: Array) -> Array:
    """Number the groups down the ranking: a new one begins where the first of the present one is worse with more than 90 %."""
    group = np.ones(len(drawn), np.int64)
    first = 0
    for i in range(1, len(drawn)):
        worse = float((drawn[first] > drawn[i]).mean() + 0.5 * (drawn[first] == drawn[i]).mean())
        if worse > APART:
            first = i
            group[i] = group[i - 1] + 1
        else:
            group[i] = group[i - 1]
    return group


def drawn_services(outer: OuterDraws, first: FirstOrder, pair_losses: Array, services: int) -> Array:
    """Loss suffered by every service in every draw, float64[services, draws]: each pair by its own response to the restore time,
    whatever else the CI costs.

    Example by hand: a CI costs one service 10, linear, and another 30 at once; at twice the restore time they lose 20 and 30.
    """
    answer = outer.answer
    sums, unit = np.zeros((services, outer.draws)), int(np.argmin(np.abs(answer.scales - 1.0)))
    base, known = answer.table[:, unit], np.nan_to_num(pair_losses)
    for rows, rate, repair in _drawn(outer, (base > 0.0) & (np.diff(first.pair_ptr) > 0)):
        counts = np.diff(first.pair_ptr)[rows]
        at = spans(first.pair_ptr[rows], counts)
        order = np.argsort(first.pair_service[at], kind="stable")
        service = first.pair_service[at][order]
        of, pair = np.repeat(np.arange(len(rows)), counts)[order], at[order]
        table = answer.pairs[pair]
        usual = np.where(table[:, unit] > 0.0, table[:, unit], np.inf)
        part = read_off(answer.scales, table, rate[of], repair[of]) * (known[pair] / usual)[:, None]
        heads = np.flatnonzero(np.concatenate([[True], service[1:] != service[:-1]]))
        sums[service[heads]] += np.add.reduceat(part, heads, axis=0)
    return sums
