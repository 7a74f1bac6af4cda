"""WriteBehind: an entry is had again at once, lies on disk a little later, and a failing disk takes nothing away from the
answer."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from app.storage.compiled_files import CompiledFiles
from app.storage.write_behind import WriteBehind


class Slow(CompiledFiles):
    """Holds every write until it is let go."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.gate = threading.Event()

    def save(self, revision: int, purpose: str, entry: Mapping[str, Any]) -> None:
        assert self.gate.wait(10)
        super().save(revision, purpose, entry)


def test_an_entry_is_there_before_it_is_written(tmp_path: Path) -> None:
    slow = Slow(tmp_path)
    cache = WriteBehind(slow)
    cache.save(3, "columns", {"x": np.arange(4)})
    assert slow.load(3, "columns") is None
    assert cache.revisions("columns") == [3]
    found = cache.load(3, "columns")
    assert found is not None and found["x"].tolist() == [0, 1, 2, 3]
    slow.gate.set()
    cache.settle()
    written = slow.load(3, "columns")
    assert written is not None and written["x"].tolist() == [0, 1, 2, 3]
    assert cache.revisions("columns") == [3]
