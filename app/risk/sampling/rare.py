"""Unavailability of one service, however rare: stratified sampling where that is enough, else tilted to its leading cuts."""

from __future__ import annotations

from app.risk.graph.subestate import Subestate
from app.risk.sampling.stratified import Rare, stratified
from app.risk.sampling.tilted import tilted


def rare_unavailability(cut: Subestate, seed: int, samples: int = 65_536, level: float = 0.95, threads: int = 1) -> Rare:
    """`stratified`, and `tilted` where that refuses or is wider than 10 % and the tilted interval is the narrower one.

    The result names its method, and says why where there is no number.

    Example by hand: 1 of a, b and c needed, U = 1e-6 each: no stratified sample of two failures holds three, tilted gives 1e-18.
    """
    plain = stratified(cut, seed, samples, level, threads)
    if not plain.refused and plain.interval.high - plain.interval.low <= 0.2 * plain.probability:
        return plain
    steered = tilted(cut, seed, samples, level, threads)
    if steered.refused:
        return plain
    if plain.refused or steered.interval.high - steered.interval.low < plain.interval.high - plain.interval.low:
        return steered
    return plain
