"""Relations of objects: i-doit shows the same relation at both of its ends; master and slave become dependent and provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.domain.errors import ForestayError, SourceFailed
from app.domain.records import DependencyRecord, GroupRecord
from importers.idoit.rest import Rest
from importers.lists.number_keys import key_of
from importers.mapping.mapped import Ignored, Mapped
from importers.mapping.rows import map_relation, text_of
from importers.mapping.rules import RelationRule

CATEGORY = "C__CATG__RELATION"
ENDS = ("object1", "object2")  # master, slave


@dataclass(slots=True)
class Sightings:
    """The relations of all types of objects, read once. `rows`: by id of the relation; `seen`: at which objects it was shown;
    `failed`: types of objects whose relations could not be read, or do not agree with what the other ends show."""

    rows: dict[int, dict[str, str]] = field(default_factory=dict)
    seen: set[tuple[int, int]] = field(default_factory=set)
    failed: dict[str, ForestayError] = field(default_factory=dict)

    def take(self, number: int, entries: Any) -> None:
        for entry in entries if isinstance(entries, list) else ():
            row = _row(entry)
            self.rows[int(row["id"])] = row
            self.seen.add((int(row["id"]), number))


def read_relations(rest: Rest, types: Mapping[str, Sequence[int]]) -> Sightings:
    """Reads the relations. `types`: ids of the objects of each type that could be listed."""
    sightings = Sightings()
    for name, numbers in types.items():
        try:
            answers = rest.batch("cmdb.category.read", [_relations_query(number) for number in numbers])
            for number, entries in zip(numbers, answers, strict=True):
                sightings.take(number, entries)
        except ForestayError as error:
            if error.details.get("answered") == 401:
                raise
            sightings.failed[name] = error
    _compare(
        rest, sightings, {number: name for name, numbers in types.items() if name not in sightings.failed for number in numbers}
    )
    return sightings


def _compare(rest: Rest, sightings: Sightings, types: Mapping[int, str]) -> None:
    """Checks that each relation is shown at both of its ends; where it is not, that end is read once more, as it may be new."""
    missing = {
        (number, end)
        for number, row in sightings.rows.items()
        for end in (int(row["master"]), int(row["slave"]))
        if end in types and (number, end) not in sightings.seen
    }
    for end in sorted({end for _, end in missing if types[end] not in sightings.failed}):
        try:
            sightings.take(end, next(rest.batch("cmdb.category.read", [_relations_query(end)])))
        except ForestayError as error:
            sightings.failed[types[end]] = error
    for number, end in sorted(missing - sightings.seen):
        text = (
            f"i-doit shows relation {number} at one of its objects and not at {end}: relations of {types[end]} were not read "
            "whole"
        )
        sightings.failed.setdefault(types[end], SourceFailed(text))


def _relations_query(number: int) -> dict[str, Any]:
    return {"objID": number, "category": CATEGORY, "status": 2}


def _row(entry: Any) -> dict[str, str]:
    try:
        ends = [text_of(entry[end]["id"]) for end in ENDS]
        kind = entry["relation_type"]
        row = {
            "id": text_of(entry["id"]),
            "master": ends[0],
            "slave": ends[1],
            "type": text_of(kind.get("const")) or text_of(kind.get("title")),
            "weighting": text_of((entry.get("weighting") or {}).get("id")),
            "master_title": text_of(entry[ENDS[0]].get("title")),
            "slave_title": text_of(entry[ENDS[1]].get("title")),
        }
        int(row["id"]), int(ends[0]), int(ends[1])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise SourceFailed("i-doit gave a relation without id, object1, object2 or relation_type") from None
    return row


def team_of(entries: Any, kinds: Sequence[str], groups: Mapping[int, str]) -> str:
    """Returns the team among the contacts that relations name: the person group of the lowest id."""
    rows = [_row(entry) for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    ends = [int(row[end]) for row in rows if row["type"] in kinds for end in ("master", "slave")]
    return next((groups[end] for end in sorted(ends) if end in groups), "")


def rows_of(rule: RelationRule, sightings: Sightings, mine: Sequence[int], others: set[int]) -> list[tuple[str, str, Any]]:
    """Returns the relations whose slave is one of these objects, and, to be counted, those of a master here whose slave no list
    reads. Those that stand for members of a cluster come together, one row for each cluster."""
    rows, members, here = list[tuple[str, str, Any]](), dict[str, list[str]](), set(mine)
    for number, row in sorted(sightings.rows.items()):
        master, slave = int(row["master"]), int(row["slave"])
        body = {name: row[name] for name in ("master", "slave", "type", "weighting") if row[name]}
        if slave in here:
            if row["type"] in rule.ask.get("groups", ()):
                members.setdefault(row["slave"], []).append(row["master"])
            else:
                rows.append((key_of(number), "", body))
        elif master in here and slave not in others:
            rows.append((key_of(number), "", {**body, "outside": "true"}))
    rows += [(f"of {key_of(int(slave))}", "", {"slave": slave, "members": sorted(set(many))}) for slave, many in members.items()]
    return sorted(rows, key=lambda row: row[0])


def relation_records(rule: RelationRule, body: Mapping[str, Any], where: str) -> list[Mapped]:
    """Returns the records of a row. `weighting` runs from 1 (very important) to 10 (unimportant); the mapping's table says from
    where on a need is soft, and of which weight."""
    if "members" in body:
        return _members(body["slave"], body["members"])
    records = map_relation(rule, body, where)
    if body.get("outside"):
        kept: list[Mapped] = [one for one in records if isinstance(one, Ignored)]
        return kept or [Ignored("dependency", f"type {body.get('type')}: its slave is of a type that no list reads")] * len(
            records
        )
    weight = rule.ask.get("weights", {}).get(body.get("weighting", ""))
    if weight is None:
        return records
    return [
        replace(one, kind="soft", weight=float(weight)) if isinstance(one, DependencyRecord) and one.kind == "hard" else one
        for one in records
    ]


def _members(cluster: str, members: Sequence[str]) -> list[Mapped]:
    """Returns the group of a cluster. i-doit does not say how many members suffice: one, as clusters are made for that."""
    if len(members) == 1:
        return [DependencyRecord(cluster, members[0], "hard", None, "cluster member")]
    return [GroupRecord(f"{cluster} members", cluster, tuple(members), 1)]
