"""Drops rows of the ledger for good, block by block, with their index entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.domain.json_columns import members_of
from app.domain.nouns import Noun
from app.storage.aliases import folded_values
from app.storage.sqlite.connection import Connected
from app.storage.statements import sql

BLOCK = 50_000


def forget_block(store: Connected, noun: Noun[Any], verb: str, revision: int) -> int:
    """Runs `undo_begun`, `undo_ended` or `prune` for one block; returns 0 when nothing is left."""
    with store.transaction() as connection:
        cursor = connection.execute(sql(noun.name, verb), (revision, BLOCK))
        if cursor.description is None:
            return max(cursor.rowcount, 0)
        rows = cursor.fetchall()
        connection.executemany(sql(f"sqlite_only/{noun.name}", "forget"), [row[:2] for row in rows])
        if noun.name == "ci":
            connection.executemany(sql("sqlite_only/ci", "forget_aliases"), _aliases(rows))
        else:
            members = [(member, group, since) for group, since, text in rows for member in members_of(text)]
            connection.executemany(sql("sqlite_only/redundancy_group", "forget_members"), members)
        return len(rows)


def _aliases(rows: Sequence[Any]) -> list[tuple[str, int, int]]:
    folded = folded_values([row[2] for row in rows], [row[3] for row in rows], [row[4] for row in rows])
    return [(value, row[0], row[1]) for row, values in zip(rows, folded, strict=True) for value in values]
