"""Completeness is a proof, not the absence of errors. A source gives evidence; only `judge` decides.

| evidence | given by | complete when |
|---|---|---|
| manifest | a file that lists the rows (and checksum) of each part | every part has exactly these rows and this checksum |
| pages | an API that tells a total or ends with a marker | every part came to its end and received its total |
| said | files without a manifest | a person says so, and no part is cut |

Parts that say what they prove are judged one by one: a class of CIs that could not be read keeps what was known last, and the
rest of the source goes on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

MANIFEST, PAGES, SAID = "manifest", "pages", "said"
CI_CLASS = "ci:"  # + a class of the source, in `Part.proves`


@dataclass(frozen=True, slots=True)
class Part:
    """One file, sheet, list or class: rows received, rows it should have (None: nobody says), whether its end was seen, and why
    not.

    `known`: how many rows it had when it was last applied. `proves`: what comes from it, as "ci:<class of the source>" and kinds
    of records ("dependency", "group", ...); a part that names nothing proves, with the other parts, all there is.
    """

    name: str
    received: int
    expected: int | None = None
    ended: bool = True
    checksum: str = ""
    expected_checksum: str = ""
    proves: tuple[str, ...] = ()
    problem: str = ""
    known: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    kind: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a snapshot proves.

    `complete`: all of it. `proven` and `open`: what single parts prove and what they could not; `reasons`: a sentence for each
    part that is not proven, by its name.
    """

    complete: bool
    proof: str
    part_by_part: bool = False
    proven: frozenset[str] = frozenset()
    open: frozenset[str] = frozenset()
    reasons: dict[str, str] = field(default_factory=dict)
    received: int = 0

    def ends_class(self, source_class: str) -> bool:
        """Whether a CI of this class that was not seen is gone."""
        return self._ends(f"{CI_CLASS}{source_class}")

    def ends(self, kind: str) -> bool:
        """Whether a dependency, group, service ... that was not seen is gone."""
        return self._ends(kind)

    def _ends(self, what: str) -> bool:
        return self.complete or (self.part_by_part and what in self.proven and what not in self.open)

    def nothing_proven(self) -> bool:
        """Whether every part failed and nothing came: the source did not deliver."""
        return self.part_by_part and not self.proven and not self.received

    def within(self, later: Judgement) -> bool:
        """Whether a later judgement still proves all that this one did."""
        return later.complete or (not self.complete and self.proven - self.open <= later.proven - later.open)


def judge(evidence: Evidence, said_complete: bool) -> Judgement:
    """Returns what a snapshot proves.

    >>> parts = (Part("servers", 5, 5, proves=("ci:server",)), Part("racks", 2, 3, proves=("ci:rack",)))
    >>> found = judge(Evidence("pages", parts), False)
    >>> found.complete, found.ends_class("server"), found.ends_class("rack"), found.ends("dependency")
    (False, True, False, False)
    >>> found.proof
    'read to the end: 1 of 2 lists; not proven: racks: 2 rows read, 3 expected'
    """
    parts = evidence.parts
    if evidence.kind != PAGES or not parts or not all(part.proves for part in parts):
        complete, proof = proven(evidence, said_complete)
        cut = {part.name: fault for part in parts if (fault := _fault(part))}
        return Judgement(complete, proof, reasons=cut, received=sum(part.received for part in parts))
    reasons = {part.name: reason for part in parts if (reason := _fault(part) or ("" if said_complete else _emptied(part)))}
    proves = _all(part for part in parts if part.name not in reasons)
    received = sum(part.received for part in parts)
    if not reasons:
        complete, proof = proven(evidence, said_complete)
    else:
        complete = False
        proof = f"read to the end: {len(parts) - len(reasons)} of {len(parts)} lists; not proven: {'; '.join(reasons.values())}"
    if not received:
        proves = frozenset()
    return Judgement(complete, proof, True, proves, _all(part for part in parts if part.name in reasons), reasons, received)


def _emptied(part: Part) -> str:
    """Whether a list that had rows has none at all: it is rather broken than empty, until a person says otherwise."""
    if part.received or not part.known:
        return ""
    return (
        f"{part.name}: none of its {part.known} known rows is there any more; if that is right, sync with --full and --complete"
    )


def _all(parts: Iterable[Part]) -> frozenset[str]:
    return frozenset(what for part in parts for what in part.proves)


def _fault(part: Part) -> str:
    if part.problem:
        return f"{part.name}: {part.problem}"
    if not part.ended:
        return f"{part.name}: the end was not reached after {part.received} rows"
    if part.expected is not None and part.expected != part.received:
        return f"{part.name}: {part.received} rows read, {part.expected} expected"
    if part.expected_checksum and part.expected_checksum.casefold() != part.checksum.casefold():
        return f"{part.name}: the checksum differs from the manifest's"
    return ""


def proven(evidence: Evidence, said_complete: bool) -> tuple[bool, str]:
    """Returns whether a snapshot is complete as a whole, and the sentence that says why.

    >>> proven(Evidence("manifest", (Part("cis", 2, 3),)), True)
    (False, 'cis: 2 rows read, 3 expected')
    """
    for part in evidence.parts:
        if fault := _fault(part):
            return False, fault
    rows = sum(part.received for part in evidence.parts)
    if not evidence.parts or rows == 0:
        return False, "nothing was read"
    if evidence.kind == MANIFEST:
        missing = [part.name for part in evidence.parts if part.expected is None and part.received]
        if missing:
            return False, f"the manifest does not list {', '.join(missing)}"
        return True, f"manifest: {rows} rows in {len(evidence.parts)} parts"
    if evidence.kind == PAGES:
        return True, f"read to the end: {rows} rows in {len(evidence.parts)} lists"
    if said_complete:
        return True, f"said to be complete: {rows} rows"
    return False, "no manifest, and nobody said it is complete: adds and updates only"
