"""The change list of a run that was written: the difference of two revisions, as the ledger tells it."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.change_list import ChangeList
from app.domain.changes import rows_of
from app.domain.nouns import CI, NOUNS
from app.ports.graph_store import GraphStore
from app.usecases.changes.names import Names, ids_in, line


def changes_made(store: GraphStore, a: int, b: int, sources: Mapping[int, str], into: ChangeList) -> None:
    """All rows that began or ended between revisions a < b. Holds them in memory noun by noun; NotFound below the horizon."""
    names = Names(store, [a, b], sources)
    for noun in sorted(NOUNS.values(), key=lambda noun: noun is not CI):
        size, changes = len(noun.identity), store.changes(a, b, noun.name)
        old = {row[:size]: row for row in rows_of(noun, changes.ended)}
        new = {row[:size]: row for row in rows_of(noun, changes.begun)}
        if noun is CI:
            names.learn([*old.values(), *new.values()])
        else:
            names.fetch(ids_in(noun, [*old.values(), *new.values()]))
        into.take(line(noun, old.get(identity), new.get(identity), names) for identity in sorted(old.keys() | new.keys()))
