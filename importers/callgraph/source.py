"""Call graphs: who calls whom. The caller depends on the callee; a call through a queue leaves the caller standing, so it is
soft."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import SourceFailed
from app.domain.records import CiRecord
from importers.client import Client
from importers.csv.tables import CsvTable
from importers.gathered import Gathered, ReadWhole, said

# how a call reaches its target -> class of the callee, kind of the dependency, weight
DATA_STORES = frozenset({"mongodb", "mysql", "postgresql", "redis", "cassandra", "elasticsearch", "sql"})
QUEUES = frozenset({"kafka", "amqp", "rabbitmq", "messaging", "jms", "nats"})
QUEUE_WEIGHT = 0.5


def _gather(found: Gathered, calls: Sequence[tuple[str, str, str]]) -> None:
    classes: dict[str, str] = {}
    for caller, callee, how in calls:
        classes.setdefault(caller, "microservice")
        if how in DATA_STORES:
            classes[callee] = "database"
        elif how in QUEUES:
            classes[callee] = "message_queue"
        else:
            classes.setdefault(callee, "microservice")
    found.found_cis += [
        # the traced name is an identity: a CMDB that says it under `id:trace` means the same CI
        CiRecord("service", name, name, ci_class, identifiers=(("trace", name),))
        for name, ci_class in sorted(classes.items())
    ]
    for caller, callee, how in calls:
        soft = how in QUEUES
        found.depend(caller, callee, how, "soft" if soft else "hard", QUEUE_WEIGHT if soft else None)


@dataclass(slots=True)
class CallCsv(ReadWhole):
    """A CSV with the columns caller, callee and, if wanted, kind."""

    location: Path

    def check(self) -> Sequence[str]:
        found = self.read()
        return [f"{len(found.found_cis)} services, {len(found.found_dependencies)} calls"]

    def read(self, folder: Path | None = None) -> Gathered:
        if not self.location.is_file():
            raise SourceFailed(f"{self.location} does not exist")
        table = CsvTable(self.location, self.location.name, ("utf-8-sig", "windows-1252"), "")
        names = [name.strip().casefold() for name in table.header()]
        if "caller" not in names or "callee" not in names:
            raise SourceFailed(f"{self.location.name}: the header misses caller or callee; it has {', '.join(names)}")
        found, calls = Gathered(self.location.name, said(0, "calls")), list[tuple[str, str, str]]()
        rows = 0
        for line, row in table.lines():
            rows += 1
            cells = dict(zip(names, (cell.strip() for cell in row), strict=False))
            if not cells.get("caller") or not cells.get("callee"):
                found.reject(
                    "dependency",
                    f"{self.location.name} line {line}",
                    "",
                    ("caller", "or callee is empty", "name both"),
                    cells.get("caller", ""),
                )
                continue
            calls.append((cells["caller"], cells["callee"], cells.get("kind", "").casefold()))
        _gather(found, calls)
        found.proof = said(rows, "calls")
        return found


@dataclass(slots=True)
class JaegerCalls(ReadWhole):
    """Jaeger's dependency list: one answer, so it is complete for its window; a service that was not called in it is not gone, so
    retiring is left to a person who says `complete`."""

    client: Client
    lookback_hours: float

    def check(self) -> Sequence[str]:
        answer = self.client.get_json("api/services")
        return [f"{len(answer.get('data') or [])} services"]

    def read(self, folder: Path | None = None) -> Gathered:
        end = int(time.time() * 1000)
        asked = {"endTs": end, "lookback": int(self.lookback_hours * 3_600_000)}
        answer = self.client.request("GET", "api/dependencies", parameters=asked)
        body = answer.json()
        rows = (body.get("data") or []) if isinstance(body, dict) and not body.get("errors") else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise SourceFailed(f"{answer.where} gave no list of calls: {answer.said()}")
        found = Gathered("jaeger", said(len(rows), "calls"))
        calls = [(str(row["parent"]), str(row["child"]), "") for row in rows if row.get("parent") and row.get("child")]
        found.ignore("dependency", "without both ends", len(rows) - len(calls)) if len(calls) < len(rows) else None
        _gather(found, calls)
        return found
