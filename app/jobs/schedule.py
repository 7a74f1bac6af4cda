"""What runs when: syncs by cron, in exactly one process, with misses recorded.

Every `forestay work` process tries to hold the scheduler's lease; the one that holds it fires. Nothing is pickled: the schedule is read from the
sources, jobs go to the queue.
"""

from __future__ import annotations

import json
import os
import threading
import time
import uuid

import structlog
from apscheduler.events import EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from app.bootstrap import Forestay
from app.domain.errors import Conflict, ForestayError, InvalidInput
from app.ports.documents import Documents
from app.usecases.keep import audit, runs
from app.usecases.keep.sources import list_sources

LEASE, LEASE_SECONDS, REFRESH_SECONDS = "scheduler", 60.0, 15.0
GRACE_SECONDS = 3600


def hold_lease(documents: Documents, holder: str, clock: float | None = None) -> bool:
    """Take or renew the scheduler's lease; whether this process holds it now."""
    clock = time.time() if clock is None else clock
    row = documents.get("lease", LEASE)
    if row is not None:
        held = json.loads(row.body)
        if held["holder"] != holder and held["until"] > clock:
            return False
    try:
        body = json.dumps({"holder": holder, "until": clock + LEASE_SECONDS})
        documents.put("lease", LEASE, body, expected=row.version if row else 0)
        return True
    except Conflict:
        return False


def check_cron(text: str) -> None:
    """InvalidInput unless the text is a five-field cron line."""
    try:
        CronTrigger.from_crontab(text, timezone="UTC")
    except ValueError as error:
        raise InvalidInput(f"schedule {text!r}: {error}", field="schedule") from None


def keep_schedule(forestay: Forestay, stop: threading.Event) -> None:
    """Run the schedule until `stop`; sources that come, go or change their cron are followed within seconds."""
    log = structlog.get_logger()
    holder = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
    scheduler = BackgroundScheduler(
        timezone="UTC", job_defaults={"misfire_grace_time": GRACE_SECONDS, "coalesce": True, "max_instances": 1}
    )

    def missed(event: JobExecutionEvent) -> None:
        audit.record(forestay.documents, "scheduler", "run missed", event.job_id, {"at": event.scheduled_run_time.isoformat()})

    scheduler.add_listener(missed, EVENT_JOB_MISSED)
    scheduler.start(paused=True)
    planned: dict[str, str] = {}
    try:
        while not stop.is_set():
            try:
                if hold_lease(forestay.documents, holder):
                    _follow(scheduler, forestay, planned)
                    scheduler.resume()
                else:
                    scheduler.pause()
            except ForestayError as error:
                scheduler.pause()
                log.warning("schedule paused", error=error.message)
            stop.wait(REFRESH_SECONDS)
    finally:
        scheduler.shutdown(wait=False)


def _follow(scheduler: BackgroundScheduler, forestay: Forestay, planned: dict[str, str]) -> None:
    wanted = {source.name: source.schedule for source in list_sources(forestay.documents) if source.schedule}
    for name in set(planned) - set(wanted):
        scheduler.remove_job(name)
        del planned[name]
    for name, cron in wanted.items():
        if planned.get(name) != cron:
            scheduler.add_job(
                _ask,
                CronTrigger.from_crontab(cron, timezone="UTC"),
                args=[forestay.documents, name],
                id=name,
                replace_existing=True,
            )
            planned[name] = cron


def _ask(documents: Documents, name: str) -> None:
    arguments = {"source": name, "dry_run": False, "approve": False, "complete": False, "full": False}
    runs.enqueue(documents, "sync", arguments, "scheduler")
