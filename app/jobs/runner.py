"""The runner: takes jobs one at a time, under a lease that a side thread renews, and writes the outcome of each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from app.bootstrap import Forestay
from app.domain.errors import Conflict, ForestayError, OutOfTime, StoreUnavailable
from app.domain.study import StudyOptions
from app.ports.graph_store import Revision
from app.usecases.answers.causes_found import keep_causes
from app.usecases.answers.quality.found import keep_found
from app.usecases.answers.supplier_losses import keep_suppliers
from app.usecases.approve import approve
from app.usecases.assess import assess
from app.usecases.doctor import keep_examination
from app.usecases.improvements.hand_in import hand_in
from app.usecases.keep import runs
from app.usecases.operation_progress import Cancelled, Listener
from app.usecases.proposals.look import look_for_proposals
from app.usecases.remove_source import remove_source
from app.usecases.reports.make import ReportRequest, make_report
from app.usecases.run_sync import SyncRequest, run_sync
from app.usecases.stability_tests.add import KeptAlready, SaidOfTest, add_tests
from app.usecases.stability_tests.work_ahead import keep_stakes
from app.usecases.studies.make import make_study
from app.usecases.suggestions.make import suggest
from app.usecases.work_inbox import work_inbox

PAUSE_SECONDS = 0.5
RENEW_SECONDS = runs.LEASE_SECONDS / 3


class Handle:
    """A job in hand: reports progress at most once a second, renews the lease, and knows when to stop: when its lease is lost,
    when it was cancelled, or when the runner itself is stopped (`stop`)."""

    def __init__(self, forestay: Forestay, job: runs.Job, stop: threading.Event) -> None:
        self.forestay, self.job, self.stop = forestay, job, stop
        self._step, self._share, self._told = "", 0.0, 0.0
        self._stop, self.lost, self.cancelled = threading.Event(), False, False
        self._thread = threading.Thread(target=self._renew, daemon=True)
        self._thread.start()

    def __call__(self, step: str, share: float) -> None:
        if self.lost or self.cancelled or self.stop.is_set():
            raise Cancelled
        self._step, self._share = step, share

    def _renew(self) -> None:
        """Renews the lease every second where there is news, at the latest when a third of it is over."""
        while not self._stop.wait(1.0):
            now = time.monotonic()
            if (self._step, self._share) == (self.job.step, self.job.progress) and now - self._told < RENEW_SECONDS:
                continue
            try:
                self.job = runs.report(self.forestay.documents, self.job, self._share, self._step)
                self.cancelled = self.cancelled or self.job.cancel_asked
                self._told = now
            except Conflict:
                self.lost = True
                return
            except ForestayError:
                continue  # the store hiccups: the next second tries again, the lease has 60

    def close(self) -> None:
        self._stop.set()
        self._thread.join()


def do_sync(forestay: Forestay, handle: Handle) -> Mapping[str, Any]:
    arguments = {**handle.job.arguments}
    request = SyncRequest(
        source=arguments["source"],
        dry_run=arguments["dry_run"],
        apply=arguments.get("apply", False),
        approve=arguments["approve"],
        expected=arguments.get("expected", ""),
        complete=arguments["complete"],
        full=arguments["full"],
        caller=handle.job.caller,
        fence=handle.job.fence,
    )
    report = run_sync(forestay, request, handle)
    if report.wrote:
        assess(forestay, None, handle)
    return {"run_id": report.run_id, "state": report.state, "revision": report.revision}


def do_approve(forestay: Forestay, handle: Handle) -> Mapping[str, Any]:
    report = approve(forestay, handle.job.arguments["run_id"], handle.job.caller, handle.job.fence, handle)
    if report.wrote:
        assess(forestay, None, handle)
    return {"run_id": report.run_id, "state": report.state, "revision": report.revision}


def do_remove(forestay: Forestay, handle: Handle) -> Mapping[str, Any]:
    arguments = handle.job.arguments
    removal = remove_source(
        forestay, arguments["source"], arguments["apply"], arguments["keep"], handle.job.caller, handle, handle.job.fence
    )
    if removal.done and removal.run is not None and removal.run.wrote:
        assess(forestay, None, handle)
    run = removal.run
    return {"done": removal.done, "run_id": run.run_id if run else "", "retired": run.retired if run else 0}


def do_assess(forestay: Forestay, handle: Handle) -> Mapping[str, Any]:
    row = assess(forestay, handle.job.arguments.get("revision"), handle)
    return {"assessment": row.assessment, "revision": row.revision}


def until(deadline: float, listen: Listener) -> Listener:
    """Returns a listener that raises OutOfTime at the first progress after a moment of `time.monotonic`: no other job runs
    meanwhile."""

    def heard(step: str, share: float) -> None:
        if time.monotonic() > deadline:
            raise OutOfTime("the study took longer than limits.study_whole_seconds: ask for less of it, or raise that limit")
        listen(step, share)

    return heard


def do_study(forestay: Forestay, handle: Handle) -> Mapping[str, Any]:
    arguments = {**handle.job.arguments}
    revision = arguments.pop("revision", None)
    spread = forestay.settings.model.declared_spread
    listen = until(time.monotonic() + forestay.settings.limits.study_whole_seconds, handle)
    row = make_study(forestay, StudyOptions(**arguments), revision, spread, listen)
    return {"study": row.study, "revision": row.revision}


def do_report(forestay: Forestay, handle: Handle) -> Mapping[str, Any]:
    row = make_report(forestay, ReportRequest(**handle.job.arguments), handle.job.caller, handle)
    return {"report": row.report, "revision": row.revision}


def do_tests(forestay: Forestay, handle: Handle) -> Mapping[str, Any]:
    """Hands in the tests of a file, once, and assesses the estate with what they show."""
    file = handle.job.arguments
    handle("reading tests", 0.0)
    try:
        added = add_tests(forestay, SaidOfTest(), file["file"], file["text"].encode(), handle.job.caller, "cli")
    except KeptAlready:
        return {"tests": 0}
    assess(forestay, None, handle)
    return {"tests": len(added.items), "revision": added.revision}


def do_improvements(forestay: Forestay, handle: Handle) -> Mapping[str, Any]:
    """Hands in improvements and accepted risks, as of a revision."""
    said = handle.job.arguments
    return {"kept": hand_in(forestay, said["text"], said["revision"], handle.job.caller, handle)}


def do_examine(forestay: Forestay, handle: Handle) -> Mapping[str, Any]:
    handle("reading store and audit trail", 0.0)
    return {"findings": len(keep_examination(forestay).findings)}


def do_suggest(forestay: Forestay, handle: Handle) -> Mapping[str, Any]:
    run = suggest(forestay, handle)
    return {"revision": run.revision, "pairs": run.pairs, "kept": run.kept}


def do_propose(forestay: Forestay, handle: Handle) -> Mapping[str, Any]:
    run = look_for_proposals(forestay, handle)
    return {"revision": run.revision, "found": run.found, "kept": run.kept}


def do_answer(forestay: Forestay, handle: Handle) -> Mapping[str, Any]:
    """Computes an answer whose web process has ended: only then does the job of a question come here."""
    raise StoreUnavailable("the process that computed this answer has ended; ask again")


VERBS: dict[str, Callable[[Forestay, Handle], Mapping[str, Any]]] = {
    "sync": do_sync,
    "approve": do_approve,
    "remove": do_remove,
    "assess": do_assess,
    "study": do_study,
    "report": do_report,
    "tests": do_tests,
    "improvements": do_improvements,
    "examine": do_examine,
    "suggest": do_suggest,
    "propose": do_propose,
    "answer": do_answer,
}


def run_one(forestay: Forestay, stop: threading.Event | None = None) -> bool:
    """Takes and does one job; returns whether there was one. Where `stop` is set while it is under way, the job goes back to the
    queue."""
    stop = stop or threading.Event()
    job = runs.take(forestay.documents)
    if job is None:
        return False
    log = structlog.get_logger().bind(job=job.job_id, verb=job.verb)
    handle = Handle(forestay, job, stop)
    try:
        result = VERBS[job.verb](forestay, handle)
        state, error = runs.DONE, ""
    except Cancelled:
        result, state, error = {}, runs.CANCELLED if handle.cancelled or not stop.is_set() else runs.WAITING, ""
    except ForestayError as failure:
        result, state, error = {}, runs.FAILED, failure.message
    except Exception as failure:
        log.exception("job failed")
        result, state, error = {}, runs.FAILED, f"{type(failure).__name__}: see the log"
    finally:
        handle.close()
    try:
        if state == runs.WAITING:
            runs.put_back(forestay.documents, handle.job)
        else:
            runs.finish(forestay.documents, handle.job, state, result, error)
    except Conflict:
        log.warning("another runner took the job over")
    return True


def _work_inbox(forestay: Forestay) -> bool:
    """Works deliveries that wait; one that fails as nobody foresaw keeps waiting, and no job waits for it."""
    try:
        return work_inbox(forestay) > 0
    except ForestayError:
        raise
    except Exception:
        structlog.get_logger().exception("a delivery could not be worked")
        return False


def _index_searches(forestay: Forestay) -> bool:
    """Makes the index of searches of the current revision once it is assessed and nothing else waits; one that fails as nobody
    foresaw is tried again after the next."""
    try:
        return forestay.searches.make_ready(forestay.store.current())
    except ForestayError:
        raise
    except Exception:
        structlog.get_logger().exception("the index for searches could not be made")
        return False


KEEPERS: tuple[Callable[[Forestay, Revision], bool], ...] = (keep_found, keep_stakes, keep_causes, keep_suppliers)


class _Ahead:
    """Works out ahead what takes long to answer of the current revision, once it is assessed and nothing else waits; what fails
    of a revision is left alone."""

    def __init__(self, forestay: Forestay) -> None:
        self._forestay, self._failed = forestay, set[tuple[str, int]]()
        self._last = -1

    def look(self) -> bool:
        """Does one step; returns whether there was one."""
        at = self._forestay.store.current()
        self._last = (self._last + 1) % len(KEEPERS)  # they take turns
        return any(self._step(keep, at) for keep in (*KEEPERS[self._last :], *KEEPERS[: self._last]))

    def _step(self, keep: Callable[[Forestay, Revision], bool], at: Revision) -> bool:
        try:
            return (keep.__name__, at.revision) not in self._failed and keep(self._forestay, at)
        except ForestayError:
            raise
        except Exception:
            self._failed.add((keep.__name__, at.revision))
            structlog.get_logger().exception("an answer could not be worked out ahead", of=keep.__name__)
            return False


def run_forever(forestay: Forestay, stop: threading.Event) -> None:
    """Runs jobs until `stop` is set, and waits while the store is away."""
    log, ahead = structlog.get_logger(), _Ahead(forestay)
    while not stop.is_set():
        try:
            if run_one(forestay, stop) or _work_inbox(forestay) or _index_searches(forestay) or ahead.look():
                continue
        except ForestayError as error:
            log.warning("the store does not answer", error=error.message)
            stop.wait(5)
        stop.wait(PAUSE_SECONDS)
