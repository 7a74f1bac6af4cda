"""How true each version of the model has proved to be, on what was on record when it was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VersionFigures:
    """The last figures of one version of the model: of the replay of `episodes` incidents with their cause, services `predicted`,
    `recorded` and both (`right`); `precision` and `recall` with 90 % ranges (Wilson), None where nothing was. Services of one
    episode fail together, so the ranges are somewhat too narrow. `unexplained`: of `failures` on record, those that began with
    others which did not cause them."""

    model_version: str
    revision: int
    at: str
    episodes: int
    predicted: int
    recorded: int
    right: int
    precision: float | None
    precision_low: float | None
    precision_high: float | None
    recall: float | None
    recall_low: float | None
    recall_high: float | None
    failures: int
    unexplained: int


@dataclass(frozen=True, slots=True)
class ModelHonesty:
    """By version of the model, the newest figures first."""

    items: Sequence[VersionFigures]
