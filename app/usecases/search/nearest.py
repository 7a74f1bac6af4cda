"""What was meant by a name that nothing answers to."""

from __future__ import annotations

from app.domain.errors import ForestayError, InvalidInput
from app.domain.results import SearchRow
from app.usecases.search.ask import search_page
from app.usecases.tools import Tools

LEAST = 3  # letters
LOOKED_AT = 50
LONGEST = 40
SERVICE_CLASS = "business_service"


def nearest(tools: Tools, text: str, revision: int | None, only_services: bool = False, limit: int = 3) -> list[SearchRow]:
    """Returns the CIs that are named most like a text: as much of its beginning as anything answers to, one typing error in a
    word forgiven; of several the weightiest. Of a key, its last part counts."""
    name = text.strip().rpartition(":")[2][:LONGEST]
    for length in range(len(name), LEAST - 1, -1):
        try:
            page = search_page(tools, name[:length], LOOKED_AT, revision=revision)
        except InvalidInput:
            continue
        except ForestayError:
            return []
        rows = [row for row in page.items if not only_services or row.ci_class == SERVICE_CLASS]
        if rows:
            return rows[:limit]
    return []
