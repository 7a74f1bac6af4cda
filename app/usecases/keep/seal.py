"""What is written in the same unit of work as the pointer of the ledger, so that a change is never there without a record of it.

It is kept as a document before the pointer moves. Of a writer that dies between its last row and the pointer, the next writer
carries the revision through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from app.domain.records import SyncReport
from app.ports.documents import Documents
from app.usecases.changes.kept import drop_list
from app.usecases.keep import audit, sync_runs
from app.usecases.keep.refused import SHOWN
from app.usecases.keep.sources import find_source, update_source

APPROVED, HELD = "approved", "held"


@dataclass(frozen=True, slots=True)
class Seal:
    """What is recorded of a change.

    `action` and `subject` of the entry in the audit trail, by `caller`; `report`: of the run that made the revision; `approves`:
    the held run that it carries through; `forgets`: documents, by kind and key, that are deleted with it; `keeps`: documents, by
    kind, key and text, that are written with it.
    """

    caller: str
    action: str
    subject: str
    report: SyncReport | None = None
    approves: str = ""
    forgets: Sequence[tuple[str, str]] = ()
    details: Mapping[str, object] = field(default_factory=dict)  # of the entry, beside the revision
    keeps: Sequence[tuple[str, str, str]] = ()

    def put(self, documents: Documents, revision: int) -> None:
        """Writes the seal, in the unit of work that publishes the revision."""
        for kind, key in self.forgets:
            documents.delete(kind, key)
        for kind, key, text in self.keeps:
            documents.put(kind, key, text)
        if self.report is not None:
            conclude(documents, self.report, self.caller, self.approves)
        else:
            audit.record(documents, self.caller, self.action, self.subject, {**self.details, "revision": revision})


def conclude(documents: Documents, report: SyncReport, caller: str, approves: str = "") -> None:
    """Records a run that was carried through: its row, its source, the run that waited, and the audit trail, all in one unit of
    work."""
    with documents.together():
        source = find_source(documents, report.source)
        if source is not None:
            now = datetime.now(UTC).isoformat()
            changes: dict[str, object] = {"last_run": report.run_id, "last_state": report.state, "listed_run": ""}
            changes |= {"synced_at": now, "last_revision": report.revision, "incomplete": report.incomplete}
            changes["complete_at"] = {**source.complete_at, **dict.fromkeys(report.read_whole, now)}
            if report.wrote:
                changes |= {"changed_at": now, "first_revision": source.first_revision or report.revision}
            update_source(documents, report.source, **changes)
            if source.listed_run:
                _settle_waiting(documents, source.listed_run, report, caller, approves)
        sync_runs.write_run(documents, replace(report, rejected=report.rejected[:SHOWN]))
        details: Mapping[str, object] = {"run": report.run_id, "revision": report.revision}
        audit.record(documents, caller, f"sync {report.state}", report.source, details)


def _settle_waiting(documents: Documents, waiting: str, report: SyncReport, caller: str, approves: str) -> None:
    """Settles the runs that stopped before they wrote and waited: a run that was carried through approves or replaces them."""
    held = sync_runs.get_run(documents, waiting)
    if held.state == HELD and held.run_id == approves:
        held.state = APPROVED
        held.warnings.append(f"approved by {caller}, written by run {report.run_id}")
        sync_runs.write_run(documents, held)
        audit.record(documents, caller, "run approved", held.source, {"run": held.run_id, "written_by": report.run_id})
    else:
        sync_runs.replace_held(documents, waiting, report.run_id)
    drop_list(documents, waiting)
