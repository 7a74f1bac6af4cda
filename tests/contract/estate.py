"""Rows of the ledger by a word: what a contract test writes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.domain.columns import Batch, Categorical, Texts
from app.domain.nouns import NOUNS

ROOT = Path(__file__).parents[2]
DEFAULTS: dict[str, dict[str, Any]] = {
    "ci": {"ci_class": "server", "raw_class": "cmdb_ci_server", "lifecycle": "active", "is_service": 0, "attributes": "{}"},
    "dependency": {"kind": "hard", "source_id": 1},
    "redundancy_group": {"kind": "ordinary", "needed": 1, "source_id": 1},
    "exposure": {"source_id": 1, "currency": "EUR"},
    "incident": {"source_id": 1, "started_at": 1_700_000_000, "root_cause": 1},
    "observation": {"source_id": 1, "observed_from": 1_600_000_000, "observed_until": 1_700_000_000},
    "open_need": {"source_id": 1, "kind": "dependency", "needs": 1},
    "source_record": {"source_id": 1, "content_hash": -5, "payload": "{}"},
}


def ci(ci_id: int, name: str = "", aliases: Sequence[tuple[str, str]] = (), **fields: Any) -> dict[str, Any]:
    pairs = json.dumps(sorted([list(alias) for alias in aliases])) if aliases else ""
    return {"ci_id": ci_id, "key": f"cmdb:server:{ci_id}", "name": name or f"srv-{ci_id}", "aliases": pairs, **fields}


def columns(noun: str, rows: Sequence[Mapping[str, Any]], names: Sequence[str] | None = None) -> dict[str, list[Any]]:
    types = NOUNS[noun].types()
    return {
        name: [row.get(name, DEFAULTS[noun].get(name, "" if types[name] == "TEXT" else None)) for row in rows]
        for name in (names or NOUNS[noun].names())
    }


def batch(noun: str, begun: Sequence[Mapping[str, Any]] = (), ended: Sequence[Mapping[str, Any]] = ()) -> Batch:
    return Batch(noun, columns(noun, begun) if begun else {}, columns(noun, ended, NOUNS[noun].identity) if ended else {})


def revise(store: Any, *batches: Batch, operation_id: str = "") -> int:
    """Write and publish one revision."""
    base = store.current().revision
    opened = store.open_revision(operation_id or f"operation {base + 1}", base)
    for n, one in enumerate(batches, start=1):
        store.write(opened.revision, n, one)
    return int(store.publish(opened.revision, base, {"ci": 100}).revision)


def rows_of(answer: Mapping[str, Any], *names: str) -> list[tuple[Any, ...]]:
    """An answer as tuples, for comparison with literals."""
    lists = to_lists(answer)
    return list(zip(*(lists[name] for name in names or lists), strict=True))


def table(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """An answer as rows without what is absent."""
    lists = to_lists(answer)
    return [
        {name: value for name, value in zip(lists, row, strict=True) if value not in (None, "")}
        for row in zip(*lists.values(), strict=True)
    ]


def to_lists(columns: Mapping[str, Any]) -> dict[str, list[Any]]:
    """As plain lists with None for absent."""
    return {name: _to_list(column) for name, column in columns.items()}


def _to_list(column: Any) -> list[Any]:
    if isinstance(column, (Categorical, Texts)):
        return [column[row] for row in range(len(column))]
    if column.dtype.kind == "f":
        return [None if absent else value for value, absent in zip(column.tolist(), np.isnan(column).tolist(), strict=True)]
    return [None if value == -1 else value for value in column.tolist()]


DIES = """
import os, signal, sys
from pathlib import Path
from app.storage.sqlite_store import SqliteStore

store = SqliteStore(Path(sys.argv[1]))
store.put("note", "kept", "old")
store.connection.execute("PRAGMA cache_size = 5")
store.connection.execute("BEGIN IMMEDIATE")
lost = ((f"{number:06}", "x" * 500) for number in range(1000))
store.connection.executemany("INSERT INTO document (kind, key, version, body) VALUES ('lost', ?, 1, ?)", lost)
os.kill(os.getpid(), signal.SIGKILL)
"""


def write_and_die(path: Path) -> None:
    """A process is killed in the middle of a transaction larger than its cache, so that a journal with old pages stands beside
    its database."""
    assert subprocess.run([sys.executable, "-c", DIES, str(path)], cwd=ROOT, timeout=60).returncode == -signal.SIGKILL
    journals = [path.with_name(path.name + ending) for ending in ("-journal", "-wal")]
    assert any(journal.exists() and journal.stat().st_size for journal in journals)
