"""The answer to a replay: what the model would have foretold of the incidents on record, against what was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.results import Stamp


@dataclass(frozen=True, slots=True)
class ReplayRow:
    """One episode: incidents with a root cause whose times overlap. `predicted`: services that stop while these CIs are down, by
    the model; `recorded`: services with an incident of their own, marked as no root cause, that began meanwhile. `sentence` says
    which were both, `missed` (recorded, not predicted) or `surplus` (predicted, not recorded)."""

    started_at: str
    ended_at: str
    incidents: Sequence[str]
    cis: Sequence[str]
    predicted: int
    recorded: int
    right: int
    missed: Sequence[str]
    surplus: Sequence[str]
    sentence: str


@dataclass(frozen=True, slots=True)
class Replay:
    """`precision`: share of the predicted services that were recorded; `recall`: share of the recorded ones that were predicted;
    None where there are none. Totals are of all episodes; rows are those in which any service was predicted or recorded, the most
    wrong first. `recorded_elsewhen`: incidents of services that began in no episode, so no cause of theirs is on record.
    `left_out`: incidents of CIs that are not assessed, or that nobody closed."""

    stamp: Stamp
    sentence: str
    incidents: int
    episodes: int
    episodes_total: int
    predicted: int
    recorded: int
    right: int
    precision: float | None
    recall: float | None
    recorded_elsewhen: int
    left_out: int
    items: Sequence[ReplayRow]
    limit: int
    truncated: bool
    next: str | None
