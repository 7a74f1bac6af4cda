"""The estate at a revision, ready for questions: columns, graph and compiled arrays.

Every question about risk starts here, so that each answer is about exactly one revision. An estate is taken from the fastest
place that has it: it is in memory; or its arrays lie on disk (memory-mapped); or the columns of an earlier revision lie on disk
and are brought forward by the changes since; or everything is loaded from the store.
"""

from __future__ import annotations

import gc
import hashlib
import threading
import time
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from app.domain.ci_classes import ci_classes
from app.domain.errors import InvalidInput, NotFound
from app.domain.graph import DependencyGraph
from app.domain.nouns import NOUNS
from app.ports.compiled_cache import CompiledGraphCache
from app.ports.documents import Documents
from app.ports.graph_store import GraphStore, Revision
from app.ports.records import RecordText
from app.risk.first_order.populations import Populations, populations_of
from app.risk.graph.compiled import CompiledGraph, CompileReport
from app.risk.graph.open_needs import incomplete, incomplete_services, needs_below_services, open_needs_below
from app.risk.intake.assemble import GRAPH_COLUMNS, Assembled, AssembleOptions, assemble
from app.risk.intake.carry_forward import carry_forward
from app.risk.intake.common_cause import Expanded, positions_of_causes, with_common_causes
from app.risk.intake.compile import compile_graph, recompiled
from app.risk.intake.corrected import corrected
from app.risk.outage.failover import Failovers, failovers_of
from app.risk.outage.propagation import Workspace, workspace
from app.settings import ModelSettings
from app.usecases.keep.sources import MANUAL, MANUAL_PRIORITY, RegisteredSource, known_told_of
from app.usecases.keep.stability_tests import evidence_at

KEPT_IN_MEMORY = 2
CALLED_IN_MEMORY = 50_000  # CIs of an estate whose keys and names stay read
READERS = 2  # threads that ask the store for changes at once
CHANGES_WORTH_CARRYING = 200_000  # beyond so many changed rows a full load is as quick
REPORTS = RecordText(CompileReport)
ARRAYS, COLUMNS, REPORT = "compiled-3", "columns-1", "report"  # the number is raised when the arrays mean something else


