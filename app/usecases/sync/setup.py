"""What a sync starts with and what it carries from step to step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field

from app.domain.deletion_guard import Limits
from app.domain.precedence import SourceRank
from app.domain.records import RecordCounts, RejectedRecord, SyncReport
from app.ports.ci_source import KINDS, LeftOut
from app.usecases.keep.refused import KEPT
from app.usecases.sync.unread import Unread

MANUAL = "manual"

Progress = Callable[[str, int], None]  # step, rows done


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """`sources`: every source that may have records in the ledger, by id, the synced one among them.

    `retired_lately`: what runs of this source retired in the last 24 hours, summed over their `SyncReport.retired_of`.
    `batch_rows`: how many rows one write to the store has.
    """

    source: str
    source_id: int
    run_id: str
    sources: Mapping[int, SourceRank] = field(default_factory=dict)
    retired_lately: Mapping[str, int] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    short_lived: Set[str] = frozenset()  # classes whose CIs come and go by design
    batch_rows: int = 50_000

    @property
    def manual_id(self) -> int:
        """The source of what people decided; 0 where nobody has decided anything yet."""
        return next((rank.source_id for rank in self.sources.values() if rank.name == MANUAL), 0)

    def rank(self, source_id: int) -> SourceRank:
        if source_id in self.sources:
            return self.sources[source_id]
        return SourceRank(source_id, self.source if source_id == self.source_id else f"source {source_id}")


class Doubt(Exception):
    """The line difference cannot be trusted to give what a full read gives, so everything is read."""


class Ledgerkeeper:
    """Counts, refusals and positions of rows that were not plainly accepted, of one run."""

    def __init__(self, report: SyncReport, progress: Progress | None) -> None:
        self.report = report
        self.not_plain: dict[str, set[int]] = {kind: set() for kind in KINDS}
        self.unread: list[Unread] = []
        self.partly = 0  # records taken in part: with cells or members left out
        self.where: Callable[[str, int], str] = "{} {}".format  # a row, for people
        self._progress = progress
        for kind in KINDS:
            report.counts.setdefault(kind, RecordCounts())

    def counts(self, kind: str) -> RecordCounts:
        return self.report.counts[kind]

    def read(self, kind: str, rows: int, left_out: LeftOut) -> None:
        counts = self.counts(kind)
        counts.read += rows + left_out.rows()
        for rejected in left_out.rejected:
            self._note(rejected)
        counts.rejected += len(left_out.rejected)
        for lost in left_out.lost_cells:
            self._lose(lost)
        for reason, number in left_out.ignored.items():
            counts.ignored[reason] = counts.ignored.get(reason, 0) + number
        self.not_plain[kind].update(left_out.rejected_at, left_out.ignored_at)

    def reject(
        self, kind: str, place: str, position: int, key: str, fault: tuple[str, str, str], unread: Unread | None = None
    ) -> None:
        self.counts(kind).rejected += 1
        self.not_plain[kind].add(position)
        self._note(RejectedRecord(kind, self.where(place, position), key, *fault), unread)

    def take_part(self, kind: str, place: str, position: int, key: str, unread: Unread, fault: tuple[str, str, str]) -> None:
        """Notes that a record is stored without a part of it."""
        self.partly += 1
        self._note(RejectedRecord(kind, self.where(place, position), key, *fault, partly=True), unread)

    def lose_cell(self, kind: str, place: str, position: int, key: str, fault: tuple[str, str, str], about: str) -> None:
        """Notes that a record is stored without one of its cells."""
        self._lose(RejectedRecord(kind, self.where(place, position), key, *fault, about=about, partly=True))

    def _lose(self, lost: RejectedRecord) -> None:
        self.partly += 1
        self.counts(lost.kind).cells_lost += 1
        self._note(lost)

    def ignore(self, kind: str, reason: str, position: int) -> None:
        ignored = self.counts(kind).ignored
        ignored[reason] = ignored.get(reason, 0) + 1
        self.not_plain[kind].add(position)

    def duplicate(self, kind: str, position: int) -> None:
        self.counts(kind).duplicate += 1
        self.not_plain[kind].add(position)

    def respelled(self) -> None:
        """Notes that a text came in another form than the one that is kept: a look at the lines does not find where it stands."""
        self.partly += 1

    def step(self, name: str, rows: int) -> None:
        if self._progress is not None:
            self._progress(name, rows)

    def _note(self, rejected: RejectedRecord, unread: Unread | None = None) -> None:
        if unread is None and (rejected.about or not rejected.partly):
            sentence = f"{rejected.key or rejected.kind}: {rejected.field}"
            unread = Unread(rejected.kind, rejected.about, sentence, rejected.reason)
        if unread is not None:
            self.unread.append(unread)
        if len(self.report.rejected) < KEPT:
            self.report.rejected.append(rejected)
