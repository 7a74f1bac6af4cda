"""What CIs with a fault weigh in the ranking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.quality import Finding
from app.usecases.assess import Assessed

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Scale:
    """Expected cost a year of each CI's outage in one measure, by position (NaN unknown); `total` over all, None: nothing is known."""

    made: Assessed
    measure: str
    values: Any
    total: float | None

    def impact(self, positions: Any) -> float | None:
        part = self.values[positions]
        known = part[~np.isnan(part)]
        return float(known.sum()) if len(known) else None

    def share(self, impact: float | None) -> float | None:
        return impact / self.total if impact is not None and self.total else None

    def examples(self, positions: Any) -> list[str]:
        """Keys of the costliest; equal ones in order of position."""
        worth = np.nan_to_num(self.values[positions], nan=-1.0)
        best = np.argsort(-worth, kind="stable")[:EXAMPLES]
        return [self.made.estate.key(int(position)) for position in np.asarray(positions)[best]]

    def finding(self, kind: str, mask: Any, of: int, effect: str, advice: str) -> Finding:
        """Of the CIs that a mask bool[N] names; `effect` may hold {share}."""
        positions = np.flatnonzero(mask)
        impact = self.impact(positions)
        share = self.share(impact)
        told = "an unknown share" if share is None else f"{share:.1%}"
        return Finding(kind, len(positions), of, impact, share, effect.format(share=told), advice, self.examples(positions))


def scale_of(made: Assessed, measure: str) -> Scale:
    values = np.asarray(made.totals.values()[measure], np.float64)
    return Scale(made, measure, values, made.totals.sums()[measure])