@dataclass(frozen=True)
class Estate:
    """One revision, assembled with its common causes and compiled under the model settings.

    `how` it was made: from memory or disk, carried forward, or loaded.
    """

    revision: Revision
    options: AssembleOptions
    assembled: Assembled
    compiled: CompiledGraph
    how: str
    seconds: float
    plain: DependencyGraph = field(repr=False)  # the ledger's, before common causes became CIs of the model
    expanded: Expanded = field(repr=False)
    needs_counted: dict[int, int] = field(default_factory=dict, repr=False, compare=False)
    called: dict[int, tuple[str, str]] = field(default_factory=dict, repr=False, compare=False)
    coded: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    spaces: threading.local = field(default_factory=threading.local, repr=False, compare=False)

    def remade(self, plain: DependencyGraph, how: str = "remade") -> Estate:
        """Returns the estate as it would be with another graph, of which as much is taken over as stays. Nothing of it is
        kept."""
        started = time.perf_counter()
        expanded = with_common_causes(plain, (self.plain, self.expanded))
        assembled = replace(self.assembled, graph=expanded.graph)
        compiled = recompiled(self.compiled, self.graph, assembled.graph) or compile_graph(assembled.graph)
        seconds = time.perf_counter() - started
        return Estate(self.revision, self.options, assembled, compiled, how, seconds, plain, expanded)

    def workspace(self) -> Workspace:
        """Returns the marks of this thread, which are made once."""
        if not hasattr(self.spaces, "space"):
            self.spaces.space = workspace(self.compiled)
        return self.spaces.space  # type: ignore[no-any-return]

    @cached_property
    def failovers(self) -> Failovers:
        """Returns which groups switch to a standby, worked out at the first question that needs it."""
        return failovers_of(self.compiled)

    @property
    def graph(self) -> DependencyGraph:
        return self.assembled.graph

    @cached_property
    def causes(self) -> frozenset[int]:
        """Positions of the common causes: CIs of the model alone, not of the ledger."""
        return frozenset(positions_of_causes(self.compiled).tolist())

    @cached_property
    def group_rows(self) -> dict[str, int]:
        """Returns the row of each redundancy group in the graph, by its key."""
        return {key: row for row, key in enumerate(self.graph.groups.key)}

    @cached_property
    def fingerprint(self) -> str:
        """Returns a short hash of everything but the data that changes the numbers."""
        return fingerprint(self.options)

    def key(self, position: int) -> str:
        return (self.called.get(position) or self._called(position))[0]

    def name(self, position: int) -> str:
        return (self.called.get(position) or self._called(position))[1]

    def _called(self, position: int) -> tuple[str, str]:
        """Returns key and name of a CI, which stay in memory: what answers speak of is often the same."""
        row = int(self.compiled.row[position])
        key = self.graph.cis.key[row]
        found = key, self.graph.cis.name[row] or key
        if len(self.called) >= CALLED_IN_MEMORY:
            self.called.clear()
        self.called[position] = found
        return found

    def text(self, column: str, position: int) -> str:
        """Returns site, team, supplier, ci_class, lifecycle or environment of a CI; "" where it is unknown."""
        return getattr(self.graph.cis, column)[int(self.compiled.row[position])] or ""

    def codes(self, column: str) -> Any:
        """Returns the codes (int32[N], by position) of site, team, supplier, ci_class, lifecycle or environment."""
        if column not in self.coded:
            self.coded[column] = np.asarray(getattr(self.graph.cis, column).codes)[self.compiled.row]
        return self.coded[column]

    def ci_id(self, position: int) -> int:
        return int(self.compiled.ci_id[position])

    def position(self, ci_id: int) -> int:
        """Returns the position of a CI. NotFound, by key, where the CI is not part of the assessed estate."""
        try:
            return self.compiled.position_of(ci_id)
        except NotFound:
            row = bisect_left(self.graph.cis.ci_id, ci_id)
            known = row < len(self.graph.cis.ci_id) and int(self.graph.cis.ci_id[row]) == ci_id
            raise NotFound(
                f"{self.graph.cis.key[row] if known else ci_id} is known but not assessed at revision {self.revision.revision}: "
                "its environment or lifecycle is not one that is"
            ) from None

    @cached_property
    def incomplete(self) -> Any:
        """bool[N]: needs of the CI, or of something it depends on, were not read."""
        return incomplete(self.compiled)

    @cached_property
    def incomplete_services(self) -> frozenset[int]:
        """Numbers of the services that have a need which was not read, or depend on a CI that has one."""
        return frozenset(incomplete_services(self.compiled, self.incomplete).tolist())

    @cached_property
    def needs_not_read(self) -> int:
        """How many needs were not read of all the CIs that some service depends on."""
        return needs_below_services(self.compiled)

    def open_needs(self, position: int) -> int:
        """How many needs of a CI and of everything it depends on were not read; counted once for each CI that is asked about."""
        if not self.incomplete[position]:
            return 0
        if position not in self.needs_counted:
            self.needs_counted[position] = open_needs_below(self.compiled, position)
        return self.needs_counted[position]

    @cached_property
    def populations(self) -> Populations:
        return populations_of(self.compiled, self.graph.services)

    @cached_property
    def service_keys(self) -> list[str]:
        """The keys of the services, by number."""
        return [self.key(position) for position in self.compiled.service_position.tolist()]

    def service_name(self, number: int) -> str:
        return self.name(int(self.compiled.service_position[number]))

    @cached_property
    def service_number(self) -> dict[int, int]:
        """The number of the service at each position that is one."""
        return {int(position): number for number, position in enumerate(self.compiled.service_position)}


@dataclass(frozen=True, slots=True)
class _Found:
    """Columns of a revision; `unchanged` names the nouns that are as they were at the revision `earlier`."""

    columns: Mapping[str, Mapping[str, Any]]
    how: str
    earlier: int = -1
    unchanged: frozenset[str] = frozenset()


