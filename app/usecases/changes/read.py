"""A page of a kept change list, with its totals and what would go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.change_list import Change, Total
from app.domain.errors import NotFound
from app.ports.documents import Documents
from app.usecases.changes.kept import Losses, find_head, read_lines
from app.usecases.keep import sync_runs


@dataclass(frozen=True, slots=True)
class ChangePage:
    """`total`: how many lines there are; `kept`: how many can be paged, the first 1,000 of each kind of record and change.

    `truncated`: there is more than this page.
    """

    run_id: str
    source: str
    state: str
    held_because: Sequence[str]
    base_revision: int
    totals: Sequence[Total]
    joins: Sequence[str]
    joins_total: int
    losses: Losses
    total: int
    kept: int
    items: Sequence[Change]
    limit: int
    truncated: bool
    next: str | None


def change_page(documents: Documents, run_id: str, offset: int, limit: int) -> ChangePage:
    """Returns a page of the change list.

    NotFound where the run keeps none: it was written, or a newer run of the source took its place.
    """
    run = sync_runs.get_run(documents, run_id)
    run_id = run.run_id
    head = find_head(documents, run_id)
    if head is None:
        raise NotFound(
            f"run {run_id} is {run.state} and keeps no list of changes"
            + (f"; see what changed from revision {run.base_revision} to {run.revision}" if run.wrote else "")
        )
    items = read_lines(documents, head, offset, limit)
    following = offset + len(items)
    return ChangePage(
        run_id,
        head.source,
        run.state,
        run.held_because,
        head.base_revision,
        head.totals,
        head.joins,
        head.joins_total,
        head.losses,
        head.total,
        head.kept,
        items,
        limit,
        following < head.total,
        str(following) if following < head.kept else None,
    )
