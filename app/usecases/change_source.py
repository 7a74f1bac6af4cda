"""Change how a registered source is read. The changed source is opened first, so that a bad setting is refused before it is
kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.usecases.keep import audit
from app.usecases.keep.sources import RegisteredSource, get_source, set_source
from app.usecases.tools import Tools


def change_source(
    tools: Tools,
    name: str,
    caller: str,
    location: str | None = None,
    priority: int | None = None,
    schedule: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> RegisteredSource:
    """Changes the source and returns it. None leaves a value as it is; a setting that is None goes back to its default."""
    known, changed = get_source(tools.documents, name), settings or {}
    kept = {key: value for key, value in {**known.settings, **changed}.items() if value is not None}
    tools.open_source(replace(known, location=known.location if location is None else location, settings=kept))
    details = {"location": location, "priority": priority, "schedule": schedule, "settings": sorted(changed)}
    with tools.documents.together():
        made = set_source(tools.documents, name, location, priority, schedule, changed)
        audit.record(tools.documents, caller, "source changed", name, {key: value for key, value in details.items() if value})
    return made
