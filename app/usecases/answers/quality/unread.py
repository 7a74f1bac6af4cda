"""Needs that were not read, by name, with what the services that hang on them suffer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.domain.graph import GroupColumns
from app.domain.nouns import OPEN_NEED
from app.domain.quality import Finding
from app.ports.graph_store import GraphStore
from app.risk.graph.dependents import dependent_services
from app.usecases.answers.quality.weighing import Scale
from app.usecases.sync.doubts import DOUBT

NAMED = 20


def open_need_findings(scale: Scale, store: GraphStore) -> list[Finding]:
    """What sources stated and nobody could read or resolve; needs of what is not active; redundancy whose members are one CI."""
    rows = store.load_columns(scale.made.estate.revision.revision, OPEN_NEED.name)
    needs, dependents = np.asarray(rows["needs"]), np.asarray(rows["dependent_id"])
    known, doubtful = dependents >= 0, np.asarray([kind == DOUBT for kind in rows["kind"]], np.bool_)
    one, pairs = (needs == 0) & ~doubtful, (needs == 0) & doubtful
    return [
        _finding(scale, "need not read", dependents[known & (needs > 0)], int(needs[known].sum()), int(needs.sum()), "services hang on needs that a source stated and nobody could read: they are up as far as was read", "add the CI that is named, or correct the relation at its source", _said(rows, known & (needs > 0))),
        _of_nobody(scale, int(needs[~known].sum()), int(needs.sum()), _said(rows, ~known & (needs > 0))),
        *_not_active(scale),
        _finding(scale, "members are one CI", dependents[one], int(one.sum()), len(needs), "redundancy only on paper: the members of these groups are one CI", "correct the members of the group, or part the CI if it is two", _said(rows, one)),
        _finding(scale, "may be one CI", dependents[(needs > 0) & doubtful], int(pairs.sum()), len(scale.made.estate.graph.cis.ci_id), "pairs of CIs share what only one thing should have, and differ otherwise: redundancy between them may be on paper (weight: the services on groups that hold both)", "see forestay suggestions: accept the pair if it is one, refuse it if they are two", _said(rows, pairs)),
    ]  # fmt: skip


def _of_nobody(scale: Scale, count: int, of: int, named: Sequence[str]) -> Finding:
    """Weighed as what was read is on average: by the share of all needs that these are."""
    graph = scale.made.estate.plain
    read = len(graph.dependencies.dependent_id) + len(graph.groups.member_id)
    share = count / (count + read) if count else 0.0
    impact = None if scale.total is None else share * scale.total
    effect = "needs or values of which nobody can tell whose they are: any service may hang on them, so they mark none (weight: their share of all needs)"
    advice = "import the CI that has the need, or correct its name at the source"
    return Finding("need of nobody known", count, of, impact, None if impact is None else share, effect, advice, named)


def _said(rows: Mapping[str, Any], mask: Any) -> list[str]:
    return [f"{rows['text'][row]}: {rows['reason'][row]}" for row in np.flatnonzero(mask)[:NAMED].tolist()]


def _not_active(scale: Scale) -> list[Finding]:
    """An assessed CI needs one that is not: what cannot be met by what is active is a contradiction."""
    graph = scale.made.estate.plain
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
    return [
        _finding(scale, "need of what is not active", pairs[0][rows], len(rows), len(pairs[0]), "services need CIs that are retired, planned or of another environment: whether the need still stands was not read", "end the relation at its source, or correct the lifecycle of the CI", named)
    ]  # fmt: skip


def _pairs_of(dependent: Any, provider: Any, groups: GroupColumns) -> tuple[Any, Any]:
    sizes: Any = np.diff(groups.member_offsets)
    of_members = np.repeat(np.asarray(groups.dependent_id, np.int64), sizes)
    both = np.concatenate([np.asarray(dependent, np.int64), of_members])
    return both, np.concatenate([np.asarray(provider, np.int64), np.asarray(groups.member_id, np.int64)])


def _finding(
    scale: Scale, kind: str, dependents: Any, count: int, of: int, effect: str, advice: str, named: Sequence[str]
) -> Finding:
    """Weighed by what the services above the dependents suffer, which is a lower bound."""
    compiled = scale.made.estate.compiled
    known = np.unique(np.asarray(dependents, np.int64))
    place = np.minimum(np.searchsorted(compiled.sorted_ci_id, known), max(len(compiled) - 1, 0))
    found = compiled.sorted_position[place[compiled.sorted_ci_id[place] == known]] if len(compiled) else known[:0]
    services = dependent_services(compiled, found) if len(found) else known[:0]
    totals = scale.made.services
    worth = {"money_per_year": totals.money, "customer_hours_per_year": totals.customer_hours}.get(
        scale.measure, totals.service_hours
    )
    suffered = worth[services]
    suffered = suffered[~np.isnan(suffered)]
    impact = float(suffered.sum()) if len(suffered) else None
    return Finding(kind, count, of, impact, scale.share(impact), effect, advice, list(named))
