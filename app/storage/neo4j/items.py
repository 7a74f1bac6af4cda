"""CI nodes: made, revived and attached to their team, site and suppliers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.storage.aliases import folded_values
from app.storage.neo4j.connection import Transaction, rows
from app.storage.neo4j.labels import every_label, label_of, service_classes
from app.storage.statements import cypher

OWNERS = (("attach_team", "team"), ("attach_site", "site"), ("attach_supplier", "supplier"))
ONLY = "neo4j_only/ci"


def put_items(transaction: Transaction, columns: Mapping[str, list[Any]], since: Sequence[int], first: bool) -> None:
    """Make CIs hold: new ones are created, known ones revived. `first`: the ledger is empty, none is known."""
    ci_ids = columns["ci_id"]
    if not ci_ids:
        return
    full = dict(columns)
    full["since"] = list(since)
    full["search_texts"] = folded_values(columns["key"], columns["name"], columns["aliases"])
    full["alias_values"] = [_values(text) for text in columns["aliases"]]
    known = set() if first else set(rows(transaction, cypher(ONLY, "retired_among"), {"ci_id": ci_ids})[0]["ci_ids"])
    groups: dict[tuple[bool, str], list[int]] = {}
    for place, (ci_id, ci_class) in enumerate(zip(ci_ids, columns["ci_class"], strict=True)):
        groups.setdefault((ci_id in known, label_of(ci_class)), []).append(place)
    for (revived, label), places in sorted(groups.items()):
        statement = cypher(ONLY, "revive") if revived else cypher("ci", "begin")
        parameters = {name: [column[i] for i in places] for name, column in full.items()}
        rows(transaction, statement.replace("{label}", label), parameters)
    _attach(transaction, columns)
    mark_services(transaction, ci_ids if not first else _said(columns))


def mark_services(transaction: Transaction, ci_ids: Sequence[int]) -> None:
    if ci_ids:
        rows(transaction, cypher(ONLY, "mark_services"), {"ci_id": ci_ids})
        rows(transaction, cypher(ONLY, "unmark_services"), {"ci_id": ci_ids, "classes": service_classes()})


def end_items(transaction: Transaction, ci_ids: Sequence[int], revision: int) -> int:
    statement = cypher("ci", "end").replace("{labels}", every_label())
    return int(rows(transaction, statement, {"ci_id": ci_ids, "revision": revision})[0]["count"])


def _attach(transaction: Transaction, columns: Mapping[str, list[Any]]) -> None:
    for verb, column in OWNERS:
        ids: dict[str, list[int]] = {}
        for ci_id, text in zip(columns["ci_id"], columns[column], strict=True):
            for name in (text or "").split(" + ") if column == "supplier" else (text,):
                if name:
                    ids.setdefault(name, []).append(ci_id)
        if ids:
            names = sorted(ids)
            rows(transaction, cypher(ONLY, verb), {"names": names, "ids": [ids[name] for name in names]})


def _said(columns: Mapping[str, list[Any]]) -> list[int]:
    return [ci_id for ci_id, said in zip(columns["ci_id"], columns["is_service"], strict=True) if said == 1]


def _values(aliases: str | None) -> list[str]:
    """For people who query: the values alone."""
    return sorted({value for _, value in json.loads(aliases)}) if aliases else []
