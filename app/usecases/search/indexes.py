"""The index of each revision: in memory, on disk (one file for all processes), or made in the background when first asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np
import structlog

from app.domain.errors import ForestayError
from app.domain.nouns import CI
from app.ports.compiled_cache import CompiledGraphCache
from app.ports.graph_store import Revision
from app.usecases.assess import assessed
from app.usecases.search.index import NOTHING, SearchIndex, build_index

if TYPE_CHECKING:
    from app.usecases.tools import Tools

KEPT_IN_MEMORY = 3
AT_ONCE = 20_000  # CIs whose index is made while the question waits
PURPOSE = "search-1"  # the number is raised when terms are made otherwise
COLUMNS = ("ci_id", "key", "name", "ci_class", "aliases")
MEASURES = ("customer_hours_per_year", "money_per_year", "service_hours_per_year", "services_hit")  # ranked by, in this order


def kept_index(cache: CompiledGraphCache, revision: int, settings: str) -> SearchIndex:
    """Returns the index that lies on disk, or one of no CIs."""
    arrays = cache.load(revision, f"{PURPOSE}-{settings}")
    return NOTHING if arrays is None else SearchIndex.from_arrays(arrays)


class SearchIndexes:
    """Keeps the last few indexes in memory; one thread makes a large one while searches are answered from the store."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._kept: OrderedDict[tuple[int, str], SearchIndex] = OrderedDict()
        self._lock = threading.Lock()
        self._making: threading.Thread | None = None

    def at(self, revision: Revision) -> SearchIndex | None:
        """Returns the index of a revision; None where it is large and still being made."""
        settings = self._tools.estates.settings_at(revision)
        kept = self._kept.get((revision.revision, settings))
        if kept is not None:
            return kept
        found = kept_index(self._tools.cache, revision.revision, settings)
        if len(found):
            return self._keep(revision.revision, settings, found)
        if revision.counters.get(CI.name, 0) <= AT_ONCE:
            return self.make(revision.revision)
        with self._lock:
            if self._making is None or not self._making.is_alive():
                self._making = threading.Thread(target=self._make_quietly, args=(revision.revision,), daemon=True)
                self._making.start()
        return None

    def make_ready(self, revision: Revision) -> None:
        """Makes the index of a revision, where it is so large that a search would not wait for it, and keeps it on disk."""
        if revision.counters.get(CI.name, 0) > AT_ONCE:
            self.make(revision.revision)

    def make_small(self, revision: Revision) -> None:
        """Makes the index of a revision that is so small that a search would wait for it, where there is none yet."""
        if revision.counters.get(CI.name, 0) <= AT_ONCE:
            self.at(revision)

    def make(self, revision: int) -> SearchIndex:
        """Makes and keeps the index of a revision; ranked as its assessment has it."""
        assessment = assessed(self._tools.estates, self._tools.cache, revision)
        estate = assessment.estate
        columns = self._tools.store.load_columns(revision, CI.name, COLUMNS)
        ids = np.asarray(columns["ci_id"])
        known = len(estate.compiled) - len(estate.causes)  # common causes, whose numbers are the highest, are no CIs
        rows = np.searchsorted(ids, estate.compiled.sorted_ci_id[:known])
        impact = {name: np.full(len(ids), np.nan) for name in MEASURES}
        for name, column in assessment.totals.values().items():
            impact[name][rows] = column[estate.compiled.sorted_position[:known]]
        order = np.lexsort((ids, *(-np.nan_to_num(impact[name], nan=-1.0) for name in reversed(MEASURES))))
        index = build_index(columns, impact, order)
        self._tools.cache.save(revision, f"{PURPOSE}-{estate.fingerprint}", index.to_arrays())
        return self._keep(revision, estate.fingerprint, index)

    def _make_quietly(self, revision: int) -> None:
        try:
            self.make(revision)
        except ForestayError as error:  # the next search tries again
            structlog.get_logger().warning("the index for searches could not be made", revision=revision, error=error.message)

    def _keep(self, revision: int, settings: str, index: SearchIndex) -> SearchIndex:
        with self._lock:
            self._kept[revision, settings] = index
            while len(self._kept) > KEPT_IN_MEMORY:
                self._kept.popitem(last=False)
        return index
