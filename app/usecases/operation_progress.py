"""Progress of something long: a share and a word; the one who listens may raise Cancelled."""

from __future__ import annotations

from typing import Protocol


class Cancelled(Exception):
    """The person who asked for it does not want it any more."""


class Listener(Protocol):
    def __call__(self, step: str, share: float) -> None: ...


def silent(step: str, share: float) -> None:
    """Nobody listens."""
