"""Doubtful pairs: records that share what only one thing should have and are two CIs for what differs. A group that counts both as members may have
redundancy on paper only, so it is marked on its dependent as long as nobody decided.

Rows of noun `open_need`, kind "doubt": one without dependent for each pair (`needs` 0), one for each group of which two members are such a pair.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.domain.changes import Row, rows_of
from app.domain.decisions import place_of, place_text
from app.domain.identity import Doubt, Place
from app.domain.nouns import CI, OPEN_NEED, REDUNDANCY_GROUP
from app.domain.payloads import canonical
from app.ports.graph_store import GraphStore
from app.usecases.sync.unread import need_key

if TYPE_CHECKING:
    from app.usecases.sync.after import AfterRun

DOUBT = "doubt"
KIND, STATEMENT = (OPEN_NEED.names().index(name) for name in ("kind", "statement"))
MEMBERS, SOURCE, DEPENDENT = (REDUNDANCY_GROUP.names().index(name) for name in ("members", "source_id", "dependent_id"))
NAME, KEY = CI.names().index("name"), CI.names().index("key")
Pair = tuple[Place, Place]


@dataclass(slots=True)
class Doubts:
    """The pairs in doubt, as they were and as a run finds them."""

    store: GraphStore
    revision: int
    found: dict[Pair, str] = field(default_factory=dict)
    _before: dict[Pair, str] | None = None

    def before(self) -> dict[Pair, str]:
        if self._before is None:
            rows = rows_of(OPEN_NEED, self.store.load_columns(self.revision, OPEN_NEED.name)) if self.revision else []
            self._before = dict(pair for row in rows if row[KIND] == DOUBT and (pair := _pair_of(row)) is not None)
        return self._before

    def look(self, places: Collection[Place], gone: Collection[Place], doubts: Iterable[Doubt]) -> None:
        """Records were compared (`gone`: they are no more), and these doubts stand between them."""
        before = self.before()
        for pair in [pair for pair in before if any(place in places or place in gone for place in pair)]:
            del before[pair]
        self.found.update(((doubt.a, doubt.b), doubt.why) for doubt in doubts)

    def nothing(self) -> None:
        """One source is alone: it does not list a thing twice."""
        self.before().clear()

    def rows(self, after: AfterRun, groups_begun: Iterable[Row], groups_ended: Collection[Row]) -> dict[Row, Row]:
        """Of the pairs, and of the groups that hold both of one, by identity."""
        pairs = {**self.before(), **self.found}
        if not pairs:
            return {}
        cis = after.records_at({place for pair in pairs for place in pair})
        standing = {pair: why for pair, why in pairs.items() if all(place in cis for place in pair)}
        standing = {pair: why for pair, why in standing.items() if cis[pair[0]] != cis[pair[1]]}
        held = after.rows_of_cis({cis[place] for pair in standing for place in pair})
        found: dict[Row, Row] = {}
        of_two: dict[tuple[int, int], str] = {}
        for pair, why in sorted(standing.items()):
            a, b = (held[cis[place]] for place in pair)
            text = f"{a[NAME] or a[KEY]} and {b[NAME] or b[KEY]} may be one CI"
            of_two.setdefault((min(a[0], b[0]), max(a[0], b[0])), f"{text}: {why}")
            row = _row(
                pair[0][0], f"pair {' '.join(map(place_text, pair))}", None, 0, text, why, {"pair": list(map(place_text, pair))}
            )
            found[row[:2]] = row
        for group in self._groups(of_two, groups_begun, groups_ended):
            members = set(json.loads(group[MEMBERS]))
            for (a_id, b_id), why in of_two.items():
                if a_id in members and b_id in members:
                    row = _row(group[SOURCE], f"group {group[1]}: {a_id} {b_id}", group[DEPENDENT], 1, f"group {group[1].partition(':')[2]}", f"members {why}", {"of": [a_id, b_id]})  # fmt: skip
                    found[row[:2]] = row
        return found

    def _groups(self, pairs: Iterable[tuple[int, int]], begun: Iterable[Row], ended: Collection[Row]) -> list[Row]:
        """Groups after the run that have one of these CIs as a member."""
        ids = sorted({ci_id for pair in pairs for ci_id in pair})
        found: dict[Row, Row] = {}
        for start in range(0, len(ids), 2_000) if self.revision else ():
            rows = rows_of(REDUNDANCY_GROUP, self.store.groups_of_members(self.revision, ids[start : start + 2_000]))
            found.update((row[:1], row) for row in rows if row[:1] not in ended)
        found.update((row[:1], row) for row in begun)
        return [row for _, row in sorted(found.items())]


def _pair_of(row: Row) -> tuple[Pair, str] | None:
    said: Mapping[str, list[str]] = json.loads(row[STATEMENT] or "{}")
    if "pair" not in said:
        return None
    a, b = map(place_of, said["pair"])
    return (a, b), row[6] or ""


def _row(source_id: int, what: str, dependent_id: int | None, needs: int, text: str, why: str, said: Mapping[str, object]) -> Row:
    return source_id, need_key(f"{DOUBT} {what}"), dependent_id, DOUBT, needs, text, why, canonical(said)
