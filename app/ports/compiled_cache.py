"""CompiledGraphCache: what was computed from a revision, kept on disk so that every process shares one copy and a restart is
instant.

It is only a cache: an entry may be gone at any time, and each belongs to one (revision, purpose). The purpose names what was made
and under which options and code version; the cache compares it and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class CompiledGraphCache(Protocol):
    def load(self, revision: int, purpose: str) -> Mapping[str, Any] | None:
        """Returns the entry, with memory-mapped arrays whose writes stay in the process; None when there is none or it is damaged
        (it is dropped then)."""
        ...

    def save(self, revision: int, purpose: str, entry: Mapping[str, Any]) -> None:
        """Keeps named arrays, `Categorical`, `Texts` and strings. Readers see the whole entry or none; the newest few of each
        purpose stay. One that cannot be written (a full disk) is left out without harm."""
        ...

    def drop(self, revision: int, purpose: str) -> None:
        """Removes an entry, if it is there."""
        ...

    def revisions(self, purpose: str) -> Sequence[int]:
        """Revisions with an entry for this purpose, newest first."""
        ...

    def settle(self) -> None:
        """Waits until everything saved so far can be loaded by other processes."""
        ...
