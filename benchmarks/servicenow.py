"""A stub ServiceNow of any size in a process of its own, for the step `servicenow`: rows are made by number, so it holds next to
nothing."""

from __future__ import annotations

import multiprocessing
import random
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from tests.servers.running import Running
from tests.servers.servicenow import ServiceNowStub
from tests.servers.servicenow_estate import ends, numbered

LATER = "2026-11-03 09:00:00"


def _serve(cis: int, relations: int, talk: Connection) -> None:
    stub = ServiceNowStub(numbered(cis, relations))
    server = Running(stub)
    talk.send(server.url)
    while (asked := talk.recv()) != "stop":
        talk.send(change(stub, cis, relations, int(asked)) | {"requests": len(stub.asked)})
        stub.asked.clear()
    server.close()


def change(stub: ServiceNowStub, cis: int, relations: int, rows: int) -> dict[str, int]:
    """About so many changed rows: 60 % renamed computers, 20 % new relations, the rest relations that went, with those of one CI
    in fifty of them that went itself."""
    if not rows:
        return {}
    rng = random.Random(7)
    computers, table = stub.tables["cmdb_ci_computer"], stub.tables["cmdb_rel_ci"]
    for number in rng.sample(range(computers.count), rows * 6 // 10):
        computers.change(number, name=f"renamed-{number}", sys_updated_on=("time", LATER))
    for _ in range(rows * 2 // 10):
        table.count += 1
        table.change(table.count - 1, sys_updated_on=("time", LATER))
    first = cis - computers.count
    gone_cis = rng.sample(range(computers.count), max(1, rows // 250))
    for number in gone_cis:
        computers.drop(number)
    parent, child = ends(np.arange(relations, dtype=np.int64), cis)
    places = np.asarray([first + number for number in gone_cis])
    theirs = np.flatnonzero(np.isin(parent, places) | np.isin(child, places)).tolist()
    lost = sorted({*theirs, *rng.sample(range(relations), max(0, rows * 2 // 10 - len(theirs)))})
    for number in lost:
        table.drop(number)
    return {"changed": rows * 6 // 10, "added": rows * 2 // 10, "gone_cis": len(gone_cis), "gone_relations": len(lost)}


class StubProcess:
    def __init__(self, cis: int, relations: int) -> None:
        self._talk, other = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=_serve, args=(cis, relations, other), daemon=True)
        self._process.start()
        self.url: str = self._talk.recv()

    def change(self, rows: int) -> dict[str, Any]:
        """Change so many rows; what was changed, and how many requests came before."""
        self._talk.send(rows)
        found: dict[str, Any] = self._talk.recv()
        return found

    def stop(self) -> None:
        self._talk.send("stop")
        self._process.join(10)
