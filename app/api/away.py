"""While the store is away: reads are answered from what was kept of it, marked with its age; writes are refused (503).

The first request that finds the store away begins it; a thread asks the store every second and ends it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import wraps
from typing import Any

import structlog
from flask import Flask, current_app, g

from app.bootstrap import Forestay
from app.domain.errors import ForestayError, StoreUnavailable
from app.ports.graph_store import Revision

ASK_EVERY, KEEP_EVERY = 1.0, 15.0  # seconds
READS = frozenset({"read", "simulate"})  # permissions of views that write nothing but what they answer


class Away:
    """Whether the store answers this process, and what stands in for it."""

    def __init__(self, forestay: Forestay) -> None:
        self._forestay = forestay
        self._lock = threading.Lock()
        self.since: datetime | None = None
        self.known: tuple[Forestay, Revision, datetime] | None = None

    def begin(self) -> None:
        with self._lock:
            if self.since is not None:
                return
            self.known = self._forestay.known()
            self.since = datetime.now(UTC)
            structlog.get_logger().warning("the store does not answer", stands_in=self.known is not None)
            threading.Thread(target=self._until_it_answers, daemon=True).start()

    def end(self) -> None:
        with self._lock:
            self.since = self.known = None
        structlog.get_logger().info("the store answers again")

    def _until_it_answers(self) -> None:
        while self.since is not None:
            time.sleep(ASK_EVERY)
            with suppress(ForestayError):
                self._forestay.store.current()
                self.end()


def _state() -> Away:
    return current_app.extensions["away"]  # type: ignore[no-any-return]


def is_away() -> bool:
    return _state().since is not None


def begin() -> None:
    _state().begin()


def warning() -> str:
    """Returns what every answer says while the store is away; "" otherwise."""
    stands: tuple[Forestay, Revision, datetime] | None = g.get("stands_in")
    if stands is None:
        return ""
    _, revision, read_at = stands
    since: datetime = g.away_since
    minutes = (datetime.now(UTC) - read_at).total_seconds() / 60
    return (
        f"the store does not answer since {since:%Y-%m-%d %H:%M} UTC: this is as of revision {revision.revision}, read "
        f"{minutes:.0f} min ago; what was reported since, and what sources said of single CIs, is not in it"
    )


def stand_in(app: Flask, forestay: Forestay) -> None:
    """Lets every view that only reads answer from what was kept, while the store is away."""
    app.extensions["away"] = Away(forestay)
    for endpoint, view in app.view_functions.items():
        if getattr(view, "permission", "") in READS and endpoint not in ("operate.state", "operate.metrics", "web.sign_out"):
            app.view_functions[endpoint] = _answering(view)


def _answering(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Any:
        state = _state()
        if state.since is None:
            try:
                return view(*args, **kwargs)
            except StoreUnavailable:
                state.begin()
        known, since = state.known, state.since
        if known is None:  # nothing was kept, or the store has just come back
            return view(*args, **kwargs)
        g.stands_in, g.away_since = known, since or datetime.now(UTC)
        return view(*args, **kwargs)

    return answer


def keep_known(forestay: Forestay) -> None:
    """Keeps what stands in for the store, now and whenever it changed, as long as the process lives; for the doors that serve."""
    threading.Thread(target=_keep, args=(forestay,), daemon=True).start()


def _keep(forestay: Forestay) -> None:
    while True:
        with suppress(ForestayError, OSError):
            forestay.keep_known()
        time.sleep(KEEP_EVERY)
