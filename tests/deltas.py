"""Random estates told by two sources, and random changes of them: a csv folder and a json document with names and identifiers in
common."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

KEYS = 14
CLASSES = ("server", "database", "application", "business_service", "virtual_machine", "gadget")
SHEETS = ("cis", "dependencies", "groups", "services", "incidents", "observations")
IDENTITY = {
    "cis": ["key"], "dependencies": ["dependent", "provider", "kind"], "groups": ["key"], "services": ["key"],
    "incidents": ["key"], "observations": ["scope"],
}  # fmt: skip
ENDS = {"csv": "c", "json": "j"}


@dataclass
class Told:
    """What one source tells, sheet by sheet: key of the row -> row. Identifiers and names come from one small pool, so that the
    CIs of the two sources meet, and part again."""

    kind: str
    random: Random
    rows: dict[str, dict[Any, dict[str, Any]]] = field(default_factory=lambda: {sheet: {} for sheet in SHEETS})

    def key(self) -> str:
        return f"{ENDS[self.kind]}{self.random.randrange(KEYS)}"

    def reference(self) -> str:
        """Mostly a key of its own, now and then one that only the other source knows, or a name."""
        other = "j" if self.kind == "csv" else "c"
        number = self.random.randrange(KEYS)
        return self.random.choice([self.key()] * 10 + [f"{other}{number}", f"name {number}"])

    def begin(self) -> None:
        """Most CIs, and some of everything else."""
        for _ in range(2 * KEYS):
            key, row = self._cis()
            self.rows["cis"][key] = row
        self.change(50)

    def change(self, edits: int) -> None:
        for _ in range(edits):
            sheet = self.random.choices(SHEETS, (8, 6, 3, 2, 1, 1))[0]
            rows = self.rows[sheet]
            if rows and self.random.random() < (0.15 if sheet == "cis" else 0.3):
                del rows[self.random.choice(list(rows))]
                continue
            identity, row = getattr(self, f"_{sheet}")()
            if rows and self.random.random() < 0.5:  # another state of a row that is there
                identity = self.random.choice(list(rows))
                row |= {name: rows[identity][name] for name in IDENTITY[sheet]}
                if row.get("kind") == "soft":
                    row["weight"] = self.random.choice([0.25, 0.5, 1.0])
                elif sheet == "dependencies":
                    row.pop("weight", None)
            rows[identity] = row

    def _cis(self) -> tuple[Any, dict[str, Any]]:
        random, key = self.random, self.key()
        row: dict[str, Any] = {"key": key, "name": f"name {random.randrange(KEYS)}", "class": random.choice(CLASSES)}
        if random.random() < 0.5:
            row["site"] = random.choice(["north", "süd", "-0"])
        if random.random() < 0.4:
            row |= {"failures_per_year": random.choice([0.5, 1.0, 2.25]), "repair_hours": random.choice([1.0, 4.5])}
        if random.random() < 0.6:
            row["serial"] = f"SN{random.randrange(6)}"
        if random.random() < 0.2:
            row["fqdn"] = f"host{random.randrange(4)}.example.com"
        return key, row

    def _dependencies(self) -> tuple[Any, dict[str, Any]]:
        kind = self.random.choice(["hard", "soft", "supply"])
        row: dict[str, Any] = {"dependent": self.reference(), "provider": self.reference(), "kind": kind}
        if kind == "soft":
            row["weight"] = self.random.choice([0.25, 0.5, 1.0])
        row["relation"] = self.random.choice(["runs on", "uses"])
        return (row["dependent"], row["provider"], kind), row

    def _groups(self) -> tuple[Any, dict[str, Any]]:
        key, members = f"g{self.random.randrange(4)}", sorted({self.reference() for _ in range(3)})
        return key, {"key": key, "dependent": self.reference(), "needed": 1, "members": members}

    def _services(self) -> tuple[Any, dict[str, Any]]:
        key = self.key()
        return key, {
            "key": key,
            "customers": float(self.random.randrange(1, 5) * 100),
            "rto_hours": self.random.choice([1.0, 4.0]),
        }

    def _incidents(self) -> tuple[Any, dict[str, Any]]:
        key, started = f"INC{self.random.randrange(5)}", 1_700_000_000 + self.random.randrange(3) * 3600
        return key, {"key": key, "ci": self.reference(), "started_at": started, "ended_at": started + 1800}

    def _observations(self) -> tuple[Any, dict[str, Any]]:
        scope = self.random.choice(["*", "class:server", f"ci:{self.key()}"])
        return scope, {"scope": scope, "observed_from": 1_690_000_000, "observed_until": 1_700_000_000 + self.random.randrange(3)}

    def write(self, place: Path) -> None:
        (self._write_csv if self.kind == "csv" else self._write_json)(place)

    def _write_csv(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        headers = {
            "cis": ["key", "name", "class", "site", "failures_per_year", "repair_hours", "serial", "fqdn"],
            "dependencies": ["dependent", "provider", "kind", "weight", "relation"],
            "groups": ["key", "dependent", "needed", "members"],
            "services": ["key", "customers", "rto_hours"],
            "incidents": ["key", "ci", "started_at", "ended_at"],
            "observations": ["scope", "observed_from", "observed_until"],
        }
        for sheet, header in headers.items():
            with (folder / f"{sheet}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, header)
                writer.writeheader()
                for row in self.rows[sheet].values():
                    writer.writerow(row | ({"members": "|".join(row["members"])} if sheet == "groups" else {}))

    def _write_json(self, path: Path) -> None:
        document: dict[str, Any] = {sheet: list(rows.values()) for sheet, rows in self.rows.items()}
        document["cis"] = [
            {name: value for name, value in row.items() if name not in ("serial", "fqdn")}
            | {"identifiers": {kind: row[kind] for kind in ("serial", "fqdn") if kind in row}}
            for row in document["cis"]
        ]
        document["rows"] = {sheet: len(rows) for sheet, rows in self.rows.items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document), "utf-8")
