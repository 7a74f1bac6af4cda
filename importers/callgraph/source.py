"""Call graphs: who calls whom. The caller depends on the callee; a call through a queue leaves the caller standing, so it is
soft."""

from __future__ import annotations

import time
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.errors import SourceFailed
from app.domain.records import CiRecord
from importers.files.csv_table import CsvTable
from importers.gathered import Gathered, ReadWhole, unproven
from importers.http.client import Client
from importers.observed import CALLS_SEEN, Weighing, calls_text

# how a call reaches its target -> class of the callee, kind of the dependency, weight
DATA_STORES = frozenset({"mongodb", "mysql", "postgresql", "redis", "cassandra", "elasticsearch", "sql"})
QUEUES = frozenset({"kafka", "amqp", "rabbitmq", "messaging", "jms", "nats"})
QUEUE_WEIGHT = 0.5


Call = tuple[str, str, str, float | None]  # caller, callee, how, in how many calls of the caller's (None: not counted)


def _gather(gathered: Gathered, calls: Sequence[Call], weighing: Weighing) -> None:
    """Adds CIs and dependencies of the calls. A data store or queue that has the name of a service is a CI of its own."""
    services = {caller for caller, *_ in calls} | {callee for _, callee, how, _ in calls if _class_of(how) == SERVICE}
    classes = dict.fromkeys((("service", name) for name in services), SERVICE)
    reached: dict[str, float] = {}
    for _, callee, how, number in calls:
        classes[_node(callee, how, services)] = _class_of(how)
        if _class_of(how) == SERVICE and number is not None:
            reached[callee] = reached.get(callee, 0.0) + number
    proposed: dict[str, dict[str, float | None]] = {}
    if weighing.proposes:
        for caller, callee, how, number in calls:
            seen, name = proposed.setdefault(caller, {}), _traced(*_node(callee, how, services))
            seen[name] = number if name not in seen else _sum(seen[name], number)
    for (kind, name), ci_class in sorted(classes.items()):
        # the traced name is an identity: a CMDB that says it under `id:trace` means the same CI
        said = {CALLS_SEEN: calls_text(proposed[name])} if kind == "service" and name in proposed else {}
        identifiers = (("trace", _traced(kind, name)),)
        gathered.ci_records.append(CiRecord(kind, name, name, ci_class, identifiers=identifiers, attributes=said))
    if weighing.proposes:
        return
    for caller, callee, how, number in calls:
        share = min(number / reached[caller], 1.0) if number is not None and reached.get(caller) else None
        kind, weight = ("soft", QUEUE_WEIGHT) if how in QUEUES else weighing.of(share)
        gathered.depend(f"service:{caller}", ":".join(_node(callee, how, services)), how, kind, weight)


def _traced(kind: str, name: str) -> str:
    return name if kind == "service" else f"{kind} {name}"


def _sum(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b


SERVICE = "microservice"


def _class_of(how: str) -> str:
    return "database" if how in DATA_STORES else "message_queue" if how in QUEUES else SERVICE


def _node(name: str, how: str, services: Set[str]) -> tuple[str, str]:
    ci_class = _class_of(how)
    return ("service", name) if ci_class == SERVICE or name not in services else (ci_class, name)


@dataclass(slots=True)
class CallCsv(ReadWhole):
    """A CSV with the columns caller, callee and, if wanted, kind and calls (how many)."""

    location: Path
    weighing: Weighing = field(default_factory=Weighing)

    def check(self) -> Sequence[str]:
        gathered = self.read()
        return [f"{len(gathered.ci_records)} services, {len(gathered.dependency_records)} calls"]

    def read(self, folder: Path | None = None) -> Gathered:
        if not self.location.is_file():
            raise SourceFailed(f"{self.location} does not exist")
        table = CsvTable(self.location, self.location.name, ("utf-8-sig", "windows-1252"), "")
        names = [name.strip().casefold() for name in table.header()]
        if "caller" not in names or "callee" not in names:
            raise SourceFailed(f"{self.location.name}: the header misses caller or callee; it has {', '.join(names)}")
        gathered, calls = Gathered(self.location.name, unproven(0, "calls")), list[Call]()
        rows = 0
        for line, row in table.lines():
            rows += 1
            cells = dict(zip(names, (cell.strip() for cell in row), strict=False))
            if not cells.get("caller") or not cells.get("callee"):
                gathered.reject(
                    "dependency",
                    f"{self.location.name} line {line}",
                    "",
                    ("caller", "or callee is empty", "name both"),
                    cells.get("caller", ""),
                )
                continue
            calls.append((cells["caller"], cells["callee"], cells.get("kind", "").casefold(), _counted(cells.get("calls", ""))))
        _gather(gathered, calls, self.weighing)
        gathered.proof = unproven(rows, "calls")
        return gathered


@dataclass(slots=True)
class JaegerCalls(ReadWhole):
    """Jaeger's dependency list: one answer, so it is complete for its window. A service that was not called in the window is not
    gone, so retiring is left to a person who says `complete`."""

    client: Client
    lookback_hours: float
    weighing: Weighing = field(default_factory=Weighing)

    def check(self) -> Sequence[str]:
        answer = self.client.get_json("api/services")
        return [f"{len(answer.get('data') or [])} services"]

    def read(self, folder: Path | None = None) -> Gathered:
        end = int(time.time() * 1000)
        window = {"endTs": end, "lookback": int(self.lookback_hours * 3_600_000)}
        answer = self.client.request("GET", "api/dependencies", parameters=window)
        body = answer.json()
        rows = (body.get("data") or []) if isinstance(body, dict) and not body.get("errors") else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise SourceFailed(f"{answer.where} gave no list of calls: {answer.message()}")
        gathered = Gathered("jaeger", unproven(len(rows), "calls"))
        calls: list[Call] = [
            (str(row["parent"]), str(row["child"]), "", _counted(str(row.get("callCount", ""))))
            for row in rows
            if row.get("parent") and row.get("child")
        ]
        gathered.ignore("dependency", "without both ends", len(rows) - len(calls)) if len(calls) < len(rows) else None
        _gather(gathered, calls, self.weighing)
        return gathered


def _counted(text: str) -> float | None:
    return float(text) if text.isdecimal() else None
