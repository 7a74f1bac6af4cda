"""The live state and the inbox: writers at the same time, deliveries twice, late and out of order, a kill in between. On both
stores."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import pytest

from app.domain.alerts import OUTCOMES, AlertRules
from app.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.domain.live import LiveReport
from app.settings import InboxSettings
from app.usecases.keep import inbox, live
from app.usecases.work_inbox import work_delivery, work_inbox

DAY = "2026-11-20T"


@dataclass
class Bench:
    """What the inbox needs of the service."""

    store: Any
    settings: Any = field(default_factory=lambda: type("Settings", (), {"inbox": InboxSettings(kept_deliveries=3)}))

    @property
    def documents(self) -> Any:
        return self.store


def word(ci: str, state: str = "down", started_at: str = "", origin: str = "ann") -> LiveReport:
    return LiveReport(ci, state, None, started_at, "", origin, "", "")


def alert(status: str, starts: str, fingerprint: str = "f1", **labels: str) -> dict[str, Any]:
    return {
        "status": status, "labels": {"alertname": "Down", "severity": "critical", **labels}, "annotations": {"summary": "down"},
        "startsAt": f"{DAY}{starts}:00Z", "endsAt": f"{DAY}23:00:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
        "fingerprint": fingerprint,
    }  # fmt: skip


def body(*alerts: dict[str, Any], lost: int = 0) -> bytes:
    return json.dumps(
        {"version": "4", "groupKey": "{}:{}", "truncatedAlerts": lost, "status": "firing", "alerts": list(alerts)}
    ).encode()


def deliver(bench: Bench, *alerts: dict[str, Any], lost: int = 0) -> Any:
    number = inbox.receive(bench.documents, "am", body(*alerts, lost=lost))
    return work_delivery(bench, number)


@pytest.fixture
def bench(store: Any) -> Bench:
    inbox.make_sender(store, "am", "alertmanager", AlertRules(), "ann")
    return Bench(store)


def firing(bench: Bench) -> list[tuple[str, str]]:
    return sorted((kept.value.fingerprint, kept.value.starts_at[11:16]) for kept in live.present(bench.documents).alerts)


def test_a_report_stays_until_it_is_taken_back_and_keeps_its_start(store: Any) -> None:
    first = live.set_report(store, word("a"))
    again = live.set_report(store, word("a"))
    assert again.started_at == first.started_at
    assert live.set_report(store, word("a", "maintenance")).started_at >= first.started_at
    assert [(one.ci, one.state) for one in live.present(store).reports] == [("a", "maintenance")]
    assert live.clear_reports(store, "a", "ann") == 1
    assert live.present(store).reports == []
    with pytest.raises(NotFound):
        live.clear_reports(store, "a", "ann")
    assert [json.loads(row.body)["action"] for row in store.page("audit")] == ["live state set"] * 3 + ["live state cleared"]


@pytest.mark.parametrize(
    "wrong",
    [
        LiveReport("a", "gone", None, "", "", "ann", "", ""),
        LiveReport("a", "down", 0.5, "", "", "ann", "", ""),
        LiveReport("a", "degraded", 1.0, "", "", "ann", "", ""),
        LiveReport("a", "down", None, "yesterday", "", "ann", "", ""),
        LiveReport("a", "down", None, "2999-11-20T10:00:00Z", "", "ann", "", ""),
        LiveReport("a", "down", None, "2026-11-20T10:00:00Z", "2026-11-20T09:00:00Z", "ann", "", ""),
    ],
)
def test_what_makes_no_sense_is_refused(store: Any, wrong: LiveReport) -> None:
    with pytest.raises(InvalidInput):
        live.set_report(store, wrong)
    assert live.present(store).reports == []


def test_writers_at_once_lose_no_word(open_store: Callable[[], Any]) -> None:
    stores = [open_store() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(
            pool.map(
                lambda n: live.set_report(stores[n % 3], word(f"ci {n % 5}", started_at=f"{DAY}10:0{n % 10}:00Z")), range(15)
            )
        )
    assert sorted(one.ci for one in live.present(stores[0]).reports) == [f"ci {n}" for n in range(5)]
    assert len(stores[0].page("audit", limit=100)) == 15


def test_one_delivery_worked_by_several_counts_once(open_store: Callable[[], Any]) -> None:
    benches = [Bench(open_store()) for _ in range(3)]
    inbox.make_sender(benches[0].store, "am", "alertmanager", AlertRules(), "ann")
    numbers = [inbox.receive(benches[0].store, "am", body(alert("firing", "10:00", f"f{n}"))) for n in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda n: work_delivery(benches[n % 3], numbers[n // 3]), range(9)))
    counts = inbox.list_senders(benches[0].store)[0].counts
    assert (counts.deliveries, counts.alerts, counts.unmatched) == (3, 3, 3)
    assert [row[0] for row in firing(benches[0])] == ["f0", "f1", "f2"]
    assert inbox.waiting(benches[0].store) == []


def test_any_order_and_any_repetition_ends_in_the_same_state(bench: Bench) -> None:
    events = [alert("firing", "10:00"), alert("resolved", "10:00"), alert("firing", "11:00")]
    some = random.Random(7)
    for number, order in enumerate(permutations(events)):
        for event in [*order, *some.sample(order, 2)]:
            deliver(bench, {**event, "fingerprint": f"g{number}"})
        assert firing(bench) == [(f"g{n}", "11:00") for n in range(number + 1)]
    counts = inbox.list_senders(bench.documents)[0].counts
    assert counts.alerts == 6 * 5 == sum(getattr(counts, name) for name in OUTCOMES)
    assert counts.duplicate + counts.late >= 6 * 2


def test_a_late_firing_after_resolved_changes_nothing(bench: Bench) -> None:
    deliver(bench, alert("firing", "10:00"))
    deliver(bench, alert("resolved", "10:00"))
    before = live.present(bench.documents).digest
    assert deliver(bench, alert("firing", "10:00")).counts.late == 1
    assert firing(bench) == [] and live.present(bench.documents).digest == before


def test_what_cannot_be_read_is_counted_and_said(bench: Bench) -> None:
    worked = deliver(
        bench, alert("firing", "10:00"), {"status": "firing"}, {**alert("firing", "10:00"), "startsAt": "now"}, lost=7
    )
    assert (worked.counts.alerts, worked.counts.unmatched, worked.counts.unreadable, worked.counts.lost) == (3, 1, 2, 7)
    assert "labels" in worked.faults[0] and "startsAt" in worked.faults[1]
    broken = work_delivery(bench, inbox.receive(bench.documents, "am", b"\x00\xff{"))
    assert broken is not None and broken.counts.unreadable_deliveries == 1 and broken.faults


def test_old_deliveries_are_forgotten_and_with_them_what_ended(bench: Bench) -> None:
    deliver(bench, alert("firing", "10:00"))
    deliver(bench, alert("resolved", "10:00"))
    for n in range(5):
        deliver(bench, alert("firing", "12:00", f"x{n}"))
    assert len(inbox.page_deliveries(bench.documents, "", 100)) == 3
    assert live.OVER.page(bench.documents) == []
    assert len(live.present(bench.documents).alerts) == 5


def test_killed_between_keeping_and_working_nothing_is_lost_and_nothing_counts_twice(bench: Bench, monkeypatch: Any) -> None:
    number = inbox.receive(bench.documents, "am", body(alert("firing", "10:00")))

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(inbox.COUNTS, "put", die)
        with pytest.raises(KeyboardInterrupt):
            work_delivery(bench, number)
    assert firing(bench) == [] and [kept.key for kept in inbox.waiting(bench.documents)] == [number]
    assert work_inbox(bench) == 1 and work_inbox(bench) == 0
    assert firing(bench) == [("f1", "10:00")]
    assert inbox.list_senders(bench.documents)[0].counts.alerts == 1


def test_two_secrets_are_good_and_no_other(store: Any) -> None:
    first, _ = inbox.make_sender(store, "am", "alertmanager", AlertRules(), "ann")
    second, _ = inbox.rotate_secret(store, "am", "ann")
    third, _ = inbox.rotate_secret(store, "am", "ann")

    def good(secret: str, name: str = "am") -> bool:
        try:
            return bool(inbox.authentic(store, name, "alertmanager", {"Authorization": f"Bearer {secret}"}, b""))
        except NotAllowed:
            return False

    assert [good(secret) for secret in (first, second, third, "", "fsi_")] == [False, True, True, False, False]
    assert not good(third, "other")
    inbox.end_old_secrets(store, "am", "ann")
    assert [good(secret) for secret in (second, third)] == [False, True]
    inbox.remove_sender(store, "am", "ann")
    assert not good(third)
    assert second not in json.dumps([row.body for row in store.page("audit")])
    inbox.make_sender(store, "am", "alertmanager", AlertRules(), "ann")
    with pytest.raises(Conflict):
        inbox.make_sender(store, "am", "alertmanager", AlertRules(), "ann")
