"""Open the shared page, change it or close it."""

from __future__ import annotations

from collections.abc import Sequence

from app.usecases.exposures import Condition
from app.usecases.find import identify_service
from app.usecases.keep.shared_page import SharedPage, SharedService, put_shared_page
from app.usecases.tools import Tools


def share(
    tools: Tools, is_open: bool, title: str, services: Sequence[tuple[str, str]], caller: str, condition: Condition
) -> SharedPage:
    """Keeps which services everyone may read of, each with the label that it has there (default: its name)."""
    estate = tools.estates.at()
    found = []
    for text, label in services:
        position = identify_service(tools.store, estate, text)
        found.append(SharedService(estate.key(position), label or estate.name(position)[:120]))
    return put_shared_page(tools.documents, SharedPage(is_open, title, found), caller, condition)
