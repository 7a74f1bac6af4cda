"""The columns by which `rows` can be asked: those that both stores have an index for."""

from __future__ import annotations

from typing import Any

from app.domain.errors import InvalidInput
from app.domain.nouns import Noun

SERVED = {
    "dependency": ("dependent_id", "provider_id"),
    "redundancy_group": ("dependent_id", "group_id", "key"),
    "source_record": ("ci_id", "source_key"),
    "exposure": ("ci_id",),
    "incident": ("ci_id",),
}


def check_served(noun: Noun[Any], column: str) -> None:
    if column not in SERVED.get(noun.name, ()):
        raise InvalidInput(f"rows of {noun.name} are not served by {column}", field="column")
