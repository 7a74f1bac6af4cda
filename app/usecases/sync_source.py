"""Sync one source into the ledger: read, reconcile, compare, let the guard decide, write one revision.

Readers see nothing of it before the pointer moves. A dry run and a held run stop before the first write, with the counts that the
run would have.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from app.domain.columns import Batch
from app.domain.deletion_guard import Limits, held_because
from app.domain.errors import Conflict
from app.domain.records import SyncReport
from app.ports.ci_source import CiSource
from app.ports.graph_store import Revision
from app.ports.staging import Workbench
from app.ports.store import Store
from app.usecases.keep.seal import Seal
from app.usecases.sync.facts import FACTS, doubt_about, operation_id
from app.usecases.sync.narrow import narrow
from app.usecases.sync.run import LaterIncomplete, Outcome, Run
from app.usecases.sync.setup import Doubt, Ledgerkeeper, Progress, SyncSettings
from app.usecases.sync.writing import Writer
from app.usecases.write_revision import SYNC_PATIENCE_SECONDS, busy, settle, turn

__all__ = ["Bench", "SyncSettings", "Terms", "sync_source"]


_Work = Callable[[Run], Outcome]
Lister = Callable[[Outcome, Revision], str]
Sealer = Callable[[SyncReport], Seal]
FIRST_RUN = "first run of a new source: nothing is written before a person has seen what it would change"
NOT_AS_SHOWN = "the source or the estate has changed since: the run would not change what was shown"


def _word_of(report: SyncReport) -> Seal:
    """The entry in the audit trail of a run that nobody numbered."""
    return Seal("local", f"sync {report.state}", report.source)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where a sync works: the ledger, a folder of this machine for staging files, and one for the input that was applied last."""

    store: Store
    workbench: Workbench
    staging_folder: Path
    spool_folder: Path


@dataclass(frozen=True, slots=True)
class Terms:
    """How a sync is made.

    `dry_run`: it stops before the first write. `approve`: a person lets every guard pass. `complete`: a person says that the
    input is all there is. `full`: everything is read, whatever was read before. `first`: it is held as the first run of its
    source.

    `lister` gets the changeset of a run that stops before it writes, and returns its digest; with `expected`, a run is written
    only where its changes have just that digest. `fence` is that of the job that makes the run; `seal` is what is written
    together with the pointer.
    """

    dry_run: bool = False
    approve: bool = False
    complete: bool = False
    full: bool = False
    first: bool = False
    expected: str = ""
    lister: Lister | None = None
    fence: int | None = None
    seal: Sealer = _word_of
    progress: Progress | None = None

    def stops(self, outcome: Outcome, base: Revision, report: SyncReport, limits: Limits) -> str:
        """Returns "dry_run" or "held" where the run stops here, else ""; the reasons go to the report."""
        report.held_because = held_because(outcome.watched, limits)
        if self.first and not outcome.empty():
            report.held_because.append(FIRST_RUN)
        state = "dry_run" if self.dry_run else "held" if report.held_because and not self.approve else ""
        if (state or self.expected) and self.lister is not None:
            report.change_digest = self.lister(outcome, base)
        if self.expected and report.change_digest != self.expected and not state:
            report.held_because.insert(0, NOT_AS_SHOWN)
            state = "held"
        return state


def sync_source(bench: Bench, source: CiSource, settings: SyncSettings, terms: Terms) -> SyncReport:
    """Syncs the source and returns the report. What the source or the store raise is raised on; the ledger then is as it was."""
    started = monotonic()
    with bench.workbench.one_at_a_time(bench.staging_folder), _without_cycle_search():
        if not settle(bench.store, bench.store, SYNC_PATIENCE_SECONDS):
            raise Conflict(busy(bench.store, bench.store))
        report = _Sync(bench, source, settings, terms).run()
    report.seconds = round(monotonic() - started, 3)
    return report


@contextmanager
def _without_cycle_search() -> Iterator[None]:
    """Switches the garbage collector off for the time of a sync: millions of records make no cycles, and looking for them costs a
    fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Sync:
    def __init__(self, bench: Bench, source: CiSource, settings: SyncSettings, terms: Terms) -> None:
        self._bench, self._source, self._settings, self._terms = bench, source, settings, terms
        self._store = bench.store

    def run(self) -> SyncReport:
        base = self._store.current()
        doubt = ""
        if not self._terms.full and base.revision:
            difference = self._source.difference(self._bench.spool_folder)
            if difference is not None:
                before = FACTS.read(difference.facts)
                doubt = doubt_about(before, self._store, self._settings.source, base.revision)
                if not doubt:
                    try:
                        return self._attempt(base, lambda run: narrow(run, difference, before))
                    except Doubt as in_doubt:
                        doubt = str(in_doubt)
        try:
            report = self._attempt(base, lambda run: run.full(self._source.read(self._bench.spool_folder)))
        except LaterIncomplete:
            report = self._attempt(base, lambda run: run.full(self._source.read(self._bench.spool_folder)), adds_only=True)
        if doubt:
            report.warnings.append(f"everything was read: {doubt}")
        return report

    def _attempt(self, base: Revision, work: _Work, adds_only: bool = False) -> SyncReport:
        settings = self._settings
        report = SyncReport(settings.run_id, settings.source, base_revision=base.revision, revision=base.revision)
        books = Ledgerkeeper(report, self._terms.progress)
        staging = self._bench.workbench.staging(self._bench.staging_folder / f"{settings.source}.staging")
        try:
            run = Run(self._store, base, settings, staging, self._bench.workbench, books, self._terms.complete, adds_only)
            outcome = work(run)
            self._decide(outcome, books, base)
        finally:
            staging.close()
        return report

    def _decide(self, outcome: Outcome, books: Ledgerkeeper, base: Revision) -> None:
        report = books.report
        for kind, counts in report.counts.items():
            if not counts.closes():
                raise AssertionError(f"the counts of {kind} do not close: {counts}")
        stopped = self._terms.stops(outcome, base, report, self._settings.limits)
        if stopped:
            self._write(None, outcome, books)
            report.state = stopped
            return
        empty = outcome.empty()
        report.state = "partial" if report.incomplete else "unchanged" if empty else "done"
        published = base if empty else self._publish(outcome, books, base)
        try:
            self._source.keep(self._bench.spool_folder, FACTS.text(outcome.facts(published)), books.not_plain)
        except OSError as error:
            report.warnings.append(f"the input could not be kept, so the next run reads everything: {error}")

    def _publish(self, outcome: Outcome, books: Ledgerkeeper, base: Revision) -> Revision:
        settings, report, store = self._settings, books.report, self._store
        operation = operation_id(settings.source, settings.run_id)
        note = f"sync of {settings.source}, run {settings.run_id}"
        with turn(store, store, operation, note, SYNC_PATIENCE_SECONDS, self._terms.fence) as mine:
            mine.open(base)
            self._write(mine.write, outcome, books)
            books.step("publishing", 0)
            report.revision = mine.revision
            return mine.publish({**base.counters, **outcome.counters}, self._terms.seal(report))

    def _write(self, write: Callable[[Batch], None] | None, outcome: Outcome, books: Ledgerkeeper) -> None:
        writer = Writer(write, self._settings.batch_rows, books)
        writer.cis(outcome.reconciliation.changes())
        writer.dependencies(outcome.dependencies, self._settings.source_id)
        for part in outcome.others:
            writer.changes(part)
        books.report.rows_written = writer.rows if write is not None else 0
