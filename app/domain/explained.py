"""Why a number changed between two revisions: parts that add up to the difference, and what stands behind each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.results import Stamp
from app.domain.sentences import figure, listed, signed

ESTATE, EVIDENCE, EXPOSURE, MODEL = "estate", "evidence", "exposure", "model"
DIFFERENCE = "difference"
ORDER = (ESTATE, EVIDENCE, EXPOSURE)  # as they stand beside each other
BY = (DIFFERENCE, *ORDER)  # what areas are listed by, the largest first
PARTS = {
    ESTATE: "CIs, dependencies and redundancy groups came, went or changed",
    EVIDENCE: "rates, restore times and what else is known of the same CIs changed",
    EXPOSURE: "customers, money and deadlines of the same services changed",
    MODEL: "the model or its settings changed",
}


@dataclass(frozen=True, slots=True)
class ChangePart:
    """What one sort of change makes of the difference; `says`: what belongs to it."""

    part: str
    amount: float
    says: str


@dataclass(frozen=True, slots=True)
class AreaChange:
    """An area before and after, and the parts of its difference; they add up. `what`: what is otherwise about it now.

    `before`, `after`: None where its loss is unknown or it was not there (`was_there`, `is_there`); parts count an unknown loss
    as nothing.
    """

    kind: str
    name: str
    label: str
    before: float | None
    after: float | None
    difference: float
    estate: float
    evidence: float
    exposure: float
    was_there: bool
    is_there: bool
    what: Sequence[str]


@dataclass(frozen=True, slots=True)
class ExplainedChange:
    """The difference of the total of single failures between two revisions, its parts, and the areas of a kind by the size of
    their difference (or of one part).

    `before` is what was said of the earlier revision at the time, `earlier_now` what the present model says of it: their
    difference is the part of the model. `unknown_before`, `unknown_after`: CIs whose loss is unknown and counts as nothing.
    `assessments`: how many estates were assessed for it, the two themselves included.
    """

    stamp: Stamp
    earlier: int
    earlier_at: str
    later: int
    later_at: str
    measure: str
    before: float
    earlier_now: float
    after: float
    difference: float
    parts: Sequence[ChangePart]
    sentence: str
    model_note: str
    unknown_before: int
    unknown_after: int
    assessments: int
    kind: str
    by: str
    items: Sequence[AreaChange]
    total_rows: int
    limit: int
    truncated: bool
    next: str | None


def change_sentence(before: float, after: float, unit: str, parts: Sequence[ChangePart]) -> str:
    """Returns the difference in words, with its largest part.

    >>> parts = [ChangePart(ESTATE, -1000.0, ""), ChangePart(EVIDENCE, 5000.0, "")]
    >>> change_sentence(10000.0, 14000.0, "EUR a year", parts)
    'The expected loss rose by 4,000 EUR a year, from 10,000 to 14,000: evidence +5,000, estate -1,000.'
    >>> change_sentence(10000.0, 10000.0, "EUR a year", [])
    'The expected loss is what it was: 10,000 EUR a year.'
    """
    moved = [part for part in sorted(parts, key=lambda part: -abs(part.amount)) if figure(abs(part.amount)) != "0"]
    if before == after and not moved:
        return f"The expected loss is what it was: {figure(after)} {unit}."
    went = "is the same" if before == after else f"{'rose' if after > before else 'fell'} by {figure(abs(after - before))} {unit}"
    ends = f", from {figure(before)} to {figure(after)}" if figure(before) != figure(after) else f", of {figure(after)}"
    told = ", ".join(f"{part.part} {signed(part.amount)}" for part in moved)
    return f"The expected loss {went}{ends}" + (f": {told}." if told else ".")


def value_change(name: str, unit: str, before: tuple[float | None, str], after: tuple[float | None, str]) -> str:
    """Returns how an input changed, with where it was from and is from now.

    >>> value_change("failures", "a year", (0.08, "assumed"), (0.5, "measured"))
    'failures: 0.08 a year (assumed) became 0.5 a year (measured)'
    """

    def told(value: float | None, origin: str) -> str:
        said = "unknown" if value is None else f"{figure(value)} {unit}".strip()
        return f"{said} ({origin})" if origin else said

    return f"{name}: {told(*before)} became {told(*after)}"


def needs_change(gained: Sequence[str], lost: Sequence[str]) -> list[str]:
    """Returns which needs came and went.

    >>> needs_change(["san-2"], []), needs_change([], ["a", "b"])
    (['needs san-2 now'], ['no longer needs a and b'])
    """
    return [
        *([f"needs {listed(gained)} now"] if gained else []),
        *([f"no longer needs {listed(lost)}"] if lost else []),
    ]
