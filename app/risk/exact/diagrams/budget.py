"""What an exact answer may cost, and what is answered in its place beyond that."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one service: nodes of one decision diagram, seconds for all of them, cut sets to enumerate one by one.

    Beyond nodes or seconds the answer is a certified interval; what would need more cut sets says so instead.

    >>> Budget().nodes
    4000000
    """

    nodes: int = 4_000_000
    seconds: float = 30.0
    cut_sets: int = 100_000
