"""Reads lists into a mirror, or what changed in them since, with the evidence for each.

A list is complete when as many rows are held as the source says there are. Where the numbers differ (the source changed while it
was read, a page was lost, rows were deleted), what changed since is read. Then ranges of keys are compared by their numbers,
halving where they differ, until the keys themselves are compared: the cost follows the differences.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.completeness import Part
from app.domain.errors import ForestayError, LimitExceeded, NotAllowed, SourceFailed
from app.domain.texts import marked
from importers.http.client import Unreachable
from importers.lists.mirror import MARK, Mirror, Pending, Row, encoded
from importers.lists.raw_lists import Lists, RawList

RANGE = 1_000  # keys that are compared at once: fewer take more requests, more take longer answers
MANY = 300_000  # changed rows beyond which everything is read


class TooMuch(LimitExceeded):
    """So much changed that a full read is no slower."""


@dataclass(slots=True)
class Reader:
    """Reads list by list. A list that fails is a part with its reason, and the next one is tried. A refused sign-in, and a source
    that cannot be reached twice in a row, end the run."""

    lists: Lists
    mirror: Mirror
    parts: list[Part] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    pending: dict[str, Pending] = field(default_factory=dict)
    known: Mapping[str, int] = field(default_factory=dict)  # rows by list when last applied, where another mirror holds them
    _unreachable: int = 0
    _first: ForestayError | None = None

    def all(self, whole: bool) -> None:
        failed: set[str] = set()
        for raw in self.lists.lists():
            try:
                if missing := failed & set(raw.besides):
                    raise SourceFailed(
                        f"was not read, as {', '.join(sorted(missing))} could not be and its rows would be taken twice"
                    )
                if self._unreachable >= 2:
                    raise SourceFailed("was not tried, as the source could not be reached")
                self.parts.append(self._whole(raw) if whole else self._changed(raw))
                self._unreachable = 0
            except TooMuch:
                raise
            except ForestayError as error:
                if error.details.get("answered") == 401:
                    raise
                self._unreachable += isinstance(error, Unreachable)
                self._fail(raw, error)
                failed.add(raw.name)
        failed_all = self.parts and all(part.problem for part in self.parts)
        if self._first is not None and failed_all and not (whole and any(part.received for part in self.parts)):
            raise self._first

    def _fail(self, raw: RawList, error: ForestayError) -> None:
        self.pending.pop(raw.name, None)
        held = self.mirror.count(raw.name)
        known = max(held, self.known.get(raw.name, 0))
        absent = isinstance(error, NotAllowed) or error.details.get("answered") in (400, 404)
        if raw.optional and absent and not known:
            self.notes.append(f"{raw.name} is not there or not readable, and was left out: {error.message}")
            return
        self._first = self._first or error
        self.parts.append(Part(raw.name, held, None, False, proves=raw.proves(), problem=error.message))

    # --- everything
    def _whole(self, raw: RawList) -> Part:
        stamp = self.lists.latest(raw.name)
        for page in in_order(raw, self.lists.read(raw.name, "")):
            self.mirror.put(raw.name, self._coded(raw, page))
        self.mirror.set_stamp(raw.name, "")  # it counts as read once the part is proven
        total = self.lists.total(raw.name, "", "")
        received = self.mirror.count(raw.name)
        if total is not None and total != received and raw.ordered:
            pending = Pending(stamp=stamp)
            received, total = self._settle(raw, pending, stamp)
            self.mirror.apply({raw.name: pending}, {})
        if total is None or total == received:
            self.mirror.set_stamp(raw.name, stamp)
        return Part(raw.name, received, total, proves=raw.proves(), known=self.known.get(raw.name, 0))

    def _coded(self, raw: RawList, page: Sequence[Row]) -> list[tuple[str, str, bytes]]:
        twice = self.mirror.holds(raw.besides, [key for key, _, _ in page]) if raw.besides else set[str]()
        if twice or any(name in self.pending for name in raw.besides):
            twice |= {key for key, _, _ in page if self._pending_holds(raw, key)}
            twice -= {key for key in twice if self._pending_lost(raw, key)}
        return [(marked(key), marked(stamp), MARK if key in twice else encoded(body)) for key, stamp, body in page]

    def _pending_holds(self, raw: RawList, key: str) -> bool:
        return any(name in self.pending and key in self.pending[name].put for name in raw.besides)

    def _pending_lost(self, raw: RawList, key: str) -> bool:
        """Returns whether a list that had the key no longer has it, and no other list has it either."""
        lost = [name for name in raw.besides if name in self.pending and key in self.pending[name].gone]
        others = [name for name in raw.besides if name not in lost]
        return bool(lost) and not self._pending_holds(raw, key) and not self.mirror.holds(others, [key])

    def _moved(self, raw: RawList, pending: Pending) -> None:
        """Marks rows that came to an earlier list while this list's own row stayed as it was. Raises TooMuch where one left
        it."""
        others = [self.pending[name] for name in raw.besides if name in self.pending]
        came, left = {key for part in others for key in part.new}, {key for part in others for key in part.gone}
        for key, (_, body) in self.mirror.find(raw.name, came | left).items():
            if key in pending.put or key in pending.gone:
                continue
            if body == MARK and self._pending_lost(raw, key):
                raise TooMuch(f"{key} left its list and is still in {raw.name}")  # its row is not at hand
            if body != MARK and key in came:
                pending.put[key] = ("", MARK)

    # --- what changed
    def _changed(self, raw: RawList) -> Part:
        stamp, before = self.lists.latest(raw.name), self.mirror.stamp(raw.name)
        pending = self.pending[raw.name] = Pending(stamp=stamp)
        if not stamp or not before:
            return self._again(raw, pending)
        pending.stamp = max(stamp, before)
        received, total = self._settle(raw, pending, before)
        self._moved(raw, pending)
        return self._part(raw, pending, received, total)

    def _part(self, raw: RawList, pending: Pending, received: int, total: int | None) -> Part:
        known = self.mirror.count(raw.name)
        if known and not received:
            pending.gone.clear()  # an emptied list is not proven, so nothing of it goes
        return Part(raw.name, received, total, proves=raw.proves(), known=known)

    def _again(self, raw: RawList, pending: Pending) -> Part:
        """Reads a list without stamps whole and compares it."""
        seen: set[str] = set()
        for page in in_order(raw, self.lists.read(raw.name, "")):
            seen.update(key for key, _, _ in page)
            self._take(raw, pending, page)
        total = self.lists.total(raw.name, "", "")
        if total is None or total == len(seen):
            pending.gone.update(key for key in self.mirror.keys(raw.name) if key not in seen)
        else:
            pending.stamp = ""
        return self._part(raw, pending, len(seen), total)

    def _take(self, raw: RawList, pending: Pending, page: Sequence[Row]) -> None:
        known = self.mirror.find(raw.name, [key for key, _, _ in page])
        for key, stamp, body in self._coded(raw, page):
            if key in known and known[key][1] == body:
                pending.put.pop(key, None)
                continue
            pending.put[key] = (stamp, body)
            if key not in known:
                pending.new.add(key)
        if sum(len(part.put) for part in self.pending.values()) > MANY:
            raise TooMuch(f"more than {MANY:,} rows changed")

    def _settle(self, raw: RawList, pending: Pending, stamp: str) -> tuple[int, int | None]:
        """Reads what changed since a stamp, drops what went, and returns how many rows are held and how many the source says
        there are."""
        if stamp:
            since = self.lists.earlier(stamp)
            for page in in_order(raw, self.lists.read(raw.name, since)):
                wrong = next((key for key, at, _ in page if at < since), None)
                if wrong is not None:
                    raise SourceFailed(f"the source ignores the question for rows changed since {since}: it gave {wrong}")
                self._take(raw, pending, page)
        total = self.lists.total(raw.name, "", "")
        if total is None:
            self._drop(pending, View(self.mirror, raw.name, pending).keys("", "") - set(self.lists.keys(raw.name, "", "")))
        elif total != self._held(raw.name, pending) and raw.ordered:
            if stamp:
                self._drop(pending, self.mirror.holds([raw.name], set(self.lists.gone(raw.name, self.lists.earlier(stamp)))))
            if total != self._held(raw.name, pending):
                self._find_gone(raw.name, pending)
            total = self.lists.total(raw.name, "", "")
        held = self._held(raw.name, pending)
        if total is not None and total != held:
            pending.gone.clear()  # nothing goes of what is not proven
        return held, total

    def _held(self, name: str, pending: Pending) -> int:
        return self.mirror.count(name) + len(pending.new) - len(pending.gone)

    def _drop(self, pending: Pending, gone: set[str]) -> None:
        """Drops keys from the mirror and from what is pending."""
        for key in gone:
            pending.put.pop(key, None)
        pending.gone |= gone - pending.new
        pending.new -= gone

    def _find_gone(self, name: str, pending: Pending) -> None:
        view = View(self.mirror, name, pending)
        edges = ["", *view.edges, ""]
        ranges = [(0, len(edges) - 1)]
        gone: set[str] = set()
        while ranges:
            low, high = ranges.pop()
            after, upto = edges[low], edges[high]
            if self.lists.total(name, after, upto) == view.count(after, upto):
                continue
            if high - low > 1:
                middle = (low + high) // 2
                ranges += [(low, middle), (middle, high)]
            else:
                gone.update(view.keys(after, upto) - set(self.lists.keys(name, after, upto)))
        self._drop(pending, gone)


class View:
    """The keys of a list with what is pending, counted between edges; only the keys of one range are read at a time."""

    def __init__(self, mirror: Mirror, name: str, pending: Pending) -> None:
        self._mirror, self._name, self.edges = mirror, name, mirror.edges(name, RANGE)
        self._new, self._gone = sorted(pending.new), sorted(pending.gone)

    def count(self, after: str, upto: str) -> int:
        """Returns the number of keys with after < key <= upto, both edges (an empty `upto` sets no end)."""
        return self._upto(upto) - (self._upto(after) if after else 0)

    def _upto(self, edge: str) -> int:
        if not edge:
            return self._mirror.count(self._name) + len(self._new) - len(self._gone)
        held = (bisect_left(self.edges, edge) + 1) * RANGE
        return held + bisect_right(self._new, edge) - bisect_right(self._gone, edge)

    def keys(self, after: str, upto: str) -> set[str]:
        new = self._new[bisect_right(self._new, after) : bisect_right(self._new, upto) if upto else len(self._new)]
        return {*self._mirror.keys(self._name, after, upto), *new} - set(self._gone)


def in_order(raw: RawList, pages: Iterator[Sequence[Row]]) -> Iterator[Sequence[Row]]:
    """Yields the pages; raises where keys do not rise although the list says so."""
    last = ""
    for page in pages:
        if raw.ordered:
            for key, _, _ in page:
                if key <= last:
                    raise SourceFailed(
                        f"the source ignores the order or the bound of keys ({key} after {last}): paging would lose rows"
                    )
                last = key
        yield page


def read_all(lists: Lists, mirror: Mirror, known: Mapping[str, int]) -> tuple[list[Part], list[str]]:
    reader = Reader(lists, mirror, known=known)
    reader.all(whole=True)
    return reader.parts, reader.notes


def read_changes(lists: Lists, mirror: Mirror) -> Reader:
    reader = Reader(lists, mirror)
    reader.all(whole=False)
    return reader
