"""A source that holds a session at the server: the session is ended when a run has read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from app.ports.ci_source import SourceDifference, SourceSnapshot
from importers.lists.listed import Listed
from importers.lists.raw_lists import Lists


class ClosedAfter(Listed):
    def __init__(self, lists: Lists, full_hours: float, close: Callable[[], None]) -> None:
        super().__init__(lists, full_hours)
        self._close = close

    def check(self) -> Sequence[str]:
        try:
            return super().check()
        finally:
            self._close()

    def read(self, folder: Path) -> SourceSnapshot:
        try:
            return super().read(folder)
        finally:
            self._close()

    def difference(self, folder: Path) -> SourceDifference | None:
        try:
            return super().difference(folder)
        finally:
            self._close()
