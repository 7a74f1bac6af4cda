"""Turns cells of tables, which are texts, into numbers, times and lists; a refusal names the field."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import TypeVar
from zoneinfo import ZoneInfo

from app.domain.texts import one_form

T = TypeVar("T")
EMPTY = ("", "?", "N/A", "n/a", "-")


class BadCell(Exception):
    """One cell cannot be used: a needed one refuses its record, any other is left out of it."""

    def __init__(self, field: str, reason: str, advice: str = "correct the cell, or leave it empty where unknown") -> None:
        super().__init__(f"{field} {reason}")
        self.field, self.reason, self.advice = field, reason, advice


def cell(read: Callable[[str, str], T], field: str, text: str, lost: list[BadCell]) -> T | None:
    """Returns the value of a cell that is not needed; None where it cannot be used, and then the reason goes to `lost`."""
    try:
        return read(field, text)
    except BadCell as bad:
        lost.append(bad)
        return None


@dataclass(frozen=True, slots=True)
class Writing:
    """How a source writes numbers and times. `decimal`: the sign before the fraction; `thousands`: the one between groups of
    three ("": not stated, so what could be either is refused); `zone`: of times without one ("": they are refused). `unsure`: the
    decimal sign was not stated, and the file looks as if it came from where it is a comma."""

    decimal: str = "."
    thousands: str = ""
    zone: str = ""
    unsure: bool = False


PLAIN = Writing()
_GROUPED = re.compile(r"([+-]?)(\d{1,3}(?:([ '\u2019.,])\d{3})(?:\3\d{3})*)(?:([.,])(\d+))?$")
_ERROR = re.compile(r"#(?:N/?[ADV]|NV|NUL|¡?[^\W\d_][\w/]*[!?])$")


def number(field: str, text: str, written: Writing = PLAIN) -> float:
    """Returns a finite number; `nan`, `inf`, what overflows and what can be read in two ways are refused.

    >>> number("repair_hours", "1.5"), number("customers", "1.234,5", Writing(","))
    (1.5, 1234.5)
    """
    try:
        value = float(text)
    except ValueError:
        value = None
    if value is None or ("." in text and (written.decimal == "," or written.unsure)):
        value = _as_written(field, text, written)
    if not isfinite(value) or "_" in text or not _digits_are_ascii(text):
        raise BadCell(field, f"'{text[:40]}' is not a finite number")
    return value


def _digits_are_ascii(text: str) -> bool:
    """Returns whether all digits are ASCII. Digits of other scripts look like numbers, but whoever wrote them meant a text, or to
    mislead."""
    return text.isascii() or not any(sign.isdigit() and not sign.isascii() for sign in text)


def _as_written(field: str, text: str, written: Writing) -> float:
    """Returns the value of a number with groups of three, or with the source's own decimal sign."""
    text = one_form(text)
    other = "," if written.decimal == "." else "."
    if parts := _GROUPED.match(text):
        sign, digits, group, mark, fraction = parts.groups()
        if mark == other or (group == written.decimal and (mark or digits.count(group) > 1)):
            raise _other_sign(field, text, mark or group)
        if group == other and mark is None and digits.count(group) == 1 and group != written.thousands:
            raise _either(field, text, group)
        if group == written.decimal and written.unsure and digits[0] != "0":
            raise _either(field, text, group)
        if group == written.decimal:  # one group of three behind the decimal sign
            return float(f"{sign}{digits.replace(group, '.')}")
        return float(f"{sign}{re.sub('[^0-9]', '', digits)}.{fraction or '0'}")
    if other not in text:
        try:
            return float(text.replace(",", ".", 1))
        except ValueError:
            pass
    if is_error(text):
        advice = "mend its formula, or leave it empty where unknown"
        raise BadCell(field, f"'{text[:40]}' is an error value of a spreadsheet", advice)
    if re.fullmatch(r"[+-]?\d+[.,]\d+", text):
        raise _other_sign(field, text, other)
    raise BadCell(field, f"'{text[:40]}' is not a number")


def _other_sign(field: str, text: str, sign: str) -> BadCell:
    named = "comma" if sign == "," else "point" if sign == "." else f"'{sign}'"
    how = f"correct it; where the whole source writes a decimal {named}: --set decimal={sign}"
    return BadCell(field, f"'{text[:40]}' has a {named} where this source's decimal sign is another", how)


def _either(field: str, text: str, group: str) -> BadCell:
    return BadCell(
        field,
        f"'{text[:40]}' can be {text.replace(group, '')} or {text.replace(group, '.')}",
        f"write it without a sign between thousands, or say what the sign is for the whole source: --set decimal={group}, or "
        f"--set thousands={group}",
    )


def is_error(text: str) -> bool:
    """Returns whether a spreadsheet wrote its error in place of a value.

    >>> [is_error(text) for text in ("#N/A", "#NV", "#BEZUG!", "#NAME?", "#12", "#FF0000")]
    [True, True, True, True, False, False]
    """
    return text[:1] == "#" and _ERROR.match(text) is not None


def whole(field: str, text: str, written: Writing = PLAIN) -> int:
    value = number(field, text, written)
    if value != int(value) or abs(value) >= 2**53:
        raise BadCell(field, f"'{text[:40]}' is not a whole number")
    return int(value)


TRUE = frozenset(("1", "1.0", "true", "yes", "y", "x", "ja", "wahr", "oui", "vrai", "si", "sí", "sì", "vero", "verdadero"))
FALSE = frozenset(("0", "0.0", "false", "no", "n", "nein", "falsch", "non", "faux", "falso"))


def yes(field: str, text: str) -> bool:
    word = text.casefold()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise BadCell(field, f"'{text[:40]}' is neither yes nor no")


def unix_seconds(field: str, text: str, written: Writing = PLAIN) -> int:
    """Returns the Unix seconds of a time: given as such, in ISO 8601 with its zone, or in the zone that the source is set to.

    >>> unix_seconds("started_at", "2026-11-20T10:00:00+01:00")
    1795165200
    >>> unix_seconds("started_at", "2026-11-20T10:00:00", Writing(zone="Europe/Berlin"))
    1795165200
    """
    try:
        return whole(field, text)
    except BadCell:
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadCell(field, f"'{text[:40]}' is not a time", "write ISO 8601 with a zone, or unix seconds") from None
    if at.tzinfo is None and not written.zone:
        advice = "write the zone, as in 2026-11-20T10:00:00Z, or say it for the whole source: --set zone=UTC"
        raise BadCell(field, f"'{text[:40]}' has no zone", advice)
    return int((at.replace(tzinfo=ZoneInfo(written.zone)) if at.tzinfo is None else at).astimezone(UTC).timestamp())


def curve(field: str, text: str, written: Writing = PLAIN) -> tuple[tuple[float, float], ...]:
    """Returns the points of an impact curve `hours:loss|hours:loss`.

    >>> curve("impact:money", "0:0|4:1000")
    ((0.0, 0.0), (4.0, 1000.0))
    """
    points = []
    for part in text.split("|"):
        hours, colon, loss = part.partition(":")
        if not colon:
            raise BadCell(field, f"'{part[:40]}' is not hours:loss")
        points.append((number(field, hours, written), number(field, loss, written)))
    return tuple(points)
