"""The ledger's columns of CIs as a correction of one would leave them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from app.domain.columns import Categorical
from app.domain.errors import NotFound

GOES_WITH = {  # what is stated with a value, and what a correction, which states the value alone, makes of it
    "failures_per_year": {"failures_origin": "declared", "failures_per_year_low": None, "failures_per_year_high": None},
    "repair_hours": {
        "repair_origin": "declared",
        "repair_distribution": "exponential",
        "repair_sigma": None,
        "repair_hours_low": None,
        "repair_hours_high": None,
    },
}


def corrected(columns: Mapping[str, Any], ci_id: int, values: Mapping[str, float]) -> dict[str, Any]:
    """Returns the columns of CIs with `values` (failures_per_year, repair_hours) of one CI as a person states them; the columns
    given stay as they are. NotFound for a CI that they do not hold."""
    found = np.flatnonzero(np.asarray(columns["ci_id"]) == ci_id)
    if not len(found):
        raise NotFound(f"no CI {ci_id}", ci_id=ci_id)
    made, row = dict(columns), int(found[0])
    for name, value in values.items():
        made[name] = _with(made[name], row, value)
        for beside, said in GOES_WITH[name].items():
            made[beside] = _with(made[beside], row, said)
    return made


def _with(column: Any, row: int, value: float | str | None) -> Any:
    if isinstance(column, Categorical):
        names = column.values if value is None or value in column.values else (*column.values, str(value))
        codes = np.array(column.codes)
        codes[row] = -1 if value is None else names.index(str(value))
        return Categorical(codes, names)
    changed = np.array(column, np.float64)
    changed[row] = np.nan if value is None else value
    return changed
