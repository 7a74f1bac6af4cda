"""The index of each revision: in memory, or on disk (one folder for all processes).

A large one is made after the assessment, by the runner when no job waits, or at the end of the command that assessed; until it is
there searches are answered from the store. Where nobody makes it, a thread does that was asked for it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog

from app.domain.errors import ForestayError
from app.domain.nouns import CI
from app.ports.compiled_cache import CompiledGraphCache
from app.ports.graph_store import Revision
from app.risk.intake.carry_forward import carry_forward
from app.usecases.assess import ASSESSMENTS, Assessed, assessed, assessment_name
from app.usecases.estate import CHANGES_WORTH_CARRYING
from app.usecases.search.build import COLUMNS, NOTHING, build_index, carried_index
from app.usecases.search.index import SearchIndex

if TYPE_CHECKING:
    from app.usecases.tools import Tools

KEPT_IN_MEMORY = 3
AT_ONCE = 20_000  # CIs whose index is made while the question waits
PATIENCE_SECONDS = 300.0  # after a revision was published, in which the index of all its CIs is left to the runner
PURPOSE = "search-2"  # the number is raised when terms are made otherwise
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
        self._tried: tuple[int, str] | None = None

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
        if self._tools.estates.carries and _age(revision) < PATIENCE_SECONDS:
            return None
        with self._lock:
            if self._making is None or not self._making.is_alive():
                self._making = threading.Thread(target=self._make_quietly, args=(revision.revision,), daemon=True)
                self._making.start()
        return None

    def make_ready(self, revision: Revision) -> bool:
        """Makes the index of a revision that is assessed, and so large that no search waits for it, and keeps it on disk, unless
        it is there or was tried; returns whether it did."""
        settings = self._tools.estates.settings_at(revision)
        name = (revision.revision, settings)
        if name == self._tried or revision.counters.get(CI.name, 0) <= AT_ONCE:
            return False
        if revision.revision in self._tools.cache.revisions(f"{PURPOSE}-{settings}"):
            self._tried = name
            return False
        if ASSESSMENTS.find(self._tools.documents, assessment_name(*name)) is None:
            return False
        self._tried = name
        try:
            self._make(revision.revision)
        except ForestayError:
            self._tried = None
            raise
        return True

    def make_small(self, revision: Revision) -> None:
        """Makes the index of a revision that is so small that a search would wait for it, where there is none yet."""
        if revision.counters.get(CI.name, 0) <= AT_ONCE:
            self.at(revision)

    def make(self, revision: int) -> SearchIndex:
        """Makes and keeps the index of a revision; ranked as its assessment has it."""
        return self._keep(revision, *self._make(revision))

    def _make(self, revision: int) -> tuple[str, SearchIndex]:
        assessment = assessed(self._tools.estates, self._tools.cache, revision)
        fingerprint = assessment.estate.fingerprint
        index = self._carried(assessment)
        if index is None:
            columns = self._tools.store.load_columns(revision, CI.name, COLUMNS)
            index = build_index(columns, *_ranking(assessment, columns["ci_id"]))
        self._tools.cache.save(revision, f"{PURPOSE}-{fingerprint}", index.to_arrays())
        return fingerprint, index

    def _carried(self, assessment: Assessed) -> SearchIndex | None:
        """Returns the latest earlier index with the CIs put right that changed since; None where there is none, or too many
        did."""
        revision, settings = assessment.estate.revision.revision, assessment.estate.fingerprint
        earlier = [number for number in self._tools.cache.revisions(f"{PURPOSE}-{settings}") if number < revision]
        if not earlier or not self._tools.estates.carries:
            return None
        before = kept_index(self._tools.cache, max(earlier), settings)
        changes = self._tools.store.changes(max(earlier), revision, CI.name)
        begun, ended = changes.begun, changes.ended
        if not len(before) or len(begun["ci_id"]) + len(ended["ci_id"]) > min(CHANGES_WORTH_CARRYING, len(before) // 4):
            return None
        columns = carry_forward(CI, {name: getattr(before, name) for name in COLUMNS}, begun, ended)
        changed = np.asarray([*begun["ci_id"], *ended["ci_id"]], np.int64)
        return carried_index(before, columns, changed, *_ranking(assessment, columns["ci_id"]))

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


def _age(revision: Revision) -> float:
    return (datetime.now(UTC) - (revision.published_at or revision.created_at)).total_seconds()


def _ranking(assessment: Assessed, ids: Any) -> tuple[dict[str, Any], Any]:
    """Returns the measures of each CI of the ledger, and the rows of the ledger by rank."""
    estate, ids = assessment.estate, np.asarray(ids)
    known = len(estate.compiled) - len(estate.causes)  # common causes, whose numbers are the highest, are no CIs
    rows = np.searchsorted(ids, estate.compiled.sorted_ci_id[:known])
    impact = {name: np.full(len(ids), np.nan) for name in MEASURES}
    for name, column in assessment.totals.values().items():
        impact[name][rows] = column[estate.compiled.sorted_position[:known]]
    order = np.lexsort((ids, *(-np.nan_to_num(impact[name], nan=-1.0) for name in reversed(MEASURES))))
    return impact, order
