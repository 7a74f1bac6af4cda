"""What a scenario over time asks: steps at given hours, and the acts of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.risk.graph.compiled import CompiledGraph
from app.risk.jit import Array
from app.risk.outage.what_if import Rule


@dataclass(frozen=True, slots=True)
class Fail:
    """CIs fail; back after `hours` exactly, after their restore time once their needs are back (`modelled`), else when a step
    says so."""

    positions: Array
    hours: float | None = None
    modelled: bool = False


@dataclass(frozen=True, slots=True)
class Degrade:
    """CIs do no more than `share` (0 < share < 1) of their work, for `hours` or until they are restored."""

    positions: Array
    share: float
    hours: float | None = None


@dataclass(frozen=True, slots=True)
class Restore:
    """CIs whose own outage or degradation is over, as is a restart."""

    positions: Array


@dataclass(frozen=True, slots=True)
class Block:
    """Failovers of these CIs' groups do not work from here on: a failed active member leaves them down."""

    positions: Array


Act = Fail | Degrade | Restore | Block


@dataclass(frozen=True, slots=True)
class Step:
    """What happens at an hour. `compiled`: the estate from here on, of the same CIs, where groups change; None: as before."""

    at_hours: float
    acts: Sequence[Act] = ()
    compiled: CompiledGraph | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """`hours`: how far to look where something is never restored. `restarts`: CIs that only fell with a provider take their
    restart hours."""

    steps: Sequence[Step]
    restarts: bool = True
    hours: float = 72.0
    rule: Rule = "product"
