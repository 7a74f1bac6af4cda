"""Turns what impacts one CI into dependencies and groups: the right side of `A impacts B` depends on the left, and the redundancy
setting says how many suffice."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Any

from app.domain.records import DependencyRecord, GroupRecord, RejectedRecord
from importers.mapping.mapped import Ignored, Mapped
from importers.mapping.rules import RelationRule, Side

Place = Callable[[str, str], str]  # class and id -> reference
WORD = "impacts"


def impact_records(rule: RelationRule, place: Place, body: Mapping[str, Any]) -> list[Mapped]:
    """Returns the records of one dependent with all that impacts it."""
    my_class, me = body["class"], place(body["class"], body["id"])
    if my_class in rule.ask.get("contacts", ()):
        return [Ignored("dependency", f"{my_class} is a contact")] * len(body["providers"])
    records: list[Mapped] = []
    members: list[str] = []
    named = rule.ask.get("redundancy", {}).get(body.get("of", ""), [])
    for its_class, number in body["providers"]:
        other, side = place(its_class, number), side_of(rule, its_class, my_class)
        if side.depends == "none":
            records.append(Ignored("dependency", f"{its_class} impacts {my_class}"))
        elif side.depends == "child" and side.kind != "soft" and any(fnmatchcase(its_class, word) for word in named):
            members.append(other)
            kind = side.kind
        else:
            records += _plain(me, other, side)
    if members:
        records += _members(me, members, str(body.get("redundancy") or "disabled"), kind)
    return records


def side_of(rule: RelationRule, left: str, right: str) -> Side:
    """Returns which side depends: by both classes, by the left class, by the right, else by `*`."""
    for word in (f"{left}::{right}", f"{left}::*", f"*::{right}", "*"):
        if side := rule.types.get(word.casefold()):
            return side
    return Side("child")


def _plain(me: str, other: str, side: Side) -> list[Mapped]:
    records: list[Mapped] = []
    if side.depends in ("child", "both"):
        records.append(DependencyRecord(me, other, side.kind, side.weight, WORD))
    if side.depends in ("parent", "both"):
        records.append(DependencyRecord(other, me, side.kind, side.weight, WORD))
    return records


def _members(me: str, members: Sequence[str], setting: str, kind: str) -> list[Mapped]:
    needed = needed_of(setting, len(members))
    if needed is not None and needed < len(members):
        return [GroupRecord(f"{me} redundancy", me, tuple(members), needed, "supply" if kind == "supply" else "ordinary")]
    records: list[Mapped] = [DependencyRecord(me, other, kind, None, WORD) for other in members]
    if needed is None:
        fault = (
            "redundancy",
            f"'{setting[:40]}' is not disabled, a number or a share",
            "all are taken as needed until it is one",
        )
        records.append(RejectedRecord("group", me, me, *fault))
    return records


def needed_of(setting: str, members: int) -> int | None:
    """Returns how many of the members must be up; None where the setting cannot be understood.

    >>> needed_of("disabled", 4), needed_of("1", 4), needed_of("50%", 5), needed_of("9", 4), needed_of("some", 4)
    (4, 1, 3, 4, None)
    """
    text = setting.strip().casefold()
    if text == "disabled":
        return members
    try:
        needed = math.ceil(members * Fraction(text[:-1].strip()) / 100) if text.endswith("%") else int(text)
    except (ValueError, ZeroDivisionError):
        return None
    return min(needed, members) if needed >= 1 else None
