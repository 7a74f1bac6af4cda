"""Makes and revives the nodes of CIs, and attaches them to their team, site and suppliers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from app.storage.neo4j.connection import Transaction, rows
from app.storage.neo4j.labels import every_label, label_of, service_classes
from app.storage.statements import cypher

ONLY = "neo4j_only/ci"


def item_columns(columns: Mapping[str, list[Any]], since: Sequence[int], folded: Sequence[list[str]]) -> dict[str, list[Any]]:
    """Returns the columns of CIs with what their nodes carry besides. `folded`: what each answers to
    (`aliases.folded_values`)."""
    lists = json.loads("[" + ",".join([text or "[]" for text in columns["aliases"]]) + "]")
    values = [sorted({value for _, value in pairs}) for pairs in lists]  # the values alone, for people who query
    return {**columns, "since": list(since), "search_texts": list(folded), "alias_values": values}


def put_items(transaction: Transaction, full: Mapping[str, list[Any]], first: bool) -> None:
    """Makes CIs hold: new ones are created, known ones revived. `first`: the ledger is empty, so none is known."""
    ci_ids = full["ci_id"]
    if not ci_ids:
        return
    known = set() if first else set(rows(transaction, cypher(ONLY, "retired_among"), {"ci_id": ci_ids})[0]["ci_ids"])
    full = {**full, "labels": [label_of(ci_class) for ci_class in full["ci_class"]]}
    groups: dict[bool, list[int]] = {}
    for place, ci_id in enumerate(ci_ids):
        groups.setdefault(ci_id in known, []).append(place)
    for revived, places in sorted(groups.items()):
        parameters = {name: [column[i] for i in places] for name, column in full.items()} if len(groups) > 1 else full
        rows(transaction, _statement(revived), {**parameters, **_owners(parameters)})
    mark_services(transaction, ci_ids if known else _stated_services(full))


@cache
def _statement(revived: bool) -> str:
    begin = cypher(ONLY, "revive") if revived else cypher("ci", "begin")
    return "\n".join((cypher(ONLY, "places"), begin, cypher(ONLY, "attach")))


def _owners(columns: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Returns the names of teams, sites and suppliers, each once, and for each CI the positions of its own among them."""
    teams, team_at = _positions(columns["team"])
    sites, site_at = _positions(columns["site"])
    several, at = _positions(columns["supplier"])
    suppliers = sorted({name for text in several for name in text.split(" + ") if name})
    place = {name: i for i, name in enumerate(suppliers)}
    of_text = [*([place[name] for name in text.split(" + ") if name] for text in several), []]
    return {
        "teams": teams,
        "team_at": team_at,
        "sites": sites,
        "site_at": site_at,
        "suppliers": suppliers,
        "supplier_at": [of_text[i] for i in at],
    }


def _positions(values: Sequence[str | None]) -> tuple[list[str], list[int]]:
    """Returns the values, each once and in order, and for each row the position of its value (the number of values where it has
    none)."""
    names = sorted({value for value in values if value})
    place: dict[str | None, int] = {name: i for i, name in enumerate(names)}
    return names, [place.get(value, len(names)) for value in values]


def mark_services(transaction: Transaction, ci_ids: Sequence[int]) -> None:
    if ci_ids:
        rows(transaction, cypher(ONLY, "mark_services"), {"ci_id": ci_ids})
        rows(transaction, cypher(ONLY, "unmark_services"), {"ci_id": ci_ids, "classes": service_classes()})


def end_items(transaction: Transaction, ci_ids: Sequence[int], revision: int) -> int:
    statement = cypher("ci", "end").replace("{labels}", every_label())
    return int(rows(transaction, statement, {"ci_id": ci_ids, "revision": revision})[0]["count"])


def _stated_services(columns: Mapping[str, list[Any]]) -> list[int]:
    return [ci_id for ci_id, stated in zip(columns["ci_id"], columns["is_service"], strict=True) if stated == 1]
