"""The ledger of sync runs: what each sync read, refused and changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.errors import NotFound
from app.domain.records import RecordCounts, RejectedRecord, SyncReport
from app.ports.documents import Document, Documents
from app.usecases.keep.process import is_gone, this_process
from app.usecases.keep.refused import SHOWN, read_refused

KIND = "run"
LOOKED_BACK = 500


def new_run(documents: Documents, source: str, caller: str) -> str:
    """Number a run before it starts, so that even one that dies leaves a trace; its state is `running` until it is written."""
    report = SyncReport("", source, state="running", caller=caller, started_at=_now())
    body = {**asdict(report), "process": this_process()}
    return number_of(documents.append(KIND, json.dumps(body, sort_keys=True)).key)


def dead_runs(documents: Documents, source: str = "") -> list[str]:
    """Runs (of one source, or of all) among the last 100 whose process is known to be gone."""
    found = []
    for document in documents.page(KIND, "", 100, descending=True):
        body = json.loads(document.body)
        if body["state"] == "running" and (not source or body["source"] == source) and is_gone(body.get("process", "")):
            found.append(number_of(document.key))
    return found


def end_dead_runs(documents: Documents, source: str = "") -> list[str]:
    """Say of runs whose process is gone that they failed; which ones."""
    found = dead_runs(documents, source)
    for run_id in found:
        report = get_run(documents, run_id)
        report.state, report.error = "failed", "its process died; nothing of it was written"
        write_run(documents, report)
    return found


def number_of(key: str) -> str:
    """The number of a run as people see it, out of the key under which it is kept (or that number).

    >>> number_of("00000000000000000012"), number_of("12"), number_of("")
    ('12', '12', '')
    """
    return key.lstrip("0")


def _key(run_id: str) -> str:
    return run_id.zfill(20)


def write_run(documents: Documents, report: SyncReport) -> None:
    document = documents.get(KIND, _key(report.run_id))
    if document is None:
        raise NotFound(f"no run {report.run_id}")
    kept = {name: value for name, value in json.loads(document.body).items() if name in ("started_at", "caller")}
    body = {**asdict(report), **kept, "finished_at": _now()}
    documents.put(KIND, _key(report.run_id), json.dumps(body, sort_keys=True), expected=document.version)


def get_run(documents: Documents, run_id: str) -> SyncReport:
    document = documents.get(KIND, _key(run_id))
    if document is None:
        raise NotFound(f"no run {run_id}")
    return _report(document)


def replace_held(documents: Documents, run_id: str, by: str) -> None:
    """A held run that a later one took the place of waits no longer."""
    report = get_run(documents, run_id)
    if report.state == "held":
        report.state = "replaced"
        report.warnings.append(f"replaced by run {by}")
        write_run(documents, report)


def page_runs(documents: Documents, after: str = "", limit: int = 50) -> list[SyncReport]:
    """Newest first."""
    return [_report(document) for document in documents.page(KIND, _key(after) if after else "", limit, descending=True)]


def page_rejected(documents: Documents, run_id: str, offset: int, limit: int) -> tuple[Sequence[RejectedRecord], int]:
    """Refused records of a run from an offset, and how many there are in all. All can be had of the newest run of a source (`refused.KEPT`), of
    earlier ones the first 1,000."""
    report = get_run(documents, run_id)
    total = len(report.rejected)
    if total >= SHOWN:
        total = sum(counts.rejected + counts.cells_lost for counts in report.counts.values())
    if offset + limit > SHOWN and (rows := read_refused(documents, report.source, report.run_id, offset, limit)):
        return rows, total
    return report.rejected[offset : offset + limit], total


def retired_lately(documents: Documents, source: str, now: datetime | None = None, hours: int = 24) -> dict[str, int]:
    """What runs of a source retired in the last 24 hours, by what the deletion guard watches."""
    since = (now or datetime.now(UTC)) - timedelta(hours=hours)
    total: dict[str, int] = {}
    after = ""
    while page := documents.page(KIND, after, 100, descending=True):
        for document in page:
            body = json.loads(document.body)
            if datetime.fromisoformat(body["started_at"]) < since:
                return total
            if body["source"] == source and body["state"] in ("done", "partial"):
                for name, number in body["retired_of"].items():
                    total[name] = total.get(name, 0) + number
        after = page[-1].key
    return total


def failures_in_a_row(documents: Documents, source: str) -> tuple[int, datetime | None]:
    """How many of the last runs of a source failed since one that did not (of the last 500 runs of all), and when the newest of them ended."""
    failures, newest, after, seen = 0, None, "", 0
    while seen < LOOKED_BACK and (page := documents.page(KIND, after, 100, descending=True)):
        for document in page:
            body = json.loads(document.body)
            if body["source"] != source or body["state"] in ("running", "missed"):
                continue
            if body["state"] != "failed":
                return failures, newest
            failures += 1
            newest = newest or datetime.fromisoformat(body["finished_at"])
        after, seen = page[-1].key, seen + len(page)
    return failures, newest


def _report(document: Document) -> SyncReport:
    return report_of(json.loads(document.body), number_of(document.key))


def report_of(body: Mapping[str, Any], run_id: str) -> SyncReport:
    """The report out of its JSON."""
    fields = {name: value for name, value in body.items() if name in SyncReport.__slots__}
    fields["run_id"] = run_id
    fields["counts"] = {name: RecordCounts(**counts) for name, counts in body["counts"].items()}
    fields["rejected"] = [RejectedRecord(**row) for row in body["rejected"]]
    return SyncReport(**fields)


def _now() -> str:
    return datetime.now(UTC).isoformat()
