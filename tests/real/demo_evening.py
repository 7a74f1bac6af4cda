"""An evening of the demo estate: one storage array fails, and forty alerts tell of it and of what it takes down, in an order that
has doubles, late ones and a recovery that is told before the failure."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from app.demo import retailer
from app.jobs.relay import keep_relays
from app.risk.outage.propagation import outage
from app.usecases.keep.sources import add_source
from app.usecases.run_sync import SyncRequest, run_sync
from tests.e2e.conftest import Service

ARRAY, ALERTS = "san-fra1-02", 40
KINDS = {"cmdb": "csv", "datacentre": "json", "tracing": "callgraph"}
WAIT_SECONDS = 90
QUICK = {
    "FORESTAY_TICKETS_RULES_SECONDS": "0.5",
    "FORESTAY_TICKETS_POLL_SECONDS": "1",
    "FORESTAY_TICKETS_TELL_SECONDS": "1",
    "FORESTAY_OUTBOUND_HOSTS": "127.0.0.1,localhost",
}


def import_demo(service: Service) -> None:
    """Without an assessment: what is out now and whom it hits needs none."""
    for name, place in retailer.write(retailer.build(7), service.folder / "example").items():
        add_source(service.forestay.documents, name, KINDS[name], str(place))
        run_sync(service.forestay, SyncRequest(name, apply=True, complete=True))


def fallen(service: Service) -> list[str]:
    """Returns the keys of what falls with the array, the array first, services last."""
    estate = service.forestay.estates.at()
    root = next(at for at in range(len(estate.compiled)) if estate.name(at) == ARRAY)
    found = outage(estate.compiled, [root], estate.workspace()).failed.tolist()
    return [estate.key(at) for at in [root, *(at for at in sorted(found) if at != root)]]


def alert(key: str, began: datetime, ended: datetime | None = None) -> dict[str, Any]:
    return {
        "status": "resolved" if ended else "firing", "fingerprint": f"f-{key}"[:60], "startsAt": began.isoformat(),
        "endsAt": ended.isoformat() if ended else "0001-01-01T00:00:00Z", "generatorURL": "http://prometheus.example.com/",
        "labels": {"alertname": "Down", "severity": "critical", "ci_key": key}, "annotations": {"summary": "it does not answer"},
    }  # fmt: skip


def webhooks(alerts: Sequence[dict[str, Any]], rng: random.Random, size: int = 7) -> Iterator[dict[str, Any]]:
    """Yields them as Alertmanager delivers them: some at once, in no order, every fourth twice and the double later."""
    order = [*alerts, *rng.sample(list(alerts), len(alerts) // 4)]
    rng.shuffle(order)
    for at in range(0, len(order), size):
        yield {"version": "4", "groupKey": "{}", "truncatedAlerts": 0, "status": "firing", "receiver": "forestay",
               "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://alertmanager.example.com",
               "alerts": order[at : at + size]}  # fmt: skip


@contextmanager
def relays(service: Service) -> Iterator[None]:
    """The loops of the runner that serve ticket systems."""
    stop = threading.Event()
    thread = threading.Thread(target=keep_relays, args=(service.forestay, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def until(met: Callable[[], Any], what: str) -> Any:
    late = time.monotonic() + WAIT_SECONDS
    while not (found := met()):
        assert time.monotonic() < late, f"not in {WAIT_SECONDS} s: {what}"
        time.sleep(0.3)
    return found


def began() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)


def services_hit() -> list[tuple[str, float, int | None]]:
    """Returns name, hours of MTPD and customers of the services that stop with the array, from the tables of which the estate is
    made: an application stops with its database or with what it calls and cannot do without."""
    stopped = {app for app, (_, _, database, *_) in retailer.APPS.items() if retailer.ONE_SIDED.get(database) == ARRAY}
    while more := {
        app
        for app, (_, calls, *_) in retailer.APPS.items()
        if app not in stopped and any(call in stopped and (app, call) not in retailer.SOFT_CALLS for call in calls)
    }:
        stopped |= more
    return [(name, mtpd, customers) for _, name, _, customers, _, mtpd, _, apps in retailer.SERVICES if stopped & set(apps)]
