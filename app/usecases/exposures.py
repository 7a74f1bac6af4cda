"""Lay an exposure over a CI by hand: it makes the CI a business service, whatever source brought it."""

from __future__ import annotations

import itertools
import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.domain.changes import columns_of, rows_of
from app.domain.columns import Batch
from app.domain.errors import InvalidInput
from app.domain.nouns import EXPOSURE
from app.domain.record_checks import service_fault
from app.domain.records import ServiceRecord
from app.domain.stated import exposure_record, exposure_row
from app.domain.tags import tag_of
from app.ports.graph_store import GraphStore, Revision
from app.usecases.find import identify, not_a_service
from app.usecases.keep.seal import Seal
from app.usecases.keep.sources import manual_source
from app.usecases.tools import Tools
from app.usecases.write_revision import turn

# Called with the tag of what is there ("": nothing); raises Stale where the caller believed another thing.
Condition = Callable[[str], None]


def accept_any(tag: str) -> None:
    """The condition that allows whatever is there to be replaced."""


def exposure_tag(store: GraphStore, revision: int, ci_id: int) -> str:
    """Returns a tag of what all sources and people say of a service at a revision; "" where nobody says anything."""
    rows = store.rows(revision, EXPOSURE.name, "ci_id", [ci_id])
    names = [name for name in EXPOSURE.names() if name != "ci_id"]  # a number of the ledger tells how many CIs came before
    statements = sorted(zip(*([str(value) for value in rows[name]] for name in names), strict=True))
    return tag_of(statements) if statements else ""


def lay_exposure(tools: Tools, record: ServiceRecord, caller: str, condition: Condition = accept_any) -> Revision:
    """Writes the exposure of the CI that `record.ci` names (key or any alias), as stated by a person, and returns the new
    revision.

    InvalidInput for a number out of bounds, a curve that falls, or an empty exposure that would erase what is there. Stale where
    the `condition` does not hold of the very revision that is written upon. NotFound or Ambiguous for the CI. Conflict while an
    import is writing.
    """
    _check(record)
    source = manual_source(tools.documents)

    def batch(base: int, ci_id: int) -> Batch:
        tag = exposure_tag(tools.store, base, ci_id)
        condition(tag)
        if tag and replace(record, ci="") == ServiceRecord(""):
            raise InvalidInput("an exposure without any value would erase what is there: give a value, or take it back by DELETE")
        return _batch(tools.store, base, ci_id, source.source_id, record)

    return _written(tools, record.ci, batch, f"exposure of {record.ci}, by {caller}", (caller, "exposure laid"))


def change_exposure(
    tools: Tools,
    text: str,
    changes: Mapping[str, Any],
    caller: str,
    condition: Condition = accept_any,
) -> Revision:
    """Changes these fields of what a person said of a service before; the other fields stay.

    NotFound where the CI is no service yet.
    """
    source = manual_source(tools.documents)

    def batch(base: int, ci_id: int) -> Batch:
        tag = exposure_tag(tools.store, base, ci_id)
        condition(tag)
        if not tag:
            raise not_a_service(text)
        if not changes:
            raise InvalidInput("nothing is to be changed: name a field")
        record = replace(_said(tools.store, base, ci_id, source.source_id), ci=text, **changes)
        _check(record)
        return _batch(tools.store, base, ci_id, source.source_id, record)

    entry = (caller, "exposure changed")
    return _written(tools, text, batch, f"exposure of {text}, by {caller}", entry, {"fields": sorted(changes)})


