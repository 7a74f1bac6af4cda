"""What is otherwise about a CI, a service or an area at a later revision, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.domain.areas import AREA_COLUMNS
from app.domain.explained import needs_change, value_change
from app.domain.graph import ORIGIN_NAMES, ServiceExposure
from app.domain.sentences import count, percent
from app.risk.first_order.areas import services_felt
from app.risk.intake.cause_rows import FIRST_ID
from app.usecases.answers.areas import UNKNOWN_AREA, positions_of
from app.usecases.answers.paths import known
from app.usecases.assess import Assessed
from app.usecases.estate import Estate

VALUES = (  # column, in words, unit, column of its origin
    ("failures_per_year", "failures", "a year", "failures_origin"),
    ("repair_hours", "restore time", "h", "repair_origin"),
    ("unavailability", "unavailability", "", ""),
    ("failure_on_demand", "failure on demand", "", ""),
    ("restart_hours", "restart", "h", ""),
)
EXPOSURES = (
    ("customers", "customers", ""),
    ("money_per_hour", "money", "an hour"),
    ("mtpd_hours", "MTPD", "h"),
    ("rto_hours", "RTO", "h"),
    ("mbco_share", "MBCO", ""),
)


@dataclass(frozen=True, slots=True)
class ChangedInputs:
    """Two assessed revisions, the earlier one first."""

    then: Assessed
    now: Assessed

    def of_ci(self, ci_id: int, estate_part: float, exposure_part: float) -> tuple[str, str, list[str]]:
        """Returns key, name and what changed of a CI; where it did not change itself, what of its surroundings did."""
        before, after = _place(self.then.estate, ci_id), _place(self.now.estate, ci_id)
        here = self.now.estate if after is not None else self.then.estate
        position = after if after is not None else before
        assert position is not None, "it is a CI of one of them"
        key, name = here.key(position), here.name(position)
        if before is None or after is None:
            return key, name, ["was not assessed before" if before is None else "is no longer assessed"]
        told = [*_values(self.then.estate, before, self.now.estate, after), *self._needs(before, after)]
        stopped = services_felt(self.then.first, before), services_felt(self.now.first, after)
        if stopped[0] != stopped[1]:
            told.append(f"stops {_services(stopped[1])}, before {_services(stopped[0])}")
        if not told:
            told += ["what hangs on it, or could stand in for it, changed"] if estate_part else []
            told += ["customers, money or deadlines of what hangs on it changed"] if exposure_part else []
        return key, name, told

    def of_service(self, ci_id: int) -> tuple[str, str, list[str]]:
        """Returns key, name and what changed of a service: its exposure and its single points."""
        before, after = _exposure(self.then.estate, ci_id), _exposure(self.now.estate, ci_id)
        key, name, told = self.of_ci(ci_id, 0.0, 0.0)
        if before is None or after is None:
            return key, name, told
        for column, words, unit in EXPOSURES:
            was, is_now = getattr(before, column), getattr(after, column)
            if was != is_now:
                told.append(value_change(words, unit, (was, ""), (is_now, "")))
        if before.impact != after.impact:
            told.append("its impact over time is stated otherwise")
        return key, name, told

    def of_area(self, kind: str, name: str) -> tuple[str, str, list[str]]:
        """Returns name, label and how many CIs came and went of a team, site, supplier or class."""
        before, after = self._members(self.then, kind, name), self._members(self.now, kind, name)
        came, went = len(after - before), len(before - after)
        return name, name, [f"{count(came, 'CI')} came, {went:,} went"] if came or went else []

    def _members(self, assessment: Assessed, kind: str, name: str) -> set[int]:
        values = (*getattr(assessment.estate.graph.cis, AREA_COLUMNS[kind]).values, UNKNOWN_AREA)
        if name not in values:
            return set()
        return set(assessment.estate.compiled.ci_id[positions_of(assessment, kind, values.index(name))].tolist())

    def _needs(self, before: int, after: int) -> list[str]:
        was, is_now = _needed(self.then.estate, before), _needed(self.now.estate, after)
        told = needs_change(_names(self.now.estate, is_now - was), _names(self.then.estate, was - is_now))
        if not told and _groups(self.then.estate, before) != _groups(self.now.estate, after):
            told.append("its redundancy changed")
        return told


def _services(felt: tuple[int, int]) -> str:
    return count(felt[0], "service") + (f" and degrades {felt[1]:,}" if felt[1] else "")


def _place(estate: Estate, ci_id: int) -> int | None:
    compiled = estate.compiled
    at = int(np.searchsorted(compiled.sorted_ci_id, ci_id))
    known_here = at < len(compiled.sorted_ci_id) and int(compiled.sorted_ci_id[at]) == ci_id
    return int(compiled.sorted_position[at]) if known_here else None


def _values(then: Estate, before: int, now: Estate, after: int) -> list[str]:
    told = []
    was, is_now = int(then.compiled.row[before]), int(now.compiled.row[after])
    earlier, later = _cis(then, was), _cis(now, is_now)
    for column, words, unit, origin in VALUES:
        a, b = _said(earlier, column, origin, was), _said(later, column, origin, is_now)
        if a != b:
            told.append(value_change(words, unit, a, b))
    shares = float(earlier.level_share[was]), float(later.level_share[is_now])
    if shares[0] != shares[1]:
        told.append(f"works at {percent(shares[1])}, before at {percent(shares[0])}")
    return told


def _cis(estate: Estate, row: int) -> Any:
    """Returns the columns in which a row stands: those of the ledger, or of the model for a common cause."""
    return estate.plain.cis if row < len(estate.plain.cis.ci_id) else estate.graph.cis


def _said(cis: Any, column: str, origin: str, row: int) -> tuple[float | None, str]:
    return known(float(getattr(cis, column)[row])), ORIGIN_NAMES[int(getattr(cis, origin)[row])] if origin else ""


def _needed(estate: Estate, position: int) -> set[int]:
    """Returns the CIs (numbers) that a CI needs by itself, in any way; common causes are none."""
    flat = estate.compiled.flat
    first, last = int(flat.group_ptr[position]), int(flat.group_ptr[position + 1])
    found = np.concatenate(
        [
            flat.reverse[flat.reverse_ptr[position] : flat.reverse_ptr[position + 1]],
            flat.soft_reverse[flat.soft_reverse_ptr[position] : flat.soft_reverse_ptr[position + 1]],
            flat.member[int(flat.member_ptr[first]) : int(flat.member_ptr[last])],
        ]
    )
    return {ci_id for ci_id in estate.compiled.ci_id[found].tolist() if ci_id < FIRST_ID}


def _groups(estate: Estate, position: int) -> list[tuple[int, tuple[int, ...]]]:
    flat, ids = estate.compiled.flat, estate.compiled.ci_id
    return sorted(
        (int(flat.group_needed[g]), tuple(ids[flat.member[int(flat.member_ptr[g]) : int(flat.member_ptr[g + 1])]].tolist()))
        for g in range(int(flat.group_ptr[position]), int(flat.group_ptr[position + 1]))
    )


def _names(estate: Estate, ci_ids: Iterable[int]) -> list[str]:
    return sorted(estate.name(estate.position(ci_id)) for ci_id in ci_ids)


def _exposure(estate: Estate, ci_id: int) -> ServiceExposure | None:
    return next((one for one in estate.plain.services if one.ci_id == ci_id), None)
