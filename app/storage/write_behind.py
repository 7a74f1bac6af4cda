"""A CompiledGraphCache that answers first and writes after: an entry can be loaded again at once, and lies on disk a little
later.

One thread writes, in the order of the calls; what waits is held in memory. A process that ends waits for it; one that is killed
loses cache entries only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

from app.ports.compiled_cache import CompiledGraphCache


class WriteBehind:
    """CompiledGraphCache in front of another."""

    def __init__(self, kept: CompiledGraphCache) -> None:
        self._kept = kept
        self._waiting: dict[tuple[int, str], Mapping[str, Any]] = {}
        self._lock = Lock()
        self._writer = ThreadPoolExecutor(1, "cache")

    def load(self, revision: int, purpose: str) -> Mapping[str, Any] | None:
        with self._lock:
            waiting = self._waiting.get((revision, purpose))
        return self._kept.load(revision, purpose) if waiting is None else waiting

    def save(self, revision: int, purpose: str, entry: Mapping[str, Any]) -> None:
        with self._lock:
            self._waiting[revision, purpose] = entry
        self._writer.submit(self._write, revision, purpose, entry)

    def drop(self, revision: int, purpose: str) -> None:
        self._writer.submit(self._kept.drop, revision, purpose)

    def revisions(self, purpose: str) -> Sequence[int]:
        with self._lock:
            waiting = {revision for revision, name in self._waiting if name == purpose}
        return sorted(waiting.union(self._kept.revisions(purpose)), reverse=True)

    def settle(self) -> None:
        """Waits until everything saved so far lies on disk."""
        self._writer.submit(lambda: None).result()

    def _write(self, revision: int, purpose: str, entry: Mapping[str, Any]) -> None:
        try:
            self._kept.save(revision, purpose, entry)
        finally:
            with self._lock:
                if self._waiting.get((revision, purpose)) is entry:
                    del self._waiting[revision, purpose]
