"""Business services: what they suffer, and their single points of failure."""

from __future__ import annotations

from app.domain.errors import InvalidInput
from app.domain.results import ServiceDetail, ServicePage, ServiceRow
from app.risk.first_order.areas import measure_of
from app.risk.first_order.totals import corrected_hours, points_of
from app.risk.outage.what_if import service_curve
from app.usecases import paging
from app.usecases.answers.areas import ranking_of
from app.usecases.answers.contributions import service_contributions
from app.usecases.answers.group_evidence import with_evidence
from app.usecases.answers.paths import hour_money, known
from app.usecases.answers.ranking import overlap_of
from app.usecases.answers.service_redundancy import redundancy_of
from app.usecases.assess import Assessed, assessed
from app.usecases.estate import Estate
from app.usecases.find import identify_service
from app.usecases.keep.stability_tests import every_test
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools

LAST_HOURS = 24.0  # to which a loss is shown where no limit is known


def service_page(
    tools: Tools,
    limit: int,
    after: str | None,
    revision: int | None,
    locations: bool | None = None,
) -> ServicePage:
    """Returns services, those that suffer most first."""
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "revision", "service_offset", "locations")
        revision, offset, locations = cursor["revision"], cursor["service_offset"], cursor["locations"]
    assessment = assessed(tools.estates, tools.cache, revision, locations)
    order = ranking_of(assessment, "service").area
    last = min(offset + limit, len(order))
    more = last < len(order)
    return ServicePage(
        stamp=stamp_of(assessment.estate, tools.documents),
        assessment=assessment.name,
        total_rows=len(order),
        limit=limit,
        truncated=more,
        next=paging.encode(revision=assessment.estate.revision.revision, service_offset=last, locations=locations)
        if more
        else None,
        items=[service_row(assessment, int(number)) for number in order[offset:last]],
    )


def service_row(assessment: Assessed, number: int) -> ServiceRow:
    estate, compiled, totals = assessment.estate, assessment.estate.compiled, assessment.services
    position = int(compiled.service_position[number])
    hours = known(totals.service_hours[number])
    points = points_of(assessment.first, number)
    row = int(compiled.service_row[number])
    exposure = estate.graph.services[row] if row >= 0 else None
    return ServiceRow(
        key=estate.key(position),
        name=estate.name(position),
        assumed=int(compiled.service_row[number]) < 0,
        team=estate.text("team", position),
        customers=known(compiled.customers[number]),
        customer_population=exposure.customer_population if exposure else "",
        money_per_hour=hour_money(compiled, number),
        mtpd_hours=known(compiled.mtpd_hours[number]),
        rto_hours=known(compiled.rto_hours[number]),
        single_points=int(totals.single_points[number]),
        service_hours_per_year=hours,
        customer_hours_per_year=known(totals.customer_hours[number]),
        money_per_year=known(totals.money[number]),
        corrected_hours_per_year=known(corrected_hours(compiled, points)),
        down_at_rest=bool(totals.down_at_rest[number]),
        not_counted=bool(totals.not_counted[number]),
        open_needs=estate.open_needs(position),
        overlap=overlap_of(assessment, number),
    )


def service_detail(
    tools: Tools,
    text: str,
    limit: int,
    after: str | None,
    revision: int | None,
    locations: bool | None = None,
) -> ServiceDetail:
    """Returns one service with its single points of failure, worst first, page by page."""
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "revision", "service", "point_offset", "locations")
        if cursor["service"] != text:
            raise InvalidInput("after: a cursor of another service")
        revision, offset, locations = cursor["revision"], cursor["point_offset"], cursor["locations"]
    assessment = assessed(tools.estates, tools.cache, revision, locations)
    estate = assessment.estate
    position = identify_service(tools.store, estate, text)
    number = estate.service_number[position]
    _, points = service_contributions(assessment, number, measure_of(assessment.totals.values()), stopping=True)
    last = min(offset + limit, len(points))
    more = last < len(points)
    row = int(estate.compiled.service_row[number])
    exposure = estate.graph.services[row] if row >= 0 else None
    groups, groups_total, tried = redundancy_of(assessment, number)
    groups = with_evidence(assessment, groups, every_test(tools.documents))
    return ServiceDetail(
        stamp=stamp_of(estate, tools.documents),
        assessment=assessment.name,
        service=service_row(assessment, number),
        impact={name: [list(point) for point in curve] for name, curve in exposure.impact.items()} if exposure else {},
        rpo_hours=exposure.rpo_hours if exposure else None,
        mbco_share=exposure.mbco_share if exposure else None,
        single_points=points[offset:last],
        single_points_total=len(points),
        truncated=more,
        next=paging.encode(revision=estate.revision.revision, service=text, point_offset=last, locations=locations)
        if more
        else None,
        loss_over_time=_loss_over_time(estate, number),
        redundancy=groups,
        redundancy_total=groups_total,
        redundancy_tried=tried,
    )


def _loss_over_time(estate: Estate, number: int) -> list[list[float]]:
    """Returns [hours, loss by then] at the points of the service's loss curve, at its RTO and MTPD, and at twice the MTPD."""
    compiled = estate.compiled
    curve = service_curve(compiled, number)
    if curve is None:
        return []
    limits = [float(hours) for hours in (compiled.rto_hours[number], compiled.mtpd_hours[number]) if hours == hours]
    hours = sorted({*curve.hours.tolist(), *limits, 2.0 * max(limits, default=LAST_HOURS / 2)})
    return [[at, float(curve.at(at))] for at in hours]
