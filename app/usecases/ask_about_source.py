"""Queue a job about a source, and record who asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.ports.documents import Documents
from app.usecases.keep import audit, runs
from app.usecases.keep.sources import get_source


def ask_about_source(
    documents: Documents, verb: str, said: str, name: str, arguments: Mapping[str, Any], caller: str
) -> runs.Job:
    """Queues the job and returns it. `said` is the action that the audit trail records. NotFound where there is no such
    source."""
    get_source(documents, name)
    with documents.together():
        audit.record(documents, caller, said, name, arguments)
        return runs.enqueue(documents, verb, {"source": name, **arguments}, caller)
