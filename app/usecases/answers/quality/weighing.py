"""What CIs with a fault weigh in the ranking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from app.domain.quality import Finding
from app.usecases.assess import Assessed

EXAMPLES = 5


class Fault(NamedTuple):
    """One sort of fault in words: what it is called, what it does to the answers, and what mends it."""

    kind: str
    effect: str
    advice: str


@dataclass(frozen=True, slots=True)
class Scale:
    """Expected cost a year of each CI's outage in one measure, by position (NaN unknown); `total` over all, None: nothing is
    known."""

    assessment: Assessed
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
        """Returns the keys of the costliest; equal ones in order of position."""
        worth = np.nan_to_num(self.values[positions], nan=-1.0)
        best = np.argsort(-worth, kind="stable")[:EXAMPLES]
        return [self.assessment.estate.key(int(position)) for position in np.asarray(positions)[best]]

    def finding(self, fault: Fault, mask: Any, of: int) -> Finding:
        """The finding of a fault that the CIs in `mask` (bool[N]) have, out of `of`.

        `{share}` in its effect becomes their share of the loss.
        """
        positions = np.flatnonzero(mask)
        impact = self.impact(positions)
        share = self.share(impact)
        effect = fault.effect.format(share="an unknown share" if share is None else f"{share:.1%}")
        return Finding(fault.kind, len(positions), of, impact, share, effect, fault.advice, self.examples(positions))


def scale_of(assessment: Assessed, measure: str) -> Scale:
    values = np.asarray(assessment.totals.values()[measure], np.float64)
    return Scale(assessment, measure, values, assessment.totals.sums()[measure])
