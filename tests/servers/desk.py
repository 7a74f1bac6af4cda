"""A source on a stub server with a ledger of its own: what a test of an importer syncs and looks at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from app.storage.sqlite_store import SqliteStore
from app.storage.workbench import LocalWorkbench
from app.usecases.sync_source import Bench, SyncSettings, Terms, sync_source
from importers.http.client import Outbound, Patience
from importers.registry import open_source
from tests.servers.running import Running

QUICK = Patience(sleep=lambda seconds: None, silence=5.0)


class Synced:
    """A source and a ledger in a folder of their own."""

    def __init__(self, home: Path, kind: str, source: Any) -> None:
        home.mkdir(exist_ok=True)
        self.home, self.kind, self.source, self.number = home, kind, source, 0
        self.store = SqliteStore(home / "store.db")

    def sync(self, **options: Any) -> Any:
        self.number += 1
        bench = Bench(self.store, LocalWorkbench(), self.home / "staging", self.home / "spool")
        given = SyncSettings(self.kind, 1, str(self.number))
        return sync_source(bench, self.source, given, Terms(**{"approve": True, **options}))

    def load(self, noun: str, *names: str) -> list[tuple[Any, ...]]:
        columns = self.store.load_columns(self.store.current().revision, noun)
        return sorted(zip(*([columns[name][row] for row in range(len(columns[name]))] for name in names), strict=True), key=repr)

    def facts(self, *names: str) -> dict[str, tuple[Any, ...]]:
        """Columns of each CI by its name."""
        return {row[0]: row[1:] for row in self.load("ci", "name", *names)}

    def names(self) -> dict[int, str]:
        return {int(number): name for number, name in self.load("ci", "ci_id", "name")}

    def needs(self) -> set[tuple[str, str, str]]:
        """Dependent, provider, kind."""
        names, rows = self.names(), self.load("dependency", "dependent_id", "provider_id", "kind")
        return {(names[int(a)], names[int(b)], kind) for a, b, kind in rows}

    def weights(self) -> dict[tuple[str, str], float]:
        names, rows = self.names(), self.load("dependency", "dependent_id", "provider_id", "weight")
        return {(names[int(a)], names[int(b)]): float(weight) for a, b, weight in rows}

    def groups(self) -> dict[str, tuple[int, str, int]]:
        """By the dependent's name: needed, kind, number of members."""
        names, rows = self.names(), self.load("redundancy_group", "dependent_id", "needed", "kind", "members")
        return {names[int(ci)]: (int(needed), kind, len(json.loads(members))) for ci, needed, kind, members in rows}

    def close(self) -> None:
        self.store.close()


class Desk(Synced):
    """`clients(source)`: the clients of an opened source, so that they do not wait in tests. A setting "{url}" is the stub's
    address."""

    def __init__(
        self, home: Path, kind: str, stub: Any, settings: dict[str, Any], clients: Any, patience: Patience = QUICK
    ) -> None:
        self.stub, self.server = stub, Running(stub)
        given = {
            name: self.server.url if value == "{url}" else value for name, value in settings.items() if value not in ("", None)
        }
        super().__init__(home, kind, open_source(kind, self.server.url, given, Outbound(["localhost"])))
        for client in clients(self.source):
            client.patience = patience

    def close(self) -> None:
        super().close()
        self.server.close()
