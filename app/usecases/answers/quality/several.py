"""The CIs that several records tell of, the costliest first: what findings about disagreeing records look at."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from app.risk.first_order.data_quality import positions_of_known
from app.usecases.answers.conflicts import with_several_records
from app.usecases.answers.quality.weighing import Scale
from app.usecases.tools import Tools

LOOKED_AT = 20_000  # CIs with several records: some seconds


class Several(NamedTuple):
    """K CIs looked at, at most LOOKED_AT of `total`."""

    ids: Any  # int64[K]
    positions: Any  # int32[K]
    total: int

    @property
    def cut(self) -> str:
        """Says that not all CIs were compared; "" where all were."""
        if self.total <= len(self.ids):
            return ""
        return f" (of {self.total:,} CIs that several records tell of, the {len(self.ids):,} costliest were looked at)"


def costliest(scale: Scale, tools: Tools) -> Several:
    """Returns the assessed CIs that several records tell of, those that cost most a year first."""
    compiled, revision = scale.assessment.estate.compiled, scale.assessment.estate.revision.revision
    several = np.asarray(with_several_records(tools, revision), np.int64)
    known, positions = positions_of_known(compiled, several)
    order = np.argsort(-np.nan_to_num(scale.values[positions], nan=-1.0), kind="stable")[:LOOKED_AT]
    return Several(several[known][order], positions[order], len(several))
