"""Approve a run that was held: read the source again and write exactly what was shown, or refuse."""

from __future__ import annotations

from app.domain.errors import Conflict, HeldForApproval
from app.domain.records import SyncReport
from app.ports.documents import Documents
from app.usecases.keep import audit, runs, sync_runs
from app.usecases.keep.seal import HELD
from app.usecases.keep.sources import get_source, list_sources
from app.usecases.operation_progress import Listener, silent
from app.usecases.run_sync import SyncRequest, run_sync
from app.usecases.tools import Tools


def waiting_run(tools: Tools, run_id: str) -> SyncReport:
    """Returns the run if it waits for approval; otherwise raise Conflict with the reason."""
    held = sync_runs.get_run(tools.documents, run_id)
    if held.state != HELD:
        raise Conflict(f"run {held.run_id} of {held.source} is {held.state}; only a held run waits for approval")
    newest = get_source(tools.documents, held.source).listed_run
    if newest != held.run_id:
        raise Conflict(
            f"run {held.run_id} of {held.source} is no longer the newest; "
            + (f"look at run {newest} and approve that" if newest else "a later run was carried through")
        )
    return held


def held_runs(documents: Documents) -> list[SyncReport]:
    """Returns the runs that wait for a person, at most one for each source."""
    listed = [sync_runs.get_run(documents, source.listed_run) for source in list_sources(documents) if source.listed_run]
    return [run for run in listed if run.state == HELD]


def ask_approval(tools: Tools, run_id: str, caller: str) -> runs.Job:
    """Queues a job that writes what the held run showed. Conflict where the run does not wait for approval."""
    held = waiting_run(tools, run_id)
    with tools.documents.together():
        audit.record(tools.documents, caller, "approval asked", held.source, {"run": held.run_id})
        return runs.enqueue(tools.documents, "approve", {"run_id": held.run_id}, caller)


def approve(tools: Tools, run_id: str, caller: str = "local", fence: int | None = None, listen: Listener = silent) -> SyncReport:
    """Writes what the held run showed and returns the report of the run that wrote it.

    HeldForApproval where the source or the estate has changed since, so that other changes than those shown would be made:
    nothing is written then, and the new run, named in the error, waits in its place.
    """
    held = waiting_run(tools, run_id)
    request = SyncRequest(
        held.source,
        apply=True,
        approve=True,
        expected=held.change_digest,
        approves=held.run_id,
        complete=held.said_complete,
        caller=caller,
        fence=fence,
    )
    report = run_sync(tools, request, listen)
    if report.state == HELD:
        raise HeldForApproval(f"{report.held_because[0]}; look at run {report.run_id}, which waits in its place")
    return report
