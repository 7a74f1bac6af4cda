"""Tests that are kept, and game days, as lists and one by one."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from app.domain.stability_answers import GameDayPage, GameDayRow, TestPage, TestRow, TestsAdded
from app.domain.stability_tests import StabilityTest
from app.risk.intake.tested import weight_of
from app.usecases import paging
from app.usecases.keep.game_days import GAME_DAYS, GameDay
from app.usecases.keep.stability_tests import TESTS, every_test, evidence_of
from app.usecases.stability_tests.add import AddedTests
from app.usecases.tools import Tools

PLANNED, HELD, CANCELLED, DUE = "planned", "held", "cancelled", "no result yet"


def shown_test(test: StabilityTest, now: datetime | None = None) -> TestRow:
    """Returns a test as it is shown."""
    moment = int((now or datetime.now(UTC)).timestamp())
    shown = {name: getattr(test, name) for name in TestRow.__slots__ if hasattr(test, name)}
    return TestRow(
        **shown,
        counts=test.until is None and test.since > 0 and evidence_of(test) is not None,
        weight=weight_of(int(datetime.fromisoformat(test.started_at).timestamp()), moment),
        taken_back_by_revision=test.until,
    )


def one_test(tools: Tools, name: str) -> TestRow:
    return shown_test(TESTS.get(tools.documents, name))


def page_of_tests(tools: Tools, limit: int, after: str | None = None, kind: str = "", group: str = "") -> TestPage:
    """Returns a page of the tests that were not taken back, the newest first."""
    skip = int(paging.decode(after, "skip")["skip"]) if after else 0
    found = [
        test for test in every_test(tools.documents)
        if test.until is None and kind in ("", test.kind) and group in ("", test.group)
    ]  # fmt: skip
    more = len(found) > skip + limit
    rows = [shown_test(test) for test in found[skip : skip + limit]]
    return TestPage(rows, len(found), limit, more, paging.encode(skip=skip + limit) if more else None)


def added(found: AddedTests) -> TestsAdded:
    return TestsAdded(found.revision, [shown_test(test) for test in found.items])


def day_row(tools: Tools, day: GameDay) -> GameDayRow:
    """Returns a game day as it is shown. `checked_again`: the estate is as it was when the blast radius was checked."""
    now = datetime.now(UTC)
    state = CANCELLED if day.cancelled else HELD if day.tests else PLANNED
    if state == PLANNED and day.start_at and datetime.fromisoformat(day.start_at) < now:
        state = DUE
    body = asdict(day)
    body.pop("cancelled")
    return GameDayRow(**body, state=state, checked_again=tools.store.current().revision == day.checked_at_revision)


def one_day(tools: Tools, name: str) -> GameDayRow:
    return day_row(tools, GAME_DAYS.get(tools.documents, name))


def day_page(tools: Tools, limit: int, after: str | None = None) -> GameDayPage:
    """Returns a page of the game days, the latest first."""
    skip = int(paging.decode(after, "skip")["skip"]) if after else 0
    days = sorted(
        (kept.value for kept in GAME_DAYS.every(tools.documents)), key=lambda day: (day.start_at, day.day), reverse=True
    )
    more = len(days) > skip + limit
    rows = [day_row(tools, day) for day in days[skip : skip + limit]]
    return GameDayPage(rows, len(days), limit, more, paging.encode(skip=skip + limit) if more else None)
