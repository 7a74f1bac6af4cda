"""How available one service is: Q, how often it stops, for how long, how much of it is missing on average, and its failovers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from app.domain.quantities import HOURS_PER_YEAR
from app.domain.service_risk import APPROXIMATE, EXACT, SIMULATED, UNKNOWN, Estimate, FailoverRow, ServiceAvailability
from app.risk.exact.answers.service import Want
from app.risk.first_order.sweep import contributions_to
from app.risk.graph.needs import needs_of
from app.risk.outage.expected_capability import expected_capability
from app.risk.outage.propagation import outage
from app.risk.outage.rates_and_exposures import can_fail
from app.risk.services.interruptions import Interruptions
from app.risk.services.service_figures import degrades, failovers, longer_than, stops_per_year
from app.usecases.answers.paths import known
from app.usecases.answers.service_risk.ask import (
    LISTED,
    Inquiry,
    RiskQuestion,
    ask,
    exactly,
    failovers_of,
    remembered,
    sampled,
    scaled,
    unavailability_of,
    unknown,
    unless_down_at_rest,
    with_failovers,
)
from app.usecases.answers.service_risk.incomplete import as_far_as_read
from app.usecases.answers.service_risk.loss import mtpd_breaches, parts_of
from app.usecases.answers.service_risk.years import Lived, lived
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

Rule = Literal["product", "worst"]
HOURS = (0.25, 1.0, 4.0, 8.0, 24.0, 72.0)
FAILOVERS_SHOWN = 100
NO_FREQUENCY = "a CI of the cone has an unavailability and no restore time: how often it fails is unknown"


def service_availability(tools: Tools, question: RiskQuestion, hours: Sequence[float] = ()) -> ServiceAvailability:
    """Returns the availability. `hours`: durations whose share of longer outages is wanted, beside a few standard ones."""
    inquiry = ask(tools, question, Want(bounds=True, cut_sets=LISTED))
    estate, compiled, number = inquiry.estate, inquiry.estate.compiled, inquiry.number
    of_cuts, worlds = unavailability_of(inquiry)
    lost, worst, drawn = lost_shares(inquiry, of_cuts)
    q = unavailable(inquiry, of_cuts)
    told = lived(inquiry)
    frequency = _frequency(inquiry, told)
    mtpd = known(compiled.mtpd_hours[number])
    grid = sorted({*HOURS, *hours, *([mtpd] if mtpd is not None else [])})
    longer, method = _longer(inquiry, told, grid)
    late = dict(longer).get(mtpd) if mtpd is not None else None
    customers = known(compiled.customers[number])
    breaches = mtpd_breaches(inquiry, parts_of(inquiry), told)
    answer = ServiceAvailability(
        stamp=stamp_of(estate, tools.documents),
        key=inquiry.key,
        name=inquiry.name,
        down=inquiry.down,
        at_rest=_at_rest(inquiry),
        unavailability=q,
        availability=scaled(q, -1.0, 1.0),
        failures_per_year=frequency,
        failures_per_hour=scaled(frequency, 1.0 / HOURS_PER_YEAR),
        mean_outage_hours=_mean_outage(q, frequency),
        downtime_minutes_per_year=scaled(q, 60.0 * HOURS_PER_YEAR),
        outages_longer_than=[[moment, share] for moment, share in longer],
        outages_longer_than_method=method,
        mtpd_hours=mtpd,
        p_outage_breaches_mtpd=unknown("no MTPD, or no durations") if late is None else Estimate(late, method),
        mtpd_breaches_per_year=breaches,
        lost_share=lost,
        lost_share_worst_rule=worst,
        rules_differ=_differ(lost, worst),
        customers=customers,
        bad_customer_minutes_first_order=_first_order_minutes(inquiry, customers),
        bad_customer_minutes=unknown("nobody gave the customers")
        if customers is None
        else scaled(lost, 60.0 * HOURS_PER_YEAR * customers),
        single_points=single_points(inquiry),
        rare_event_sum=inquiry.exact.rare_event_sum,
        esary_proschan_upper=inquiry.exact.esary_proschan_upper,
        esary_proschan_lower=inquiry.exact.esary_proschan_lower,
        failovers=_failovers(inquiry),
        unknown_cis=inquiry.exact.unknown,
        effort=inquiry.effort(max(worlds, drawn), question.years),
    )
    return as_far_as_read(answer, inquiry)


def _at_rest(inquiry: Inquiry) -> str:
    level = float(inquiry.estate.compiled.flat.rest_capability[inquiry.position])
    return "down" if level == 0.0 else "up" if level == 1.0 else "degraded"


def lost_shares(inquiry: Inquiry, q: Estimate, rules: Sequence[Rule] = ("product", "worst")) -> tuple[Estimate, Estimate, int]:
    """Returns E[c at rest - c] by both rules (the same twice where one is wanted), failovers included, and the worlds drawn."""
    product, worst, drawn = _lost_without_failovers(inquiry, q, rules)
    switched = failovers_of(inquiry)
    more = 0.0 if switched is None else switched.lost_hours() / HOURS_PER_YEAR
    product, worst = (unless_down_at_rest(inquiry, with_failovers(inquiry, part, more)) for part in (product, worst))
    return product, worst, drawn


def _lost_without_failovers(inquiry: Inquiry, q: Estimate, rules: Sequence[Rule]) -> tuple[Estimate, Estimate, int]:
    """Returns the lost share without failovers. Without degradations below the service it is Q."""
    compiled = inquiry.estate.compiled
    if not degrades(compiled, inquiry.position):
        rest = float(compiled.flat.rest_capability[inquiry.position])
        lost = scaled(q, rest)
        return lost, lost, 0
    found, drawn = [], 0
    for rule in rules:
        told = remembered(
            inquiry.estate,
            ("lost", inquiry.position, inquiry.forced, rule),
            lambda rule=rule: expected_capability(compiled, inquiry.position, forced=inquiry.forced, rule=rule),  # type: ignore[misc]
        )
        if not math.isnan(told.lost_share) and inquiry.is_exact:
            found.append(Estimate(told.lost_share, EXACT))
        elif rule == "product":
            worlds = sampled(inquiry)
            drawn = worlds.worlds
            low, high = worlds.lost_interval()
            found.append(Estimate(worlds.lost(), SIMULATED, low, high, told.reason))
        else:
            found.append(unknown(told.reason or "only the product rule is simulated"))
    return found[0], found[-1], drawn


def _differ(product: Estimate, worst: Estimate) -> bool | None:
    if product.value is None or worst.value is None:
        return None
    return abs(product.value - worst.value) > 0.1 * max(product.value, worst.value)


def unavailable(inquiry: Inquiry, of_cuts: Estimate) -> Estimate:
    """Returns Q, and the share of the year in which failovers interrupt the service or fail."""
    switched = failovers_of(inquiry)
    more = 0.0 if switched is None else switched.down_hours() / HOURS_PER_YEAR
    return with_failovers(inquiry, of_cuts, more)


def single_points(inquiry: Inquiry) -> int:
    """Returns the CIs that can fail and whose outage alone stops the service as it stands: none where it is down already.

    They are known whatever the budget.
    """
    compiled, v = inquiry.estate.compiled, inquiry.position
    if not inquiry.forced:
        return int(contributions_to(compiled, inquiry.number).stops.sum())
    space = inquiry.estate.workspace()
    cone = needs_of(compiled.flat, v)
    fallible = cone[can_fail(compiled)[cone]].tolist()
    if v in outage(compiled, inquiry.forced, space).failed or compiled.flat.rest_capability[v] == 0.0:
        return 0
    return sum(v in outage(compiled, [*inquiry.forced, ci], space).failed for ci in fallible if ci not in inquiry.forced)


def _frequency(inquiry: Inquiry, told: Lived | None) -> Estimate:
    if inquiry.is_exact:
        switched = failovers_of(inquiry)
        more = 0.0 if switched is None else switched.stops_longer(0.0)
        return with_failovers(inquiry, exactly(stops_per_year(inquiry.estate.compiled, inquiry.exact), NO_FREQUENCY), more)
    return unknown("needs the exact engine, or simulated years") if told is None else told.stops_per_year


def _mean_outage(q: Estimate, frequency: Estimate) -> Estimate:
    if q.value is None or not frequency.value:
        return unknown(frequency.note or "it never stops")
    methods = (q.method, frequency.method)
    method = EXACT if set(methods) == {EXACT} else SIMULATED if SIMULATED in methods else APPROXIMATE
    return Estimate(HOURS_PER_YEAR * q.value / frequency.value, method, note=frequency.note)


def _longer(inquiry: Inquiry, told: Lived | None, grid: Sequence[float]) -> tuple[list[tuple[float, float]], str]:
    """Returns P(an outage is longer) for each duration: exact where one cut set makes all outages, simulated where years were
    asked for."""
    if told is not None and told.stops_per_year.value:
        return list(zip(grid, told.longer_than(list(grid)), strict=True)), SIMULATED
    if not inquiry.is_exact:
        return [], UNKNOWN
    compiled, switched = inquiry.estate.compiled, failovers_of(inquiry)
    shares, exact = longer_than(compiled, inquiry.exact, grid)
    if switched is not None:
        shares = _with_switches(stops_per_year(compiled, inquiry.exact), dict(shares), switched, grid)
    return shares, (EXACT if exact and switched is None else APPROXIMATE) if shares else UNKNOWN


def _with_switches(
    stops: float, shares: Mapping[float, float], switched: Interruptions, grid: Sequence[float]
) -> list[tuple[float, float]]:
    """Returns the same shares with the stops that failovers make."""
    total = stops + switched.stops_longer(0.0)
    if not total > 0.0:
        return []
    return [(hours, (stops * shares.get(hours, 0.0) + switched.stops_longer(hours)) / total) for hours in grid]


def _first_order_minutes(inquiry: Inquiry, customers: float | None) -> Estimate:
    if customers is None:
        return unknown("nobody gave the customers")
    hours = contributions_to(inquiry.estate.compiled, inquiry.number).service_hours
    return exactly(60.0 * customers * float(hours.sum()), "a rate or restore time is unknown")


def _failovers(inquiry: Inquiry) -> list[FailoverRow]:
    estate = inquiry.estate
    return [
        FailoverRow(
            group=estate.compiled.group_key(row.group),
            dependent=estate.key(row.dependent),
            active=estate.key(row.active),
            standbys=[estate.key(p) for p in row.standbys],
            p_works=row.year.p_works,
            hours_per_year=known(row.year.hours),
            hours_per_year_without_standby=known(row.year.hours_without),
        )
        for row in failovers(estate.compiled, inquiry.position)[:FAILOVERS_SHOWN]
    ]
