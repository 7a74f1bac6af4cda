"""The ledger as plain Python, and random histories to try on it and on a store."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from app.domain.nouns import NOUNS
from tests.contract.estate import batch, ci

IDENTITY = {name: noun.identity for name, noun in NOUNS.items()}


class Ledger:
    """Every revision as whole tables: identity -> row."""

    def __init__(self) -> None:
        self.revisions: list[dict[str, dict[tuple[Any, ...], dict[str, Any]]]] = [{name: {} for name in NOUNS}]

    def publish(self, changes: Mapping[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]]) -> None:
        new = {name: dict(rows) for name, rows in self.revisions[-1].items()}
        for noun, (begun, ended) in changes.items():
            for row in ended:
                del new[noun][key(noun, row)]
            for row in begun:
                new[noun][key(noun, row)] = row
        self.revisions.append(new)

    def rows(self, revision: int, noun: str) -> list[dict[str, Any]]:
        rows = self.revisions[revision][noun]
        return [row for _, row in sorted(rows.items())]

    def changes(self, a: int, b: int, noun: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Rows told apart as objects: a row written again with the same content has begun anew."""
        before, after = self.revisions[a][noun], self.revisions[b][noun]
        begun = [row for identity, row in sorted(after.items()) if before.get(identity) is not row]
        ended = [row for identity, row in sorted(before.items()) if after.get(identity) is not row]
        return begun, ended


def key(noun: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in IDENTITY[noun])


def full(noun: str, row: dict[str, Any]) -> dict[str, Any]:
    """The row with its defaults, without what is absent: as a store hands it back."""
    columns = batch(noun, [row]).begun
    return {name: column[0] for name, column in columns.items() if column[0] not in (None, "")}


def random_changes(rng: random.Random, ledger: Ledger, mint: list[int]) -> dict[str, Any]:
    """CIs come, change, go and come back; what hangs on them goes first."""
    now = {noun: dict(rows) for noun, rows in ledger.revisions[-1].items()}
    cis: dict[tuple[Any, ...], dict[str, Any]] = now["ci"]
    gone = [c for c in cis if rng.random() < 0.1]
    changed = [c for c in cis if c not in gone and rng.random() < 0.2]
    again = [n for n in range(1, mint[0]) if (n,) not in cis and rng.random() < 0.3]
    new = list(range(mint[0], mint[0] + rng.randint(0, 3)))
    mint[0] += len(new)
    begun = [full("ci", _random_ci(rng, n)) for n in [*new, *again, *(c[0] for c in changed)]]
    alive = sorted({row["ci_id"] for row in begun} | {c[0] for c in cis if c not in gone})
    changes: dict[str, Any] = {"ci": (begun, [cis[c] for c in (*gone, *changed)])}
    for noun, make in MAKERS.items():
        held = now[noun]
        ended = [row for row in held.values() if not _names(noun, row) <= set(alive) or rng.random() < 0.25]
        rest = {key(noun, row) for row in held.values() if row not in ended}
        fresh = {key(noun, row): row for row in (full(noun, make(rng, alive)) for _ in range(rng.randint(0, 4)) if alive)}
        changes[noun] = ([row for identity, row in fresh.items() if identity not in rest], ended)
    return changes


def _random_ci(rng: random.Random, n: int) -> dict[str, Any]:
    aliases = [(rng.choice(["ip", "serial"]), f"{rng.choice('aAbB')}{rng.randint(0, 3)}") for _ in range(rng.randint(0, 2))]
    fields = {"ci_class": rng.choice(["server", "database", "nonsense", "site"]), "is_service": rng.randint(0, 1)}
    return ci(
        n,
        rng.choice(["Web", "db", "ÄÖ", ""]),
        aliases,
        team=rng.choice(["T1", "T2", None]),
        supplier=rng.choice(["A", "A + B", None]),
        **fields,
    )


def _random_link(rng: random.Random, alive: list[int]) -> dict[str, Any]:
    ends = {"dependent_id": rng.choice(alive), "provider_id": rng.choice(alive)}
    return {
        **ends,
        "kind": rng.choice(["hard", "soft", "supply"]),
        "source_id": rng.randint(1, 2),
        "weight": rng.choice([None, 0.5]),
    }


def _random_group(rng: random.Random, alive: list[int]) -> dict[str, Any]:
    number = rng.randint(1, 6)
    members = sorted(rng.sample(alive, min(len(alive), rng.randint(1, 3))))
    return {"group_id": number, "key": f"s:{number}", "dependent_id": rng.choice(alive), "members": str(members)} | {
        "common_cause_share": rng.choice([None, 0.1]), "common_cause_unavailability": rng.choice([None, 1e-6]),
    }  # fmt: skip


def _random_record(rng: random.Random, alive: list[int]) -> dict[str, Any]:
    return {
        "source_id": rng.randint(1, 2),
        "source_key": f"server:{rng.randint(1, 9)}",
        "ci_id": rng.choice(alive),
        "content_hash": rng.getrandbits(40),
    }


def _random_exposure(rng: random.Random, alive: list[int]) -> dict[str, Any]:
    return {"ci_id": rng.choice(alive), "source_id": rng.randint(1, 2), "customers": rng.choice([None, 5.0])} | {
        "customer_population": rng.choice([None, "buyers", "sellers"])
    }


def _random_need(rng: random.Random, alive: list[int]) -> dict[str, Any]:
    return {"source_id": rng.randint(1, 2), "need_key": f"dependency {rng.randint(1, 5)}", "needs": rng.randint(0, 2)} | {
        "dependent_id": rng.choice([None, *alive]), "text": "shop -> db", "reason": "no CI answers to 'db'", "statement": "{}",
    }  # fmt: skip


MAKERS = {
    "dependency": _random_link,
    "redundancy_group": _random_group,
    "exposure": _random_exposure,
    "open_need": _random_need,
    "source_record": _random_record,
}


def _names(noun: str, row: Mapping[str, Any]) -> set[int]:
    """The CIs a row hangs on."""
    members = {int(part) for part in row.get("members", "[]").strip("[]").split(",") if part.strip()}
    return {row[name] for name in ("dependent_id", "provider_id", "ci_id") if name in row} | members
