"""In which order the estate is started from nothing: each CI once what it waits for is up, and the bootstrap traps named."""

from __future__ import annotations

import numpy as np

from app.domain.recovery import StartOrderPage, StartStep
from app.risk.outage.cold_start import cold_start
from app.risk.recovery.restore_times import restoration
from app.usecases import paging
from app.usecases.answers.paths import known
from app.usecases.answers.recovery_terms import starts_without
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools


def start_order(tools: Tools, limit: int, after: str | None = None, revision: int | None = None) -> StartOrderPage:
    """Returns all CIs that are up in the untouched estate, in an order in which they can be started. Those of a circle of needs,
    which nothing starts, stand together where all that they need outside is up."""
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "revision", "start")
        revision, offset = cursor["revision"], cursor["start"]
    estate = tools.estates.at(revision)
    compiled, starting = estate.compiled, starts_without(estate).flat(estate)
    down = np.arange(len(compiled), dtype=np.int32)
    times = restoration(compiled, compiled.repair_hours, down, None, starting)
    traps = cold_start(compiled, starting)
    on_circle = frozenset(traps.trap[traps.circle].tolist())
    waiting = frozenset(traps.trap.tolist()) - on_circle
    order = np.argsort(times.turn)
    last = min(offset + limit, len(order))
    more = last < len(order)
    return StartOrderPage(
        stamp=stamp_of(estate, tools.documents),
        traps=len(on_circle),
        total_rows=len(order),
        limit=limit,
        truncated=more,
        next=paging.encode(revision=estate.revision.revision, start=last) if more else None,
        items=[
            StartStep(
                number=place + 1,
                key=estate.key(position),
                name=estate.name(position),
                ci_class=estate.text("ci_class", position),
                team=estate.text("team", position),
                hours=known(compiled.repair_hours[position]),
                trap="on a circle" if position in on_circle else "behind a circle" if position in waiting else "",
            )
            for place in range(min(offset, last), last)
            for position in (int(times.down[order[place]]),)
        ],
    )
