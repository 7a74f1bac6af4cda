"""Keys and ids of CIs: a key is minted once, and whoever gets a key again gets its id with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.domain.json_columns import aliases_of_kind
from app.domain.rows import LedgerCi
from app.ports.graph_store import GraphStore


class Mint:
    def __init__(self, store: GraphStore, revision: int, next_ci_id: int) -> None:
        self._store, self._revision = store, revision
        self._empty = next_ci_id <= 1
        self.next_ci_id = next_ci_id
        self._given: dict[str, int] = {}
        self._keys: dict[int, str] = {}  # only where a key had to differ from the one asked for

    def ids(self, keys: Sequence[str], live: Iterable[int] = ()) -> list[int]:
        """Returns an id for each key: the one it had before, if it had one and no other CI goes on under it, else the next free
        one."""
        known = {} if self._empty else dict(self._store.ids_of_keys(self._revision, keys))
        taken = set(live)
        if known:
            taken.update(map(int, self._store.states(self._revision, sorted(set(known.values())))["ci_id"]))
        return [self._id(key, known.get(key), taken) for key in keys]

    def _id(self, key: str, known: int | None, taken: set[int]) -> int:
        if known is not None and known not in taken:
            return known
        if known is not None or key in self._given:
            key = self._other(key)
        ci_id = self.next_ci_id
        self.next_ci_id += 1
        if known is not None:
            self._keys[ci_id] = key
            self._given[key] = ci_id
        return ci_id

    def _other(self, key: str) -> str:
        """Returns the first free key beside one that still is that of a CI its record has left."""
        number = 2
        while f"{key}~{number}" in self._given or self._store.ids_of_keys(self._revision, [f"{key}~{number}"]):
            number += 1
        return f"{key}~{number}"

    def key_of(self, ci_id: int, asked: str) -> str:
        return self._keys.get(ci_id, asked)


def key_aliases(rows: Iterable[LedgerCi], own_keys: bool = False) -> list[str]:
    """Returns the keys that CI rows answer to beside their own; with `own_keys` their own as well."""
    keys = set[str]()
    for row in rows:
        if own_keys:
            keys.add(row.key)
        keys.update(aliases_of_kind(row.aliases, "key"))
    return sorted(keys)
