"""Every write of the ledger, by a sync or by a person, is one unit of work with an owner, a lease that runs out and a fencing
token.

One writer works at a time. The next one first settles what a dead writer left: a revision whose every row is written and whose
seal is kept is carried through; any other is taken back. A writer that was only paused holds an old token, so the store refuses
its rows and its pointer.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain.columns import Batch
from app.domain.errors import Conflict, Fenced, ForestayError, NotFound, StoreUnavailable
from app.domain.records import SyncReport
from app.ports.documents import Documents
from app.ports.graph_store import GraphStore, Revision
from app.ports.records import Records
from app.usecases.keep import audit, runs, sync_runs
from app.usecases.keep.copying import refuse_unfinished
from app.usecases.keep.lease import Lease, give_up, holder_of, holding, take_or_renew
from app.usecases.keep.process import is_gone, this_process
from app.usecases.keep.seal import Seal
from app.usecases.keep.sources import update_source
from app.usecases.sync.facts import OPERATION

LEASE = "ledger"
LEASE_SECONDS = 60.0
PATIENCE_SECONDS = 5.0  # a person waits for another's write; a sync, which read for an hour, waits longer
SYNC_PATIENCE_SECONDS = 120.0
KEY = "ledger"
TRIES = 5
LOOK_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Unsealed:
    """A revision whose every row is written, with what moves the pointer to it and what is written together with the pointer."""

    operation: str
    batches: int
    counters: Mapping[str, int]
    seal: Seal


UNSEALED = Records("unsealed-2", Unsealed)


@dataclass(frozen=True, slots=True)
class Writer:
    """The process that writes the ledger, or wrote it last."""

    operation: str
    process: str
    until: float  # unix seconds

    @property
    def dead(self) -> bool:
        return self.until <= time.time() or is_gone(self.process)


def writer(documents: Documents) -> Writer | None:
    """Returns who has the lease of the ledger; None where nobody has it."""
    holder, until = holder_of(documents, LEASE)
    process, _, operation = holder.partition(" ")
    return Writer(operation, process, until) if holder else None


class Turn:
    """The right to write one revision, as long as the lease lasts; a side thread renews the lease during long steps."""

    def __init__(self, store: GraphStore, documents: Documents, operation: str, note: str, job_fence: int | None) -> None:
        self._store, self._documents, self._operation, self._note = store, documents, operation, note[:400]
        self._job_fence = job_fence
        self._holder = f"{this_process()} {operation}"
        self._lease: Lease | None = None
        self._token = 0
        self._revision = self._number = 0
        self._stop = threading.Event()
        self._side: threading.Thread | None = None

    def take(self, patience: float) -> None:
        """Waits for the lease; Conflict where another living writer holds it for longer."""
        give_up_at = time.monotonic() + patience
        while not self._taken():
            if time.monotonic() > give_up_at:
                raise Conflict(busy(self._store, self._documents))
            time.sleep(LOOK_SECONDS)
        self._side = threading.Thread(target=self._renew, daemon=True)
        self._side.start()

    def _taken(self) -> bool:
        other = writer(self._documents)
        if other is not None and not other.dead:
            return False  # a look without a write, which would wait for that of the other
        try:
            with self._documents.together():
                lease = take_or_renew(self._documents, LEASE, self._holder, seconds=LEASE_SECONDS, gone=_process_is_gone)
                if lease is None:
                    return False
                token = runs.next_fence(self._documents)
                self._store.take_lease(token)
        except Conflict:
            return False
        self._lease, self._token = lease, token
        return True

    def _renew(self) -> None:
        pause = LEASE_SECONDS / 3
        while not self._stop.wait(pause):
            try:
                self._renew_once()
                pause = LEASE_SECONDS / 3
            except Fenced:
                return  # the next write says so
            except ForestayError:
                pause = LOOK_SECONDS  # a long transaction of our own: as soon as it is over

    def _renew_once(self) -> None:
        assert self._lease is not None
        with self._documents.together():
            holding(self._documents, self._lease)

    def settle(self) -> None:
        """Carries through or takes back what a dead writer left."""
        self._store.finish_abandoning()
        pending = self._store.pending()
        if pending is None:
            return
        left = UNSEALED.find(self._documents, KEY)
        if left is not None and (left.operation, left.batches) == (pending.operation_id, pending.batches):
            seal = left.seal
            if seal.report is not None:
                seal.report.warnings.append("its process died before the pointer moved; the next writer carried it through")
            self._move_pointer(pending.revision, pending.operation_id, left.counters, seal)
            return
        details = {"revision": pending.revision, "operation": pending.operation_id}
        with self._documents.together():
            self._hold()
            _end_run(self._documents, pending)
            audit.record(self._documents, "forestay", "write abandoned", pending.note or pending.operation_id, details)
        self._store.abandon(pending.revision)

    def open(self, base: Revision) -> None:
        """Opens the revision after `base`; Conflict where that is no longer the current one."""
        with self._documents.together():
            self._hold()
            self._revision = self._store.open_revision(self._operation, base.revision, self._note, self._token).revision

    @property
    def revision(self) -> int:
        return self._revision

    def write(self, batch: Batch) -> None:
        self._number += 1
        self._store.write(self._revision, self._number, batch, self._token)

    def publish(self, counters: Mapping[str, int], seal: Seal) -> Revision:
        """Moves the pointer and writes the seal, together; until then readers see the old revision and nothing of the seal."""
        kept = Unsealed(self._operation, self._number, counters, seal)
        with self._documents.together():
            self._hold()
            UNSEALED.put(self._documents, KEY, kept)
        return self._move_pointer(self._revision, self._operation, counters, seal)

    def _move_pointer(self, revision: int, operation: str, counters: Mapping[str, int], seal: Seal) -> Revision:
        self._store.make_ready(revision)
        for attempt in range(TRIES):
            try:
                with self._documents.together():
                    if self._is_done(revision, operation):
                        break  # by an earlier try whose answer was lost, or by another who took this one for dead
                    self._hold()
                    self._store.publish(revision, revision - 1, counters, self._token)
                    seal.put(self._documents, revision)
                    UNSEALED.delete(self._documents, KEY)
                break
            except StoreUnavailable:
                if attempt == TRIES - 1:
                    raise
                time.sleep(LOOK_SECONDS)
        self._revision = 0
        return self._store.revision(revision)

    def _is_done(self, revision: int, operation: str) -> bool:
        return self._store.current().revision >= revision and self._store.revision(revision).operation_id == operation

    def _hold(self) -> None:
        """Makes the unit of work commit only where this lease, and that of the job, are still held."""
        assert self._lease is not None
        holding(self._documents, self._lease)
        if self._job_fence is not None:
            runs.holding(self._documents, self._job_fence)

    def close(self) -> None:
        """Takes back what was not published and lets the next one write. What cannot be done now is left to the next writer."""
        self._stop.set()
        if self._side is not None:
            self._side.join()
        with suppress(ForestayError):
            if self._revision and self._lease is not None:
                self._renew_once()
                self._store.abandon(self._revision)
        with suppress(ForestayError):
            if self._lease is not None:
                give_up(self._documents, self._lease)


@contextmanager
def turn(
    store: GraphStore,
    documents: Documents,
    operation: str,
    note: str,
    patience: float = PATIENCE_SECONDS,
    job_fence: int | None = None,
) -> Iterator[Turn]:
    """Waits for the turn to write, after settling what a dead writer left.

    Conflict where another one keeps writing. What is not published when the turn ends is taken back.
    """
    refuse_unfinished(documents)
    mine = Turn(store, documents, operation, note, job_fence)
    try:
        mine.take(patience)
        mine.settle()
        yield mine
    finally:
        mine.close()


def settle(store: GraphStore, documents: Documents, patience: float = 0.0) -> bool:
    """Settles what a dead writer left, and returns whether nothing is pending afterwards. A writer that lives is left alone."""
    if store.pending() is None:
        return True
    try:
        with turn(store, documents, f"settle:{uuid.uuid4().hex}", "settles what was left", patience):
            return store.pending() is None
    except Conflict:
        return False


def _process_is_gone(holder: str) -> bool:
    return is_gone(holder.partition(" ")[0])


def busy(store: GraphStore, documents: Documents) -> str:
    """Says for people who writes the ledger."""
    pending, other = store.pending(), writer(documents)
    what = f"revision {pending.revision} is being written" if pending else "the estate is being written"
    who = f" by {pending.note or pending.operation_id}" if pending else f" by {other.operation}" if other else ""
    until = f"; its lease runs until {datetime.fromtimestamp(other.until, UTC):%H:%M:%S} UTC" if other else ""
    return f"{what}{who}{until}; try again"


def _end_run(documents: Documents, pending: Revision) -> None:
    """Marks the run whose revision is taken back as failed."""
    if not pending.operation_id.startswith(OPERATION):
        return
    _, source, run_id = pending.operation_id.split(":", 2)
    why = f"its process died while it wrote revision {pending.revision}; nothing of it is kept"
    with suppress(NotFound):
        sync_runs.write_run(documents, SyncReport(run_id, source, state="failed", error=why))
        update_source(documents, source, last_run=run_id, last_state="failed")
