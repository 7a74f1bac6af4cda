"""The pools of restore capacity: those that someone stated and those that CIs of the estate name."""

from __future__ import annotations

import numpy as np

from app.domain.recovery import RestorePoolPage, RestorePoolRow
from app.usecases import paging
from app.usecases.answers.recovery_terms import recovery_terms
from app.usecases.keep.pools import stated_places
from app.usecases.stamps import stamp_of
from app.usecases.tools import Tools


def pools_page(tools: Tools, limit: int, after: str | None = None, revision: int | None = None) -> RestorePoolPage:
    """Returns pools by name, with how many assessed CIs name each; those of unknown places among them."""
    offset = 0
    if after is not None:
        cursor = paging.decode(after, "revision", "pool")
        revision, offset = cursor["revision"], cursor["pool"]
    estate = tools.estates.at(revision)
    terms = recovery_terms(tools, estate)
    used = dict(zip(terms.names, np.bincount(terms.pool[terms.pool >= 0], minlength=len(terms.names)).tolist(), strict=True))
    stated = stated_places(tools.documents)
    rows = [RestorePoolRow(name, stated.get(name), used.get(name, 0)) for name in sorted({*stated, *used})]
    last = min(offset + limit, len(rows))
    more = last < len(rows)
    return RestorePoolPage(
        stamp=stamp_of(estate, tools.documents),
        total_rows=len(rows),
        limit=limit,
        truncated=more,
        next=paging.encode(revision=estate.revision.revision, pool=last) if more else None,
        items=rows[min(offset, last) : last],
    )
