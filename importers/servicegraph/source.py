"""Service-graph metrics in Prometheus: who was seen calling whom, how often, and when last (README.md)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.domain.errors import SourceFailed
from app.domain.records import CiRecord, DependencyRecord
from importers.gathered import Gathered, ReadWhole, unproven
from importers.http.client import Client
from importers.mapping.rows import map_relation
from importers.mapping.rules import RuleSet
from importers.observed import CALLS_SEEN, Weighing, calls_text

TOTAL = "traces_service_graph_request_total"
BY = "sum by (client, server, connection_type)"
LONGEST_STEP, SHORTEST_STEP = 300, 15  # seconds: how exactly it is told when a call was seen last
OUTSIDE = "user"
CALL = "call"  # the word for a connection_type of ""


CALLED = "service"  # the source's class of what is called plainly; of another connection_type it is that word
Node = tuple[str, str]  # class of the source, name


@dataclass(slots=True)
class _Nodes:
    """Callers and callees: a database, queue or virtual node is a CI of its own, whatever service has its name."""

    rules: RuleSet
    classes: dict[Node, str] = field(default_factory=dict)
    called: dict[Node, tuple[float, float]] = field(default_factory=dict)  # requests a second, when last

    def of(self, word: str, name: str) -> Node:
        usual = self.rules.classes.get(CALL, "microservice")
        its = self.rules.classes.get(word, usual)
        node = (CALLED if word == CALL else word, name)
        self.classes[node] = its
        return node


@dataclass(slots=True)
class ServiceGraph(ReadWhole):
    """The answer for one window. A service that was not called in the window is not gone, so retiring is left to a person who
    says `complete`."""

    client: Client
    rules: RuleSet
    window_hours: float = 168.0
    metric: str = TOTAL
    weighing: Weighing = field(default_factory=Weighing)

    def check(self) -> Sequence[str]:
        rows = self._rows(f"count({self.metric})")
        number = int(float(rows[0]["value"][1])) if rows else 0
        return [f"{self.metric}: {number} series"]

    def read(self, folder: Path | None = None) -> Gathered:
        seconds = max(60, round(self.window_hours * 3600))
        window, step = f"{seconds}s", f"{max(SHORTEST_STEP, min(LONGEST_STEP, seconds // 4))}s"
        rows = self._rows(f"{BY}(increase({self.metric}[{window}])) > 0")
        recent = f"(timestamp({self.metric}) and (increase({self.metric}[{step}]) > 0))"
        last = self._rows(f"max by (client, server, connection_type)(max_over_time({recent}[{window}:{step}]))")
        gathered = Gathered("service graph", unproven(len(rows), self.metric))
        seen = {_ends(row["metric"]): _number(row["value"]) for row in last}
        nodes = _Nodes(self.rules)
        calls: list[tuple[str, str, str, float]] = []
        for row in rows:
            self._take(gathered, row, seen, nodes, calls)
        proposed = self._depend(gathered, nodes, calls)
        gathered.ci_records += [self._ci(node, nodes, proposed) for node in sorted(nodes.classes)]
        return gathered

    def _take(self, gathered: Gathered, row: Mapping[str, Any], seen: Mapping[tuple[str, str, str], float],
              nodes: _Nodes, calls: list[tuple[str, str, str, float]]) -> None:  # fmt: skip
        client, server, kind = ends = _ends(row["metric"])
        number = _number(row["value"])
        if not client or not server:
            gathered.ignore("dependency", "without client or server")
            return
        if not math.isfinite(number):
            gathered.reject(
                "dependency",
                f"{client} to {server}",
                "",
                ("value", f"{row['value'][1]!r} is no number", "look at the metric"),
                client,
            )
            return
        node = nodes.of(kind or CALL, server)
        rate, when = nodes.called.get(node, (0.0, 0.0))
        nodes.called[node] = (rate + number / (self.window_hours * 3600), max(when, seen.get(ends, 0.0)))
        if client == OUTSIDE:
            gathered.ignore("dependency", f"client is {OUTSIDE}: the outside world")
        else:
            nodes.of(CALL, client)
            calls.append((client, server, kind or CALL, number / (self.window_hours * 3600)))

    def _depend(self, gathered: Gathered, nodes: _Nodes, calls: Sequence[tuple[str, str, str, float]]) -> dict[str, set[str]]:
        """Adds dependencies, or returns them by dependent where they are only to be proposed. A caller's own requests are those
        that were seen to reach it; where nobody was seen to call it, they are not known."""
        proposed: dict[str, set[str]] = {}
        relation = next(iter(self.rules.relations.values()))
        for client, server, word, rate in calls:
            dependent, provider = (f"{kind}:{name}" for kind, name in (nodes.of(CALL, client), nodes.of(word, server)))
            reached = nodes.called.get((CALLED, client), (0.0, 0.0))[0]
            kind, weight = self.weighing.of(min(rate / reached, 1.0) if reached else None)
            for record in map_relation(relation, {"parent": dependent, "child": provider, "type": word}, f"{client} to {server}"):
                if isinstance(record, DependencyRecord) and record.kind == "hard":
                    record = replace(record, kind=kind, weight=weight)
                if self.weighing.proposes and isinstance(record, DependencyRecord):
                    proposed.setdefault(record.dependent, set()).add(record.provider)
                else:
                    gathered.take(record)
        return proposed

    def _ci(self, node: Node, nodes: _Nodes, proposed: Mapping[str, Set[str]]) -> CiRecord:
        """Returns a CI; rates and days are rounded, so that an estate that does not change stays the same from run to run."""
        (kind, name), attributes = node, {}
        if called := nodes.called.get(node):
            attributes["requests_per_second"] = f"{called[0]:.1g}"
            if called[1]:
                attributes["last_called_on"] = datetime.fromtimestamp(called[1], UTC).strftime("%Y-%m-%d")
        if callees := proposed.get(f"{kind}:{name}"):
            ends = (callee.partition(":") for callee in callees)
            attributes[CALLS_SEEN] = calls_text({_traced((word, called), nodes): None for word, _, called in ends})
        trace = _traced(node, nodes)
        return CiRecord(kind, name, name, nodes.classes[node], identifiers=(("trace", trace),), attributes=attributes)

    def _rows(self, query: str) -> list[Any]:
        answer = self.client.request("GET", "api/v1/query", parameters={"query": query})
        body = answer.json()
        data = body.get("data") if isinstance(body, dict) else None
        if not isinstance(data, dict) or body.get("status") != "success" or data.get("resultType") != "vector":
            raise SourceFailed(f"{answer.where} gave no vector: {answer.message()}")
        if body.get("warnings"):
            raise SourceFailed(f"{answer.where} gave a part only: {'; '.join(map(str, body['warnings']))[:300]}")
        rows = data.get("result")
        if not isinstance(rows, list) or any(
            not isinstance(row, dict) or "metric" not in row or "value" not in row for row in rows
        ):
            raise SourceFailed(f"{answer.where} gave a vector without metric and value")
        return rows


def _ends(metric: Mapping[str, str]) -> tuple[str, str, str]:
    return metric.get("client", ""), metric.get("server", ""), metric.get("connection_type", "")


def _number(value: Sequence[Any]) -> float:
    """Returns a number; values are texts, "NaN" and "+Inf" among them."""
    try:
        return float(value[1])
    except (IndexError, TypeError, ValueError):
        raise SourceFailed(f"Prometheus gave {value!r} as a value") from None


def _traced(node: Node, nodes: _Nodes) -> str:
    """Returns the traced name, which is an identity, the same as that of call graphs; of two things with one name it is that of
    the service."""
    kind, name = node
    return name if kind == CALLED or (CALLED, name) not in nodes.classes else f"{kind} {name}"
