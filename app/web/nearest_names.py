"""What the page of an error offers instead of what it did not find."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request

from app.api.common import forestay
from app.domain.errors import ForestayError, NoSuchCi, NotAService
from app.domain.results import SearchRow
from app.usecases.search.nearest import nearest
from app.web.past import revision_asked

SERVICE_PAGES = ("web.one_service", "web.recovery_of_service")


def nearest_names(error: ForestayError | None) -> Sequence[SearchRow]:
    """Returns the CIs, on the page of a service the services, that are named most like what the address asked for."""
    if not isinstance(error, NoSuchCi | NotAService):
        return []
    asked = request.args.get("key") or request.args.get("name") or ""
    return nearest(forestay(), asked, revision_asked().revision, request.endpoint in SERVICE_PAGES)
