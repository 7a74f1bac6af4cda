"""Which CIs are in a scope, and whether the estate has what a scope names."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np

from app.domain.errors import Ambiguous, NotFound
from app.domain.nouns import CI
from app.domain.scope import Scope, scope_of
from app.ports.graph_store import GraphStore
from app.risk.graph.needs import needs_of
from app.usecases.find import identify
from app.usecases.tools import Tools

Ids = np.ndarray[Any, np.dtype[np.int64]]
KEPT_REVISIONS = 4


def known_scope(text: str, store: GraphStore) -> str:
    """Returns the scope that a text names, with a service by its key.

    InvalidInput, NotFound or Ambiguous where the estate has none of that name.
    """
    scope, revision = scope_of(text), store.current().revision
    if scope.kind == "service":
        return Scope(scope.kind, identify(store, revision, scope.value).key).text()
    if not len(_marked(scope, store, revision)):
        raise NotFound(f"no CI has the {scope.kind} {scope.value!r}")
    return scope.text()


def visible_cis(scope: Scope, tools: Tools) -> Callable[[int], Ids]:
    """Returns the ids of the CIs in the scope at a revision, in order; the answers for the last few revisions are kept."""
    kept: OrderedDict[int, Ids] = OrderedDict()
    lock = Lock()

    def visible(revision: int) -> Ids:
        with lock:
            if revision not in kept:
                of_service = scope.kind == "service"
                kept[revision] = _of_service(scope, tools, revision) if of_service else _marked(scope, tools.store, revision)
                while len(kept) > KEPT_REVISIONS:
                    kept.popitem(last=False)
            return kept[revision]

    return visible


def _marked(scope: Scope, store: GraphStore, revision: int) -> Ids:
    cis = store.load_columns(revision, CI.name, ["ci_id", scope.kind])
    column = cis[scope.kind]
    code = column.values.index(scope.value) if scope.value in column.values else -2
    return np.sort(np.asarray(cis["ci_id"], np.int64)[column.codes == code])


def _of_service(scope: Scope, tools: Tools, revision: int) -> Ids:
    """Returns the service and everything it depends on; nothing where it is not there, or is not assessed."""
    try:
        hit = identify(tools.store, revision, scope.value)
        estate = tools.estates.at(revision)
        cone = needs_of(estate.compiled.flat, estate.position(hit.ci_id))
    except (NotFound, Ambiguous):
        return np.zeros(0, np.int64)
    own = [position for position in cone.tolist() if position not in estate.causes]
    return np.sort(np.asarray(estate.compiled.ci_id, np.int64)[own])
