"""Counters for rate limits, in this process: fixed windows that are cleared as they run out. It starts no timer thread; the
library's own memory storage starts one for nearly every request."""

from __future__ import annotations

import threading
import time

from limits.storage import Storage

SWEEP_EVERY = 60.0


class Counters(Storage):
    STORAGE_SCHEME = ["forestay"]  # noqa: RUF012 - the library reads it as a list

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **_: str) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._held: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()
        self._swept = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = time.time()
        with self._lock:
            if now - self._swept > SWEEP_EVERY:
                self._held = {name: held for name, held in self._held.items() if held[1] > now}
                self._swept = now
            count, until = self._held.get(key, (0, 0.0))
            count, until = (count + amount, until) if until > now else (amount, now + expiry)
            self._held[key] = (count, until)
            return count

    def get(self, key: str) -> int:
        count, until = self._held.get(key, (0, 0.0))
        return count if until > time.time() else 0

    def get_expiry(self, key: str) -> float:
        return self._held.get(key, (0, time.time()))[1]

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        with self._lock:
            count = len(self._held)
            self._held.clear()
        return count

    def clear(self, key: str) -> None:
        with self._lock:
            self._held.pop(key, None)