def resolve_revision(store: GraphStore, revision: int | None = None, as_of: datetime | None = None) -> Revision:
    """Returns the revision that a question is about: a number, a moment, or the current one."""
    if revision is not None and as_of is not None:
        raise InvalidInput("give a revision or a date, not both")
    if as_of is not None:
        if as_of.tzinfo is None:
            raise InvalidInput("as_of needs a zone, for example 2026-11-01T00:00:00Z")
        try:
            then = store.revision_at(as_of.astimezone(UTC))
        except OverflowError:
            raise InvalidInput("as_of lies outside of the years 1 to 9999 in UTC", field="as_of") from None
        if then.revision == 0:
            raise NotFound(f"nothing was known at {as_of.isoformat()}: the first revision was published later")
        return then
    return store.current() if revision is None else store.revision(revision)


def fingerprint(options: AssembleOptions) -> str:
    """Returns a short hash of everything but the data that changes the numbers."""
    return _fingerprint(
        options.environments,
        options.lifecycles,
        options.location_failures,
        options.currency,
        tuple(sorted(options.exchange_rates.items())),
        tuple(sorted(pair for pair in options.source_priority.items() if pair[1] != MANUAL_PRIORITY)),  # that one never changes
    )


@lru_cache(maxsize=256)
def _fingerprint(*parts: Any) -> str:
    text = repr((*parts[:-2], *map(list, parts[-2:])))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _had_spoken(source: RegisteredSource, revision: int) -> bool:
    """Whether a source had written anything by then. A source that came later changes no answer about an earlier time."""
    return 0 < source.first_revision <= revision


