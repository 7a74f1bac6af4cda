"""One service on paper, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.recovery import ServiceRecovery
from app.domain.report import ServiceSheet
from app.domain.results import Contribution, ServiceRow
from app.domain.sentences import figure, not_read
from app.reports.board_page import UNKNOWN, Figure, Part, hours, percent


@dataclass(frozen=True, slots=True)
class SheetPage:
    title: str
    lead: str
    figures: Sequence[Figure]
    parts: Sequence[Part]


def sheet_page_of(sheet: ServiceSheet) -> SheetPage:
    """Returns the sheet of a service in words."""
    row, recovery = sheet.detail.service, sheet.recovery
    return SheetPage(
        title=row.name,
        lead=recovery.service.sentence + (f" {not_read(row.open_needs).capitalize()}." if row.open_needs else ""),
        figures=_figures(row, recovery),
        parts=[_points(sheet), _path(recovery), _outages(recovery)],
    )


def _figures(row: ServiceRow, recovery: ServiceRecovery) -> Sequence[Figure]:
    back = recovery.service
    return (
        Figure("Team", row.team or UNKNOWN, row.key),
        Figure("RTO", hours(row.rto_hours), f"back after {hours(back.after_one_hours)} at worst: {back.verdict}"),
        Figure("MTPD", hours(row.mtpd_hours), f"{back.beyond_mtpd} outages of one CI take longer"),
        Figure("Customers", figure(row.customers), "assumed" if row.assumed else "declared"),
        Figure("Hours down a year", figure(row.service_hours_per_year), "of single failures"),
        Figure("Single points of failure", f"{row.single_points:,}", "each of them alone stops it"),
    )


def _points(sheet: ServiceSheet) -> Part:
    points = sheet.detail.single_points
    return Part(
        title="Single points of failure",
        heads=["CI", "Class", "Why", "Hours down a year", "Share"],
        numbers=[False, False, False, True, True],
        rows=[_point(point) for point in points],
        count=f"{len(points):,} of {sheet.detail.single_points_total:,}.",
        empty="No single CI is known to stop it.",
        widths=(),
    )


def _point(point: Contribution) -> Sequence[str]:
    return [point.name, point.ci_class, point.reason, figure(point.service_hours_per_year), percent(point.share)]


def _path(recovery: ServiceRecovery) -> Part:
    return Part(
        title="What it waits for when all that it needs is down",
        heads=["CI", "Team", "Supplier", "Restore time", "Hours are", "Back after"],
        numbers=[False, False, False, True, False, True],
        rows=[
            [step.name, step.team, step.supplier, hours(step.hours), step.hours_origin, hours(step.back_after_hours)]
            for step in recovery.path
        ],
        count=f"{len(recovery.path):,} steps; each starts when the one before is back.",
        empty="It is down in the untouched estate, so it does not come back.",
        widths=(),
    )


def _outages(recovery: ServiceRecovery) -> Part:
    return Part(
        title="Outages of one CI that stop it",
        heads=["CI", "Team", "Supplier", "Back after", "Hours are", "Beyond RTO", "Beyond MTPD"],
        numbers=[False, False, False, True, False, True, True],
        rows=[
            [
                one.name,
                one.team,
                one.supplier,
                hours(one.hours),
                one.hours_origin,
                _beyond(one.over_rto_hours),
                _beyond(one.over_mtpd_hours),
            ]
            for one in recovery.single_outages
        ],
        count=f"{len(recovery.single_outages):,} of {recovery.single_outages_total:,}.",
        empty="No single CI is known to stop it.",
        widths=(),
    )


def _beyond(value: float | None) -> str:
    return UNKNOWN if value is None else hours(value) if value > 0 else "in time"
