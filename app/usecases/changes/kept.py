"""Change lists of runs that stopped before they wrote, kept to be read and approved: the newest of each source."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from app.domain.change_list import Change, ChangeList, Total
from app.domain.errors import NotFound
from app.ports.documents import Documents

HEAD, PAGE = "change_list", "change_page"
PAGE_LINES = 200


@dataclass(frozen=True, slots=True)
class Loss:
    """A CI that would go: what leans on it directly and stays, and the services that it can reach in any way."""

    key: str
    name: str
    dependents: int
    dependents_named: Sequence[str]
    services: int | None  # None: not part of the assessed estate
    services_named: Sequence[str]


@dataclass(frozen=True, slots=True)
class Losses:
    """Of all CIs that would go; `items` are the first of them. `services`: that any of them reaches; None: not known."""

    total: int = 0
    services: int | None = None
    services_named: Sequence[str] = ()
    items: Sequence[Loss] = ()


@dataclass(frozen=True, slots=True)
class ListHead:
    """`kept`: lines that can be read; `total`: lines there are. The totals count all."""

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


def keep_list(documents: Documents, head: ListHead, found: ChangeList) -> None:
    lines = found.lines()
    with documents.together():
        for start in range(0, len(lines), PAGE_LINES):
            body = json.dumps([asdict(change) for change in lines[start : start + PAGE_LINES]])
            documents.put(PAGE, _page_key(head.run_id, start // PAGE_LINES), body)
        documents.put(HEAD, head.run_id, json.dumps(asdict(head)))


def drop_list(documents: Documents, run_id: str) -> None:
    """Take a list away, its head first: a list that is half gone is none."""
    document = documents.get(HEAD, run_id)
    if document is None:
        return
    kept = int(json.loads(document.body)["kept"])
    with documents.together():
        documents.delete(HEAD, run_id)
        for number in range(-(-kept // PAGE_LINES)):
            documents.delete(PAGE, _page_key(run_id, number))


def find_head(documents: Documents, run_id: str) -> ListHead | None:
    document = documents.get(HEAD, run_id)
    if document is None:
        return None
    body: dict[str, Any] = json.loads(document.body)
    losses = body.pop("losses")
    items = [Loss(**item) for item in losses.pop("items")]
    totals = [Total(**total) for total in body.pop("totals")]
    return ListHead(**body, totals=totals, losses=Losses(**losses, items=items))


def read_lines(documents: Documents, head: ListHead, offset: int, limit: int) -> list[Change]:
    """Lines from an offset on; NotFound where a newer run of the source took the list's place meanwhile."""
    found: list[Change] = []
    stop = min(offset + limit, head.kept)
    for number in range(offset // PAGE_LINES, -(-stop // PAGE_LINES)):
        document = documents.get(PAGE, _page_key(head.run_id, number))
        if document is None:
            raise NotFound(f"the change list of run {head.run_id} was replaced by that of a newer run")
        first = number * PAGE_LINES
        rows = json.loads(document.body)[max(offset - first, 0) : max(stop - first, 0)]
        found += [Change(**row) for row in rows]
    return found


def _page_key(run_id: str, number: int) -> str:
    return f"{run_id}:{number:06}"
