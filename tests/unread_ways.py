"""Random estates, and every way in which a record or a cell of one can be unreadable: for the law that losing information never
lowers a risk."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Sheet = list[dict[str, Any]]
Estate = dict[str, Sheet]

HALF = "half \ud800 a sign"
HUGE, BELOW = 1e300, -3
DAY = 86_400
START = 1_735_689_600  # 2025-01-01
TEXT = ("about 4", "#N/A", "ghost", HALF)
# what a cell may hold instead; "" only where a record cannot be without it: an optional cell that is empty says that nothing is
# known
WAYS: Mapping[str, Mapping[str, Sequence[Any]]] = {
    "cis": {
        "key": ("", HALF),
        "name": (HALF, "", ["a"], 7),
        "class": ("gizmo", "#REF!", HALF, 5),
        "failures_per_year": (*TEXT, HUGE, BELOW, True),
        "repair_hours": (*TEXT, HUGE, BELOW, []),
        "serial": (HALF, "#REF!", 5),
        "lifecycle": ("about 4", HALF, 7),
        "unavailability": (*TEXT, HUGE, BELOW),
    },
    "dependencies": {
        "dependent": ("", "ghost", HALF, "#N/A", 5),
        "provider": ("", "ghost", HALF, "#N/A", 5),
        "kind": ("leans on", HALF, "not", 5),
        "weight": ("", *TEXT, HUGE, BELOW),
    },
    "groups": {
        "key": ("", HALF),
        "dependent": ("", "ghost", HALF, 5),
        "needed": ("", *TEXT, HUGE, BELOW, 1.5),
        "members": ("", "ghost", HALF, "c4|ghost", 5),
        "kind": ("xor", "most of", HALF),
    },
    "services": {
        "key": ("", "ghost", HALF),
        "customers": (*TEXT, HUGE, BELOW),
        "money_per_hour": (*TEXT, HUGE, BELOW, []),
        "mtpd_hours": (*TEXT, HUGE, BELOW),
    },
    "incidents": {
        "key": ("", HALF),
        "ci": ("", "ghost", HALF, 5),
        "started_at": ("", "yesterday", HUGE, BELOW, HALF),
        "ended_at": ("soon", HUGE, BELOW, HALF),
        "root_cause": ("perhaps", HALF, 5),
    },
    "observations": {
        "scope": ("", "ghost", "class:gizmo", "ci:ghost", HALF, 5),
        "observed_from": ("", "once", HUGE, BELOW, HALF),
        "observed_until": ("", "then", HUGE, BELOW, HALF),
    },
}


def server(key: str, **fields: Any) -> dict[str, Any]:
    return {
        "key": key,
        "name": key,
        "class": "server",
        "lifecycle": "active",
        "failures_per_year": 1,
        "repair_hours": 4,
        **fields,
    }


def random_estate(rng: random.Random) -> Estate:
    """Two services over five to nine CIs, with needs of each kind, groups, and for every other one incidents under
    observation."""
    names = [f"c{n}" for n in range(rng.randint(5, 9))]
    shops = [f"s{n}" for n in range(2)]
    cis = []
    for at, name in enumerate(names):
        row = server(
            name, failures_per_year=rng.choice([0.1, 2, 20]), repair_hours=rng.choice([1, 8, 90]), serial=f"SN-{at}7F{at}"
        )
        row["class"] = rng.choice(["server", "application", "database", "virtual_machine"])
        if rng.random() < 0.4:
            row["failures_per_year"] = row["repair_hours"] = ""  # the class says
        cis.append(row)
    cis += [{**server(name), "class": "business_service", "failures_per_year": "", "repair_hours": ""} for name in shops]
    needs, groups = [], []
    order = [*shops, *names]
    for at, dependent in enumerate(order[:-1]):
        for provider in sorted({rng.choice(order[max(at + 1, 2) :]) for _ in range(rng.randint(0, 2))}):
            kind = rng.choice(["hard", "hard", "soft", "supply"])
            needs.append({"dependent": dependent, "provider": provider, "kind": kind, "weight": 0.5 if kind == "soft" else ""})
        below = order[max(at + 1, 2) :]
        if len(below) > 1 and rng.random() < 0.4:
            members = rng.sample(below, rng.randint(2, min(3, len(below))))
            group = {
                "key": f"g{at}",
                "dependent": dependent,
                "needed": rng.randint(1, len(members)),
                "members": "|".join(members),
            }
            groups.append({**group, "kind": rng.choice(["ordinary", "ordinary", "supply"])})
    exposed = [
        {"key": name, "customers": rng.choice([10, 50_000]), "money_per_hour": 100, "mtpd_hours": rng.choice([1, 48])}
        for name in shops
    ]
    found: Estate = {
        "cis": cis,
        "dependencies": needs,
        "groups": groups,
        "services": exposed,
        "incidents": [],
        "observations": [],
    }
    if rng.random() < 0.5:
        for n in range(rng.randint(3, 9)):
            began = START + rng.randrange(500) * DAY
            hours = rng.choice([1, 5, 60])
            row = {
                "key": f"i{n}",
                "ci": rng.choice(names),
                "started_at": began,
                "ended_at": began + hours * 3600,
                "root_cause": "yes",
            }
            found["incidents"].append(row)
        scope = rng.choice(["*", "class:server", f"ci:{rng.choice(names)}"])
        found["observations"].append({"scope": scope, "observed_from": START, "observed_until": START + 600 * DAY})
    return found


def made_unreadable(rng: random.Random, estate: Estate) -> str:
    """One cell or row of the estate is spoilt, in place; what was done, as sheet.column: how."""
    sheet = rng.choice([name for name in WAYS if estate.get(name)])
    row = rng.choice(estate[sheet])
    chance = rng.random()
    if chance < 0.1:
        for name in list(row):
            row[name] = "#REF!" if name != "key" or sheet != "cis" else ""
        return f"{sheet}: the whole row"
    if chance < 0.25 and sheet in LESS:
        return _said_twice(rng, estate, sheet, row)
    column = rng.choice([name for name in WAYS[sheet] if row.get(name, "") != ""])
    row[column] = rng.choice(WAYS[sheet][column])
    return f"{sheet}.{column}: {row[column]!r}"


LESS: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "cis": lambda row: {**row, "failures_per_year": 0.001, "repair_hours": 0.1},
    "dependencies": lambda row: {**row, "kind": "soft", "weight": 0.01},
    "groups": lambda row: {**row, "needed": 1},
    "services": lambda row: {**row, "customers": 1, "money_per_hour": 1, "mtpd_hours": 900},
    "incidents": lambda row: {**row, "ended_at": row["started_at"] + 60},
}  # windows of one scope are a union, whatever they say


def _said_twice(rng: random.Random, estate: Estate, sheet: str, row: dict[str, Any]) -> str:
    """The row a second time, saying less, before or after it."""
    rows = estate[sheet]
    rows.insert(rows.index(row) + rng.randint(0, 1), LESS[sheet](row))
    return f"{sheet}: twice"


def as_document(estate: Estate) -> dict[str, Any]:
    """The estate as the neutral JSON document; what is spoilt stays as it is."""
    return {
        "cis": [
            _without_empty({**_but(row, "serial"), "identifiers": {"serial": row["serial"]} if "serial" in row else ""})
            for row in estate["cis"]
        ],
        "dependencies": [_without_empty(row) for row in estate["dependencies"]],
        "groups": [_group(row) for row in estate["groups"]],
        "services": [_without_empty(row) for row in estate["services"]],
        "incidents": [
            _without_empty({**row, "root_cause": {"yes": True}.get(row["root_cause"], row["root_cause"])})
            for row in estate["incidents"]
        ],
        "observations": [_without_empty(row) for row in estate["observations"]],
    }


def _but(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


def _without_empty(row: Mapping[str, Any]) -> dict[str, Any]:
    needed = ("key", "dependent", "provider", "needed", "members", "ci", "scope", "started_at", "observed_from", "observed_until")
    return {name: value for name, value in row.items() if value != "" or name in needed}


def _group(row: Mapping[str, Any]) -> dict[str, Any]:
    said = _without_empty(_but(row, "kind"))
    members = row["members"]
    said["members"] = members.split("|") if isinstance(members, str) and members else members
    word = row.get("kind", "ordinary")
    return {**said, **({"supply": word == "supply"} if word in ("ordinary", "supply") else {"kind": word})}


class History:
    """Two sources over one estate, each with half of the CIs and needs of any; `next` changes something at random, so that needs
    come and go."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.whole = random_estate(rng)
        self.whole["incidents"], self.whole["observations"] = [], []
        self._half = {row["key"]: rng.choice("ab") for row in self.whole["cis"]}
        self._away: set[str] = set()
        self._said = {id(row): rng.choice("ab") for sheet in ("dependencies", "groups") for row in self.whole[sheet]}
        self._silent: set[int] = set()
        self._called: dict[str, str] = {}
        self.renamed = False

    def next(self) -> str:
        """Changes some things; which source is read next."""
        rng = self._rng
        for _ in range(rng.randint(1, 3)):
            chance, row = rng.random(), rng.choice([row for row in self.whole["cis"] if row["key"][0] == "c"])
            if chance < 0.5:
                self._away ^= {row["key"]}
            elif chance < 0.7:
                self._half[row["key"]] = "a" if self._half[row["key"]] == "b" else "b"
            elif chance < 0.8:
                self.renamed = True
                self._called[row["key"]] = f"{row['key']}-{rng.randint(2, 3)}"
            else:
                self._silent ^= {rng.choice(list(self._said) or [0])}
        return rng.choice("ab")

    def half(self, source: str) -> Estate:
        """What a source says now. A CI is known by its name to the other one; one CI of each stays, as a source that says nothing
        is not believed."""
        cis = [
            {**row, "key": f"{source}-{row['key']}", "name": self._called.get(row["key"], row["key"])}
            for row in self.whole["cis"]
            if self._half[row["key"]] == source and row["key"] not in self._away
        ]

        def mine(sheet: str) -> list[Any]:
            return [row for row in self.whole[sheet] if self._said[id(row)] == source and id(row) not in self._silent]

        found = {"cis": [*cis, server(f"stays-{source}")], "dependencies": mine("dependencies"), "groups": mine("groups")}
        return {**found, "services": self.whole["services"] if source == "a" else []}
