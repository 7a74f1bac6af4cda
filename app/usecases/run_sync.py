"""Sync a registered source: number the run, read, reconcile and write, and record the run whatever happens."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.domain.errors import ForestayError, SourceFailed
from app.domain.precedence import SourceRank
from app.domain.records import SyncReport
from app.ports.ci_source import CiSource
from app.ports.documents import Documents
from app.usecases.changes.kept import drop_list
from app.usecases.changes.show import ShownChanges
from app.usecases.keep import audit, sync_runs
from app.usecases.keep.refused import SHOWN, keep_refused
from app.usecases.keep.seal import Seal, conclude
from app.usecases.keep.sources import get_source, told_of, update_source
from app.usecases.operation_progress import Listener, silent
from app.usecases.sync_source import Bench, SyncSettings, Terms, sync_source
from app.usecases.tools import Tools
from app.usecases.write_revision import settle


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """How a run is made.

    `apply`: the first run of a new source is written without a look at what it would change; `approve`: every guard lets it pass;
    `expected`: it is written only where its changes have this digest (an approval of what was shown); `approves`: the held run
    that showed them.
    """

    source: str
    dry_run: bool = False
    apply: bool = False
    approve: bool = False
    expected: str = ""
    approves: str = ""
    complete: bool = False
    full: bool = False
    caller: str = "local"
    fence: int | None = None


def run_sync(tools: Tools, request: SyncRequest, listen: Listener = silent, opened: CiSource | None = None) -> SyncReport:
    """Does the sync and returns the report (state done, unchanged, dry_run or held).

    A failure is recorded as a failed run and then raised. `opened` is read instead of what the source names.
    """
    documents = tools.documents
    settle(tools.store, documents)
    sync_runs.end_dead_runs(documents, request.source)
    source = get_source(documents, request.source)
    run_id = sync_runs.new_run(documents, source.name, request.caller)
    ranks = {other.source_id: SourceRank(other.source_id, other.name, other.priority) for other in told_of(documents)}
    settings = SyncSettings(
        source=source.name,
        source_id=source.source_id,
        run_id=run_id,
        sources=ranks,
        retired_lately=sync_runs.retired_lately(documents, source.name),
        short_lived=tools.short_lived,
    )
    shown = ShownChanges(
        tools.store, lambda: tools.estates, source.source_id, {number: rank.name for number, rank in ranks.items()}
    )
    try:
        terms = Terms(
            dry_run=request.dry_run,
            approve=request.approve,
            complete=request.complete,
            full=request.full,
            first=source.is_new() and not request.apply,
            expected=request.expected,
            lister=shown,
            fence=request.fence,
            seal=lambda report: _seal(request, report),
            progress=lambda step, rows: listen(f"{step}: {rows:,} rows" if rows else step, 0.0),
        )
        bench = Bench(tools.store, tools.workbench, tools.staging_folder, tools.spool_folder(source))
        report = sync_source(bench, opened or tools.open_source(source), settings, terms)
    except BaseException as failure:
        reason = failure.message if isinstance(failure, ForestayError) else f"{type(failure).__name__}: {failure}"
        if sync_runs.get_run(documents, run_id).state == "running":  # else it was written, and word of it with it
            with documents.together():
                sync_runs.write_run(documents, SyncReport(run_id, source.name, state="failed", error=reason))
                update_source(documents, source.name, last_run=run_id, last_state="failed")
        if isinstance(failure, OSError):
            raise SourceFailed(f"{source.name}: {failure}") from failure
        raise
    report.said_complete = request.complete
    stopped = report.state in ("dry_run", "held")
    waits = stopped and _keep_list(documents, source.name, report, shown)
    keep_refused(documents, source.name, run_id, report.rejected)
    report.rejected = report.rejected[:SHOWN]
    if stopped or report.wrote:
        kept = replace(report, state="replaced") if waits else report
        sync_runs.write_run(documents, kept)  # of one that wrote, word was left with the pointer: now with how long it took
    else:
        conclude(documents, report, request.caller, request.approves)
    if report.state == "held":
        with documents.together():
            update_source(documents, source.name, last_run=report.run_id, last_state=report.state)
            details = {"run": run_id, "revision": report.revision}
            audit.record(documents, request.caller, "sync held", source.name, details)
    return report


def _seal(request: SyncRequest, report: SyncReport) -> Seal:
    word = replace(report, said_complete=request.complete, rejected=report.rejected[:SHOWN])
    return Seal(request.caller, f"sync {report.state}", report.source, word, request.approves)


def _keep_list(documents: Documents, name: str, report: SyncReport, shown: ShownChanges) -> bool:
    """Keeps the change list of a run that stopped, one for each source: it takes the place of the list before.

    A run that would do exactly what a waiting run does leaves that one waiting and does not wait itself; returns True where this
    one is held too.
    """
    before = get_source(documents, name).listed_run
    if before:
        waiting = sync_runs.get_run(documents, before)
        if waiting.state == "held" and waiting.change_digest == report.change_digest:
            report.warnings.append(f"it would change what run {before} would, which waits for approval")
            return report.state == "held"
    shown.keep(documents, report.run_id)
    with documents.together():
        update_source(documents, name, listed_run=report.run_id)
        if before:
            sync_runs.replace_held(documents, before, report.run_id)
            drop_list(documents, before)
    return False
