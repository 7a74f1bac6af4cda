"""What the newest run of a source refused, page by page, as a run's own row has no room for all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.records import RejectedRecord
from app.ports.documents import Documents
from app.ports.records import Records

SHOWN = 1_000  # of them a run's own row holds
KEPT = 100_000  # of one run; the rest is counted
PAGE_ROWS = 500


@dataclass(frozen=True, slots=True)
class RefusedPage:
    """Rows of one run."""

    run_id: str
    rows: Sequence[RejectedRecord]


PAGES = Records("refused", RefusedPage)


def keep_refused(documents: Documents, source: str, run_id: str, rows: Sequence[RejectedRecord]) -> None:
    """Keeps the refused rows of a run in place of those of an earlier run of the source."""
    parts = [rows[start : start + PAGE_ROWS] for start in range(0, len(rows), PAGE_ROWS)] if len(rows) > SHOWN else []
    with documents.together():
        for number, part in enumerate(parts):
            PAGES.put(documents, _key(source, number), RefusedPage(run_id, part))
        number = len(parts)
        while PAGES.delete(documents, _key(source, number)):
            number += 1


def read_refused(documents: Documents, source: str, run_id: str, offset: int, limit: int) -> list[RejectedRecord]:
    """Returns rows from an offset on; none where a newer run took the place."""
    rows: list[RejectedRecord] = []
    for number in range(offset // PAGE_ROWS, -(-(offset + limit) // PAGE_ROWS)):
        page = PAGES.find(documents, _key(source, number))
        if page is None or page.run_id != run_id:
            break
        first = number * PAGE_ROWS
        rows += page.rows[max(offset - first, 0) : max(offset + limit - first, 0)]
    return rows


def _key(source: str, number: int) -> str:
    return f"{source}:{number:06}"
