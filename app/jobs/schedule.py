"""What runs when: the schedule of the sources, kept by one leading process; any number of others may stand by.

APScheduler keeps the clock: it wakes the leader at each due time. `usecases/keep/plan` decides from rows in the store what is
due, and that it begins once. Nothing is pickled; jobs go to the queue, and a runner takes them.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from datetime import datetime

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from app.bootstrap import Forestay
from app.domain.errors import Conflict, ForestayError, NotFound
from app.usecases.keep.audit_anchor import write_anchor
from app.usecases.keep.due_times import trigger_of
from app.usecases.keep.lease import Lease, give_up, take_or_renew
from app.usecases.keep.plan import fire
from app.usecases.keep.sources import get_source, list_sources

LEASE, REFRESH_SECONDS = "scheduler", 15.0
GRACE_SECONDS = 3600


class Leader:
    """Holds the lease while it can, keeps the clock while it holds it, and catches up on what passed while nobody did."""

    def __init__(self, forestay: Forestay, jitter_seconds: int = 0, lease_seconds: float = 4 * REFRESH_SECONDS) -> None:
        self._forestay, self._jitter, self._seconds = forestay, jitter_seconds, lease_seconds
        self._holder = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._log = structlog.get_logger()
        self._clock = BackgroundScheduler(
            timezone="UTC", job_defaults={"misfire_grace_time": GRACE_SECONDS, "coalesce": True, "max_instances": 1}
        )
        self._planned: dict[str, str] = {}
        self._lease: Lease | None = None
        self._clock.start(paused=True)

    def look(self) -> bool:
        """Renews or seeks the lease and follows the sources; returns whether this process leads."""
        documents = self._forestay.documents
        before, self._lease = self._lease, take_or_renew(documents, LEASE, self._holder, seconds=self._seconds)
        if self._lease is None:
            self._clock.pause()
            return False
        names = self._follow()
        if before is None or before.token != self._lease.token:
            self._log.info("leads the schedule", token=self._lease.token)
            for name in names:
                self._ask(name)
        self._clock.resume()
        return True

    def rest(self) -> None:
        self._clock.pause()

    def close(self) -> None:
        self._clock.shutdown(wait=False)
        if self._lease is not None:
            give_up(self._forestay.documents, self._lease)

    def _follow(self) -> list[str]:
        """Follows sources that come, go or change their schedule; returns the names of those whose schedule can be read."""
        wanted = {source.name: source.schedule for source in list_sources(self._forestay.documents) if source.schedule}
        for name in set(self._planned) - set(wanted):
            if self._clock.get_job(name):
                self._clock.remove_job(name)
            del self._planned[name]
        for name, schedule in wanted.items():
            if self._planned.get(name) == schedule:
                continue
            self._planned[name] = schedule
            try:
                trigger = trigger_of(schedule, self._jitter)
            except ForestayError as error:
                self._log.error("schedule left out", source=name, error=error.message)
                continue
            self._clock.add_job(self._ask, trigger, args=[name], id=name, replace_existing=True)
            self._ask(name)  # starts its count
        return sorted(wanted)

    def _ask(self, name: str, now: datetime | None = None) -> None:
        lease = self._lease
        if lease is None:
            return
        try:
            job = fire(self._forestay.documents, lease, get_source(self._forestay.documents, name), now)
            if job is not None:
                self._log.info("run asked for", source=name, job=job.job_id)
        except (Conflict, NotFound) as error:
            self._log.info("run not asked for", source=name, why=error.message)
        except ForestayError as error:
            self._log.warning("run not asked for", source=name, why=error.message)


class Anchor:
    """Writes the head of the audit trail to a second place, once every few minutes."""

    def __init__(self, forestay: Forestay) -> None:
        self._forestay, self._next = forestay, 0.0

    def look(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + 60 * self._forestay.settings.audit.anchor_minutes
        try:
            write_anchor(self._forestay.documents, self._forestay.settings.audit_anchor)
        except OSError as error:
            structlog.get_logger().error("the head of the audit trail was not anchored", why=str(error))


def keep_schedule(
    forestay: Forestay, stop: threading.Event, jitter_seconds: int = 0, refresh_seconds: float = REFRESH_SECONDS
) -> None:
    """Keeps the schedule until `stop` is set, and waits while the store is away."""
    leader, anchor = Leader(forestay, jitter_seconds, 4 * refresh_seconds), Anchor(forestay)
    try:
        while not stop.is_set():
            try:
                if leader.look():
                    anchor.look()
            except ForestayError as error:
                leader.rest()
                structlog.get_logger().warning("schedule paused", error=error.message)
            stop.wait(refresh_seconds)
    finally:
        leader.close()
