"""What hangs on each redundancy group, as far as it was worked out ahead: kept on disk for every process, in parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from app.usecases.assess import Assessed
from app.usecases.tools import Tools

PURPOSE = "at-stake-1"  # the number is raised when something is worked out otherwise
PARTS, KEPT = "parts of what is at stake", "kept of what is at stake"

AtStake = Mapping[int, tuple[float | None, float | None]]  # by group: more lost if it never switches; between never and always


def with_stakes(tools: Tools, base: Assessed) -> Assessed:
    """Returns the assessment with all that is kept of its groups."""
    worked_out, kept = base.found.setdefault("at stake", {}), base.found.setdefault(KEPT, set())
    while (entry := tools.cache.load(base.estate.revision.revision, _purpose(base))) is not None:
        columns = [np.asarray(entry[name]).tolist() for name in ("group", "more", "between")]
        worked_out.update({group: (_known(more), _known(between)) for group, more, between in zip(*columns, strict=True)})
        kept.update(columns[0])
        base.found[PARTS] = base.found.get(PARTS, 0) + 1
    return base


def keep_part(tools: Tools, base: Assessed, known: AtStake) -> bool:
    """Keeps what was worked out since the last part; returns whether there was any."""
    fresh = sorted(set(known) - base.found[KEPT])
    if fresh:
        more, between = (_floats([known[group][part] for group in fresh]) for part in (0, 1))
        entry = {"group": np.asarray(fresh, np.int32), "more": more, "between": between}
        tools.cache.save(base.estate.revision.revision, _purpose(base), entry)
        with_stakes(tools, base)
    return bool(fresh)


def _purpose(base: Assessed) -> str:
    return f"{PURPOSE}-{base.estate.fingerprint}-{base.found.get(PARTS, 0)}"


def _floats(values: list[float | None]) -> Any:
    return np.asarray([np.nan if value is None else value for value in values], np.float64)


def _known(value: float) -> float | None:
    return None if value != value else value
