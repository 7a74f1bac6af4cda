"""Three exports of one estate that do not agree, and the truth: which of their records are one CI. Seeded.

`cmdb` knows serial numbers and DNS names, `discovery` serial numbers, UUIDs, MACs, DNS names and addresses, `monitoring` DNS
names and addresses. One CI in ten carries a conflict: see `Export._spoil`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

SOURCES = ("cmdb", "discovery", "monitoring")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "cmdb": ("serial", "fqdn"),
    "discovery": ("serial", "uuid", "mac", "fqdn", "address"),
    "monitoring": ("fqdn", "address"),
}
CLASSES = (
    ("server",) * 8
    + ("virtual_machine",) * 6
    + ("network_switch",) * 2
    + ("storage_array", "database", "application", "business_service")
)
WITH_SERIAL = ("server", "network_switch", "storage_array")
CONFLICTS = ("renamed", "reused address", "no serial", "swapped case", "short name", "placeholder serial", "two environments")
KNOWN_BY = 0.9  # the share of CIs that a source knows


@dataclass
class Export:
    """`rows` of each source by key, as CSV fields; `truth`: the number of the CI of (source, key); `edges`: (dependent, provider)
    keys."""

    seed: int = 1
    cis: int = 3000
    rows: dict[str, dict[str, dict[str, str]]] = field(default_factory=lambda: {name: {} for name in SOURCES})
    truth: dict[tuple[str, str], int] = field(default_factory=dict)
    edges: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: {name: [] for name in SOURCES})
    spoiled: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng = random.Random(self.seed)
        facts = [self._facts(rng, number) for number in range(self.cis)]
        for number, kind in zip(sorted(rng.sample(range(1, self.cis), self.cis // 10)), CONFLICTS * self.cis, strict=False):
            self.spoiled[number] = kind
        for number in range(self.cis):
            if self.spoiled.get(number) == "two environments":
                other = facts[number - 1]
                facts[number] = self._facts(rng, number, other["class"])
                facts[number] |= {"name": other["name"], "environment": "test"}
                if "fqdn" in other:
                    facts[number]["fqdn"] = f"{other['name']}.test.example"
        for number, fact in enumerate(facts):
            told = [name for name in SOURCES if rng.random() < KNOWN_BY] or [rng.choice(SOURCES)]
            for name in told:
                self._tell(rng, name, number, fact)
            if number in self.spoiled:
                self._spoil(rng, rng.choice(told), number, facts)
        for name in SOURCES:
            keys = list(self.rows[name])
            self.edges[name] = sorted({(a, rng.choice(keys[: n + 1])) for n, a in enumerate(keys[1:]) for _ in range(2)})

    def _facts(self, rng: random.Random, number: int, ci_class: str = "") -> dict[str, str]:
        ci_class = ci_class or rng.choice(CLASSES)
        name = f"{ci_class[:3]}{number:05}" if ci_class != "business_service" else f"Service {number:05}"
        facts = {"name": name, "class": ci_class, "environment": "production", "site": f"site {number % 7}"}
        if ci_class != "business_service":
            facts["fqdn"] = f"{name}.prod.example"
        if ci_class in WITH_SERIAL:
            facts["serial"] = f"{rng.choice('CFJK')}{rng.randrange(16**8):08X}"
        if ci_class in (*WITH_SERIAL, "virtual_machine"):
            facts["uuid"] = f"{rng.randrange(16**32):032x}"
            facts["mac"] = f"{rng.randrange(16**12):012x}"
            facts["address"] = f"10.{number // 250}.{number % 250}.{rng.randrange(1, 255)}"
        return facts

    def _tell(self, rng: random.Random, source: str, number: int, facts: Mapping[str, str]) -> None:
        key = f"{source[0]}{rng.randrange(10**9):09}"
        row = {name: facts[name] for name in ("name", "class", "environment", *FIELDS[source]) if name in facts}
        self.rows[source][key] = {
            "key": key,
            **row,
            "site": facts["site"] if source == "cmdb" else "",
            "team": f"team {number % 11}",
        }
        self.truth[source, key] = number

    def _spoil(self, rng: random.Random, source: str, number: int, facts: list[dict[str, str]]) -> None:
        kind = self.spoiled[number]
        rows = [row for name in SOURCES for key, row in self.rows[name].items() if self.truth[name, key] == number]
        row = next(row for key, row in self.rows[source].items() if self.truth[source, key] == number)
        if kind == "renamed":
            row |= {"name": f"old-{row['name']}"} | ({"fqdn": f"old-{row['fqdn']}"} if "fqdn" in row else {})
        elif kind == "reused address":
            for other in rows:
                if "address" in other:
                    other["address"] = facts[number - 1].get("address", other["address"])
        elif kind == "no serial":
            for other in rows:
                other.pop("serial", None)
        elif kind == "swapped case":
            row |= {name: row[name].swapcase() for name in ("name", "fqdn", "serial", "uuid") if name in row}
        elif kind in ("short name", "two environments"):
            row |= {"fqdn": row["name"]} if "fqdn" in row else {}
        elif kind == "placeholder serial":
            for other in rows:
                if "serial" in other:
                    other["serial"] = rng.choice(("To be filled by O.E.M.", "Default string", "0000000000", "N/A"))

    def pairs(self) -> set[tuple[tuple[str, str], tuple[str, str]]]:
        """The pairs of records that are one CI in truth."""
        return set(pairs_of(self.truth))

    def sheets(self, source: str) -> dict[str, list[dict[str, Any]]]:
        """Rows for a CSV folder."""
        cis = [
            {("id:address" if name == "address" else name): value for name, value in row.items()}
            for row in self.rows[source].values()
        ]
        return {"cis": cis, "dependencies": [{"dependent": a, "provider": b} for a, b in self.edges[source]]}


def pairs_of(ci_of: Mapping[tuple[str, str], int]) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    members: dict[int, list[tuple[str, str]]] = {}
    for place, ci in sorted(ci_of.items()):
        members.setdefault(ci, []).append(place)
    for places in members.values():
        yield from combinations(places, 2)
