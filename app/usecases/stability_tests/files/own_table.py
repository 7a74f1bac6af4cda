"""A CSV of our own, for tests that no tool writes down: failovers, game days, and recovery exercises step by step.

Columns: `kind`, `started_at` (with a zone), and of `title`, `about` (a CI or a group), `outcome`, `minutes` (of the test),
`failover_minutes`, `expected`, `fell` (several between `|`), `notes`, `step`, `planned_minutes`, `actual_minutes`. Rows of one
exercise have the same title and start, one row a step.
"""

from __future__ import annotations

from dataclasses import replace

from app.domain.errors import InvalidInput
from app.domain.stability_tests import EXERCISE, FAILED, FAILOVER, GAME_DAY, OUTCOMES, PASSED, ReadTest, StepTime
from app.usecases.stability_tests.files.parts import Refused, moment_in, number_in, table_of

TOOL = "CSV"
MOST_TESTS = 1000


def own_table(body: bytes) -> list[ReadTest]:
    """Every test of a file; the refused rows stand at the first of them."""
    head, rows = table_of(body)
    missing = [name for name in ("kind", "started_at") if name not in head]
    if missing:
        raise InvalidInput(f"the table has no column {', '.join(missing)}", field="file")
    refused, tests, exercises = Refused(), list[ReadTest](), dict[tuple[str, int], int]()
    for line, row in rows:
        made = _row(f"line {line}", {name: (value or "").strip() for name, value in row.items()}, refused)
        if made is None:
            continue
        key = (made.title, made.started_at or 0)
        if made.kind == EXERCISE and key in exercises:
            held = tests[exercises[key]]
            steps = (*held.steps, *made.steps)
            tests[exercises[key]] = replace(held, steps=steps, outcome=outcome_of(steps), seconds=_span(steps))
            continue
        if made.kind == EXERCISE:
            exercises[key] = len(tests)
        tests.append(made)
        if len(tests) > MOST_TESTS:
            raise InvalidInput(f"more than {MOST_TESTS:,} tests in one file: hand it over in parts", field="file")
    if not tests:
        why = f": {refused.lines[0].record}: {refused.lines[0].reason}" if refused.lines else ""
        raise InvalidInput(f"no row of the table could be read{why}", field="file")
    return [replace(tests[0], refused=tuple(refused.lines), refused_total=refused.total), *tests[1:]]


def _row(record: str, row: dict[str, str], refused: Refused) -> ReadTest | None:
    kind, started = row.get("kind", ""), moment_in(row.get("started_at", ""))
    if kind not in (FAILOVER, GAME_DAY, EXERCISE):
        refused.add(record, "kind", f"{kind[:40]!r} is none of {FAILOVER}, {GAME_DAY}, {EXERCISE}", "name one of them")
        return None
    if started is None:
        refused.add(
            record, "started_at", f"{row.get('started_at', '')[:40]!r} is no time with a zone", "like 2026-11-20T03:00:00Z"
        )
        return None
    numbers: dict[str, float | None] = {}
    for name in ("minutes", "failover_minutes", "planned_minutes", "actual_minutes"):
        numbers[name] = number_in(row.get(name, ""))
        if row.get(name) and (numbers[name] is None or (numbers[name] or 0.0) < 0):
            refused.add(record, name, f"{row[name][:40]!r} is no number of minutes", "give a number from 0 on")
            return None
    seconds = None if numbers["minutes"] is None else numbers["minutes"] * 60
    title = row.get("title") or f"{kind.replace('_', ' ')} of {row.get('about') or 'the estate'}"
    made = ReadTest(TOOL, kind, title[:300], started, seconds, PASSED, _notes(row), about=row.get("about", "")[:300])
    if kind == EXERCISE:
        if not row.get("step"):
            refused.add(record, "step", "a row of an exercise names a step", "give its name")
            return None
        steps = (StepTime(row["step"][:200], numbers["planned_minutes"], numbers["actual_minutes"]),)
        return replace(made, steps=steps, outcome=outcome_of(steps), seconds=_span(steps))
    outcome = row.get("outcome", "").casefold()
    if outcome not in OUTCOMES:
        refused.add(record, "outcome", f"{outcome[:40]!r} is none of {', '.join(OUTCOMES)}", "name one of them")
        return None
    failover = numbers["failover_minutes"]
    return replace(
        made, outcome=outcome, failover_seconds=None if failover is None else failover * 60,
        expected=_several(row.get("expected", "")), fell=_several(row.get("fell", "")),
    )  # fmt: skip


def _notes(row: dict[str, str]) -> tuple[str, ...]:
    return (row["notes"][:2000],) if row.get("notes") else ()


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip()[:200] for part in text.split("|") if part.strip())[:100]


def _span(steps: tuple[StepTime, ...]) -> float | None:
    """Seconds of all steps; None where one was never finished."""
    known = [step.actual_minutes for step in steps]
    return None if None in known else sum(value for value in known if value is not None) * 60


def outcome_of(steps: tuple[StepTime, ...]) -> str:
    """Passed: every step was finished, and none took longer than planned.

    >>> outcome_of((StepTime("restore", 60, 55), StepTime("check", None, 5))), outcome_of((StepTime("restore", 60, None),))
    ('passed', 'failed')
    """
    late = [
        step.actual_minutes is None or (step.planned_minutes is not None and step.actual_minutes > step.planned_minutes)
        for step in steps
    ]
    return FAILED if any(late) else PASSED
