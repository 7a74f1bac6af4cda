"""The ledger of sync runs: what each sync read, refused and changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from itertools import islice

from app.domain.errors import NotFound
from app.domain.records import RejectedRecord, SyncReport
from app.ports.documents import Documents
from app.ports.records import Kept, Records
from app.usecases.keep.process import is_gone, this_process
from app.usecases.keep.refused import SHOWN, read_refused

LOOKED_BACK = 500


@dataclass(slots=True)
class Run(SyncReport):
    """A report under its number, with the process that makes it."""

    process: str = ""


RUNS = Records("run", Run)


def new_run(documents: Documents, source: str, caller: str) -> str:
    """Numbers a run before it starts, so that even one that dies leaves a trace; its state is `running` until it is written."""
    run = Run("", source, state="running", caller=caller, started_at=_now(), process=this_process())
    return number_of(RUNS.append(documents, run).key)


def dead_runs(documents: Documents, source: str = "") -> list[str]:
    """Returns the runs (of one source, or of all) among the last 100 whose process is known to be gone."""
    newest = RUNS.page(documents, "", 100, newest_first=True)
    running = (kept for kept in newest if kept.value.state == "running" and source in ("", kept.value.source))
    return [number_of(kept.key) for kept in running if is_gone(kept.value.process)]


def end_dead_runs(documents: Documents, source: str = "") -> list[str]:
    """Marks runs whose process is gone as failed, and returns them."""
    dead = dead_runs(documents, source)
    for run_id in dead:
        report = get_run(documents, run_id)
        report.state, report.error = "failed", "its process died; nothing of it was written"
        write_run(documents, report)
    return dead


def number_of(key: str) -> str:
    """Returns the number of a run as people see it, from the key under which it is kept (or that number).

    >>> number_of("00000000000000000012"), number_of("12"), number_of("")
    ('12', '12', '')
    """
    return key.lstrip("0")


def _key(run_id: str) -> str:
    return run_id.zfill(20)


def write_run(documents: Documents, report: SyncReport) -> None:
    """Writes what a run did; who asked for it and when it started stay. NotFound where the run was never numbered."""
    kept = RUNS.kept(documents, _key(report.run_id))
    if kept is None:
        raise NotFound(f"no run {report.run_id}")
    run = Run(**{item.name: getattr(report, item.name) for item in fields(SyncReport)})
    run.started_at, run.caller, run.finished_at = kept.value.started_at, kept.value.caller, _now()
    RUNS.put(documents, kept.key, run, expected=kept.version)


def get_run(documents: Documents, run_id: str) -> SyncReport:
    """Returns the report of a run; NotFound where there is none."""
    kept = RUNS.kept(documents, _key(run_id))
    if kept is None:
        raise NotFound(f"no run {run_id}")
    return _report(kept)


def replace_held(documents: Documents, run_id: str, by: str) -> None:
    """Marks a held run as replaced: a later one took its place, so it waits no longer."""
    report = get_run(documents, run_id)
    if report.state == "held":
        report.state = "replaced"
        report.warnings.append(f"replaced by run {by}")
        write_run(documents, report)


def page_runs(documents: Documents, after: str = "", limit: int = 50) -> list[SyncReport]:
    """Returns a page of runs, the newest first."""
    return [_report(kept) for kept in RUNS.page(documents, _key(after) if after else "", limit, newest_first=True)]


def page_rejected(documents: Documents, run_id: str, offset: int, limit: int) -> tuple[Sequence[RejectedRecord], int]:
    """Returns refused records of a run from an offset, and how many there are in all.

    Of the newest run of a source all are kept (`refused.KEPT`), of earlier ones the first 1,000.
    """
    report = get_run(documents, run_id)
    total = len(report.rejected)
    if total >= SHOWN:
        total = sum(counts.rejected + counts.cells_lost for counts in report.counts.values())
    if offset + limit > SHOWN and (rows := read_refused(documents, report.source, report.run_id, offset, limit)):
        return rows, total
    return report.rejected[offset : offset + limit], total


def retired_lately(documents: Documents, source: str, now: datetime | None = None, hours: int = 24) -> dict[str, int]:
    """Returns what runs of a source retired in the last 24 hours, by what the deletion guard watches."""
    since = (now or datetime.now(UTC)) - timedelta(hours=hours)
    total: dict[str, int] = {}
    for kept in RUNS.every(documents, newest_first=True):
        run = kept.value
        if datetime.fromisoformat(run.started_at) < since:
            break
        if run.source == source and run.state in ("done", "partial"):
            for name, number in run.retired_of.items():
                total[name] = total.get(name, 0) + number
    return total


def failures_in_a_row(documents: Documents, source: str) -> tuple[int, datetime | None]:
    """Returns how many of the last runs of a source failed in a row (of the last 500 runs of all), and when the newest of them
    ended."""
    failures, newest = 0, None
    for kept in islice(RUNS.every(documents, newest_first=True), LOOKED_BACK):
        run = kept.value
        if run.source != source or run.state in ("running", "missed"):
            continue
        if run.state != "failed":
            break
        failures += 1
        newest = newest or datetime.fromisoformat(run.finished_at)
    return failures, newest


def _report(kept: Kept[Run]) -> SyncReport:
    report = SyncReport(**{item.name: getattr(kept.value, item.name) for item in fields(SyncReport)})
    report.run_id = number_of(kept.key)
    return report


def _now() -> str:
    return datetime.now(UTC).isoformat()
