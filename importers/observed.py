"""What a call that was seen weighs: it was made, which proves no need.

| `calls` | a call is |
|---|---|
| `hard` (default) | a need: without the callee the caller stops. An upper bound, so no service looks safer than it is |
| `soft` | a part: without the callee the caller loses `call_weight` of its work (default 0.5) |
| `share` | where calls are counted: a need from `share_hard` (default 0.95) of the caller's requests on, below it a part of |
|  | as much weight as that share |
| `propose` | no need: it is put to a person as a proposal (`forestay proposals`), and does not enter the model before that |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.errors import InvalidInput

HARD, SOFT, SHARE, PROPOSE = "hard", "soft", "share", "propose"
SETTINGS = ("calls", "call_weight", "share_hard")
CALLS_SEEN = "calls_seen"  # attribute of a caller: what was seen and is only to be proposed
LEAST = 1e-6  # a weight of 0 would be no dependency


@dataclass(frozen=True, slots=True)
class Weighing:
    calls: str = HARD
    call_weight: float = 0.5
    share_hard: float = 0.95

    @property
    def proposes(self) -> bool:
        """Whether calls are put to a person, and are no dependencies."""
        return self.calls == PROPOSE

    def of(self, share: float | None = None) -> tuple[str, float | None]:
        """Returns kind and weight of a call that is made in a share of the caller's requests; where nobody counted (None) it is a
        need.

        >>> Weighing().of(0.1), Weighing("soft").of(0.1), Weighing("share").of(0.1), Weighing("share").of(0.97)
        (('hard', None), ('soft', 0.5), ('soft', 0.1), ('hard', None))
        >>> Weighing("share").of()
        ('hard', None)
        """
        if self.calls == SOFT:
            return "soft", self.call_weight
        if self.calls == SHARE and share is not None and share < self.share_hard:
            return "soft", max(float(f"{share:.2g}"), LEAST)
        return "hard", None


def weighing_of(kind: str, settings: Mapping[str, Any]) -> Weighing:
    calls = str(settings.get("calls", HARD))
    if calls not in (HARD, SOFT, SHARE, PROPOSE):
        raise InvalidInput(f"{kind}: calls is one of {HARD}, {SOFT}, {SHARE}, {PROPOSE}", field="calls")
    return Weighing(calls, _part(kind, settings, "call_weight", 0.5), _part(kind, settings, "share_hard", 0.95))


def calls_text(calls: Mapping[str, float | None]) -> str:
    """Returns callees, by their names in traces, and how often each was called, as one attribute.

    >>> calls_text({"orders": 120.0, "database pay": None})
    'database pay | orders=120'
    """
    return " | ".join(name if number is None else f"{name}={number:.0f}" for name, number in sorted(calls.items()))


def _part(kind: str, settings: Mapping[str, Any], name: str, default: float) -> float:
    try:
        value = float(settings.get(name, default))
    except (TypeError, ValueError):
        value = 0.0
    if not 0 < value <= 1:
        raise InvalidInput(f"{kind}: {name} is a number above 0 up to 1", field=name)
    return value
