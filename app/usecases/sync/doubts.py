"""Doubtful pairs: records that share what only one thing should have, yet are two CIs because they differ otherwise.

A group that counts both as members may have redundancy on paper only, so it is marked on its dependent as long as nobody has
decided.

The rows are of noun `open_need`, kind "doubt": one without dependent for each pair (`needs` 0), and one for each group of which
two members are such a pair.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.domain.changes import rows_of
from app.domain.decisions import place_of, place_text
from app.domain.identity import Doubt, Place
from app.domain.json_columns import members_of, statement_of, statement_text
from app.domain.nouns import OPEN_NEED, REDUNDANCY_GROUP, Identity
from app.domain.rows import LedgerGroup, LedgerNeed
from app.ports.graph_store import GraphStore
from app.usecases.sync.unread import need_key

if TYPE_CHECKING:
    from app.usecases.sync.after import AfterRun

DOUBT = "doubt"
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
            self._before = dict(pair for row in rows if row.kind == DOUBT and (pair := _pair_of(row)) is not None)
        return self._before

    def look(self, places: Collection[Place], gone: Collection[Place], doubts: Iterable[Doubt]) -> None:
        """Takes in that these records were compared (those in `gone` are no more), and which doubts stand between them."""
        before = self.before()
        for pair in [pair for pair in before if any(place in places or place in gone for place in pair)]:
            del before[pair]
        self.found.update(((doubt.a, doubt.b), doubt.why) for doubt in doubts)

    def nothing(self) -> None:
        """Drops all pairs: the source is alone and does not list a thing twice."""
        self.before().clear()

    def rows(
        self, after: AfterRun, groups_begun: Iterable[LedgerGroup], groups_ended: Collection[Identity]
    ) -> dict[Identity, LedgerNeed]:
        """The rows of the pairs, and of the groups that hold both of one, by identity."""
        pairs = {**self.before(), **self.found}
        if not pairs:
            return {}
        cis = after.records_at({place for pair in pairs for place in pair})
        standing = {pair: why for pair, why in pairs.items() if all(place in cis for place in pair)}
        standing = {pair: why for pair, why in standing.items() if cis[pair[0]] != cis[pair[1]]}
        held = after.rows_of_cis({cis[place] for pair in standing for place in pair})
        rows: list[LedgerNeed] = []
        of_two: dict[tuple[int, int], str] = {}
        for pair, why in sorted(standing.items()):
            a, b = (held[cis[place]] for place in pair)
            text = f"{a.name or a.key} and {b.name or b.key} may be one CI"
            of_two.setdefault((min(a.ci_id, b.ci_id), max(a.ci_id, b.ci_id)), f"{text}: {why}")
            rows.append(_of_pair(pair, text, why))
        for group in self._groups(of_two, groups_begun, groups_ended):
            members = set(members_of(group.members))
            rows += [_of_group(group, two, why) for two, why in of_two.items() if members.issuperset(two)]
        return OPEN_NEED.by_identity(rows)

    def _groups(
        self, pairs: Iterable[tuple[int, int]], begun: Iterable[LedgerGroup], ended: Collection[Identity]
    ) -> list[LedgerGroup]:
        """Returns the groups after the run that have one of these CIs as a member."""
        ids = sorted({ci_id for pair in pairs for ci_id in pair})
        groups: dict[Identity, LedgerGroup] = {}
        for start in range(0, len(ids), 2_000) if self.revision else ():
            rows = rows_of(REDUNDANCY_GROUP, self.store.groups_of_members(self.revision, ids[start : start + 2_000]))
            groups.update(REDUNDANCY_GROUP.by_identity(rows))
        groups = {identity: group for identity, group in groups.items() if identity not in ended}
        groups.update(REDUNDANCY_GROUP.by_identity(begun))
        return [group for _, group in sorted(groups.items())]


def _pair_of(row: LedgerNeed) -> tuple[Pair, str] | None:
    statement = statement_of(row.statement)
    if "pair" not in statement:
        return None
    a, b = map(place_of, statement["pair"])
    return (a, b), row.reason or ""


def _of_pair(pair: Pair, text: str, why: str) -> LedgerNeed:
    """The row of two records, which is kept with the source of the first."""
    places = list(map(place_text, pair))
    key = need_key(f"{DOUBT} pair {' '.join(places)}")
    return LedgerNeed(pair[0][0], key, None, DOUBT, 0, text, why, statement_text({"pair": places}))


def _of_group(group: LedgerGroup, two: tuple[int, int], why: str) -> LedgerNeed:
    """The row of a group that counts two CIs as members that may be one."""
    key = need_key(f"{DOUBT} group {group.key}: {two[0]} {two[1]}")
    text = f"group {group.key.partition(':')[2]}"
    statement = statement_text({"of": list(two)})
    return LedgerNeed(group.source_id, key, group.dependent_id, DOUBT, 1, text, f"members {why}", statement)
