"""The ledger as a caller with a scope reads it: as if the CIs outside of the scope had never been in it.

What is hidden is left out before anything is computed, so it shows in no count, rank, total, error or tag. A scoped store cannot
be written through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

import numpy as np

from app.domain.columns import Columns
from app.domain.json_columns import members_of, members_text, shares_of, shares_text, statement_of
from app.domain.nouns import CI, NOUNS
from app.ports.graph_store import Former, GraphStore, Hit, Revision, ScoredBy
from app.storage.aliases import entries
from app.storage.tables import take, texts_of, wanted_columns

Ids = np.ndarray[Any, np.dtype[np.int64]]
ENDS = {  # the columns that name a CI: a row is visible where all these CIs are
    "ci": ("ci_id",),
    "dependency": ("dependent_id", "provider_id"),
    "redundancy_group": ("dependent_id",),
    "exposure": ("ci_id",),
    "incident": ("ci_id",),
    "observation": (),
    "source_record": ("ci_id",),
    "open_need": ("dependent_id",),
}
BESIDE = {  # other columns that decide whether a row is visible
    "redundancy_group": ("members", "shares", "needed"),
    "observation": ("scope",),
    "open_need": ("statement",),
}
SAID = {
    "text": "a need that was not read",
    "reason": "said to callers without a scope",
    "statement": "",
}  # the text may name what is hidden
OF_CI = "ci:"


class ScopedStore:
    """A store cut to a scope. `visible(revision)` returns the ids of the visible CIs at a revision, in order."""

    def __init__(self, whole: GraphStore, visible: Callable[[int], Ids]) -> None:
        self._whole, self._visible = whole, visible

    # --- the pointer is the same for every caller
    def current(self) -> Revision:
        return self._whole.current()

    def revision(self, revision: int) -> Revision:
        return self._whole.revision(revision)

    def revision_at(self, at: datetime) -> Revision:
        return self._whole.revision_at(at)

    def horizon(self) -> int:
        return self._whole.horizon()

    def pending(self) -> Revision | None:
        return None

    # --- bulk reads
    def load_columns(self, revision: int, noun: str, names: Sequence[str] | None = None, source_id: int | None = None) -> Columns:
        wanted = wanted_columns(NOUNS[noun], names)
        needed = {*wanted, *ENDS[noun], *BESIDE.get(noun, ())}
        seen = self._seen(revision, noun, self._whole.load_columns(revision, noun, sorted(needed), source_id))
        return {name: seen[name] for name in wanted}

    def _seen(self, revision: int, noun: str, columns: Columns) -> dict[str, Any]:
        ids, ends = self._visible(revision), ENDS[noun]
        mask = np.ones(len(next(iter(columns.values()))), bool)
        for name in ends:
            mask &= _among(np.asarray(columns[name]), ids)
        if noun == "observation":
            mask &= self._scopes_seen(revision, columns["scope"])
        if noun == "open_need":
            mask &= np.array([_is_about(text, ids) for text in columns["statement"]], bool)
        seen = dict(columns) if mask.all() else take(columns, np.flatnonzero(mask))
        if noun == "open_need":
            rows = len(seen["statement"])
            return seen | {name: texts_of([text] * rows) for name, text in SAID.items() if name in seen}
        return _without_members(seen, ids) if noun == "redundancy_group" else seen

    def _scopes_seen(self, revision: int, scopes: Any) -> Any:
        keys = {_key_of(scope) for scope in scopes}
        of = self._whole.ids_of_keys(revision, sorted(keys - {""}))
        seen = set(self._visible(revision).tolist())
        return np.array([_key_of(scope) == "" or of.get(_key_of(scope)) in seen for scope in scopes], bool)

    # --- small reads
    def states(self, revision: int, ci_ids: Sequence[int]) -> Columns:
        ids = np.asarray(list(ci_ids), np.int64)
        return self._whole.states(revision, ids[_among(ids, self._visible(revision))].tolist())

    def rows(self, revision: int, noun: str, column: str, values: Sequence[int | str]) -> Columns:
        return self._seen(revision, noun, self._whole.rows(revision, noun, column, values))

    def groups_of_members(self, revision: int, ci_ids: Sequence[int]) -> Columns:
        members = np.asarray(list(ci_ids), np.int64)
        ids = members[_among(members, self._visible(revision))].tolist()
        return self._seen(revision, "redundancy_group", self._whole.groups_of_members(revision, ids))

    def ids_of_keys(self, revision: int, keys: Sequence[str]) -> Mapping[str, int]:
        seen = set(self._visible(revision).tolist())
        return {key: ci_id for key, ci_id in self._whole.ids_of_keys(revision, keys).items() if ci_id in seen}

    def find(self, revision: int, values: Sequence[str], kinds: Sequence[str] | None = None) -> Mapping[str, Sequence[Hit]]:
        seen = set(self._visible(revision).tolist())
        visible_hits = {
            value: [hit for hit in hits if hit.ci_id in seen] for value, hits in self._whole.find(revision, values, kinds).items()
        }
        return {value: hits for value, hits in visible_hits.items() if hits}

    def find_former(self, revision: int, values: Sequence[str]) -> Mapping[str, Sequence[Former]]:
        seen = set(self._visible(revision).tolist())
        visible_former = {
            value: [one for one in former if one.ci_id in seen]
            for value, former in self._whole.find_former(revision, values).items()
        }
        return {value: former for value, former in visible_former.items() if former}

    def search(self, revision: int, text: str, limit: int) -> Sequence[Hit]:
        """Returns the best hits among visible CIs. All of them are looked at, so that hidden CIs use up no limit of the store."""
        folded = text.casefold()
        if not folded or limit < 1:
            return []
        cis = self.load_columns(revision, CI.name, ["ci_id", "key", "name", "ci_class", "aliases"])
        best: dict[int, tuple[int, str, int, Hit]] = {}
        for row, ci_id in enumerate(np.asarray(cis["ci_id"]).tolist()):
            key, name = cis["key"][row], cis["name"][row] or ""
            for kind, value in entries(key, name, cis["aliases"][row]):
                own = value.casefold()
                if folded in own:
                    place = 0 if own == folded else 1 if own.startswith(folded) else 2
                    ranked = (place, own, ci_id, Hit(ci_id, key, name, cis["ci_class"][row] or "", kind, value))
                    best[ci_id] = min(best.get(ci_id, ranked), ranked, key=lambda one: one[:3])
        return [one[3] for one in sorted(best.values(), key=lambda one: one[:3])[:limit]]

    def load_scores(self) -> Columns:
        return {}

    def scored_by(self) -> ScoredBy | None:
        return None

    # --- nothing else is called under a scope
    def _not_under_a_scope(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("a scope reads, and only what is in it")

    revisions = changes = digest = _not_under_a_scope
    open_revision = write = publish = abandon = take_lease = write_scores = prune = check = close = _not_under_a_scope


def _among(values: Any, ids: Ids) -> Any:
    if not len(ids):
        return np.zeros(len(values), bool)
    place = np.minimum(np.searchsorted(ids, values), len(ids) - 1)
    return ids[place] == values


def _is_about(statement: str, ids: Ids) -> bool:
    """Returns whether all CIs that a mark names by id are visible (a doubt names two members of a group that may be one CI)."""
    of = statement_of(statement).get("of", [])
    return bool(np.all(_among(np.asarray(of, np.int64), ids)))


def _key_of(scope: str) -> str:
    """Returns the key of the CI that an observation is of; "" for one of a class, or of everything."""
    return scope.partition(OF_CI)[2] if OF_CI in scope else ""


def _without_members(groups: dict[str, Any], ids: Ids) -> dict[str, Any]:
    """Returns the groups with their visible members only; a group that has none is left out."""
    members = [members_of(text) for text in groups["members"]]
    known = set(ids.tolist())
    if all(member in known for row in members for member in row):
        return groups
    left = [[place for place, member in enumerate(row) if member in known] for row in members]
    shares = [shares_of(text) for text in groups["shares"]]
    cut = {
        **groups,
        "members": texts_of(members_text([row[place] for place in kept]) for row, kept in zip(members, left, strict=True)),
        "shares": texts_of(
            shares_text([row[place] for place in kept]) if row else "" for row, kept in zip(shares, left, strict=True)
        ),
        "needed": np.minimum(np.asarray(groups["needed"]), [max(len(kept), 1) for kept in left]),
    }
    return take(cut, np.flatnonzero([bool(kept) for kept in left]))
