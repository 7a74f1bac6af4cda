"""Makes the relations of groups and exposures from their rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from app.domain.errors import InvalidInput
from app.storage.neo4j.connection import Transaction, rows
from app.storage.neo4j.items import mark_services
from app.storage.statements import cypher


def link(transaction: Transaction, noun: str, columns: Mapping[str, list[Any]]) -> None:
    if noun == "exposure":
        ends = {name: columns[name] for name in ("ci_id", "source_id")}
        rows(transaction, cypher("neo4j_only/exposure", "link"), ends)
        mark_services(transaction, columns["ci_id"])
    elif noun == "redundancy_group":
        rows(
            transaction,
            cypher("neo4j_only/redundancy_group", "link"),
            {name: columns[name] for name in ("group_id", "dependent_id")},
        )
        members = [
            (group_id, ci_id, position)
            for group_id, text in zip(columns["group_id"], columns["members"], strict=True)
            for position, ci_id in enumerate(_members(group_id, text))
        ]
        flat = [list(column) for column in zip(*members, strict=True)] or [[], [], []]
        parameters = {"member_group": flat[0], "member_id": flat[1], "position": flat[2]}
        rows(transaction, cypher("neo4j_only/redundancy_group", "link_members"), parameters)


def _members(group_id: int, text: str | None) -> list[int]:
    try:
        return [int(ci_id) for ci_id in json.loads(text or "[]")]
    except (ValueError, TypeError) as error:
        raise InvalidInput(f"members of group {group_id} are not a JSON list of ci_ids", field="members") from error
