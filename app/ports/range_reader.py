"""Prometheus as use cases see it: values of one query over a stretch of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class RangeReader(Protocol):
    def values(self, query: str, begin: int, end: int, step: int) -> Sequence[tuple[int, float]]:
        """Returns the samples of a query at `begin`, `begin + step`, … up to `end` (unix seconds), in order; a sample that is
        absent, or no finite number, is left out. SourceFailed where there is no answer, only a part of one, or more than one
        series: nothing is guessed."""


class Prometheus(Protocol):
    def open(self, settings: Mapping[str, str]) -> RangeReader:
        """Returns a reader of the server that the settings name; InvalidInput for an unknown, missing or bad setting, or a
        variable without a secret."""
