"""Register a source. It is opened first, so that a bad setting is refused before it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.usecases.keep import audit, sources
from app.usecases.keep.sources import RegisteredSource
from app.usecases.tools import Tools


def add_source(
    tools: Tools,
    caller: str,
    name: str,
    kind: str,
    location: str,
    priority: int | None = None,
    settings: Mapping[str, Any] | None = None,
    schedule: str = "",
) -> RegisteredSource:
    """Registers a source and returns it. Without a priority it is believed after all that are there."""
    tools.open_source(RegisteredSource(0, name, kind, location, 0, settings or {}))
    with tools.documents.together():
        added = sources.add_source(tools.documents, name, kind, location, priority, settings, schedule)
        audit.record(tools.documents, caller, "source added", added.name, {"kind": kind, "location": location})
    return added