class Estates:
    """Keeps the last few estates in memory; one thread builds while the others wait for it.

    `carries`: a later revision is brought forward from an earlier one by the changes between them.
    """

    def __init__(
        self, store: GraphStore, documents: Documents, cache: CompiledGraphCache, model: ModelSettings, carries: bool = True
    ) -> None:
        self._store, self._documents, self._cache, self._model, self.carries = store, documents, cache, model, carries
        self._kept: OrderedDict[tuple[int, str], Estate] = OrderedDict()
        self._lock = threading.Lock()

    def at(self, revision: int | None = None, as_of: datetime | None = None, location_failures: bool | None = None) -> Estate:
        """Returns the estate at a revision or moment (default: current). NotFound for a revision that never was."""
        wanted = resolve_revision(self._store, revision, as_of)
        options = self._options(wanted, location_failures)
        name = (wanted.revision, fingerprint(options))
        kept = self._kept.get(name)
        if kept is not None:
            return kept
        with self._lock:
            if name not in self._kept:
                self._kept[name] = self._build(wanted, options)
                while len(self._kept) > KEPT_IN_MEMORY:
                    self._kept.popitem(last=False)
                gc.freeze()  # lives as long as the process: a collector that walks it at every turn costs 100 ms pauses
            return self._kept[name]

    def settings_at(self, revision: Revision) -> str:
        """Returns the fingerprint of the settings with which an answer about this revision is made."""
        return fingerprint(self._options(revision, None))

    def _options(self, revision: Revision, location_failures: bool | None) -> AssembleOptions:
        model = self._model
        moment = revision.published_at or revision.created_at
        return AssembleOptions(
            environments=tuple(model.environments),
            lifecycles=tuple(model.lifecycles),
            location_failures=model.location_failures if location_failures is None else location_failures,
            currency=model.currency,
            exchange_rates=dict(model.exchange_rates),
            source_priority={
                source.source_id: source.priority
                for source in known_told_of(self._documents)
                if source.name == MANUAL or _had_spoken(source, revision.revision)
            },
            now=int(moment.timestamp()),
        )

    def _build(self, revision: Revision, options: AssembleOptions) -> Estate:
        started = time.perf_counter()
        options = replace(options, tests=evidence_at(self._documents, revision.revision))
        loaded = self._columns(revision.revision)
        base = self._kept.get((loaded.earlier, fingerprint(options)))
        assembled = assemble(loaded.columns, ci_classes(), options, base.plain if base is not None else None, loaded.unchanged)
        plain = assembled.graph
        expanded = with_common_causes(plain, (base.plain, base.expanded) if base is not None else None)
        assembled = replace(assembled, graph=expanded.graph, warnings=(*assembled.warnings, *expanded.warnings))
        compiled = compiled_at(self._cache, revision.revision, options)
        if compiled is None:
            compiled = recompiled(base.compiled, base.graph, assembled.graph) if base is not None else None
            compiled = compiled or compile_graph(assembled.graph)
            purpose = f"{ARRAYS}-{fingerprint(options)}"
            self._cache.save(revision.revision, purpose, {**compiled.to_arrays(), REPORT: REPORTS.text(compiled.report)})
        seconds = time.perf_counter() - started
        return Estate(revision, options, assembled, compiled, loaded.how, seconds, plain, expanded)

    def altered(self, base: Estate, ci_id: int, values: Mapping[str, float]) -> Estate:
        """Returns the estate as it would be if a person had corrected the rate (`failures_per_year`) or the mean restore time
        (`repair_hours`) of a CI. Nothing is written, and nothing of it is kept."""
        started = time.perf_counter()
        columns = {**self._columns(base.revision.revision).columns}
        columns["ci"] = corrected(columns["ci"], ci_id, values)
        assembled = assemble(columns, ci_classes(), base.options, base.plain, frozenset(columns) - {"ci"})
        expanded = with_common_causes(assembled.graph, (base.plain, base.expanded))
        plain, assembled = assembled.graph, replace(assembled, graph=expanded.graph)
        compiled = recompiled(base.compiled, base.graph, assembled.graph) or compile_graph(assembled.graph)
        seconds = time.perf_counter() - started
        return Estate(base.revision, base.options, assembled, compiled, "altered", seconds, plain, expanded)

    def mixed(self, base: Estate, plain: DependencyGraph) -> Estate:
        """Returns the estate as it would be with the evidence or exposure of another time: `plain` has the structure of `base`.
        Nothing of it is kept."""
        return base.remade(plain, "mixed")

    def _columns(self, revision: int) -> _Found:
        cached = self._cached_columns(revision)
        if cached is not None:
            return _Found(cached, "disk")
        earlier = [number for number in self._cache.revisions(COLUMNS) if number < revision and self.carries]
        loaded = self._carried(max(earlier), revision) if earlier else None
        if loaded is None:
            loaded = _Found(
                {noun: self._store.load_columns(revision, noun, names) for noun, names in GRAPH_COLUMNS.items()}, "loaded"
            )
        self._save_columns(revision, loaded.columns)
        return loaded

    def _carried(self, earlier: int, revision: int) -> _Found | None:
        base = self._cached_columns(earlier)
        if base is None:
            return None
        columns: dict[str, Mapping[str, Any]] = {}
        with ThreadPoolExecutor(READERS) as pool:  # the store looks for the next noun's changes while one is carried forward
            reads = {noun: pool.submit(self._store.changes, earlier, revision, noun) for noun in GRAPH_COLUMNS}
            for noun, names in GRAPH_COLUMNS.items():
                changes = reads[noun].result()
                rows = len(changes.begun[names[0]]) + len(changes.ended[names[0]])
                if rows > CHANGES_WORTH_CARRYING:
                    return None
                columns[noun] = carry_forward(NOUNS[noun], base[noun], changes.begun, changes.ended) if rows else base[noun]
        unchanged = frozenset(noun for noun in columns if columns[noun] is base[noun])
        return _Found(columns, "carried forward", earlier, unchanged)

    def _cached_columns(self, revision: int) -> dict[str, dict[str, Any]] | None:
        flat = self._cache.load(revision, COLUMNS)
        if flat is None or any(f"{noun}.{name}" not in flat for noun, names in GRAPH_COLUMNS.items() for name in names):
            return None
        return {noun: {name: flat[f"{noun}.{name}"] for name in names} for noun, names in GRAPH_COLUMNS.items()}

    def _save_columns(self, revision: int, columns: Mapping[str, Mapping[str, Any]]) -> None:
        flat = {f"{noun}.{name}": columns[noun][name] for noun, names in GRAPH_COLUMNS.items() for name in names}
        self._cache.save(revision, COLUMNS, flat)


def compiled_at(cache: CompiledGraphCache, revision: int, options: AssembleOptions) -> CompiledGraph | None:
    """Returns the compiled arrays of a revision under these settings if they lie on disk, else None."""
    arrays = cache.load(revision, f"{ARRAYS}-{fingerprint(options)}")
    if arrays is None:
        return None
    plain = {name: array for name, array in arrays.items() if name != REPORT}
    return CompiledGraph.from_arrays(plain, REPORTS.read(arrays[REPORT]))
