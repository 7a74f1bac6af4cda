"""What single CIs contribute to the loss of an area, and what each takes down in a sentence."""

from __future__ import annotations

from typing import Any

from app.domain.results import Contribution
from app.domain.sentences import if_it_fails, redundancy_not_counted
from app.risk.first_order.populations import of_service
from app.risk.first_order.sweep import Contributions, contributions_in
from app.risk.first_order.totals import half_widths, services_of
from app.risk.outage.propagation import outage
from app.usecases.answers.cis import ci_values
from app.usecases.answers.felt import felt_by
from app.usecases.answers.paths import known
from app.usecases.assess import Assessed


def contribution(assessment: Assessed, position: int, share: float) -> Contribution:
    estate = assessment.estate
    return Contribution(
        key=estate.key(position),
        name=estate.name(position),
        ci_class=estate.text("ci_class", position),
        money_per_year=known(assessment.totals.money[position]),
        customer_hours_per_year=known(assessment.totals.customer_hours[position]),
        service_hours_per_year=known(assessment.totals.service_hours[position]),
        services_hit=len(services_of(assessment.first, position)),
        share=share,
        values=ci_values(estate, position),
        reason=redundancy_not_counted(estate.name(position))
        if assessment.totals.not_counted[position]
        else ci_sentence(assessment, position),
        plus_minus=half_widths(assessment.first, position),
    )


def service_contributions(
    assessment: Assessed, service: int, measure: str, stopping: bool = False, worded: bool = True
) -> tuple[list[int], list[Contribution]]:
    """Returns what each CI costs one service, worst first.

    `stopping`: only its single points of failure; `worded`: with the inputs behind each.
    """
    estate = assessment.estate
    costs, customer_hours, shares = _costs(assessment, service, measure)
    money_known = known(assessment.services.money[service]) is not None
    customers_known = known(estate.compiled.customers[service]) is not None
    positions, parts = [], []
    for row, position in enumerate(costs.position.tolist()):
        if stopping and not costs.stops[row]:
            continue
        positions.append(position)
        parts.append(
            Contribution(
                key=estate.key(position),
                name=estate.name(position),
                ci_class=estate.text("ci_class", position),
                money_per_year=known(costs.money[row]) if money_known else None,
                customer_hours_per_year=known(customer_hours[row]) if customers_known else None,
                service_hours_per_year=known(costs.service_hours[row]),
                services_hit=1,
                share=shares[row],
                values=ci_values(estate, position) if worded else [],
                reason="stops it alone" if costs.stops[row] else "degrades or interrupts it",
                plus_minus=half_widths(costs, row),
            )
        )
    return positions, parts


def shares_of_service(assessment: Assessed, service: int, measure: str) -> tuple[Any, list[float]]:
    """Returns the positions of the CIs that cost a service something, worst first, and each one's share of what it suffers."""
    costs, _, shares = _costs(assessment, service, measure)
    return costs.position, shares


def _costs(assessment: Assessed, service: int, measure: str) -> tuple[Contributions, Any, list[float]]:
    """Returns what each CI costs a service, its customer-hours with those of shared customers once, and its share."""
    costs = contributions_in(assessment.estate.compiled, assessment.first, service)
    customer_hours = costs.customer_hours
    if assessment.shared_hours is not None:
        customer_hours = of_service(assessment.first, assessment.shared_hours, service, costs.position)
    column = {"money_per_year": costs.money, "customer_hours_per_year": customer_hours}.get(measure, costs.service_hours)
    values = [known(value) or 0.0 for value in column.tolist()]
    if not any(value > 0 for value in values):  # the estate's measure is unknown for this service
        values = [known(value) or 0.0 for value in costs.service_hours.tolist()]
    total = sum(values)
    return costs, customer_hours, [value / total if total else 0.0 for value in values]


def ci_sentence(assessment: Assessed, position: int) -> str:
    """Says what stops if a CI fails: "If san-02 fails, 14 services stop: ...", with the services of most customers first."""
    estate, compiled = assessment.estate, assessment.estate.compiled
    result = outage(compiled, [position], estate.workspace())
    numbers = result.services_down.tolist()
    numbers.sort(key=lambda s: (-(known(compiled.customers[s]) or 0.0), s))
    names = [estate.name(int(compiled.service_position[s])) for s in numbers[:3]] + [""] * max(0, len(numbers) - 3)
    return if_it_fails(felt_by(estate, result, [estate.name(position)], names))
