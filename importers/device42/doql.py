"""Device42's query language (DOQL): SELECT statements over views, answered as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.errors import InvalidInput, SourceFailed
from importers.http.client import Client
from importers.lists.number_keys import key_of

PATH = "services/data/v1.0/query/"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(slots=True)
class Doql:
    client: Client

    def rows(self, query: str) -> list[Mapping[str, Any]]:
        form = {"query": query, "output_type": "json"}
        answer = self.client.request("POST", PATH, form=form, repeatable=True)
        body = answer.json()
        if not isinstance(body, list) or any(not isinstance(row, dict) for row in body):
            message = answer.message()
            raise SourceFailed(f"{answer.where} gave no list of rows{': ' if message else ''}{message}", answered=200)
        return body

    def one(self, query: str, column: str) -> Any:
        rows = self.rows(query)
        if len(rows) != 1 or column not in rows[0]:
            raise SourceFailed(f"{self.client.base}{PATH} gave no {column} for a question of one row")
        return rows[0][column]


@dataclass(frozen=True, slots=True)
class View:
    """A view whose rows are told apart and ordered by one or two whole-number columns. `where`: conditions that always hold;
    `distinct`: a row is a pair that the view may hold many times."""

    name: str
    keys: Sequence[str]
    columns: Sequence[str] = ()
    where: Sequence[str] = ()
    distinct: bool = False

    def __post_init__(self) -> None:
        for word in (self.name, *self.keys, *self.columns):
            if not NAME.fullmatch(word):
                raise InvalidInput(f"device42: {word!r} is no name of a view or column", field="mapping")

    def page(self, after: str, upto: str, also: Sequence[str], count: int) -> str:
        """Returns the statement for rows with after < key <= upto, by rising key."""
        columns = ", ".join(dict.fromkeys((*self.keys, *self.columns)))
        word = "SELECT DISTINCT" if self.distinct else "SELECT"
        return f"{word} {columns} FROM {self.name}{self._where(after, upto, also)} ORDER BY {', '.join(self.keys)} LIMIT {count}"

    # below, S608 (a statement put together from texts): names are checked above, keys are numbers
    def count(self, after: str = "", upto: str = "") -> str:
        if not self.distinct:
            return f"SELECT count(*) AS number FROM {self.name}{self._where(after, upto)}"  # noqa: S608
        inner = f"SELECT DISTINCT {', '.join(self.keys)} FROM {self.name}{self._where(after, upto)}"  # noqa: S608
        return f"SELECT count(*) AS number FROM ({inner}) AS pairs"  # noqa: S608

    def newest(self, stamp: str) -> str:
        return f"SELECT max({stamp}) AS newest FROM {self.name}{self._where('', '')}"  # noqa: S608

    def key_of(self, row: Mapping[str, Any]) -> str:
        try:
            return " ".join(key_of(int(row[name])) for name in self.keys)
        except (KeyError, TypeError, ValueError):
            raise SourceFailed(f"Device42 gave a row of {self.name} without {' and '.join(self.keys)}") from None

    def _where(self, after: str, upto: str, also: Sequence[str] = ()) -> str:
        bounds = ([self._beyond(after, ">", ">")] if after else []) + ([self._beyond(upto, "<", "<=")] if upto else [])
        tests = [f"({text})" for text in (*self.where, *also, *bounds)]
        return f" WHERE {' AND '.join(tests)}" if tests else ""

    def _beyond(self, key: str, sign: str, last: str) -> str:
        parts = [int(word) for word in key.split(" ")]
        if len(self.keys) == 1:
            return f"{self.keys[0]} {last} {parts[0]}"
        first, second = self.keys
        return f"{first} {sign} {parts[0]} OR ({first} = {parts[0]} AND {second} {last} {parts[1]})"
