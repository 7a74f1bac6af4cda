"""GraphStore: the ledger of revisions.

The one read rule: a row holds at revision r when `since <= r and r < until`. A reader names the revision and gets exactly that
revision, whatever is written meanwhile; no snapshot of the database is promised or needed.

A write goes: `open_revision` -> numbered `write`s -> `publish` (or `abandon`). Readers never see a pending revision. Who may
write is decided above the store (usecases/write_revision); the store knows the highest fencing token and refuses lower ones. Ids
(`ci_id`, `group_id`) are given out above the store from the revision's counters. A revision that is not published, or below the
horizon, is NotFound. Each method may raise StoreUnavailable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from app.domain.columns import Batch, Columns


@dataclass(frozen=True, slots=True)
class Revision:
    """`revision` 0 is the empty estate, which every store holds from the start. Times are aware UTC."""

    revision: int
    operation_id: str
    state: str  # pending, published
    batches: int  # how many numbered writes were applied
    created_at: datetime
    published_at: datetime | None = None
    note: str = ""  # what wrote it, for people: "sync of cmdb, run 12"
    counters: Mapping[str, int] = field(default_factory=dict)  # next free id by noun: {"ci": 1, "redundancy_group": 1}


@dataclass(frozen=True, slots=True)
class Changes:
    """Rows of one noun that began and that ended between two revisions a < b: begun hold at b and not at a, ended hold at a and
    not at b; both with all columns. A row changed twice in between shows its state at a as ended and at b as begun."""

    begun: Columns
    ended: Columns


@dataclass(frozen=True, slots=True)
class Hit:
    """A CI that answers to a searched text: the alias that matched, as the source wrote it."""

    ci_id: int
    key: str
    name: str
    ci_class: str
    alias_kind: str
    alias: str


@dataclass(frozen=True, slots=True)
class Former:
    """A CI that holds now and answered to a text in an earlier revision: until which one, and its key as it is now."""

    ci_id: int
    key: str
    until: int  # the first revision in which it no longer answered to it


@dataclass(frozen=True, slots=True)
class ScoredBy:
    """The latest assessment whose scores were written, and when."""

    assessment: str
    revision: int
    at: datetime


class GraphStore(Protocol):
    # --- the pointer and revisions
    def current(self) -> Revision: ...
    def pending(self) -> Revision | None: ...
    def revision(self, revision: int) -> Revision: ...  # NotFound
    def revision_at(self, at: datetime) -> Revision: ...  # the published one that held at that time; revision 0 before the first
    def revisions(self, after: int, limit: int) -> Sequence[Revision]: ...  # newest first, below `after`; 0: from the newest
    def horizon(self) -> int: ...  # the oldest revision that is exact: `prune` forgets what was before
    def open_revision(
        self, operation_id: str, base: int, note: str = "", fence: int | None = None, at: datetime | None = None
    ) -> Revision:
        """Opens revision base + 1. The same operation_id gives the same revision again, pending (resume: `batches` says how far)
        or published (it is done); raises Conflict when another one is pending or `base` is no longer current, Fenced when
        `fence` is older than the lease. `at`: the time to note instead of now, for copies of a store."""
        ...

    def write(self, revision: int, n: int, batch: Batch, fence: int | None = None) -> None:
        """Applies write number n (from 1).

        Idempotent: a number already applied is skipped; a gap raises Conflict, a `fence` older than the lease Fenced: the
        revision may be another's by now.

        A batch of any size is taken; a large one is applied in several transactions, and a retry with the same batch goes on
        where it stopped. An identity ends at most once and begins at most once in a revision; ending a row that does not hold at
        the base raises Conflict, and so does a dependency that names a CI that does not hold: CIs are written before the
        dependencies and groups that name them. An empty category is an absent one; -0.0 is 0.0. InvalidInput: what one of the
        stores could not keep exactly (see storage/checked.py).
        """
        ...

    def make_ready(self, revision: int) -> None:
        """Makes what takes long before a first load has readers: its indexes.

        `publish` does it too, except in a unit of work with documents (`together`), which it would hold up: there this goes
        before. Repeated, it changes nothing.
        """
        ...

    def publish(
        self, revision: int, base: int, counters: Mapping[str, int], fence: int | None = None, at: datetime | None = None
    ) -> Revision:
        """Moves the pointer, if it is still at `base` (else Conflict).

        Publishing what is published returns it (a retry). In a unit of work with documents, both are seen together or not at all.
        """
        ...

    def abandon(self, revision: int) -> None:
        """Takes back what a pending revision wrote; its number is used again.

        If this is interrupted, the next `open_revision` finishes it.
        """
        ...

    def finish_abandoning(self) -> None:
        """Finishes what an interrupted `abandon` left, in short transactions; where nothing is left it changes nothing."""
        ...

    def take_lease(self, fence: int) -> None:
        """Remembers the highest fencing token seen; a later `open_revision` or `publish` with a lower one raises Fenced."""
        ...

    # --- bulk reads, exact at a revision, in order of identity
    def load_columns(
        self, revision: int, noun: str, names: Sequence[str] | None = None, source_id: int | None = None
    ) -> Columns: ...
    def changes(self, a: int, b: int, noun: str) -> Changes: ...

    def digest(self, a: int, b: int, noun: str) -> str:
        """One hash of `changes(a, b)`, of every row at b where a is 0; equal in two stores that hold the same."""
        ...

    # --- small reads, exact at a revision
    def states(self, revision: int, ci_ids: Sequence[int]) -> Columns: ...  # noun ci, rows that hold, in order of ci_id
    def rows(self, revision: int, noun: str, column: str, values: Sequence[int | str]) -> Columns:
        """Rows of a noun whose `column` is one of `values`. Served (by an index) for: dependency.dependent_id, .provider_id;
        redundancy_group.dependent_id, .group_id; source_record.ci_id, .source_key; exposure.ci_id; incident.ci_id."""
        ...

    def groups_of_members(self, revision: int, ci_ids: Sequence[int]) -> Columns: ...  # redundancy_group rows that list one
    def ids_of_keys(self, revision: int, keys: Sequence[str]) -> Mapping[str, int]:
        """The ids under which these keys were given out up to a revision, whether or not the CI still holds there (as far back as
        the ledger remembers): who gets a key again gets its id with it."""
        ...

    def find(self, revision: int, values: Sequence[str], kinds: Sequence[str] | None = None) -> Mapping[str, Sequence[Hit]]:
        """CIs whose key, name or an alias (kinds "key", "name" and the sources' own) equals a value, case folded; a value
        nobody answers to is left out. One hit a CI, the first of key, name, aliases that is of one of `kinds`; in order of
        ci_id."""
        ...

    def find_former(self, revision: int, values: Sequence[str]) -> Mapping[str, Sequence[Former]]:
        """CIs that hold at a revision and whose key, name or alias equalled a value in an earlier state, case folded, as far back
        as the ledger remembers; asked for values that `find` does not answer. One a CI, its latest state of that name; in order
        of ci_id."""
        ...

    def search(self, revision: int, text: str, limit: int) -> Sequence[Hit]:
        """CIs with an alias (the name is one) that holds `text`, case folded: exact first, then prefix, then anywhere, each in
        order of the folded text and ci_id; one hit a CI. A store may stop looking after some thousand candidates."""
        ...

    # --- the scores of the latest assessment, kept with the CIs for people who query the store themselves
    def write_scores(self, assessment: str, revision: int, scores: Columns) -> int:
        """Columns ci_id and the names in `SCORES`; all absent means the scores are taken away. Only CIs whose scores differ
        from those held are written, and keep the revision and time of that; returns how many. CIs not named keep what they
        have."""
        ...

    def load_scores(self) -> Columns: ...
    def scored_by(self) -> ScoredBy | None: ...

    # --- care
    def engine(self) -> str: ...  # what keeps the store, with its version, for people: "SQLite 3.51.3, schema 4"
    def outdated(self) -> str: ...  # why that version should not be used; "": it may
    def prune(self, before: int) -> int: ...  # forget rows that ended at or before this revision, the new horizon; count
    def check(self) -> Iterable[str]: ...  # faults found, each a sentence; nothing: sound
    def close(self) -> None: ...


SCORES = (
    "score_rank",
    "score_services_hit",
    "score_service_hours_per_year",
    "score_customer_hours_per_year",
    "score_money_per_year",
)


@runtime_checkable
class OnlineCopy(Protocol):
    """A store in a file that can copy itself exactly while others read and write it."""

    def copy_to(self, target: Path) -> None: ...  # Conflict where the target exists; it appears whole or not at all
