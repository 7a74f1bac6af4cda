"""The page for the board, and the sheets of services: what the tables say, at a glance."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from app.domain.areas import AREA_COLUMNS
from app.domain.recovery import ServiceRecovery
from app.domain.report import Basis, Board, ServiceSheet
from app.domain.results import MEASURES, AreaPage, ServiceDetail, ServiceRow, Stamp
from app.usecases import paging
from app.usecases.answers.ranking import area_page
from app.usecases.answers.recovery import service_recovery
from app.usecases.answers.recovery_gaps import gaps_page
from app.usecases.answers.services import service_detail, service_page
from app.usecases.operation_progress import Listener, silent
from app.usecases.tools import Tools

WORST, CARRIERS = 10, 5  # rows of the board's lists
ROWS_AT_ONCE = 500
WHOLE = 1_000_000  # rows of one service at once: what is computed beside them is computed once
CARRIED_BY = tuple(kind for kind in AREA_COLUMNS if kind != "class")


def board_of(tools: Tools, revision: int) -> Board:
    """Returns the board page of a revision."""
    areas = area_page(tools, "ci", WORST, None, revision)
    carriers = {kind: area_page(tools, kind, CARRIERS, None, revision) for kind in CARRIED_BY}
    gaps = gaps_page(tools, WORST, None, revision)
    return Board(
        basis=basis_of(areas),
        standing=areas.standing,
        measure=areas.measure,
        gaps=gaps.items,
        gaps_total=gaps.total_rows,
        areas=areas.items,
        areas_total=areas.total_rows,
        shares={kind: page.items for kind, page in carriers.items()},
        shares_total={kind: page.total_rows for kind, page in carriers.items()},
        notes=gaps.basis.warnings,
    )


def basis_of(page: AreaPage, now: datetime | None = None) -> Basis:
    """Returns what a report rests on, as the stamp of one of its answers says."""
    now = now or datetime.now(UTC)
    oldest, hours = _oldest(page.stamp, now)
    return Basis(
        stamp=page.stamp,
        assessment=page.assessment,
        made_at=now.isoformat(timespec="seconds"),
        oldest_source=oldest,
        oldest_hours=hours,
        method=(
            "Every CI is taken out alone, once: what falls with it, for how long and whom that hits is exact but where failovers "
            "are sampled; the ranking adds these outages up by how often they happen a year.",
            f"Areas are ranked by {MEASURES[page.measure]}. What only two failures at once can stop is in a study.",
            "Rates and restore times are measured, declared or assumed; each row says which share of it rests on which.",
            "A gap stands between the RTO of a service and the hours until it is back after the worst single outage, with the "
            "time to notice and to declare it.",
        ),
    )


def _oldest(stamp: Stamp, now: datetime) -> tuple[str, float | None]:
    read = [(source.synced_at, source.name) for source in stamp.sources]
    if not read:
        return "", None
    synced_at, name = min(read)
    return name, (now - datetime.fromisoformat(synced_at)).total_seconds() / 3600 if synced_at else None


def _services(tools: Tools, revision: int) -> list[ServiceRow]:
    return [row for page in paging.pages(lambda after: service_page(tools, ROWS_AT_ONCE, after, revision)) for row in page.items]


def sheets_of(tools: Tools, revision: int, listen: Listener = silent) -> Iterator[ServiceSheet]:
    """Yields a sheet for each critical service, those that suffer most first: one that has an RTO, an MTPD, customers or money an
    hour at stake."""
    rows = [row for row in _services(tools, revision) if _is_critical(row)]
    for number, row in enumerate(rows):
        listen("sheets of services", number / len(rows))
        yield ServiceSheet(
            detail=_whole_detail(tools, row.key, revision),
            recovery=_whole_recovery(tools, row.key, revision),
            file=f"{number + 1:04d}-{re.sub(r'[^a-z0-9]+', '-', row.name.lower()).strip('-')[:60] or 'service'}.html",
        )


def _is_critical(row: ServiceRow) -> bool:
    return any(value is not None for value in (row.rto_hours, row.mtpd_hours, row.customers, row.money_per_hour))


def _whole_detail(tools: Tools, key: str, revision: int) -> ServiceDetail:
    first, *more = paging.pages(lambda after: service_detail(tools, key, WHOLE, after, revision))
    points = [point for page in (first, *more) for point in page.single_points]
    return replace(first, single_points=points, truncated=False, next=None)


def _whole_recovery(tools: Tools, key: str, revision: int) -> ServiceRecovery:
    first, *more = paging.pages(lambda after: service_recovery(tools, key, WHOLE, after, revision))
    outages = [outage for page in (first, *more) for outage in page.single_outages]
    return replace(first, single_outages=outages, truncated=False, next=None)
