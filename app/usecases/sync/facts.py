"""What a sync notes with the applied input, so that the next one can start from the difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.errors import ForestayError
from app.ports.graph_store import GraphStore
from app.ports.records import RecordText

OPERATION = "sync:"
PAGE = 200


def operation_id(source: str, run_id: str) -> str:
    return f"{OPERATION}{source}:{run_id}"


@dataclass(frozen=True, slots=True)
class Facts:
    """`revision` and `operation`: the newest revision when the input was applied.

    `exact`: the ledger held exactly what the input said. `by_alias`: references were answered by aliases, so they depend on other
    sources.
    """

    revision: int
    operation: str
    exact: bool
    by_alias: bool
    claims: Mapping[str, int] = field(default_factory=dict)
    unknown_classes: Mapping[str, int] = field(default_factory=dict)
    dependencies: Mapping[str, int] = field(default_factory=dict)


FACTS = RecordText(Facts)


def doubt_about(facts: Facts, store: GraphStore, source: str, current: int) -> str:
    """Says why the difference cannot start from these facts; "" where it can."""
    if not facts.exact:
        return "the ledger keeps records that the last input did not hold, or records were read in part"
    if facts.revision > current:
        return "the input was applied to another ledger"
    try:
        applied = store.revision(facts.revision)
    except ForestayError:
        return "the revision of the last input is not in the ledger"
    if applied.operation_id != facts.operation or applied.state != "published":
        return "the input was applied to another ledger"
    if facts.revision < current and facts.by_alias:
        return "references depend on other sources, which have changed"
    after = 0
    while True:
        page = store.revisions(after, PAGE)
        for revision in page:
            if revision.revision <= facts.revision:
                return ""
            if revision.state != "published":
                continue
            if not revision.operation_id.startswith(OPERATION) or revision.operation_id.startswith(f"{OPERATION}{source}:"):
                return f"revision {revision.revision} was written since by {revision.operation_id}"
        if len(page) < PAGE:
            return ""
        after = page[-1].revision
