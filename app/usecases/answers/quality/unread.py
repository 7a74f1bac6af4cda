"""Needs that were not read, by name, with what the services suffer that depend on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.domain.graph import GroupColumns
from app.domain.nouns import OPEN_NEED
from app.domain.quality import Finding
from app.ports.graph_store import GraphStore
from app.risk.graph.dependents import dependent_services
from app.usecases.answers.quality.weighing import Fault, Scale
from app.usecases.sync.doubts import DOUBT

NAMED = 20
NOT_READ = Fault(
    "need not read",
    "services hang on needs that a source stated and nobody could read: they are up as far as was read",
    "add the CI that is named, or correct the relation at its source",
)
OF_NOBODY = Fault(
    "need of nobody known",
    "needs or values of which nobody can tell whose they are: any service may hang on them, so they mark none "
    "(weight: their share of all needs)",
    "import the CI that has the need, or correct its name at the source",
)
NOT_ACTIVE = Fault(
    "need of what is not active",
    "services need CIs that are retired, planned or of another environment: whether the need still stands was not read",
    "end the relation at its source, or correct the lifecycle of the CI",
)
ONE_CI = Fault(
    "members are one CI",
    "redundancy only on paper: the members of these groups are one CI",
    "correct the members of the group, or part the CI if it is two",
)
MAY_BE_ONE = Fault(
    "may be one CI",
    "pairs of CIs share what only one thing should have, and differ otherwise: redundancy between them may be on paper "
    "(weight: the services on groups that hold both)",
    "see forestay suggestions: accept the pair if it is one, refuse it if they are two",
)


def open_need_findings(scale: Scale, store: GraphStore) -> list[Finding]:
    """Returns findings on needs that nobody could read or resolve, on needs of what is not active, and on redundancy whose
    members are one CI."""
    rows = store.load_columns(scale.assessment.estate.revision.revision, OPEN_NEED.name)
    needs, dependents = np.asarray(rows["needs"]), np.asarray(rows["dependent_id"])
    known, doubtful = dependents >= 0, np.asarray([kind == DOUBT for kind in rows["kind"]], np.bool_)
    total, cis = int(needs.sum()), len(scale.assessment.estate.graph.cis.ci_id)
    one, pairs = (needs == 0) & ~doubtful, (needs == 0) & doubtful
    return [
        _finding(
            scale,
            NOT_READ,
            dependents[known & (needs > 0)],
            (int(needs[known].sum()), total),
            _in_words(rows, known & (needs > 0)),
        ),
        _of_nobody(scale, int(needs[~known].sum()), total, _in_words(rows, ~known & (needs > 0))),
        *_not_active(scale),
        _finding(scale, ONE_CI, dependents[one], (int(one.sum()), len(needs)), _in_words(rows, one)),
        _finding(scale, MAY_BE_ONE, dependents[(needs > 0) & doubtful], (int(pairs.sum()), cis), _in_words(rows, pairs)),
    ]


def _of_nobody(scale: Scale, count: int, of: int, named: Sequence[str]) -> Finding:
    """The finding of needs without a known dependent, weighed as what was read is on average: by their share of all needs."""
    graph = scale.assessment.estate.plain
    read = len(graph.dependencies.dependent_id) + len(graph.groups.member_id)
    share = count / (count + read) if count else 0.0
    impact = None if scale.total is None else share * scale.total
    weight = None if impact is None else share
    return Finding(OF_NOBODY.kind, count, of, impact, weight, OF_NOBODY.effect, OF_NOBODY.advice, named)


def _in_words(rows: Mapping[str, Any], mask: Any) -> list[str]:
    return [f"{rows['text'][row]}: {rows['reason'][row]}" for row in np.flatnonzero(mask)[:NAMED].tolist()]


def _not_active(scale: Scale) -> list[Finding]:
    """The finding of assessed CIs that need one which is not assessed: what is not active cannot meet a need."""
    graph = scale.assessment.estate.plain
    pairs = _pairs_of(graph.dependencies.dependent_id, graph.dependencies.provider_id, graph.groups)
    ids, assessed = np.asarray(graph.cis.ci_id), np.asarray(graph.cis.assessed)
    places = [np.searchsorted(ids, column) for column in pairs]
    at = [np.minimum(place, max(len(ids) - 1, 0)) for place in places]
    known = [ids[a] == column for a, column in zip(at, pairs, strict=True)] if len(ids) else [np.zeros(0, bool)] * 2
    held = known[0] & known[1] & assessed[at[0]] & ~assessed[at[1]] if len(ids) else np.zeros(0, bool)
    rows = np.flatnonzero(held)
    cis = graph.cis
    named = [
        f"{cis.key[int(at[0][row])]} -> {cis.key[int(at[1][row])]} "
        f"({cis.lifecycle[int(at[1][row])] or 'active'}, {cis.environment[int(at[1][row])] or 'production'})"
        for row in rows[:NAMED].tolist()
    ]
    return [_finding(scale, NOT_ACTIVE, pairs[0][rows], (len(rows), len(pairs[0])), named)]


def _pairs_of(dependent: Any, provider: Any, groups: GroupColumns) -> tuple[Any, Any]:
    sizes: Any = np.diff(groups.member_offsets)
    of_members = np.repeat(np.asarray(groups.dependent_id, np.int64), sizes)
    both = np.concatenate([np.asarray(dependent, np.int64), of_members])
    return both, np.concatenate([np.asarray(provider, np.int64), np.asarray(groups.member_id, np.int64)])


def _finding(scale: Scale, fault: Fault, dependents: Any, counted: tuple[int, int], named: Sequence[str]) -> Finding:
    """The finding of a fault that `counted` (how many, out of how many) needs have.

    It is weighed by what the services that depend on the dependents suffer, which is a lower bound.
    """
    compiled = scale.assessment.estate.compiled
    known = np.unique(np.asarray(dependents, np.int64))
    place = np.minimum(np.searchsorted(compiled.sorted_ci_id, known), max(len(compiled) - 1, 0))
    positions = compiled.sorted_position[place[compiled.sorted_ci_id[place] == known]] if len(compiled) else known[:0]
    services = dependent_services(compiled, positions) if len(positions) else known[:0]
    totals = scale.assessment.services
    worth = {"money_per_year": totals.money, "customer_hours_per_year": totals.customer_hours}.get(
        scale.measure, totals.service_hours
    )
    suffered = worth[services]
    suffered = suffered[~np.isnan(suffered)]
    impact = float(suffered.sum()) if len(suffered) else None
    return Finding(fault.kind, *counted, impact, scale.share(impact), fault.effect, fault.advice, list(named))
