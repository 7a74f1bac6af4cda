"""Copy a store into an empty one, every revision of it, and prove that both hold the same: the way from SQLite to Neo4j and back.

Revision r is written as `changes(r - 1, r)`, so the copy answers for every revision the source still answers for; what a prune
forgot stays forgotten. Killed, it goes on where it stopped. The target must have no readers yet; the source may be read but not
written meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.columns import Batch, Columns
from app.domain.errors import Conflict
from app.domain.nouns import NOUNS
from app.ports.documents import Document, Documents
from app.ports.graph_store import Changes, GraphStore, Revision
from app.usecases.keep import copying

PAGE = 500
HANGING = tuple(noun for noun in NOUNS if noun != "ci")  # on CIs: they end before these and begin after them
Listener = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PromoteReport:
    """What was copied.

    `rows`: begun and ended rows written, by noun. `digests`: how many hashes of both stores were compared and are equal.
    """

    revisions: int
    rows: Mapping[str, int] = field(default_factory=dict)
    documents: int = 0
    scores: int = 0
    digests: int = 0


def promote(
    source: GraphStore,
    documents: Documents,
    target: GraphStore,
    target_documents: Documents,
    listen: Listener = lambda line: None,
    leave_word: Callable[[Documents], None] = lambda documents: None,
) -> PromoteReport:
    """Copies the store and proves that both hold the same.

    Conflict when the target holds anything of its own, or when both differ at the end. `leave_word` writes into the target in the
    unit of work that makes it whole.
    """
    last = source.current().revision
    copying.refuse_unfinished(documents)
    _check_target(source, target, target_documents)
    copying.begin(target_documents)
    rows = dict.fromkeys(NOUNS, 0)
    for number in range(target.current().revision + 1, last + 1):
        _copy_revision(source, target, source.revision(number), rows)
        listen(f"revision {number} of {last} copied")
    horizon = source.horizon()
    if horizon:
        target.prune(horizon)
    scores = _copy_scores(source, target)
    copied = _copy_documents(documents, target_documents)
    listen(f"{copied} documents copied")
    digests = _prove(source, target, horizon, last, listen)
    with target_documents.together():
        copying.end(target_documents)
        leave_word(target_documents)
    return PromoteReport(last, rows, copied, scores, digests)


def _check_target(source: GraphStore, target: GraphStore, documents: Documents) -> None:
    current = target.current()
    pending = target.pending()
    known = source.current().revision
    for row in (current, pending) if pending else (current,):
        if row.revision and (row.revision > known or source.revision(row.revision).operation_id != row.operation_id):
            raise Conflict("the target holds an estate of its own")
    if not current.revision and not pending and set(documents.kinds()) - {copying.KIND}:
        raise Conflict("the target holds documents of its own")


def _copy_revision(source: GraphStore, target: GraphStore, row: Revision, rows: dict[str, int]) -> None:
    base = row.revision - 1
    target.open_revision(row.operation_id, base, row.note, at=row.created_at)
    for n, batch in enumerate(_batches(source, row.revision), start=1):
        target.write(row.revision, n, batch)
        rows[batch.noun] += batch.rows()
    target.publish(row.revision, base, row.counters, at=row.published_at)


def _batches(source: GraphStore, revision: int) -> Iterator[Batch]:
    """Yields the writes of a revision. Rows that hang on CIs end before the CIs end, and begin after the CIs begin."""
    horizon = source.horizon()
    if revision < horizon:
        return
    if revision in (1, horizon):  # everything begins: one noun in memory at a time
        for noun in ("ci", *HANGING):
            yield Batch(noun, source.changes(0, revision, noun).begun, {})
        return
    changes = {noun: source.changes(revision - 1, revision, noun) for noun in NOUNS}
    for noun in HANGING:
        yield Batch(noun, {}, _identity(noun, changes[noun]))
    yield Batch("ci", changes["ci"].begun, _identity("ci", changes["ci"]))
    for noun in HANGING:
        yield Batch(noun, changes[noun].begun, {})


def _identity(noun: str, changes: Changes) -> Columns:
    return {name: changes.ended[name] for name in NOUNS[noun].identity}


def _copy_scores(source: GraphStore, target: GraphStore) -> int:
    by = source.scored_by()
    if by is None:
        return 0
    scores = source.load_scores()
    target.write_scores(by.assessment, by.revision, scores)
    return len(scores["ci_id"])


def _copy_documents(source: Documents, target: Documents) -> int:
    numbers = source.kinds()
    count = 0
    for kind in numbers:
        for page in _pages(source, kind):
            target.restore(page, {})
            count += len(page)
    target.restore([], numbers)
    for kind in {**numbers, **_kinds(target)}:
        if _hash(source, kind) != _hash(target, kind):
            _forget_gone(source, target, kind)
            if _hash(source, kind) != _hash(target, kind):
                raise Conflict(f"documents of kind {kind} differ")
    if _kinds(target) != numbers:
        raise Conflict("the kinds of documents differ")
    return count


def _kinds(target: Documents) -> dict[str, int]:
    """Returns the kinds of documents, without the mark that a copy is not whole yet."""
    return {kind: last for kind, last in target.kinds().items() if kind != copying.KIND}


def _forget_gone(source: Documents, target: Documents, kind: str) -> None:
    """Deletes documents that an earlier, interrupted try copied and that were deleted at the source since."""
    for page in _pages(target, kind):
        for row in page:
            if source.get(kind, row.key) is None:
                target.delete(kind, row.key)


def _pages(documents: Documents, kind: str) -> Iterator[Sequence[Document]]:
    after = ""
    while page := documents.page(kind, after, PAGE):
        yield page
        after = page[-1].key


def _hash(documents: Documents, kind: str) -> str:
    total = hashlib.blake2b()
    for page in _pages(documents, kind):
        for row in page:
            total.update(f"{row.key}\0{row.version}\0{row.body}\0".encode())
    return total.hexdigest()


def _prove(source: GraphStore, target: GraphStore, horizon: int, last: int, listen: Listener) -> int:
    """Compares all rows at the first and the last revision and the changes of each revision between; so every revision is
    equal."""
    first = max(horizon, 1)
    spans = [(0, first), (0, last), *((r - 1, r) for r in range(first + 1, last + 1))] if last else []
    spans = sorted(set(spans))
    for a, b in spans:
        for noun in NOUNS:
            if source.digest(a, b, noun) != target.digest(a, b, noun):
                raise Conflict(f"{noun} differs between revisions {a} and {b}")
        listen(f"revision {b} is the same in both")
    ours, theirs = source.load_scores(), target.load_scores()
    if any(not _same(ours[name], theirs[name]) for name in ours):
        raise Conflict("the scores differ")
    return len(spans) * len(NOUNS)


def _same(ours: Sequence[float], theirs: Sequence[float]) -> bool:
    return len(ours) == len(theirs) and all(a == b or (a != a and b != b) for a, b in zip(ours, theirs, strict=True))
