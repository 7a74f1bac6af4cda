"""Bootstrap traps: CIs that run today and could not be started from nothing, because they need each other (model 1.3)."""

from __future__ import annotations

from app.domain.results import ColdStartPage, TrapRow
from app.risk.outage.cold_start import cold_start
from app.usecases import paging
from app.usecases.answers.recovery_terms import starts_without
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools


def cold_start_page(tools: Tools, limit: int, after: str | None = None, revision: int | None = None) -> ColdStartPage:
    """Returns the CIs that are trapped: first those on circles of needs, circle by circle, then those that wait for one of
    these."""
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "revision", "trap")
        revision, offset = cursor["revision"], cursor["trap"]
    estate = tools.estates.at(revision)
    traps = cold_start(estate.compiled, starts_without(estate).flat(estate))
    rows = sorted(
        zip(traps.trap.tolist(), traps.circle.tolist(), traps.component.tolist(), strict=True),
        key=lambda row: (not row[1], row[2], row[0]),
    )
    circles = sorted({component for _, inside, component in rows if inside})
    number = {component: place + 1 for place, component in enumerate(circles)}
    last = min(offset + limit, len(rows))
    more = last < len(rows)
    return ColdStartPage(
        stamp=stamp_of(estate, tools.documents),
        circles=len(circles),
        services=sum(position in estate.service_number for position, _, _ in rows),
        total_rows=len(rows),
        limit=limit,
        truncated=more,
        next=paging.encode(revision=estate.revision.revision, trap=last) if more else None,
        items=[
            TrapRow(
                estate.key(position),
                estate.name(position),
                estate.text("ci_class", position),
                estate.text("team", position),
                number[component] if inside else None,
                position in estate.service_number,
            )
            for position, inside, component in rows[offset:last]
        ],
    )
