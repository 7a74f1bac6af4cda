"""Columns: how a million rows travel between rooms.

A bulk answer of the store is a mapping from column name to a column; all columns of one answer have the same length.
Four kinds of column exist, one for each type in `nouns`:

* INTEGER  - an int64 numpy array; an absent value is `ABSENT` (-1 is a legal value nowhere in the ledger)
* REAL     - a float64 numpy array; an absent value is NaN
* CATEGORY - `Categorical`: int32 codes into a short tuple of values; an absent value has code -1
* TEXT     - `Texts`: one UTF-8 blob with offsets, memory-mappable; an absent value is the empty text

The domain uses the standard library only, so arrays are typed by what is done with them; at run time they are numpy arrays.
Rows on their way *into* a store may also be plain lists (see `Batch`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ABSENT = -1


@dataclass(frozen=True, slots=True)
class Categorical:
    """A column of few distinct values: `values[codes[i]]` is row i, code -1 is absent. `values` has no order to rely on."""

    codes: Any
    values: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: int) -> str | None:
        code = int(self.codes[row])
        return None if code < 0 else self.values[code]

    def at(self, rows: Any) -> list[str]:
        """Returns the values of many rows (an array of numbers); an absent one is ""."""
        return [self.values[code] if code >= 0 else "" for code in self.codes[rows].tolist()]


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of texts in one blob: row i is `blob[offsets[i]:offsets[i + 1]]` in UTF-8 (uint8 array, int64 offsets of N +
    1)."""

    blob: Any
    offsets: Any

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> str:
        return self.blob[self.offsets.item(row) : self.offsets.item(row + 1)].tobytes().decode()  # type: ignore[no-any-return]

    def at(self, rows: Any) -> list[str]:
        """Returns the texts of many rows (an array of numbers)."""
        blob, ends = memoryview(self.blob), self.offsets[rows + 1].tolist()
        return [str(blob[start:end], "utf-8") for start, end in zip(self.offsets[rows].tolist(), ends, strict=True)]

    def __iter__(self) -> Iterator[str]:
        raw = bytes(self.blob)
        start = 0
        for end in self.offsets[1:].tolist():
            yield raw[start:end].decode()
            start = end


Column = Any  # ndarray | Categorical | Texts | list
Columns = Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Batch:
    """One numbered write of one noun: rows that end with this revision, then rows that begin with it.

    `ended` holds the identity columns only; `begun` holds every column of the noun. Both are columns of equal length, as lists
    or arrays (None, NaN and ABSENT all mean absent). A changed row is in both; ends are applied before beginnings.
    """

    noun: str
    begun: Mapping[str, Sequence[Any]]
    ended: Mapping[str, Sequence[Any]]

    def rows(self) -> int:
        return sum(len(next(iter(part.values()))) if part else 0 for part in (self.begun, self.ended))
