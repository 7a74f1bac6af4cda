"""Backup into one SQLite file, and restore from it into an empty store; both proven, never assumed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import Conflict
from app.domain.nouns import NOUNS
from app.ports.documents import Documents
from app.ports.graph_store import OnlineCopy
from app.ports.store import Store
from app.usecases.keep.audit_verify import foreign_entries
from app.usecases.keep.audit_verify import verify as verify_trail
from app.usecases.promote import Listener, PromoteReport, promote


@dataclass(frozen=True, slots=True)
class BackupReport:
    path: Path
    revision: int
    documents: int


def backup(store: Store, target: Path, open_file: Callable[[Path], Store], listen: Listener = lambda line: None) -> BackupReport:
    """Writes a backup to `target`, which must not exist yet.

    `open_file` opens a SQLite store. The service may go on meanwhile, unless its store cannot copy itself online (Neo4j): such a
    store must not be written to until the backup is done.
    """
    if target.exists():
        raise Conflict(f"{target.name} is there already")
    if isinstance(store, OnlineCopy):
        store.copy_to(target)
    else:
        part = target.with_name(target.name + ".part")
        _take_away(part)  # of a backup that was killed
        copy = open_file(part)
        try:
            promote(store, store, copy, copy, listen)
        finally:
            copy.close()
        part.rename(target)
        _take_away(part)  # an empty journal stays where its database was
    for fault in verify_trail(store):
        listen(f"the audit trail of the store is not whole, so this backup will not restore by itself: {fault}")
    return verify(store, target, open_file)


def verify(store: Store, path: Path, open_file: Callable[[Path], Store]) -> BackupReport:
    """Checks that the file is sound and that its newest revision is that of the store."""
    copy = open_file(path)
    try:
        _check_sound(copy)
        revision = copy.current().revision
        for noun in NOUNS:
            if revision and copy.digest(0, revision, noun) != store.digest(0, revision, noun):
                raise Conflict(f"{noun} of the backup differs at revision {revision}")
        return BackupReport(path, revision, sum(_count(copy, kind) for kind in copy.kinds()))
    finally:
        copy.close()


def restore(
    path: Path,
    store: Store,
    open_file: Callable[[Path], Store],
    listen: Listener = lambda line: None,
    despite_audit: bool = False,
    leave_word: Callable[[Documents], None] = lambda documents: None,
) -> PromoteReport:
    """Fills an empty store from a backup, and calls `leave_word` in it once it is whole.

    Conflict where the backup is damaged, where its audit trail is not whole (unless `despite_audit`), or where the store is not
    empty.
    """
    if not path.is_file():
        raise Conflict(f"{path.name} is not there")
    copy = open_file(path)
    try:
        _check_sound(copy)
        for fault in verify_trail(copy, foreign_keys=False):
            if not despite_audit:
                raise Conflict(
                    f"the audit trail of the backup is not whole: {fault}. To restore it all the same: --despite-audit"
                )
            listen(f"restored although {fault}")
        for entry in foreign_entries(copy):
            listen(f"not proven: {entry}")
        return promote(copy, copy, store, store, listen, leave_word)
    finally:
        copy.close()


def _take_away(file: Path) -> None:
    """Removes a SQLite file and the journals beside it."""
    for ending in ("", "-journal", "-wal", "-shm"):
        file.with_name(file.name + ending).unlink(missing_ok=True)


def _check_sound(copy: Store) -> None:
    """Refuses a file with faults. A dependency on a retired CI is a fault of the estate, not of the file."""
    faults = [fault for fault in copy.check() if "hold on a CI that does not" not in fault]
    if faults:
        raise Conflict(f"the backup is not sound: {faults[0]}")


def _count(documents: Documents, kind: str) -> int:
    count, after = 0, ""
    while page := documents.page(kind, after, 500):
        count += len(page)
        after = page[-1].key
    return count
