"""The CIs that several records tell of, the costliest first: what findings about disagreeing records look at."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from app.ports.documents import Documents
from app.ports.graph_store import GraphStore
from app.risk.first_order.data_quality import positions_of_known
from app.usecases.answers.conflicts import with_several_records
from app.usecases.answers.quality.weighing import Scale

LOOKED_AT = 20_000  # CIs with several records: some seconds


class Several(NamedTuple):
    """K CIs looked at, at most LOOKED_AT of `total`."""

    ids: Any  # int64[K]
    positions: Any  # int32[K]
    total: int

    @property
    def cut(self) -> str:
        """That not all were looked at; "" where all were."""
        if self.total <= len(self.ids):
            return ""
        return f" (of {self.total:,} CIs that several records tell of, the {len(self.ids):,} costliest were looked at)"


def costliest(scale: Scale, store: GraphStore, documents: Documents) -> Several:
    """The assessed CIs that several records tell of, those that cost most a year first."""
    compiled, revision = scale.made.estate.compiled, scale.made.estate.revision.revision
    several = np.asarray(with_several_records(store, documents, revision), np.int64)
    known, positions = positions_of_known(compiled, several)
    order = np.argsort(-np.nan_to_num(scale.values[positions], nan=-1.0), kind="stable")[:LOOKED_AT]
    return Several(several[known][order], positions[order], len(several))
