"""The ledger as it was read last, for answers while the store does not answer: one revision, from what was kept on disk.

Nothing can be written through it, and what was not kept is refused as the store's absence, never answered as nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

import numpy as np

from app.domain.columns import ABSENT, Categorical, Columns, Texts
from app.domain.errors import InvalidInput, NotFound, StoreUnavailable
from app.domain.json_columns import members_of
from app.domain.nouns import CI, OPEN_NEED, REDUNDANCY_GROUP, SOURCE_RECORD
from app.ports.compiled_cache import CompiledGraphCache
from app.ports.graph_store import SCORES, Former, Hit, Revision, ScoredBy
from app.storage.aliases import entries, match
from app.storage.served import check_served
from app.storage.tables import empty, noun_of, take, texts_of, wanted_columns

Likely = Callable[[int, str], Sequence[int]]  # revision and text → ids of the CIs that may answer to it, the likeliest first

AliasTexts = Callable[[int, Any], Sequence[str]]  # revision and ids of CIs → the alias texts of each

SAID = {"text": "a need that was not read", "reason": "told again once the store answers"}


class KnownStore:
    """The reads of a store at one revision. `columns`: the purpose under which the ledger's columns are kept; `likely` names the
    CIs that may answer to a text, `aliases` what CIs answer to beside key and name."""

    def __init__(
        self,
        known: Revision,
        cache: CompiledGraphCache,
        columns: str,
        likely: Likely,
        aliases: AliasTexts,
    ) -> None:
        self._known, self._cache, self._purpose, self._likely, self._aliases = known, cache, columns, likely, aliases
        self._columns: Mapping[str, Any] | None = None

    # --- the pointer
    def current(self) -> Revision:
        return self._known

    def pending(self) -> Revision | None:
        return None

    def revision(self, revision: int) -> Revision:
        if revision == self._known.revision:
            return self._known
        if 0 <= revision < self._known.revision:
            raise _away(f"revision {revision}: only revision {self._known.revision} is at hand")
        raise NotFound(f"there is no revision {revision}")

    def revision_at(self, at: datetime) -> Revision:
        if at >= (self._known.published_at or self._known.created_at):
            return self._known
        raise _away(f"only revision {self._known.revision} is at hand")

    def horizon(self) -> int:
        return self._known.revision

    # --- bulk reads
    def load_columns(self, revision: int, noun: str, names: Sequence[str] | None = None, source_id: int | None = None) -> Columns:
        self.revision(revision)
        kind = noun_of(noun)
        kept = self._kept()
        wanted = wanted_columns(kind, names)
        found = {name: kept[f"{noun}.{name}"] for name in wanted if f"{noun}.{name}" in kept}
        rows = len(kept[f"{noun}.{kind.identity[0]}"])
        if "aliases" in wanted:
            found["aliases"] = texts_of(self._aliases(revision, np.asarray(kept[f"{CI.name}.ci_id"])))
        if noun == OPEN_NEED.name:
            found |= {name: texts_of([said] * rows) for name, said in SAID.items() if name in wanted}
        if missing := [name for name in wanted if name not in found]:
            raise _away(f"{missing[0]} of {noun} was not kept")
        if source_id is not None:
            found = take(found, np.flatnonzero(np.asarray(kept[f"{noun}.source_id"]) == source_id))
        return {name: found[name] for name in wanted}

    # --- small reads
    def states(self, revision: int, ci_ids: Sequence[int]) -> Columns:
        ids = np.asarray(self._kept()[f"{CI.name}.ci_id"])
        rows = self._whole(CI.name, np.flatnonzero(np.isin(ids, np.asarray(list(ci_ids), np.int64))))
        return {**rows, "aliases": texts_of(self._aliases(revision, np.asarray(rows["ci_id"])))}

    def rows(self, revision: int, noun: str, column: str, values: Sequence[int | str]) -> Columns:
        kind = noun_of(noun)
        check_served(kind, column)
        if noun == SOURCE_RECORD.name:  # what sources said is not kept; the answer's warning says so
            return empty(kind, kind.names())
        whole = self._kept()[f"{noun}.{column}"]
        if isinstance(whole, Texts):
            return self._whole(noun, np.asarray([row for row, text in enumerate(whole) if text in set(values)], np.int64))
        return self._whole(noun, np.flatnonzero(np.isin(np.asarray(whole), np.asarray(list(values), np.int64))))

    def groups_of_members(self, revision: int, ci_ids: Sequence[int]) -> Columns:
        wanted = set(ci_ids)
        members = self._kept()[f"{REDUNDANCY_GROUP.name}.members"]
        rows = [row for row, text in enumerate(members) if not wanted.isdisjoint(members_of(text))]
        return self._whole(REDUNDANCY_GROUP.name, np.asarray(rows, np.int64))

    def ids_of_keys(self, revision: int, keys: Sequence[str]) -> Mapping[str, int]:
        wanted = set(keys)
        found = {
            hit.key: hit.ci_id
            for hits in self.find(revision, list(wanted), ["key"]).values()
            for hit in hits
            if hit.key in wanted
        }
        return dict(sorted(found.items()))

    def find(self, revision: int, values: Sequence[str], kinds: Sequence[str] | None = None) -> Mapping[str, Sequence[Hit]]:
        found = {}
        for value in dict.fromkeys(values):
            rows = self.states(revision, self._likely(revision, value)) if value else {"ci_id": []}
            hits = []
            for row, ci_id in enumerate(np.asarray(rows["ci_id"]).tolist()):
                told = rows["key"][row], rows["name"][row] or "", rows["aliases"][row] or ""
                entry = match(*told, value.casefold(), kinds=kinds)
                hits += [Hit(ci_id, *told[:2], rows["ci_class"][row] or "", *entry)] if entry else []
            if hits:
                found[value] = hits
        return found

    def find_former(self, revision: int, values: Sequence[str]) -> Mapping[str, Sequence[Former]]:
        return {}

    def search(self, revision: int, text: str, limit: int) -> Sequence[Hit]:
        hits = []
        folded = text.casefold()
        rows = self.states(revision, self._likely(revision, text)[:limit]) if text and limit > 0 else {"ci_id": []}
        for row, ci_id in enumerate(np.asarray(rows["ci_id"]).tolist()):
            told = rows["key"][row], rows["name"][row] or "", rows["aliases"][row] or ""
            entry = match(*told, folded, anywhere=True) or next(entries(*told))
            hits.append(Hit(ci_id, *told[:2], rows["ci_class"][row] or "", *entry))
        return hits

    def load_scores(self) -> Columns:
        return {name: np.zeros(0, np.int64 if name == "ci_id" else np.float64) for name in ("ci_id", *SCORES)}

    def scored_by(self) -> ScoredBy | None:
        return None

    def engine(self) -> str:
        return f"what was kept of revision {self._known.revision}"

    def outdated(self) -> str:
        return ""

    def close(self) -> None:
        """There is nothing to close."""

    def _kept(self) -> Mapping[str, Any]:
        if self._columns is None:
            self._columns = self._cache.load(self._known.revision, self._purpose)
        if self._columns is None:
            raise _away(f"revision {self._known.revision} was not kept")
        return self._columns

    def _whole(self, noun: str, rows: Any) -> dict[str, Any]:
        """Returns rows with all columns of a noun; those that were not kept are absent."""
        kept, kind = self._kept(), noun_of(noun)
        have = take({name: kept[f"{noun}.{name}"] for name in kind.names() if f"{noun}.{name}" in kept}, rows)
        blank: dict[str, Callable[[], Any]] = {
            "INTEGER": lambda: np.full(len(rows), ABSENT, np.int64),
            "REAL": lambda: np.full(len(rows), np.nan),
            "CATEGORY": lambda: Categorical(np.full(len(rows), -1, np.int32), ()),
            "TEXT": lambda: texts_of([""] * len(rows)),
        }
        return {name: have[name] if name in have else blank[kind.types()[name]]() for name in kind.names()}

    def _read_only(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise _away("nothing can be written, and of the past nothing can be read")

    revisions = changes = digest = check = prune = _read_only
    open_revision = write = make_ready = publish = abandon = finish_abandoning = take_lease = write_scores = _read_only


def _away(what: str) -> StoreUnavailable:
    return StoreUnavailable(f"the store does not answer, and {what}")


def revision_text(revision: Revision) -> dict[str, Any]:
    """Returns a revision as plain values."""
    return {
        "revision": revision.revision,
        "operation_id": revision.operation_id,
        "state": revision.state,
        "batches": revision.batches,
        "created_at": revision.created_at.isoformat(),
        "note": revision.note,
        "counters": dict(revision.counters),
        "published_at": revision.published_at.isoformat() if revision.published_at else "",
    }


def revision_from(row: Mapping[str, Any]) -> Revision:
    """Returns the revision of these plain values."""
    at = row["published_at"]
    return Revision(
        row["revision"],
        row["operation_id"],
        row["state"],
        row["batches"],
        datetime.fromisoformat(row["created_at"]),
        datetime.fromisoformat(at) if at else None,
        row["note"],
        row["counters"],
    )


def known_text(revision: Revision, read_at: datetime, documents: Mapping[str, Sequence[tuple[str, int, str]]]) -> str:
    """Returns what is kept in one file: the revision, when it was read, and documents by kind."""
    return json.dumps({"revision": revision_text(revision), "read_at": read_at.isoformat(), "documents": documents})


def known_from(text: str) -> tuple[Revision, datetime, Mapping[str, Sequence[tuple[str, int, str]]]]:
    """Returns what a file holds; InvalidInput where it is not one of ours."""
    try:
        body = json.loads(text)
        documents = {kind: [(key, version, own) for key, version, own in rows] for kind, rows in body["documents"].items()}
        return revision_from(body["revision"]), datetime.fromisoformat(body["read_at"]), documents
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"what was kept of the store cannot be read: {error}") from error
