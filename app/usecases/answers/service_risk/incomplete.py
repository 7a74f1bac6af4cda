"""Marks an answer about a service of which needs were not read: no figure of it is exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from app.domain.sentences import not_read
from app.domain.service_risk import INCOMPLETE, UNKNOWN, Estimate
from app.usecases.answers.service_risk.ask import Inquiry

T = TypeVar("T")
METHOD = "outages_longer_than_method"


def as_far_as_read(answer: T, inquiry: Inquiry) -> T:
    """Returns the answer with the count of needs that were not read and every estimate in it marked; unchanged where all were
    read."""
    needs = inquiry.estate.open_needs(inquiry.position)
    if not needs:
        return answer
    marked = bounds_of_what_was_read(answer, needs)
    method = {METHOD: INCOMPLETE} if getattr(answer, METHOD, UNKNOWN) != UNKNOWN else {}
    return replace(marked, open_needs=needs, **method)  # type: ignore[type-var]


def bounds_of_what_was_read(answer: T, needs: int) -> T:
    """Returns the answer with every estimate in it marked."""
    marked: T = _marked(answer, f"{not_read(needs)}: a bound of what was read, failures at least, availability at most")
    return marked


def _marked(value: Any, note: str) -> Any:
    if isinstance(value, Estimate):
        if value.method == UNKNOWN:
            return value
        return replace(value, method=INCOMPLETE, note="; ".join(part for part in (value.note, note) if part))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_marked(part, note) for part in value]
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{part.name: _marked(getattr(value, part.name), note) for part in fields(value)})
    return value
