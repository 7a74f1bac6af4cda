"""Stores on SQLite that leave it to the system when a commit reaches the disk.

That matters where power fails, which no test does; a process that is killed loses nothing by it. Waiting for the disk was most of
what tests waited for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from app.storage.sqlite.connection import Connected


@contextmanager
def without_waiting() -> Iterator[None]:
    """For the stores that this process opens meanwhile."""
    connect = Connected._connect

    def made(store: Connected) -> sqlite3.Connection:
        connection = connect(store)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    with patch.object(Connected, "_connect", made):
        yield
