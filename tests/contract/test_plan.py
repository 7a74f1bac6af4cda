"""What is due, asked for once; what passed unasked is on record; who lost the lease cannot commit. On both stores where it is
stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.errors import Conflict, Fenced, InvalidInput
from app.domain.records import SyncReport
from app.usecases.keep import runs, sync_runs
from app.usecases.keep.due_times import MANY, due_times, next_due, trigger_of
from app.usecases.keep.lease import Lease, give_up, holding, take_or_renew
from app.usecases.keep.plan import fire, plan_of, plans
from app.usecases.keep.sources import add_source, get_source, update_source

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def documents(open_store: Callable[[], Any]) -> Any:
    store = open_store()
    add_source(store, "cmdb", "csv", "somewhere", schedule="every 1h")
    return store


def lead(documents: Any, holder: str = "a", clock: float = 0.0) -> Lease:
    lease = take_or_renew(documents, "scheduler", holder, clock)
    assert lease is not None
    return lease


def jobs(documents: Any) -> list[runs.Job]:
    return runs.page_jobs(documents)


def test_one_holds_the_lease_until_it_runs_out(open_store: Callable[[], Any]) -> None:
    documents = open_store()
    first = lead(documents, "a", 0.0)
    assert take_or_renew(documents, "scheduler", "b", 1.0) is None
    assert lead(documents, "a", 30.0) == first
    second = lead(documents, "b", 200.0)
    assert second.token == first.token + 1
    assert take_or_renew(documents, "scheduler", "a", 201.0) is None
    with pytest.raises(Fenced), documents.together():
        holding(documents, first)
    give_up(documents, first)  # has nothing to give up any more
    assert take_or_renew(documents, "scheduler", "c", 202.0) is None
    give_up(documents, second)
    assert lead(documents, "c", 203.0).token == second.token + 1


def test_one_who_lost_the_lease_and_took_it_again_cannot_write_under_the_old_one(open_store: Callable[[], Any]) -> None:
    documents = open_store()
    first = lead(documents, "a", 0.0)
    lead(documents, "b", 1000.0)
    again = lead(documents, "a", 2000.0)
    assert again.token == first.token + 2
    before = documents.get("lease", "scheduler")
    with pytest.raises(Fenced), documents.together():
        holding(documents, first)  # the same holder, but b wrote in between
    give_up(documents, first)
    assert documents.get("lease", "scheduler") == before
    with documents.together():
        holding(documents, again)
    give_up(documents, again)
    assert lead(documents, "c", 2001.0).token == again.token + 1


def test_a_due_run_is_asked_for_once_whoever_looks(open_store: Callable[[], Any], documents: Any) -> None:
    other, lease = open_store(), lead(documents)
    source = get_source(documents, "cmdb")
    plan_of(documents, source, NOON)  # starts to count
    assert fire(documents, lease, source, NOON + 59 * MINUTE) is None
    job = fire(documents, lease, source, NOON + 60 * MINUTE)
    assert job is not None and job.arguments["source"] == "cmdb" and job.caller == "scheduler"
    assert fire(other, lease, source, NOON + 61 * MINUTE) is None
    assert len(jobs(documents)) == 1
    (seen,) = plans(documents, NOON + 61 * MINUTE)
    assert (seen.next_at, seen.missed, seen.last_job) == ("2026-11-24T14:00:00Z", 0, job.job_id)


def test_two_that_look_at_one_moment_ask_once(
    open_store: Callable[[], Any], documents: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, lease, source = open_store(), lead(documents), get_source(documents, "cmdb")
    plan_of(documents, source, NOON)
    import app.usecases.keep.plan as plan_module

    stale = plan_of(other, source, NOON)
    assert fire(documents, lease, source, NOON + 60 * MINUTE) is not None
    monkeypatch.setattr(plan_module, "plan_of", lambda *_: stale)  # what the other had read before
    with pytest.raises(Conflict):
        fire(other, lease, source, NOON + 60 * MINUTE)
    assert len(jobs(documents)) == 1


def test_after_a_downtime_one_run_catches_up_and_the_missed_are_on_record(documents: Any) -> None:
    lease, source = lead(documents), get_source(documents, "cmdb")
    plan_of(documents, source, NOON)
    job = fire(documents, lease, source, NOON + timedelta(hours=5, minutes=30))
    assert job is not None and len(jobs(documents)) == 1
    (run,) = sync_runs.page_runs(documents)
    assert run.state == "missed"
    assert (
        run.error == "due at 5 times from 2026-11-24T13:00:00Z to 2026-11-24T17:00:00Z, when no scheduler ran; one run catches up"
    )
    assert plans(documents, NOON + timedelta(hours=6))[0].missed == 5


def test_a_source_that_fails_rests_longer_each_time(documents: Any) -> None:
    lease, now = lead(documents), datetime.now(UTC)
    update_source(documents, "cmdb", schedule="every 1m")
    source = get_source(documents, "cmdb")
    plan_of(documents, source, now)
    for failed, rest in ((1, 5), (2, 10), (3, 20)):
        sync_runs.write_run(
            documents, SyncReport(sync_runs.new_run(documents, "cmdb", "scheduler"), "cmdb", state="failed", error="refused")
        )
        sync_runs.new_run(documents, "other", "scheduler")  # of another source: not counted
        assert fire(documents, lease, source, now + (2 * failed) * MINUTE) is None
        (seen,) = plans(documents, now + (2 * failed) * MINUTE)
        resting = datetime.fromisoformat(seen.resting_until) - now
        assert seen.failures == failed and abs(resting - rest * MINUTE) < MINUTE
    assert jobs(documents) == []
    assert fire(documents, lease, source, now + 25 * MINUTE) is not None
    sync_runs.write_run(documents, SyncReport(sync_runs.new_run(documents, "cmdb", "scheduler"), "cmdb"))
    assert plans(documents, now)[0].failures == 0


def test_a_run_under_way_is_not_started_twice(documents: Any) -> None:
    lease, source = lead(documents), get_source(documents, "cmdb")
    plan_of(documents, source, NOON)
    assert fire(documents, lease, source, NOON + 60 * MINUTE) is not None
    assert fire(documents, lease, source, NOON + 120 * MINUTE) is None
    assert plans(documents, NOON + 121 * MINUTE)[0].held_back == 1
    running = runs.take(documents)
    assert running is not None
    runs.finish(documents, running, runs.DONE)
    assert fire(documents, lease, source, NOON + 180 * MINUTE) is not None


def test_a_leader_that_lost_the_lease_asks_for_nothing(documents: Any) -> None:
    first, source = lead(documents, "a", 0.0), get_source(documents, "cmdb")
    plan_of(documents, source, NOON)
    lead(documents, "b", 1000.0)
    with pytest.raises(Fenced):
        fire(documents, first, source, NOON + 60 * MINUTE)
    assert jobs(documents) == [] and sync_runs.page_runs(documents) == []


def test_a_changed_schedule_counts_from_now(documents: Any) -> None:
    lease = lead(documents)
    plan_of(documents, get_source(documents, "cmdb"), NOON)
    changed = update_source(documents, "cmdb", schedule="0 3 * * *")
    assert fire(documents, lease, changed, NOON + timedelta(hours=5)) is None
    assert fire(documents, lease, changed, datetime(2026, 11, 25, 3, tzinfo=UTC)) is not None


@pytest.mark.parametrize("wrong", ["every night", "every 5s", "* * *", "61 * * * *", "every 0m", ""])
def test_a_text_that_is_no_schedule_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidInput):
        trigger_of(wrong)


def test_due_times_lie_after_and_up_to() -> None:
    at = due_times("every 6h", NOON, NOON + timedelta(hours=12))
    assert at == [NOON + timedelta(hours=6), NOON + timedelta(hours=12)]
    assert len(due_times("every 10s", NOON, NOON + timedelta(days=2))) == MANY
    assert next_due("0 3 29 2 *", NOON) == datetime(2028, 2, 29, 3, tzinfo=UTC)
