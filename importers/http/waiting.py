"""Decides when a failed request is tried again, and after how long."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from app.domain.errors import SourceFailed

AGAIN = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a source is waited for: `tries` of one request in all; pauses of `pause`, twice that, ... seconds with up to half
    as much again by chance, never above `longest`. A `Retry-After` is obeyed up to `asked`; a server that asks for more is given
    up. `connect` and `silence`: seconds without a connection or a byte; `answer`: seconds for a whole answer."""

    tries: int = 5
    pause: float = 0.5
    longest: float = 20.0
    asked: float = 900.0
    connect: float = 5.0
    silence: float = 60.0
    answer: float = 300.0
    sleep: Callable[[float], None] = time.sleep

    def wait(self, number: int, where: str, headers: Mapping[str, str]) -> None:
        """Waits before try `number` + 1."""
        wanted = asked_seconds(headers.get("retry-after", ""))
        if wanted is not None and wanted > self.asked:
            raise SourceFailed(f"{where} asks to wait {wanted:,.0f} s, longer than the {self.asked:,.0f} s that are waited for")
        pause = min(self.longest, self.pause * 2 ** (number - 1)) * (1 + random.random() / 2)
        self.sleep(min(pause, self.longest) if wanted is None else wanted)


def asked_seconds(text: str, now: float | None = None) -> float | None:
    """Returns a `Retry-After`, given in seconds or as an HTTP date, in seconds; None where it is neither.

    >>> asked_seconds("120"), asked_seconds("Wed, 21 Oct 2026 07:28:00 GMT", 1792567620.0), asked_seconds("soon")
    (120.0, 60.0, None)
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None
    return max(0.0, at - (time.time() if now is None else now))
