"""What people decided about CIs, as records of the source `manual`: they are kept in the ledger and outlive every sync.

| record | class | says |
|---|---|---|
| join | "join" | its records are one CI, whatever their identifiers say |
| part | "part" | its records on one side and those on the other are not one CI |
| correction | "set" | values of one CI that are believed before those of any source |

A record is named by source and key, so a decision waits while a record is gone and holds again when it is back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.identity import Decided, Place
from app.domain.records import CiRecord

JOIN, PART, SET = "join", "part", "set"
ONE_SIDE, OTHER_SIDE = "record", "not"


@dataclass(frozen=True, slots=True)
class Decision:
    """`kind`: join, part or set; `places`: the records it names; `others`: for a part, those on the other side."""

    kind: str
    places: tuple[Place, ...]
    others: tuple[Place, ...] = ()


def place_text(place: Place) -> str:
    return f"{place[0]}:{place[1]}"


def place_of(text: str) -> Place:
    source_id, _, source_key = text.partition(":")
    return int(source_id), source_key


def decision_record(decision: Decision, attributes: dict[str, str] | None = None) -> CiRecord:
    """Returns the record that keeps a join or a part.

    >>> record = decision_record(Decision(JOIN, ((2, "s:b"), (1, "s:a"))))
    >>> record.source_key, decision_of(record).places
    ('join:1:s:a+2:s:b', ((1, 's:a'), (2, 's:b')))
    """
    places, others = sorted(decision.places), sorted(decision.others)
    name = "+".join(place_text(place) for place in (*places, *others))
    sides = [(ONE_SIDE, place_text(place)) for place in places] + [(OTHER_SIDE, place_text(place)) for place in others]
    return CiRecord(
        decision.kind, name, "", "", lifecycle="", environment="", identifiers=tuple(sides), attributes=attributes or {}
    )


def decision_of(record: CiRecord) -> Decision:
    places = tuple(place_of(value) for kind, value in record.identifiers if kind == ONE_SIDE)
    others = tuple(place_of(value) for kind, value in record.identifiers if kind == OTHER_SIDE)
    return Decision(record.source_class, places, others)


def decided(decisions: Iterable[Decision]) -> Decided:
    """Returns joined and parted pairs out of decisions."""
    joined: set[tuple[Place, Place]] = set()
    parted: set[tuple[Place, Place]] = set()
    for decision in decisions:
        if decision.kind == JOIN:
            joined.update((decision.places[0], other) for other in decision.places[1:])
        elif decision.kind == PART:
            parted.update((a, b) for a in decision.places for b in decision.others)
    return Decided(frozenset(joined), frozenset(parted))
