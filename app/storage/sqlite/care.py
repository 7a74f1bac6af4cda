"""Forgets old revisions, checks the ledger and copies the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.domain.errors import Conflict, NotFound, StoreUnavailable
from app.domain.nouns import NOUNS
from app.storage.private_files import make_file, remove_database
from app.storage.sqlite.connection import Connected
from app.storage.sqlite.forget import forget_block
from app.storage.statements import sql
from app.storage.times import time_text

OLDEST = (3, 37, 0)
RETRIED_DAYS = 30  # how long an operation id is remembered


class Care(Connected):
    def engine(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}, schema {self.select('sqlite_only/schema', 'version')[0][0]}"

    def outdated(self) -> str:
        return "" if sqlite3.sqlite_version_info >= OLDEST else "STRICT tables and RETURNING need SQLite 3.37"

    def prune(self, before: int) -> int:
        current = self.pointer()["revision"]
        if not 0 <= before <= current:
            raise NotFound(f"there is no revision {before}")
        with self.transaction() as connection:
            connection.execute(sql("revision", "move_horizon"), (before,))
            oldest = time_text(datetime.now(UTC) - timedelta(days=RETRIED_DAYS))
            connection.execute(sql("document", "forget_operations"), (oldest,))
        total = 0
        for noun in NOUNS.values():
            while count := forget_block(self, noun, "prune", before):
                total += count
        return total

    def check(self) -> Iterable[str]:
        with self._errors():
            answers = [row[0] for row in self.connection.execute("PRAGMA quick_check")]
        faults = [f"the file is damaged: {answer}" for answer in answers if answer != "ok"]
        for noun in NOUNS.values():
            count = self.select(noun.name, "overlaps")[0][0]
            if count:
                faults.append(f"{count} rows of {noun.name} overlap another row of the same identity")
        current = self.pointer()["revision"]
        dangling = self.select("dependency", "dangling", {"revision": current})[0][0]
        if dangling:
            faults.append(f"{dangling} dependencies hold on a CI that does not")
        lost = self.select("sqlite_only/ci", "lost_aliases")[0][0]
        if lost:
            faults.append(f"{lost} CI states are missing in the alias index")
        return faults

    def copy_to(self, target: Path) -> None:
        """Makes an exact copy while others read and write (online backup); the target appears whole or not at all."""
        if target.exists():
            raise Conflict(f"{target.name} is there already")
        part = target.with_name(target.name + ".part")
        remove_database(part)  # left by a copy that was killed
        try:
            make_file(part)
            copy = sqlite3.connect(part)
            try:
                self.connection.backup(copy, pages=4096, sleep=0.01)
            finally:
                copy.close()
            part.rename(target)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the copy failed: {error}") from error
        finally:
            remove_database(part)
