"""A store that did not answer when its process started: opened when it first answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from app.domain.errors import StoreUnavailable

PAUSE_SECONDS = 1.0  # between two tries


class LateStore:
    """Hands every call on to the store, once it opens; StoreUnavailable until then."""

    def __init__(self, opened: Callable[[], Any]) -> None:
        self._open, self._store, self._tried = opened, None, 0.0
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if self._store is None:
                if time.monotonic() - self._tried < PAUSE_SECONDS:
                    raise StoreUnavailable("the store does not answer since this process started")
                try:
                    self._store = self._open()
                finally:
                    self._tried = time.monotonic()
        return getattr(self._store, name)

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
