"""What every answer about recovery rests on beside the estate: crews, needs that nothing waits for at the start, and the hours
until someone acts (model 1.11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.graph import HARD
from app.domain.tags import tag_of
from app.ports.documents import Documents
from app.risk.graph.compiled import Flat
from app.risk.recovery.crews import Crews
from app.risk.recovery.start_needs import start_needs
from app.settings import ModelSettings
from app.usecases.estate import Estate
from app.usecases.keep.pools import stated_places
from app.usecases.tools import Tools

NO_LIMIT = 2**31 - 1
NAMES_SHOWN = 20


@dataclass(frozen=True)
class StartsWithout:
    """Needs (positions of both ends) that their dependents do not wait for to start, and names that say no such need."""

    dependent: Any  # int32
    provider: Any  # int32
    not_found: tuple[str, ...]

    def flat(self, estate: Estate) -> Flat | None:
        """Returns the needs of a start; None where they are those of the estate."""
        return start_needs(estate.compiled, self.dependent, self.provider) if len(self.dependent) else None


@dataclass(frozen=True)
class RecoveryTerms:
    """`before_hours` pass before any restoration begins. pool int32[N] by position, -1 none; `names` and `places` (None: nobody
    said) of the pools that CIs of the estate use."""

    detection_hours: float
    declaration_hours: float
    pool: Any
    names: tuple[str, ...]
    places: tuple[int | None, ...]
    without: StartsWithout
    tag: str

    @property
    def before_hours(self) -> float:
        return self.detection_hours + self.declaration_hours

    @property
    def unknown_pools(self) -> tuple[str, ...]:
        return tuple(name for name, places in zip(self.names, self.places, strict=True) if places is None)

    def crews(self, unknown: int) -> Crews:
        """Returns the pools with `unknown` places for those of which nobody said how many."""
        return Crews(self.pool, np.array([places or unknown for places in self.places], np.int32))

    @property
    def warnings(self) -> list[str]:
        named = self.without.not_found
        more = f" and {len(named) - NAMES_SHOWN} more" if len(named) > NAMES_SHOWN else ""
        return [f"starts_without names no hard need of its CI: {', '.join(named[:NAMES_SHOWN])}{more}"] if named else []


def recovery_tag(documents: Documents, model: ModelSettings) -> str:
    """Returns a tag of what a person can change of an answer about recovery."""
    return tag_of([sorted(stated_places(documents).items()), model.detection_hours, model.declaration_hours])


def recovery_terms(tools: Tools, estate: Estate) -> RecoveryTerms:
    """Returns the terms of an estate as people and settings state them now."""
    model, stated = tools.settings.model, stated_places(tools.documents)
    column, row = estate.graph.cis.restore_pool, estate.compiled.row
    codes = np.full(len(row), -1, np.int32) if column is None else np.asarray(column.codes, np.int32)[row]
    used = np.unique(codes[codes >= 0])
    pool = np.where(codes >= 0, np.searchsorted(used, codes), -1).astype(np.int32)
    names = tuple(str(column.values[code]) for code in used.tolist()) if column is not None else ()
    return RecoveryTerms(
        model.detection_hours,
        model.declaration_hours,
        pool,
        names,
        tuple(stated.get(name) for name in names),
        starts_without(estate),
        recovery_tag(tools.documents, model),
    )


def starts_without(estate: Estate) -> StartsWithout:
    """Returns what the CIs of an estate start without, as they name it: by key, by id in its source, or by name."""
    column, compiled = estate.graph.cis.starts_without, estate.compiled
    codes = np.full(len(compiled), -1, np.int32) if column is None else np.asarray(column.codes)[compiled.row]
    flat, pairs, not_found = compiled.flat, set[tuple[int, int]](), list[str]()
    for position in np.flatnonzero(codes >= 0).tolist():
        low, high = int(flat.reverse_ptr[position]), int(flat.reverse_ptr[position + 1])
        needs = flat.reverse[low:high][flat.reverse_kind[low:high] == HARD].tolist()
        text = str(column.values[int(codes[position])]) if column is not None else ""
        for name in filter(None, (part.strip() for part in text.split("|"))):
            meant = {need for need in needs if name.casefold() in _names(estate, need)}
            if len(meant) == 1:
                pairs.add((position, meant.pop()))
            else:
                not_found.append(f"{name} ({estate.name(position)})")
    ends = np.array(sorted(pairs), np.int32).reshape(-1, 2)
    return StartsWithout(ends[:, 0], ends[:, 1], tuple(not_found))


def _names(estate: Estate, position: int) -> tuple[str, ...]:
    key = estate.key(position)
    return key.casefold(), key.split(":", 2)[-1].casefold(), estate.name(position).casefold()
