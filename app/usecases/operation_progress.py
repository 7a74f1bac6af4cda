"""Progress of something long, as a share and a word; the listener may raise Cancelled."""

from __future__ import annotations

from typing import Protocol


class Cancelled(Exception):
    """The person who asked for the operation does not want it any more."""


class Listener(Protocol):
    def __call__(self, step: str, share: float) -> None: ...


def silent(step: str, share: float) -> None:
    """The listener that does nothing."""
