"""Returns the rows of a statement as lists, one for each column: a tenth of the records, and values that many rows share are sent
once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from app.domain.nouns import Noun
from app.storage.neo4j.connection import Transaction
from app.storage.tables import column_of, join_columns, repeated

FEW_VALUES = {  # columns with few values: each value is sent once, with the rows that share it
    "ci": ("lifecycle", "environment", "is_service", "failures_origin", "repair_origin", "repair_distribution"),
    "dependency": ("kind", "source_id"),
}


def collected(noun: Noun[Any], names: Sequence[str], stored: Callable[[str], str]) -> str:
    """Returns a Cypher expression that collects rows which share the values of the few-valued columns, and lack the same numbers:
    the shared values once, each other column as a list. `collect` leaves nulls out, so the list of a number is whole or empty,
    and an absent text gets its sign first. `stored` tells where a column is."""
    shared, open_, others = parts_of(noun, names)
    keys = [*map(stored, shared), *(f"{stored(name)} IS NULL" for name in open_)]
    whole = [stored(name) if name in noun.identity else f"coalesce({stored(name)}, '')" for name in others]
    listed = [f"collect({text})" for text in (*map(stored, open_), *whole)]
    return ", ".join(f"{text} AS c{number}" for number, text in enumerate((*keys, *listed)))


def parts_of(noun: Noun[Any], names: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Returns the columns whose values rows share, the numbers that may be absent, and the others."""
    few, types = FEW_VALUES.get(noun.name, ()), noun.types()
    shared = [name for name in names if name in few]
    open_ = [name for name in names if name not in few and types[name] in ("REAL", "INTEGER") and name not in noun.identity]
    return shared, open_, [name for name in names if name not in shared and name not in open_]


def columns_of(noun: Noun[Any], names: Sequence[str], records: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Returns the columns of a block from the answer to a `collected` statement."""
    types, (shared, open_, others) = noun.types(), parts_of(noun, names)
    first = len(shared) + len(open_)
    parts: list[dict[str, Any]] = []
    for record in records:
        listed = dict(zip((*open_, *others), record[first:], strict=True))
        size = len(listed[others[0]])
        part = {name: repeated(types[name], value, size) for name, value in zip(shared, record, strict=False)}
        for name, values in listed.items():
            part[name] = column_of(types[name], values) if values or not size else repeated(types[name], None, size)
        parts.append(part)
    return {name: join_columns(types[name], [part[name] for part in parts]) for name in names}


def property_of(noun: Noun[Any]) -> Callable[[str], str]:
    """Returns where the `load` statement of a noun has a column."""
    if noun.name == "dependency":
        return lambda name: name if name in ("dependent_id", "provider_id") else f"d.{name}"
    return lambda name: "n.alias_pairs" if (noun.name, name) == ("ci", "aliases") else f"n.{name}"


def lists(transaction: Transaction, statement: str, parameters: dict[str, Any]) -> list[list[Any]]:
    return [list(record.values()) for record in transaction.run(statement, parameters)]
