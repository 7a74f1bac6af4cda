"""The exact answer for one service: unavailability, Birnbaum importance of everything in its cone, and on demand cut sets and
bounds.

Cheap parts come first and expensive ones only when asked for. Whatever does not fit the budget is not cut short: Q becomes a
certified interval with its reason, and what else is missing is None with a line in `missing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from app.risk.exact.answers.bounds import crude_upper, esary_proschan_lower, esary_proschan_upper
from app.risk.exact.answers.cut_sets import set_sum
from app.risk.exact.answers.importance import fussell_vesely
from app.risk.exact.answers.listing import most_probable
from app.risk.exact.answers.set_counts import Orders, count_by_order
from app.risk.exact.answers.solve import Solution, dual_tree, minimal_tree, solve_tree
from app.risk.exact.diagrams.budget import Budget
from app.risk.exact.formula.decompose import skeleton_of
from app.risk.exact.formula.gates import TRUE
from app.risk.exact.formula.tree import Tree, tree_birnbaum, tree_chances
from app.risk.exact.unfolding.cycles import LOWER, UPPER, Unsolved
from app.risk.exact.unfolding.service_cone import Space
from app.risk.exact.unfolding.unfold import Formula, formula_of
from app.risk.graph.compiled import CompiledGraph
from app.risk.jit import Array
from app.risk.jit.clock import working_time

PATH_NODES = 100_000
NOT_BOUNDED = "cut sets, their bounds and importance: the unavailability itself is only bounded"


@dataclass(frozen=True, slots=True)
class Want:
    """What to answer beside Q. `cut_sets`: how many of the most probable ones to list."""

    birnbaum: bool = True
    counts: bool = False
    cut_sets: int = 0
    bounds: bool = False
    fussell_vesely: bool = False


@dataclass(frozen=True, slots=True)
class CutSet:
    """One minimal cut set: its probability, and the positions of its CIs, ascending."""

    probability: float
    position: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ServiceExact:
    """E events: the CIs of the cone that fail by themselves now and then. q_low = q = q_high where `method` is "exact".

    Bounded: q is the middle of the interval, `birnbaum` NaN, cut sets None. `missing`: what was asked for and is not here, and
    why.
    """

    target: int
    method: str  # exact, bounded; simulated where `sampled_service` stands in
    reason: str  # of bounded
    q: float
    q_low: float
    q_high: float
    position: Array  # int32[E], ascending
    event_q: Array  # float64[E]
    birnbaum: Array  # float64[E]
    unknown: int  # CIs of the cone without an unavailability, counted as 0
    nodes: int  # of the decision diagrams
    seconds: float
    fussell_vesely: Array | None = None  # float64[E]
    cut_sets_by_order: Orders | None = None  # exact, however many
    path_sets_by_order: Orders | None = None
    cut_sets: tuple[CutSet, ...] | None = None  # most probable first
    not_listed: int | None = None  # how many cut sets are not in `cut_sets`
    not_listed_sum: float | None = None  # and the sum of their probabilities
    rare_event_sum: float | None = None
    esary_proschan_upper: float | None = None
    esary_proschan_lower: float | None = None
    missing: tuple[str, ...] = field(default=())

    @property
    def cut_set_count(self) -> int | None:
        """How many minimal cut sets there are."""
        return None if self.cut_sets_by_order is None else sum(self.cut_sets_by_order.values())


def own_unavailability(compiled: CompiledGraph, forced: Sequence[int] = (), unavailability: Array | None = None) -> Array:
    """float64[N] with the forced CIs at 1; a copy only where something is changed."""
    q = compiled.unavailability if unavailability is None else unavailability
    if not len(forced):
        return q
    q = q.copy()
    q[np.asarray(forced, dtype=np.int64)] = 1.0
    return q


@dataclass(frozen=True, slots=True)
class Solved:
    """One service solved, before anything else is asked of it. `bounded`: the answer where there is nothing to ask; `root`: of a
    constant."""

    target: int
    formula: Formula | None
    root: int
    solution: Solution | None
    bounded: ServiceExact | None
    seconds: float


def solved_service(
    compiled: CompiledGraph,
    target: int,
    budget: Budget | None = None,
    *,
    forced: Sequence[int] = (),
    unavailability: Array | None = None,
    space: Space | None = None,
) -> Solved:
    """What every answer about one service shares; arguments as of `exact_service`.

    Example by hand: solved once, `answer_of` gives Q, then cut sets, without building a diagram again.
    """
    start = working_time()
    budget = budget or Budget()
    q = own_unavailability(compiled, forced, unavailability)
    try:
        formula = formula_of(compiled, target, budget, q, space)
    except Unsolved as unsolved:
        bounded = _enclosed(compiled, target, budget, q, space, str(unsolved), start)
        return Solved(target, None, 0, None, bounded, bounded.seconds)
    skeleton = skeleton_of(formula.store, formula.root)
    if skeleton.root < 0:
        return Solved(target, formula, skeleton.root, None, None, working_time() - start)
    solution = solve_tree(skeleton, formula.q, budget, start + budget.seconds, formula.rank)
    if solution.exact:
        return Solved(target, formula, skeleton.root, solution, None, working_time() - start)
    low, _ = tree_chances(solution.lower, formula.q)
    high, _ = tree_chances(solution.upper, formula.q)
    most = min(float(high[solution.root]), crude_upper(formula.store, formula.root, formula.q))
    parts = "a part" if solution.open_cores == 1 else f"{solution.open_cores} parts"
    reason = f"{parts} of the formula took more than {budget.nodes} nodes or {budget.seconds:g} s"
    bounded = _bounded(target, formula, float(low[solution.root]), most, reason, solution.nodes, start)
    return Solved(target, formula, skeleton.root, None, bounded, bounded.seconds)


def answer_of(solved: Solved, budget: Budget | None = None, want: Want | None = None) -> ServiceExact:
    """What `want` asks of a solved service; what is left of the seconds goes into it, at least a tenth of them.

    Example by hand (C05): Q = .0199 of A, B and D; asked for cut sets: {D} and {A, B}.
    """
    budget, want = budget or Budget(), want or Want()
    if solved.bounded is not None:
        asked = want.counts or want.cut_sets or want.bounds or want.fussell_vesely
        return replace(solved.bounded, missing=(NOT_BOUNDED,) if asked else ())
    assert solved.formula is not None
    start = working_time() - solved.seconds
    if solved.solution is None:
        return _constant(solved.target, solved.formula, solved.root, want, start)
    until = working_time() + max(0.1 * budget.seconds, budget.seconds - solved.seconds)
    return _exact(solved.target, solved.formula, solved.solution, budget, want, start, until)


def exact_service(
    compiled: CompiledGraph,
    target: int,
    budget: Budget | None = None,
    *,
    forced: Sequence[int] = (),
    unavailability: Array | None = None,
    want: Want | None = None,
    space: Space | None = None,
) -> ServiceExact:
    """Q and what `want` asks for, of the CI at position `target`; forced CIs are down, `unavailability` float64[N] replaces the
    compiled one.

    `space`: a workspace used again for many services. Example by hand (C05): redundant A, B (.1 each) on one shared D (.01): Q =
    .01 + .99 * .01 = .0199, B_D = 1 - .01 = .99.
    """
    solved = solved_service(compiled, target, budget, forced=forced, unavailability=unavailability, space=space)
    return answer_of(solved, budget, want)


def _exact(
    target: int, formula: Formula, solution: Solution, budget: Budget, want: Want, start: float, until: float
) -> ServiceExact:
    tree, root = solution.lower, solution.root
    up, down = tree_chances(tree, formula.q)
    q_service = float(up[root])
    birnbaum = tree_birnbaum(tree, root, up, down) if want.birnbaum else np.full(len(formula.q), np.nan)
    answer = ServiceExact(
        target,
        "exact",
        "",
        q_service,
        q_service,
        q_service,
        formula.position,
        formula.q,
        birnbaum,
        formula.unknown,
        solution.nodes,
        0.0,
    )
    if want.counts or want.cut_sets or want.bounds or want.fussell_vesely:
        sets = minimal_tree(tree, budget.nodes, until)
        if sets is None:
            answer = _lacking(
                answer, f"minimal cut sets: their diagram needs more than {budget.nodes} nodes or {budget.seconds:g} s"
            )
        else:
            answer = _with_sets(answer, sets, root, formula.q, want)
            if want.bounds:
                answer = _with_bounds(answer, tree, sets, root, formula.q, budget, until)
            if want.fussell_vesely:
                measured = fussell_vesely(sets, root, q_service, up, down, budget.nodes)
                answer = replace(answer, fussell_vesely=measured)
                answer = answer if measured is not None else _lacking(answer, "Fussell-Vesely: beyond the node budget")
    return replace(answer, seconds=working_time() - start)


def _lacking(answer: ServiceExact, line: str) -> ServiceExact:
    return replace(answer, missing=(*answer.missing, line))


def _with_sets(answer: ServiceExact, sets: Tree, root: int, q: Array, want: Want) -> ServiceExact:
    """The answer with the counts of cut sets, their list, and what the list leaves out."""
    counts = count_by_order(sets, root)
    total = set_sum(sets, root, q)
    answer = replace(answer, cut_sets_by_order=counts, rare_event_sum=None if np.isnan(total) else total)
    if np.isnan(total):
        answer = _lacking(answer, "rare-event sum: a threshold is too large")
    if counts is None:
        answer = _lacking(answer, "number of cut sets: a threshold with unequal weights is too large")
    if not want.cut_sets:
        return answer
    listed = most_probable(sets, root, q, want.cut_sets)
    if listed is None:
        return _lacking(answer, "list of cut sets: a threshold has too many of them")
    rows = tuple(CutSet(chance, tuple(answer.position[events].tolist())) for chance, events in listed)
    left = None if counts is None else sum(counts.values()) - len(rows)
    rest = 0.0 if left == 0 else np.maximum(0.0, total - sum(row.probability for row in rows))
    return replace(answer, cut_sets=rows, not_listed=left, not_listed_sum=None if np.isnan(rest) else rest)


def _with_bounds(answer: ServiceExact, tree: Tree, sets: Tree, root: int, q: Array, budget: Budget, until: float) -> ServiceExact:
    """The answer with the bounds of Esary and Proschan, from cut sets (a series) and from path sets (one by one)."""
    upper = esary_proschan_upper(sets, root, q)
    upper = None if upper is None else max(upper, answer.q)  # but for rounding
    answer = replace(answer, esary_proschan_upper=upper)
    if upper is None:
        answer = _lacking(answer, "Esary-Proschan upper bound: a cut set is too probable for the series")
    paths = minimal_tree(dual_tree(tree), min(budget.nodes, PATH_NODES), until)  # more of them than can be listed anyway
    counts = None if paths is None else count_by_order(paths, root)
    if paths is None or counts is None:
        return _lacking(answer, "Esary-Proschan lower bound: path sets beyond the node budget")
    answer = replace(answer, path_sets_by_order=counts)
    lower = esary_proschan_lower(paths, root, q, budget.cut_sets) if sum(counts.values()) <= budget.cut_sets else None
    answer = replace(answer, esary_proschan_lower=None if lower is None else min(lower, answer.q))
    return answer if lower is not None else _lacking(answer, f"Esary-Proschan lower bound: more than {budget.cut_sets} path sets")


def _constant(target: int, formula: Formula, root: int, want: Want, start: float) -> ServiceExact:
    """The answer for a service that is down for good, or that nothing can fail."""
    q, none = (1.0 if root == TRUE else 0.0), np.zeros(len(formula.q))
    sets: Orders | None = ({0: 1} if root == TRUE else {}) if want.counts or want.cut_sets or want.bounds else None
    listed = (CutSet(1.0, ()),) if root == TRUE else ()
    return ServiceExact(
        target, "exact", "", q, q, q, formula.position, formula.q, none, formula.unknown, 0, working_time() - start,
        none if want.fussell_vesely else None, sets, None, listed if want.cut_sets else None, 0 if want.cut_sets else None,
        0.0 if want.cut_sets else None, q if sets is not None else None, q if want.bounds else None, q if want.bounds else None,
    )  # fmt: skip


def _bounded(target: int, formula: Formula, low: float, high: float, reason: str, nodes: int, start: float) -> ServiceExact:
    low, high = min(low, high), max(low, high)  # equal but for rounding
    nan = np.full(len(formula.q), np.nan)
    return ServiceExact(
        target, "bounded", reason, 0.5 * (low + high), low, high, formula.position, formula.q, nan, formula.unknown, nodes,
        working_time() - start,
    )  # fmt: skip


def _enclosed(
    compiled: CompiledGraph, target: int, budget: Budget, q: Array, space: Space | None, reason: str, start: float
) -> ServiceExact:
    """Where a cycle is beyond the budget: a formula that never fails more, and one that never fails less."""
    ends, nodes = [], 0
    for side in (LOWER, UPPER):
        formula = formula_of(compiled, target, budget, q, space, side)
        skeleton = skeleton_of(formula.store, formula.root)
        if skeleton.root < 0:
            ends.append(1.0 if skeleton.root == TRUE else 0.0)
            continue
        solution = solve_tree(skeleton, formula.q, budget, working_time() + budget.seconds, formula.rank)
        up, _ = tree_chances(solution.lower if side == LOWER else solution.upper, formula.q)
        crude = 1.0 if side == LOWER else crude_upper(formula.store, formula.root, formula.q)
        ends.append(min(crude, float(up[solution.root])))
        nodes += solution.nodes
    return _bounded(target, formula, ends[0], ends[1], reason, nodes, start)
