"""Checks that dependencies begin between CIs that hold, as Neo4j does, where a relation without its nodes can't be."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from app.domain.errors import Conflict

Ids = np.ndarray[Any, np.dtype[np.int64]]


class KnownEnds:
    """The CIs that a pending revision is known to hold, so that a bulk write looks each CI up once. They are forgotten when CIs
    end, when a revision begins anew, and when somebody else wrote in between, which the numbers of the writes show."""

    def __init__(self) -> None:
        self._revision, self._write = 0, 0
        self._known: Ids = np.zeros(0, np.int64)

    def follow(self, revision: int, n: int, cis_end: bool) -> None:
        if cis_end or revision != self._revision or n <= 1 or n not in (self._write, self._write + 1):
            self._known = np.zeros(0, np.int64)
        self._revision, self._write = revision, n

    def check(self, columns: Mapping[str, Any], lost_ends: Callable[[str], list[Any]]) -> None:
        """Raises Conflict where a dependency names a CI that does not hold."""
        ids = np.unique(np.concatenate([columns["dependent_id"], columns["provider_id"]]))
        place = np.minimum(np.searchsorted(self._known, ids), max(len(self._known) - 1, 0))
        new = ids[self._known[place] != ids] if len(self._known) else ids
        if not len(new):
            return
        lost = [row[0] for row in lost_ends(json.dumps(new.tolist()))]
        if lost:
            count = int((np.isin(columns["dependent_id"], lost) | np.isin(columns["provider_id"], lost)).sum())
            raise Conflict(f"{count} dependencies name a CI that does not hold")
        self._known = np.sort(np.concatenate([self._known, new]), kind="stable")
