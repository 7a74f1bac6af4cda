"""Tiny estates by name, for tests and for the examples of docs/model.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.domain.columns import Categorical, Texts
from app.domain.graph import (
    DECLARED,
    EXPONENTIAL,
    HARD,
    LOGNORMAL,
    ORDINARY_GROUP,
    SOFT,
    SUPPLY,
    SUPPLY_GROUP,
    CiColumns,
    DependencyColumns,
    DependencyGraph,
    GroupColumns,
    ServiceExposure,
)
from app.risk.graph.compiled import CompiledGraph
from app.risk.intake.common_cause import with_common_causes
from app.risk.intake.compile import compile_graph


@dataclass(frozen=True)
class Built:
    """A compiled estate whose CIs are called by name."""

    order: Sequence[str]
    graph: DependencyGraph
    compiled: CompiledGraph = field(repr=False)

    def at(self, names: str) -> Any:
        """Positions of space-separated names."""
        return np.asarray([self.compiled.position_of(self.order.index(name) + 1) for name in names.split()], np.int32)

    def names(self, positions: Any) -> list[str]:
        return sorted(self.graph.cis.name[int(self.compiled.row[p])] for p in positions)


def texts(values: Sequence[str]) -> Texts:
    raw = [value.encode() for value in values]
    offsets = np.zeros(len(raw) + 1, np.int64)
    np.cumsum([len(text) for text in raw], out=offsets[1:])
    return Texts(np.frombuffer(b"".join(raw), np.uint8), offsets)


def categories(values: Sequence[str | None]) -> Categorical:
    known = sorted({value for value in values if value})
    return Categorical(np.asarray([known.index(value) if value else -1 for value in values], np.int32), tuple(known))


def estate(
    cis: str,
    hard: str = "",
    soft: str = "",
    supply: str = "",
    groups: Mapping[str, Sequence[tuple[Any, ...]]] | None = None,
    services: Mapping[str, Mapping[str, Any]] | None = None,
    profiles: Mapping[str, Mapping[str, Any]] | None = None,
) -> Built:
    """`cis` "S; a; b"; `hard` "S>a a>b" (dependent>provider); `soft` "S>a:.5"; `groups` {"S": [(1, "a b"[, options])]} with
    options supply, shares, failover_minutes, failover_success, common_cause_share, common_cause_unavailability; `services` {"S":
    exposure}; `profiles` {"a": values} (default: 1 failure a year, 4 h)."""
    order = [name.strip() for name in cis.split(";")]
    ids = {name: number for number, name in enumerate(order, 1)}
    edges: list[tuple[int, int, int, float]] = []
    for text, kind in ((hard, HARD), (soft, SOFT), (supply, SUPPLY)):
        for pair in text.split():
            ends, _, weight = pair.partition(":")
            dependent, provider = ends.split(">")
            edges.append((ids[dependent], ids[provider], kind, float(weight) if weight else np.nan))
    flat = [(dependent, *group) for dependent, rows in (groups or {}).items() for group in rows]
    exposed = services if services is not None else {order[0]: {}}
    graph = DependencyGraph(
        cis=_cis(order, profiles or {}),
        dependencies=DependencyColumns(
            np.asarray([e[0] for e in edges], np.int64),
            np.asarray([e[1] for e in edges], np.int64),
            np.asarray([e[2] for e in edges], np.int8),
            np.asarray([e[3] for e in edges], float),
        ),
        groups=_groups(flat, ids),
        services=[
            ServiceExposure(ci_id=ids[name], **values) for name, values in sorted(exposed.items(), key=lambda item: ids[item[0]])
        ],
    )
    graph = with_common_causes(graph).graph
    return Built(order, graph, compile_graph(graph))


def _cis(order: Sequence[str], profiles: Mapping[str, Mapping[str, Any]]) -> CiColumns:
    count = len(order)

    def column(name: str, default: float) -> Any:
        return np.asarray([profiles.get(ci, {}).get(name, default) for ci in order], float)

    def words(name: str) -> Categorical:
        return categories([profiles.get(ci, {}).get(name) for ci in order])

    sigma = column("repair_sigma", np.nan)
    return CiColumns(
        ci_id=np.arange(1, count + 1, dtype=np.int64),
        key=texts(order),
        name=texts(order),
        ci_class=words("ci_class"),
        site=words("site"),
        team=words("team"),
        supplier=words("supplier"),
        lifecycle=categories(["active"] * count),
        environment=categories(["production"] * count),
        assessed=np.ones(count, bool),
        failures_per_year=column("failures_per_year", 1.0),
        failures_origin=np.full(count, DECLARED, np.int8),
        repair_hours=column("repair_hours", 4.0),
        repair_origin=np.full(count, DECLARED, np.int8),
        repair_distribution=np.where(np.isnan(sigma), EXPONENTIAL, LOGNORMAL).astype(np.int8),
        repair_sigma=sigma,
        unavailability=column("unavailability", np.nan),
        failure_on_demand=column("failure_on_demand", 0.0),
        level_share=column("level_share", 1.0),
        restart_hours=column("restart_hours", 0.0),
        observed_years=np.zeros(count),
        observed_incidents=np.zeros(count, np.int32),
    )


def _groups(flat: Sequence[tuple[Any, ...]], ids: Mapping[str, int]) -> GroupColumns:
    options = [group[3] if len(group) > 3 else {} for group in flat]
    members = [group[2].split() for group in flat]
    offsets = np.zeros(len(flat) + 1, np.int64)
    np.cumsum([len(row) for row in members], out=offsets[1:])
    shares = [share for row, option in zip(members, options, strict=True) for share in option.get("shares", [np.nan] * len(row))]
    return GroupColumns(
        key=[f"group {number}" for number in range(1, len(flat) + 1)],
        dependent_id=np.asarray([ids[group[0]] for group in flat], np.int64),
        kind=np.asarray([SUPPLY_GROUP if option.get("supply") else ORDINARY_GROUP for option in options], np.int8),
        needed=np.asarray([group[1] for group in flat], np.int64),
        member_offsets=offsets,
        member_id=np.asarray([ids[name] for row in members for name in row], np.int64),
        share=np.asarray(shares, float),
        failover_minutes=np.asarray([option.get("failover_minutes", np.nan) for option in options], float),
        failover_success=np.asarray([option.get("failover_success", np.nan) for option in options], float),
        common_cause_share=np.asarray([option.get("common_cause_share", np.nan) for option in options], float),
        common_cause_unavailability=np.asarray([option.get("common_cause_unavailability", np.nan) for option in options], float),
    )


def c39() -> Built:
    """Golden case C39: S1 (1,000 a stop) on d and on 1 of b and c, S2 (400 a stop) on d."""
    off = {"unavailability": 0.0}
    paid: dict[str, Any] = {
        s: {"impact": {"money": ((0.0, 0.0), (0.0, m), (1.0, m))}} for s, m in (("S1", 1000.0), ("S2", 400.0))
    }
    twin = {"failures_per_year": 87.66, "repair_hours": 8.0}
    return estate(
        "S1; S2; d; b; c", hard="S1>d S2>d", groups={"S1": [(1, "b c")]}, services=paid,
        profiles={"S1": off, "S2": off, "d": {"failures_per_year": 1.7532, "repair_hours": 5.0}, "b": twin, "c": twin},
    )  # fmt: skip
