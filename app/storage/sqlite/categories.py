"""Words that many rows share are kept once; rows hold their code (0 is absent). Codes are only ever added."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from app.domain.columns import Categorical
from app.storage.sqlite.connection import Connected
from app.storage.statements import sql


class Categories:
    def __init__(self, store: Connected) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._values: list[str] = []  # the word of code c is at c - 1
        self._codes: dict[str, int] = {}

    def values(self, highest: int) -> list[str]:
        """Returns all words, at least up to this code."""
        if highest > len(self._values):
            self._refresh()
        return self._values

    def codes(self, column: Categorical) -> Any:
        """Returns the codes of a column's rows; new words are written first, in a transaction of their own."""
        missing = [value for value in column.values if value not in self._codes]
        if missing:
            with self._store.transaction() as connection:
                connection.executemany(sql("sqlite_only/category", "add"), [(value,) for value in missing])
            self._refresh()
        place = np.array([self._codes[value] for value in column.values] + [0], np.int64)
        return place[column.codes]

    def _refresh(self) -> None:
        with self._lock:
            for code, value in self._store.select("sqlite_only/category", "list", (len(self._values),)):
                self._values.extend([""] * (code - 1 - len(self._values)))  # a code that was never given
                self._values.append(value)
                self._codes[value] = code
