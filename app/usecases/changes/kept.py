"""Change lists of runs that stopped before they wrote, kept for people to read and approve: the newest of each source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.domain.change_list import Change, ChangeList, Total
from app.domain.errors import NotFound
from app.ports.documents import Documents
from app.ports.records import Records

PAGE_LINES = 200


@dataclass(frozen=True, slots=True)
class Loss:
    """A CI that would go, with what depends on it directly and stays, and the services that it can reach in any way."""

    key: str
    name: str
    dependents: int
    dependents_named: Sequence[str]
    services: int | None  # None: not part of the assessed estate
    services_named: Sequence[str]


@dataclass(frozen=True, slots=True)
class Losses:
    """The losses of all CIs that would go; `items` are the first of them.

    `services`: how many any of them reaches, None where that is not known.
    """

    total: int = 0
    services: int | None = None
    services_named: Sequence[str] = ()
    items: Sequence[Loss] = ()


@dataclass(frozen=True, slots=True)
class ListHead:
    """`kept`: how many lines can be read; `total`: how many there are. The totals count all."""

    run_id: str
    source: str
    base_revision: int
    digest: str
    total: int
    kept: int
    totals: Sequence[Total] = ()
    joins: Sequence[str] = ()  # records that become part of a CI that another source tells of
    joins_total: int = 0
    losses: Losses = field(default_factory=Losses)


@dataclass(frozen=True, slots=True)
class Lines:
    """One page of a list."""

    lines: Sequence[Change]


HEADS = Records("change_list", ListHead)
PAGES = Records("change_page", Lines, older=lambda body: {"lines": body} if isinstance(body, list) else body)


def keep_list(documents: Documents, head: ListHead, found: ChangeList) -> None:
    lines = found.lines()
    with documents.together():
        for start in range(0, len(lines), PAGE_LINES):
            PAGES.put(documents, _page_key(head.run_id, start // PAGE_LINES), Lines(lines[start : start + PAGE_LINES]))
        HEADS.put(documents, head.run_id, head)


def drop_list(documents: Documents, run_id: str) -> None:
    """Deletes a list, its head first: a list that is half gone counts as none."""
    head = HEADS.find(documents, run_id)
    if head is None:
        return
    with documents.together():
        HEADS.delete(documents, run_id)
        for number in range(-(-head.kept // PAGE_LINES)):
            PAGES.delete(documents, _page_key(run_id, number))


def find_head(documents: Documents, run_id: str) -> ListHead | None:
    """Returns the head of a run's list; None where it keeps none."""
    return HEADS.find(documents, run_id)


def read_lines(documents: Documents, head: ListHead, offset: int, limit: int) -> list[Change]:
    """Returns lines from an offset on. NotFound where a newer run of the source took the list's place meanwhile."""
    lines: list[Change] = []
    stop = min(offset + limit, head.kept)
    for number in range(offset // PAGE_LINES, -(-stop // PAGE_LINES)):
        page = PAGES.find(documents, _page_key(head.run_id, number))
        if page is None:
            raise NotFound(f"the change list of run {head.run_id} was replaced by that of a newer run")
        first = number * PAGE_LINES
        lines += page.lines[max(offset - first, 0) : max(stop - first, 0)]
    return lines


def _page_key(run_id: str, number: int) -> str:
    return f"{run_id}:{number:06}"
