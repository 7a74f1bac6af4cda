"""Tickets that are asked for while something fails at a named point: between us and the system, or our own process dies.

A point is one request of a ticket's life (it is made, tied to a CI, commented, given another priority, resolved) that fails in
one way, or one step of the relay's process at which it is killed. Whatever happens, there is one ticket of each key in the system
at the end, as it was wanted last, and nothing is left to be sent.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import Forestay, assemble_service
from app.domain.tickets import INCIDENT, RESOLVED
from app.settings import load_settings
from app.tickets.registry import open_ticket_system
from app.usecases.keep.connectors import Connector, health_of, put_connector
from app.usecases.keep.live import in_one_unit
from app.usecases.keep.orders import DEAD, DUE, ORDERS, Order, Wanted, want
from app.usecases.keep.process import this_process
from app.usecases.keep.sources import add_source
from app.usecases.run_sync import SyncRequest, run_sync
from app.usecases.tickets.relay import relay
from importers.http.client import Outbound
from importers.http.lent import Lent
from tests.kill_points import Killer
from tests.seeds import some_of
from tests.servers.fault_proxy import FAULTS, Fault, FaultProxy

SAID = "Hit now: 14 services"
Comments = Callable[[str], list[str]]
CAUSES = itertools.count(1)


@dataclass
class Line:
    """A connector that reaches its system through the proxy. `system`: the same one, opened past it."""

    service: Forestay
    name: str
    proxy: FaultProxy
    system: Any
    comments_of: Comments
    ci: str
    clock: datetime = field(default_factory=lambda: datetime.now(UTC))
    keys: list[str] = field(default_factory=list)

    def want(self, cause: str, **changes: Any) -> str:
        """Says what the ticket of a cause should be; returns our key of it."""
        wanted: list[Order | None] = []
        usual = Wanted(INCIDENT, f"Storage is down: {cause}", "Two disks\nare gone.", "3", RESOLVED, "it is over", [self.ci],
                       {"impact": SAID})  # fmt: skip

        def act() -> None:
            wanted[:] = [
                want(
                    self.service.documents,
                    self.name,
                    cause,
                    "tester",
                    lambda order: replace(order.wanted if order else usual, **changes),
                )
            ]

        in_one_unit(self.service.documents, act)
        assert wanted[0] is not None
        return wanted[0].key

    def begin(self) -> tuple[str, str]:
        """Asks for a ticket; returns its cause and our key of it."""
        cause = f"cause {next(CAUSES)}"
        self.keys.append(self.want(cause))
        return cause, self.keys[-1]

    def turn(self, minutes: float = 0.0) -> None:
        self.clock += timedelta(minutes=minutes)
        relay(self.service, self.name, f"{this_process()} {self.name}", lambda: self.clock)

    def settle(self, cause: str, key: str, where: object) -> None:
        """Wants something else, lets the relay do its work undisturbed, and looks at what came of it, in the system and here."""
        self.proxy.arm(None)
        self.want(cause, priority="1")
        for _ in range(4):
            self.turn(70)
            if DUE.find(self.service.documents, key) is None:
                break
        documents = self.service.documents
        assert DUE.find(documents, key) is None, (where, DUE.find(documents, key), health_of(documents, self.name))
        assert DEAD.find(documents, key) is None, (where, DEAD.find(documents, key))
        held = ORDERS.get(documents, key).held
        assert not held.doubles and list(held.comments) == ["impact"], where
        tickets = list(self.system.find(key))
        assert [ticket.id for ticket in tickets] == [held.ticket], where
        (ticket,) = tickets
        assert ticket.phase == RESOLVED, where
        assert ticket.priority == self.system.as_kept("1"), where
        said = [text for text in self.comments_of(ticket.id) if SAID in text]
        assert len(said) == 1, (where, said)

    def requests(self) -> int:
        """Lives once undisturbed, twice over (what is kept for good is there then); returns how many requests one life takes."""
        for _ in range(2):
            cause, key = self.begin()
            self.proxy.arm(None)
            self.turn()
            asked = self.proxy.asked
            self.settle(cause, key, "undisturbed")
        return asked

    def check_fault(self, fault: Fault) -> None:
        cause, key = self.begin()
        self.clock += timedelta(minutes=70)  # it does not rest any more
        self.proxy.arm(fault)
        self.turn()
        assert self.proxy.felt, (self.name, fault)
        self.settle(cause, key, (self.name, fault))

    def check_kill(self, killer: Killer, step: str, number: int) -> None:
        cause, key = self.begin()
        self.clock += timedelta(minutes=70)
        self.proxy.arm(None)
        killer.kill_at(self._asked(), step, number)
        self.settle(cause, key, (self.name, step, number))

    def steps(self, killer: Killer) -> list[tuple[str, int]]:
        """Returns the steps of a life in a process of its own: every request before it is sent and when it is answered, every
        commit."""
        self.proxy.arm(None)
        cause, key = self.begin()
        found = killer.steps(self._asked())
        self.settle(cause, key, "undisturbed, in a process of its own")
        steps = [name for name in sorted(found) if name.endswith(("to be sent", "answered")) or name.startswith("COMMIT")]
        return [(name, number) for name in steps for number in range(1, found[name] + 1)]

    def _asked(self) -> Mapping[str, Any]:
        return {"verb": "relay", "connector": self.name, "now": self.clock.isoformat()}

    def check_all(self) -> None:
        """All that is in the system with a key of ours: one ticket of each."""
        there = Counter[str]()
        for ticket_id in {ticket.id: ticket for ticket in self.system.changed_since(datetime(2026, 1, 1, tzinfo=UTC))}:
            there.update(key for key in self.system.read(ticket_id).keys if key in self.keys)
        assert there == Counter(self.keys)


def check_points(line: Line, killer: Killer, faults_every: int, kills_every: int) -> tuple[int, int]:
    """Tries one in so many faults and kills; returns how many of each."""
    faults = some_of(every_fault(line.requests()), faults_every)
    for fault in faults:
        line.check_fault(fault)
    kills = some_of(line.steps(killer), kills_every)
    for step, number in kills:
        line.check_kill(killer, step, number)
    line.check_all()
    return len(faults), len(kills)


def check_real(
    folder: Path,
    patch: pytest.MonkeyPatch,
    kind: str,
    settings: Mapping[str, str],
    comments_of: Comments,
    faults_every: int,
    kills_every: int,
) -> int:
    """As `check_points`, on a real server and with a service of its own; prints and returns how many points it tried."""
    more = {"FORESTAY_OUTBOUND_HOSTS": "localhost,127.0.0.1", "FORESTAY_KERNELS": "interpreted"}
    for name, value in more.items():
        patch.setenv(name, value)
    service = estate(folder, more)
    with (
        Killer(service.settings.data_folder, os.environ) as killer,
        opened_line(service, "desk", kind, settings["url"], settings, comments_of) as line,
    ):
        faults, kills = check_points(line, killer, faults_every, kills_every)
    service.close()
    print(f"{faults + kills} fault points of {kind}: {faults} requests failed, {kills} kills")
    return faults + kills


def every_fault(requests: int) -> list[Fault]:
    return [Fault(at, when, how) for at in range(1, requests + 1) for when, how in FAULTS]


@contextmanager
def opened_line(
    service: Forestay, name: str, kind: str, url: str, settings: Mapping[str, str], comments_of: Comments
) -> Iterator[Line]:
    proxy = FaultProxy(url)
    try:
        put_connector(service.documents, Connector(name, kind, {**settings, "url": proxy.url}), "tester", new=True)
        hosts = Lent(Outbound(["localhost", "127.0.0.1"]))
        yield Line(
            service,
            name,
            proxy,
            open_ticket_system(kind, name, {**settings, "url": url}, hosts),
            comments_of,
            key_of(service, "disk"),
        )
    finally:
        proxy.close()


def estate(folder: Path, environment: Mapping[str, str]) -> Forestay:
    """A service that knows a CI."""
    service = assemble_service(load_settings(environment=environment, data_folder=folder / "data"))
    (folder / "input").mkdir()
    (folder / "input" / "cis.csv").write_text("key,name,class\ndisk,disk,storage_array\n")
    add_source(service.documents, "cmdb", "csv", str(folder / "input"))
    run_sync(service, SyncRequest("cmdb", apply=True, complete=True))
    return service


def key_of(service: Forestay, name: str) -> str:
    found = service.store.find(service.store.current().revision, [name], ["name"])
    return found[name][0].key
