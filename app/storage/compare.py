"""Compares the dependencies of a source with the ledger, as sorted columns.

A row is known by (dependent, provider, kind), packed into one integer while ids are below 2^30. Of equal keys the first counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from app.domain.columns import Categorical, Columns
from app.ports.comparison import KIND_NAMES, DependencyDifference, DependencyRows

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_ID_LIMIT = 1 << 30


class ColumnComparison:
    """The `Comparison` port in numpy."""

    def dependencies(self, new: DependencyRows, old: Columns, retire: bool) -> DependencyDifference:
        relations = list(new.relations)
        ours = _Side(
            np.frombuffer(new.dependent, np.int64) if new.dependent else np.empty(0, np.int64),
            np.frombuffer(new.provider, np.int64) if new.provider else np.empty(0, np.int64),
            np.frombuffer(new.kind, np.int8).astype(np.int64) if new.kind else np.empty(0, np.int64),
            np.frombuffer(new.weight, np.float64) if new.weight else np.empty(0),
            np.array(new.relation, np.int64),
        )
        theirs = _Side(
            np.asarray(old["dependent_id"], np.int64),
            np.asarray(old["provider_id"], np.int64),
            _coded(old["kind"], list(KIND_NAMES)),
            _weights(old["weight"]),
            _coded(old["relation"], relations),
        )
        position = np.array(new.position, np.int64)
        order = np.argsort(ours.keys, kind="stable")
        keys = ours.keys[order]
        first = np.ones(len(keys), bool)
        first[1:] = keys[1:] != keys[:-1]
        starts = np.flatnonzero(first)
        leader = order[starts[np.cumsum(first) - 1]] if len(keys) else order
        again = ~first
        alike = (
            ours.same_weight(order, ours, leader) & again
        )  # a dependency with another word for its relation is the same dependency
        duplicates, clashes = position[order[alike]], position[order[again & ~alike]]
        chosen, keys = order[first], keys[first]
        old_order = np.argsort(theirs.keys, kind="stable")
        old_keys = theirs.keys[old_order]
        spot = np.searchsorted(old_keys, keys)
        held = np.zeros(len(keys), bool)
        inside = spot < len(old_keys)
        held[inside] = old_keys[spot[inside]] == keys[inside]
        unchanged = held.copy()
        unchanged[held] = ours.same(chosen[held], theirs, old_order[spot[held]])
        begun = chosen[~unchanged]
        replaced = old_order[spot[held & ~unchanged]]
        missing = np.ones(len(old_keys), bool)
        missing[spot[held]] = False
        gone = old_order[missing] if retire else np.empty(0, np.int64)
        after = _by_kind(
            np.concatenate([ours.kind[chosen], theirs.kind[old_order[missing]] if not retire else np.empty(0, np.int64)])
        )
        return DependencyDifference(
            begun=ours.columns(begun, relations),
            ended=theirs.identities(np.sort(np.concatenate([replaced, gone]))),
            added=int((~held).sum()),
            changed=len(replaced),
            retired=_by_kind(theirs.kind[gone]),
            claimed=_by_kind(theirs.kind),
            held=after,
            unchanged=int(unchanged.sum()),
            duplicates=np.sort(duplicates).tolist(),
            clashes=np.sort(clashes).tolist(),
        )


class _Side:
    def __init__(self, dependent: Ints, provider: Ints, kind: Ints, weight: Floats, relation: Ints) -> None:
        self.dependent, self.provider, self.kind = dependent, provider, kind
        self.weight, self.relation = weight, relation
        highest = max(int(dependent.max(initial=0)), int(provider.max(initial=0)))
        if highest >= _ID_LIMIT:
            raise OverflowError(f"ids above {_ID_LIMIT} are not compared")
        self.keys: Ints = (dependent << 32) | (provider << 2) | kind

    def same(self, mine: Any, other: _Side, theirs: Any) -> npt.NDArray[np.bool_]:
        equal: npt.NDArray[np.bool_] = self.same_weight(mine, other, theirs) & (self.relation[mine] == other.relation[theirs])
        return equal

    def same_weight(self, mine: Any, other: _Side, theirs: Any) -> npt.NDArray[np.bool_]:
        a, b = self.weight[mine], other.weight[theirs]
        equal: npt.NDArray[np.bool_] = (a == b) | (np.isnan(a) & np.isnan(b))
        return equal

    def columns(self, rows: Ints, relations: Sequence[str]) -> Mapping[str, Any]:
        return {
            **self.identities(rows),
            "weight": self.weight[rows],
            "relation": Categorical(self._relation_codes(rows, relations), tuple(relations)),
        }

    def _relation_codes(self, rows: Ints, relations: Sequence[str]) -> npt.NDArray[np.int32]:
        codes = self.relation[rows].astype(np.int32)
        if "" in relations:
            codes[codes == relations.index("")] = -1
        return codes

    def identities(self, rows: Ints) -> Mapping[str, Any]:
        return {
            "dependent_id": self.dependent[rows],
            "provider_id": self.provider[rows],
            "kind": Categorical(self.kind[rows].astype(np.int32), KIND_NAMES),
        }


def _coded(column: Any, known: list[str]) -> Ints:
    """Returns a category as positions in `known`, to which words that it lacks are added; an absent value counts as the empty
    text."""
    where = {value: code for code, value in enumerate(known)}

    def code_of(value: str) -> int:
        if value not in where:
            where[value] = len(known)
            known.append(value)
        return where[value]

    if isinstance(column, Categorical):
        absent = code_of("") if bool((np.asarray(column.codes) < 0).any()) else 0
        table = np.array([code_of(value) for value in column.values] + [absent], np.int64)
        return table[np.asarray(column.codes, np.int64)]
    return np.array([code_of(value or "") for value in column], np.int64)


def _weights(column: Any) -> Floats:
    if isinstance(column, np.ndarray):
        return column.astype(np.float64, copy=False)
    return np.array([np.nan if value is None else value for value in column], np.float64)


def _by_kind(kinds: Ints) -> dict[str, int]:
    counts = np.bincount(kinds, minlength=len(KIND_NAMES)).tolist()
    return {name: count for name, count in zip(KIND_NAMES, counts, strict=False) if count}
