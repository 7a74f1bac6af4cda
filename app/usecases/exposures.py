"""Lay an exposure over a CI by hand: it makes the CI a business service, whatever source brought it."""

from __future__ import annotations

import itertools
import json
import math
import uuid
from collections.abc import Callable
from typing import Any

from app.domain.columns import Batch
from app.domain.errors import InvalidInput
from app.domain.nouns import EXPOSURE
from app.domain.record_checks import service_fault
from app.domain.records import ServiceRecord
from app.ports.documents import Documents
from app.ports.graph_store import GraphStore, Revision
from app.usecases.find import identify
from app.usecases.keep.seal import Seal
from app.usecases.keep.sources import manual_source
from app.usecases.write_revision import turn

NUMBERS = ("customers", "money_per_hour", "mtpd_hours", "rto_hours", "rpo_hours", "mbco_share", "availability_target")


def lay_exposure(store: GraphStore, documents: Documents, record: ServiceRecord, caller: str) -> Revision:
    """Write the exposure of the CI that `record.ci` names (key or any alias) as said by a person; the new revision.

    InvalidInput for a negative or non-finite number or a curve that falls; NotFound, Ambiguous for the CI; Conflict when an import
    is in the middle of writing.
    """
    _check(record)
    source = manual_source(documents)

    def batch(base: int, ci_id: int) -> Batch:
        row: dict[str, Any] = {name: getattr(record, name) for name in NUMBERS}
        row |= {"ci_id": ci_id, "source_id": source.source_id, "currency": record.currency or None}
        row["customer_population"] = record.customer_population or None
        row["impact"] = json.dumps(
            {name: [list(point) for point in curve] for name, curve in sorted(record.impact.items())}, separators=(",", ":")
        )
        return Batch(
            EXPOSURE.name, {name: [row[name]] for name in EXPOSURE.names()}, _claim(store, base, ci_id, source.source_id)
        )

    return _written(store, documents, record.ci, batch, f"exposure of {record.ci}, by {caller}", (caller, "exposure laid"))


def remove_exposure(store: GraphStore, documents: Documents, text: str, caller: str) -> Revision:
    """Take back what a person said of a service; what sources say stays."""
    source = manual_source(documents)

    def batch(base: int, ci_id: int) -> Batch:
        ended = _claim(store, base, ci_id, source.source_id)
        if not ended["ci_id"]:
            raise InvalidInput(f"nobody laid an exposure over {text!r} by hand")
        return Batch(EXPOSURE.name, {name: [] for name in EXPOSURE.names()}, ended)

    return _written(store, documents, text, batch, f"exposure of {text} taken back, by {caller}", (caller, "exposure removed"))


def _claim(store: GraphStore, base: int, ci_id: int, source_id: int) -> dict[str, list[int]]:
    """Identity columns of the exposure this source holds now; empty lists when none."""
    rows = store.rows(base, EXPOSURE.name, "ci_id", [ci_id])
    held = any(int(source) == source_id for source in rows["source_id"])
    return {"ci_id": [ci_id] if held else [], "source_id": [source_id] if held else []}


def _written(
    store: GraphStore, documents: Documents, text: str, batch: Callable[[int, int], Batch], note: str, told: tuple[str, str]
) -> Revision:
    """One small revision; `told`: by whom and what, for the audit trail."""
    with turn(store, documents, f"exposure:{uuid.uuid4().hex}", note) as mine:
        current = store.current()
        hit = identify(store, current.revision, text)
        change = batch(current.revision, hit.ci_id)
        mine.open(current)
        mine.write(change)
        return mine.publish(current.counters, Seal(*told, hit.key))


def _check(record: ServiceRecord) -> None:
    if fault := service_fault(record):
        field, reason, advice = fault
        raise InvalidInput(f"{field} {reason}: {advice}", field=field)
    for category, curve in record.impact.items():
        points = list(curve)
        if not points or (points[0] != (0, 0) and tuple(points[0]) != (0.0, 0.0)):
            raise InvalidInput(f"impact.{category} starts at [0, 0]", field="impact")
        for (h1, l1), (h2, l2) in itertools.pairwise(points):
            if not all(map(math.isfinite, (h1, l1, h2, l2))) or h2 < h1 or l2 < l1:
                raise InvalidInput(f"impact.{category} never falls and goes forward in time", field="impact")
