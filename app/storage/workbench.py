"""The local tools of a sync: staging file, lock and column comparison."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from app.storage.compare import ColumnComparison
from app.storage.staging import OneAtATime, StagingFile


class LocalWorkbench:
    def __init__(self) -> None:
        self.compare = ColumnComparison()

    def staging(self, path: Path) -> StagingFile:
        return StagingFile(path)

    def one_at_a_time(self, folder: Path) -> AbstractContextManager[object]:
        return OneAtATime(folder)