def state_target(
    tools: Tools,
    text: str,
    target: float | None,
    caller: str,
    details: Mapping[str, object],
    keeps: Sequence[tuple[str, str, str]] = (),
) -> Revision:
    """Writes the availability goal of a service as stated by a person, None to take it back; the other fields of its exposure
    stay.
    `keeps`: documents that are written with it; `details`: of the entry in the audit trail."""
    source = manual_source(tools.documents)

    def batch(base: int, ci_id: int) -> Batch:
        before = _said(tools.store, base, ci_id, source.source_id)
        if target is None and before.availability_target is None:
            raise InvalidInput(f"nobody set an availability goal of {text!r} by hand: a source that states one keeps stating it")
        record = replace(before, ci="", availability_target=target)
        _check(record)
        if record == ServiceRecord(""):
            ended = _claim(tools.store, base, ci_id, source.source_id)
            return Batch(EXPOSURE.name, {name: [] for name in EXPOSURE.names()}, ended)
        return _batch(tools.store, base, ci_id, source.source_id, record)

    entry = (caller, "goal set" if target is not None else "goal removed")
    return _written(tools, text, batch, f"availability goal of {text}, by {caller}", entry, details, keeps)


def target_by_hand(tools: Tools, text: str) -> float | None:
    """Returns the availability goal that a person stated of a service; None where nobody did."""
    current = tools.store.current().revision
    source = manual_source(tools.documents)
    return _said(tools.store, current, identify(tools.store, current, text).ci_id, source.source_id).availability_target


def _said(store: GraphStore, revision: int, ci_id: int, source_id: int) -> ServiceRecord:
    """Returns what this source says of a service; an empty record where it says nothing."""
    rows = store.rows(revision, EXPOSURE.name, "ci_id", [ci_id])
    for row in rows_of(EXPOSURE, rows):
        if row.source_id == source_id:
            return exposure_record("", row)
    return ServiceRecord("")


def _batch(store: GraphStore, base: int, ci_id: int, source_id: int, record: ServiceRecord) -> Batch:
    row = exposure_row(ci_id, source_id, record)
    return Batch(EXPOSURE.name, columns_of(EXPOSURE.names(), [row]), _claim(store, base, ci_id, source_id))


def remove_exposure(tools: Tools, text: str, caller: str, condition: Condition = accept_any) -> Revision:
    """Takes back what a person said of a service; what sources say stays."""
    source = manual_source(tools.documents)

    def batch(base: int, ci_id: int) -> Batch:
        condition(exposure_tag(tools.store, base, ci_id))
        ended = _claim(tools.store, base, ci_id, source.source_id)
        if not ended["ci_id"]:
            raise InvalidInput(f"nobody laid an exposure over {text!r} by hand")
        return Batch(EXPOSURE.name, {name: [] for name in EXPOSURE.names()}, ended)

    return _written(tools, text, batch, f"exposure of {text} taken back, by {caller}", (caller, "exposure removed"))


def restore_exposure(tools: Tools, text: str, revision: int, caller: str) -> Revision:
    """Writes what people said of a service at an earlier revision again: the undo of what was said since."""
    hit = identify(tools.store, tools.store.current().revision, text)
    earlier = _said(tools.store, tools.store.revision(revision).revision, hit.ci_id, manual_source(tools.documents).source_id)
    if earlier == ServiceRecord(""):
        return remove_exposure(tools, hit.key, caller)
    return lay_exposure(tools, replace(earlier, ci=hit.key), caller)


def _claim(store: GraphStore, base: int, ci_id: int, source_id: int) -> dict[str, list[int]]:
    """Returns the identity columns of the exposure that this source holds now; empty lists where it holds none."""
    rows = store.rows(base, EXPOSURE.name, "ci_id", [ci_id])
    held = any(int(source) == source_id for source in rows["source_id"])
    return {"ci_id": [ci_id] if held else [], "source_id": [source_id] if held else []}


def _written(
    tools: Tools,
    text: str,
    batch: Callable[[int, int], Batch],
    note: str,
    entry: tuple[str, str],
    details: Mapping[str, object] | None = None,
    keeps: Sequence[tuple[str, str, str]] = (),
) -> Revision:
    """Writes one small revision. `told` is who did what, for the audit trail, with `details`."""
    with turn(tools.store, tools.documents, f"exposure:{uuid.uuid4().hex}", note) as mine:
        current = tools.store.current()
        hit = identify(tools.store, current.revision, text)
        change = batch(current.revision, hit.ci_id)
        mine.open(current)
        mine.write(change)
        return mine.publish(current.counters, Seal(*entry, hit.key, details=details or {}, keeps=keeps))


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
