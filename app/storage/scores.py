"""Finds which scores have to be written: those that differ from what the store holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.domain.columns import Columns
from app.domain.errors import InvalidInput
from app.ports.graph_store import SCORES
from app.storage.checked import integers, reals


def checked_scores(scores: Columns) -> tuple[Any, Any]:
    """Returns (ci_id[K], values[K, 5]) in order of ci_id; InvalidInput where a column is missing or a CI is there twice."""
    missing = [name for name in ("ci_id", *SCORES) if name not in scores]
    if missing:
        raise InvalidInput(f"scores: column {missing[0]!r} is missing", field=missing[0])
    ci_ids = integers("ci_id", scores["ci_id"])
    values = (
        np.stack([_absent_as_nan(name, scores[name]) for name in SCORES], axis=1) if len(ci_ids) else np.zeros((0, len(SCORES)))
    )
    order = np.argsort(ci_ids, kind="stable")
    if len(ci_ids) and (np.diff(ci_ids[order]) == 0).any():
        raise InvalidInput("scores: a CI is there twice", field="ci_id")
    return ci_ids[order], values[order]


def _absent_as_nan(name: str, column: Any) -> Any:
    array = np.asarray(column)
    if array.dtype.kind == "i":
        return np.where(array == -1, np.nan, array.astype(np.float64))
    return reals(name, column)


def changed_scores(ci_ids: Any, values: Any, held_ids: Any, held_values: Any) -> tuple[Any, Any]:
    """Returns two masks over the given rows: those to be written, and those to be taken away (all values absent)."""
    held = np.full(values.shape, np.nan)
    if len(held_ids):
        place = np.minimum(np.searchsorted(held_ids, ci_ids), len(held_ids) - 1)
        there = held_ids[place] == ci_ids
        held[there] = held_values[place[there]]
    differs = ~((held == values) | (np.isnan(held) & np.isnan(values))).all(axis=1)
    gone = np.isnan(values).all(axis=1)
    return differs & ~gone, differs & gone


def score_columns(ci_ids: Any, values: Any) -> dict[str, Any]:
    return {"ci_id": ci_ids, **{name: np.ascontiguousarray(values[:, i]) for i, name in enumerate(SCORES)}}
