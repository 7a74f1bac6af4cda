"""What every reader of results does alike: tables, numbers and times, and the list of what was refused."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from app.domain.errors import InvalidInput
from app.domain.stability_tests import RefusedLine

REFUSED_SHOWN = 100
LONGEST_LINE = 1_000_000


class Refused:
    """What was refused of a file: how many, and the first of them."""

    def __init__(self) -> None:
        self.total = 0
        self.lines: list[RefusedLine] = []

    def add(self, record: str, field: str, reason: str, remedy: str) -> None:
        self.total += 1
        if len(self.lines) < REFUSED_SHOWN:
            self.lines.append(RefusedLine(record[:200], field[:100], reason[:300], remedy[:300]))


def text_of(body: bytes) -> str:
    """Returns the text of a file in UTF-8; InvalidInput where it is another thing."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"the file is not text in UTF-8 (byte {error.start}): save it as UTF-8", field="file") from None


def table_of(body: bytes) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    """Returns the head of a CSV file and its rows with the number of their line, by the names of the head."""
    reader = csv.reader(io.StringIO(text_of(body), newline=""), strict=False)
    try:
        head = [cell.strip() for cell in next(reader, [])]
    except csv.Error as error:
        raise InvalidInput(f"the file is no CSV: {error}", field="file") from None
    return head, _rows(reader, head)


def _rows(reader: Any, head: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, dict(zip(head, row, strict=False))
    except csv.Error as error:
        raise InvalidInput(f"line {reader.line_num}: the file is no CSV: {error}", field="file") from None


def number_in(text: Any) -> float | None:
    """
    >>> number_in(" 12.5 "), number_in("-"), number_in("nan"), number_in(True)
    (12.5, None, None, None)
    """
    if isinstance(text, bool) or text is None:
        return None
    try:
        number = float(text)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def count_in(text: Any) -> int | None:
    """
    >>> count_in("10"), count_in(3.0), count_in("2.5"), count_in("-1")
    (10, 3, None, None)
    """
    number = number_in(text)
    return int(number) if number is not None and number >= 0 and number == int(number) else None


def moment_in(text: Any) -> int | None:
    """Returns unix seconds of a time with a zone; None for anything else, also for a time without one: zones are not guessed.

    >>> moment_in("2026-11-20T10:00:00+01:00"), moment_in("2026-11-20T10:00:00")
    (1795165200, None)
    """
    try:
        moment = datetime.fromisoformat(str(text).strip())
        return int(moment.timestamp()) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def moment_text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def quantile(values: Any, share: float) -> float | None:
    """Returns the smallest value that `share` of the values do not exceed; None of none.

    >>> quantile([5.0, 1.0, 3.0, 2.0], 0.75), quantile([], 0.5)
    (3.0, None)
    """
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else None


def mapping_in(value: Any) -> Mapping[str, Any]:
    """Returns an object of JSON, an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}
