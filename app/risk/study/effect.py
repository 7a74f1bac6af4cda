"""How sure the effect of a change is: rates and restore times that are not known are drawn alike for before and after.

A CI that measures made (a twin, a common cause) has the draw of the CI it was made of. First order: a loss follows its rate and,
within the range of a restore time, its restore time in proportion.
"""

from __future__ import annotations

import numpy as np

from app.risk.jit import Array
from app.risk.study.uncertainty import Ranges, rate_factors, repair_factors

DRAWS = 400
SEED = 0


def effect_range(
    ranges: Ranges, ci_id: Array, rows: Array, less: Array, draws: int = DRAWS, seed: int = SEED
) -> tuple[float, float]:
    """5 % and 95 % of the loss taken away a year: the sum over the CIs `rows` (positions of the estate before, which may repeat)
    of what each loses less, `less` float64[len(rows)], times the draw of the CI.

    Example by hand: one CI whose rate and restore time are known: 100 to 100.
    """
    if not len(rows):
        return 0.0, 0.0
    every, back = np.unique(rows, return_inverse=True)
    sums = np.bincount(back, weights=less, minlength=len(every))
    factors = rate_factors(ranges, ci_id, every, draws, seed) * repair_factors(ranges, ci_id, every, draws, seed)
    low, high = np.quantile(sums @ factors, [0.05, 0.95])
    return float(low), float(high)
