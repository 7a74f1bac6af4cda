"""The plan: which source is due when, which runs were queued, and which were missed because no process was there.

A due run is queued once, whoever looks: the time up to which a source's schedule was answered is a row, written in the unit of
work that writes the job and proves the lease. After a downtime one run catches up, and the times that passed stand in the run
ledger as missed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

from app.domain.errors import InvalidInput
from app.domain.records import SyncReport
from app.ports.documents import Documents
from app.ports.records import Records
from app.usecases.keep import runs, sync_runs
from app.usecases.keep.due_times import due_times, next_due
from app.usecases.keep.lease import Lease, holding
from app.usecases.keep.sources import RegisteredSource, list_sources

LATE = timedelta(minutes=5)  # a run asked for later than this was missed and is caught up
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Plan:
    """One source's schedule.

    `answered_at`: due times up to here were queued, recorded as missed, or held back. Times are UTC, ISO 8601.
    """

    source: str
    schedule: str
    answered_at: str
    next_at: str = ""
    last_job: str = ""
    missed: int = 0  # in all
    held_back: int = 0  # in all: due while the source rested after failures, or was still being read
    failures: int = 0  # of the last runs, in a row
    resting_until: str = ""
    problem: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """What is kept of a plan: how far a source's schedule was answered."""

    source: str
    schedule: str
    answered_at: str
    last_job: str = ""
    missed: int = 0
    held_back: int = 0


PLANS = Records("plan", Answered)


def plan_of(documents: Documents, source: RegisteredSource, now: datetime) -> Plan:
    """Returns the plan of a source; a new one, or one whose schedule was changed, counts from now."""
    plan = _kept(documents, source.name) or Plan(source.name, "", "")
    if plan.schedule != source.schedule or not plan.answered_at:
        plan = replace(plan, schedule=source.schedule, answered_at=_text(now))
        plan = _write(documents, plan)
    return plan


def plans(documents: Documents, now: datetime | None = None) -> list[Plan]:
    """Returns every scheduled source, the next one first; a schedule that cannot be read says so. Writes nothing."""
    now = now or datetime.now(UTC)
    scheduled = [_seen(documents, source, now) for source in list_sources(documents) if source.schedule]
    return sorted(scheduled, key=lambda plan: (plan.next_at or "9", plan.source))


def _seen(documents: Documents, source: RegisteredSource, now: datetime) -> Plan:
    plan = _kept(documents, source.name) or Plan(source.name, source.schedule, "")
    failures, resting = rest_after_failures(documents, source.name)
    plan = replace(
        plan, schedule=source.schedule, failures=failures, resting_until=_text(resting) if resting and resting > now else ""
    )
    try:
        following = next_due(source.schedule, max(now, resting) if resting else now)
    except InvalidInput as error:
        return replace(plan, problem=error.message)
    return replace(plan, next_at=_text(following) if following else "")


def fire(documents: Documents, lease: Lease, source: RegisteredSource, now: datetime | None = None) -> runs.Job | None:
    """Queues the run of a source that is due, if one is. Conflict or Fenced when another process queued it: then it is done."""
    now = now or datetime.now(UTC)
    plan = plan_of(documents, source, now)
    times = due_times(source.schedule, datetime.fromisoformat(plan.answered_at), now)
    if not times:
        return None
    late = now - times[-1] > LATE
    missed = times if late else times[:-1]
    reason = why_not_now(documents, source.name, now)
    plan = replace(plan, answered_at=_text(times[-1]), missed=plan.missed + len(missed), held_back=plan.held_back + bool(reason))
    with documents.together():
        holding(documents, lease)
        if missed:
            run_id = sync_runs.new_run(documents, source.name, "scheduler")
            text = _missed_text(missed, caught_up=not reason)
            sync_runs.write_run(documents, SyncReport(run_id, source.name, state="missed", error=text))
        job = None if reason else runs.enqueue(documents, "sync", {**ARGUMENTS, "source": source.name}, "scheduler")
        _write(documents, replace(plan, last_job=job.job_id if job else plan.last_job))
    return job


ARGUMENTS: Mapping[str, object] = {"dry_run": False, "apply": False, "approve": False, "complete": False, "full": False}


def why_not_now(documents: Documents, source: str, now: datetime) -> str:
    """Says why a due run is left out; "" where it is not."""
    failures, resting = rest_after_failures(documents, source)
    if resting and now < resting:
        return f"{failures} runs failed in a row; the source rests until {_text(resting)}"
    for job in runs.open_jobs(documents):
        if job.verb == "sync" and job.arguments.get("source") == source:
            return f"job {int(job.job_id)} for this source is still {job.state}"
    return ""


def rest_after_failures(documents: Documents, source: str) -> tuple[int, datetime | None]:
    """Returns how many runs failed in a row, and until when the source is left alone: 5 minutes, doubled with each failure, a day
    at most."""
    failures, last = sync_runs.failures_in_a_row(documents, source)
    if not failures or last is None:
        return 0, None
    return failures, last + min(FIRST_PAUSE * 2 ** min(failures - 1, 20), LONGEST_PAUSE)


def _missed_text(missed: list[datetime], caught_up: bool) -> str:
    times = _text(missed[0]) if len(missed) == 1 else f"{len(missed)} times from {_text(missed[0])} to {_text(missed[-1])}"
    return f"due at {times}, when no scheduler ran" + ("; one run catches up" if caught_up else "")


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def forget_plan(documents: Documents, source: str) -> None:
    PLANS.delete(documents, source)


def _kept(documents: Documents, source: str) -> Plan | None:
    kept = PLANS.kept(documents, source)
    return None if kept is None else Plan(**asdict(kept.value), version=kept.version)


def _write(documents: Documents, plan: Plan) -> Plan:
    answered = Answered(**{name: getattr(plan, name) for name in Answered.__slots__})
    return replace(plan, version=PLANS.put(documents, plan.source, answered, expected=plan.version).version)
