"""Completeness is a proof, not the absence of errors. A source gives evidence; only `proven` decides.

| evidence | given by | complete when |
|---|---|---|
| manifest | a file that lists the rows (and checksum) of each part | every part has exactly these rows and this checksum |
| pages | an API that tells a total or ends with a marker | every part came to its end and received its total |
| said | files without a manifest | a person says so, and no part is cut |
"""

from __future__ import annotations

from dataclasses import dataclass

MANIFEST, PAGES, SAID = "manifest", "pages", "said"


@dataclass(frozen=True, slots=True)
class Part:
    """One file, sheet or class: rows received, rows it should have (None: nobody says), whether its end was seen."""

    name: str
    received: int
    expected: int | None = None
    ended: bool = True
    checksum: str = ""
    expected_checksum: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    kind: str
    parts: tuple[Part, ...]


def proven(evidence: Evidence, said_complete: bool) -> tuple[bool, str]:
    """Whether a snapshot is complete, and the sentence that says why.

    >>> proven(Evidence("manifest", (Part("cis", 2, 3),)), True)
    (False, 'cis: 2 rows read, 3 expected')
    """
    for part in evidence.parts:
        if not part.ended:
            return False, f"{part.name}: the end was not reached after {part.received} rows"
        if part.expected is not None and part.expected != part.received:
            return False, f"{part.name}: {part.received} rows read, {part.expected} expected"
        if part.expected_checksum and part.expected_checksum.casefold() != part.checksum.casefold():
            return False, f"{part.name}: the checksum differs from the manifest's"
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
