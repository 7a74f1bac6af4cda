"""Keep a test: what its file says, with what the one who hands it over says; and take one back.

A test that changes a number is written by a revision of its own. A failed failover never lowers the expected loss: where a
lower chance of a switch would (as switching there costs more than waiting), the test is kept, the group is failed, and the
chance stays as it was.
"""

from __future__ import annotations

import hashlib
import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.json_columns import members_of
from app.domain.stability_tests import (
    FAILOVER,
    GAME_DAY,
    LOAD,
    NO_PROOF,
    OUTCOMES,
    PASSED,
    TEST_KINDS,
    GroupEvidence,
    ReadTest,
    StabilityTest,
)
from app.risk.first_order.switched import lowers_loss
from app.risk.intake.tested import estimate
from app.usecases.assess import assessed
from app.usecases.find import identify
from app.usecases.keep import audit
from app.usecases.keep.game_days import GAME_DAYS, with_result
from app.usecases.keep.seal import Seal
from app.usecases.keep.stability_tests import TESTS, evidence_at, evidence_of
from app.usecases.stability_tests.files.parts import moment_text
from app.usecases.stability_tests.files.read import read_results
from app.usecases.stability_tests.named_group import GROUP, named_group
from app.usecases.stability_tests.weigh import group_number
from app.usecases.tools import Tools
from app.usecases.write_revision import turn

FUTURE_SECONDS = 300
MOST_TEXT = 2000
NOT_LOWER = (
    "switching costs more here than waiting for the repair, so that a lower chance of it would lower the expected loss: "
    "the chance stays as it was"
)
NO_GROUP_THERE = "its group plays no part in the assessed estate"


class KeptAlready(Conflict):
    """The file was handed in before."""


@dataclass(frozen=True, slots=True)
class SaidOfTest:
    """What the one who hands a test over says of it; an empty text or None leaves it to the file. `full_load_per_second`: the
    requests a second that are the full load of the group's dependent."""

    kind: str = ""
    ci: str = ""
    group: str = ""
    started_at: str = ""
    outcome: str = ""
    title: str = ""
    notes: str = ""
    failover_minutes: float | None = None
    full_load_per_second: float | None = None
    day: str = ""


@dataclass(frozen=True, slots=True)
class AddedTests:
    """The tests of one file, as they are kept; `revision`: the one from which they hold."""

    revision: int
    items: Sequence[StabilityTest]


def add_tests(tools: Tools, said: SaidOfTest, file: str, body: bytes | None, caller: str, door: str) -> AddedTests:
    """Keeps the tests of a file of results, or without a file (None) one that a person reports.

    InvalidInput for what cannot be read or does not fit, KeptAlready for a file that is kept already.
    """
    read = [_by_hand(said)] if body is None else read_results(body)
    digest = "" if body is None else hashlib.sha256(body).hexdigest()
    if digest:
        _not_twice(tools, digest)
    revision = tools.store.current().revision
    tests = [_test(tools, revision, said, one, file, body, digest, caller, door) for one in read]
    if not any(evidence_of(test) for test in tests):
        with tools.documents.together():
            for test in tests:
                TESTS.put(tools.documents, test.test, test, expected=0)
            _recorded(tools, tests, caller)
        return AddedTests(revision, tests)
    return _written(tools, tests, caller)


def take_back(tools: Tools, name: str, caller: str) -> StabilityTest:
    """Ends a test as evidence, with a revision where it changed a number. NotFound, or Conflict where it was taken back."""
    test = TESTS.get(tools.documents, name)
    if test.until is not None:
        raise Conflict(f"test {name} was taken back by revision {test.until}")
    if not test.since:
        with tools.documents.together():
            ended = TESTS.change(tools.documents, name, lambda kept: replace(kept, until=tools.store.current().revision))
            audit.record(tools.documents, caller, "test taken back", name)
        return ended
    with turn(tools.store, tools.documents, f"test:{uuid.uuid4().hex}", f"test {test.title} taken back, by {caller}") as mine:
        current = tools.store.current()
        mine.open(current)
        ended = replace(TESTS.get(tools.documents, name), until=mine.revision)
        keeps = ((TESTS.kind, name, TESTS.text(ended)),)
        mine.publish(current.counters, Seal(caller, "test taken back", name, keeps=keeps))
    return ended


def _by_hand(said: SaidOfTest) -> ReadTest:
    if said.kind not in (FAILOVER, GAME_DAY):
        raise InvalidInput(f"kind: {FAILOVER} or {GAME_DAY} without a file of results", field="kind")
    if not said.outcome:
        raise InvalidInput(f"outcome: one of {', '.join(OUTCOMES)}", field="outcome")
    return ReadTest("by hand", said.kind, "", None, None, said.outcome)


def _not_twice(tools: Tools, digest: str) -> None:
    for kept in TESTS.every(tools.documents):
        if kept.value.digest == digest and kept.value.until is None:
            raise KeptAlready(f"this file is kept already, as test {kept.value.test} ({kept.value.title})")


def _test(
    tools: Tools, revision: int, said: SaidOfTest, read: ReadTest, file: str, body: bytes | None, digest: str, caller: str,
    door: str,
) -> StabilityTest:  # fmt: skip
    kind = said.kind or read.kind
    if kind not in TEST_KINDS:
        raise InvalidInput(f"kind: one of {', '.join(TEST_KINDS)}", field="kind")
    if kind != read.kind and {kind, read.kind} != {FAILOVER, GAME_DAY}:
        raise InvalidInput(f"kind: the file holds a test of kind {read.kind}", field="kind")
    outcome = said.outcome or read.outcome
    if outcome not in OUTCOMES:
        raise InvalidInput(f"outcome: one of {', '.join(OUTCOMES)}", field="outcome")
    if read.outcome == NO_PROOF and outcome == PASSED:
        raise InvalidInput("outcome: the file proves nothing, so nobody can say that it passed", field="outcome")
    started = _started(said, read)
    ci, group = _subject(tools, revision, said, read)
    minutes = said.failover_minutes
    if minutes is None and read.failover_seconds is not None:
        minutes = read.failover_seconds / 60.0
    _positive(minutes, "failover_minutes", 100_000.0)
    share = _share(tools, revision, said, read, kind, ci, group)
    if said.day:
        day = GAME_DAYS.get(tools.documents, said.day)
        group = group or day.group
    now = datetime.now(UTC).isoformat()
    title = (said.title or read.title or f"{kind.replace('_', ' ')} of {group or ci or 'the estate'}")[:300]
    notes = [*read.notes, *([said.notes[:MOST_TEXT]] if said.notes else [])]
    return StabilityTest(
        test=f"t-{uuid.uuid4().hex[:12]}", kind=kind, title=title, tool=read.tool, ci=ci, group=group,
        started_at=moment_text(started), seconds=read.seconds, outcome=outcome, author=caller, origin=door, kept_at=now,
        file=file[:200], digest=digest, bytes=len(body or b""), notes=notes, load=read.load,
        failover_minutes=minutes if outcome == PASSED else None, capacity_share=share, expected=read.expected, fell=read.fell,
        steps=read.steps, refused=read.refused, refused_total=read.refused_total, day=said.day,
    )  # fmt: skip


def _started(said: SaidOfTest, read: ReadTest) -> int:
    if said.started_at:
        try:
            moment = datetime.fromisoformat(said.started_at)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise InvalidInput("started_at is a time with a zone, like 2026-11-20T03:00:00Z", field="started_at")
        started = int(moment.timestamp())
    elif read.started_at is not None:
        started = read.started_at
    else:
        raise InvalidInput("nothing says when the test was: give started_at, with a zone", field="started_at")
    if not 0 < started <= datetime.now(UTC).timestamp() + FUTURE_SECONDS:
        raise InvalidInput("started_at: a test has been, it lies in the past", field="started_at")
    return started


def _subject(tools: Tools, revision: int, said: SaidOfTest, read: ReadTest) -> tuple[str, str]:
    """Returns the keys of the CI and of the group that a test is about."""
    group = named_group(tools, revision, said.group) if said.group else ""
    ci = identify(tools.store, revision, said.ci).key if said.ci else ""
    if not ci and not group and read.about:
        try:
            group = named_group(tools, revision, read.about)
        except NotFound:
            ci = identify(tools.store, revision, read.about).key
    return ci, group


def _share(
    tools: Tools, revision: int, said: SaidOfTest, read: ReadTest, kind: str, ci: str, group: str
) -> float | None:  # fmt: skip
    """Returns the share of the full load that a CI carried: the requests a second that it answered well, by the full load."""
    full = said.full_load_per_second
    if full is None:
        return None
    if kind != LOAD or read.load is None or read.load.per_second is None:
        raise InvalidInput(
            "full_load_per_second goes with a load test that says its requests a second", field="full_load_per_second"
        )
    if not (full > 0) or not ci or not group:
        raise InvalidInput("full_load_per_second is above 0, and needs ci (a member) and group", field="full_load_per_second")
    rows = tools.store.rows(revision, GROUP, "key", [group])
    if identify(tools.store, revision, ci).ci_id not in members_of(rows["members"][0]):
        raise InvalidInput(f"{ci!r} is no member of group {group!r}", field="ci")
    share = read.load.per_second * (1.0 - read.load.error_rate) / full
    if not share > 0:
        raise InvalidInput("no request was answered well, so no capacity was measured", field="full_load_per_second")
    return share


def _positive(value: float | None, field: str, most: float) -> None:
    if value is not None and not 0 <= value <= most:
        raise InvalidInput(f"{field}: from 0 to {most:,.0f}", field=field)


def _written(tools: Tools, tests: Sequence[StabilityTest], caller: str) -> AddedTests:
    what = tests[0].title + (f" and {len(tests) - 1} more" if len(tests) > 1 else "")
    with turn(tools.store, tools.documents, f"test:{uuid.uuid4().hex}", f"test {what}, by {caller}") as mine:
        current = tools.store.current()
        weighed = _weighed(tools, tests)
        mine.open(current)
        kept = [replace(test, since=mine.revision) for test in weighed]
        keeps = [(TESTS.kind, test.test, TESTS.text(test)) for test in kept]
        for test in kept:
            if test.day:
                keeps.append((GAME_DAYS.kind, test.day, GAME_DAYS.text(with_result(tools.documents, test.day, test.test))))
        details = {"tests": [test.test for test in kept], "digest": tests[0].digest}
        written = mine.publish(current.counters, Seal(caller, "test kept", what[:200], keeps=tuple(keeps), details=details))
    return AddedTests(written.revision, kept)


def _recorded(tools: Tools, tests: Sequence[StabilityTest], caller: str) -> None:
    for test in tests:
        if test.day:
            GAME_DAYS.put(tools.documents, test.day, with_result(tools.documents, test.day, test.test))
        details = {"kind": test.kind, "outcome": test.outcome, "digest": test.digest}
        audit.record(tools.documents, caller, "test kept", test.test, details)


def _weighed(tools: Tools, tests: Sequence[StabilityTest]) -> list[StabilityTest]:
    """Marks the failed switches that must not be counted, as they would lower the expected loss (trap T10)."""
    weighed: list[StabilityTest] = []
    held = [*evidence_at(tools.documents, tools.store.current().revision)]
    for test in tests:
        one = evidence_of(test)
        if one is not None and one.passed is False:
            same = [other for other in held if other.group == test.group]
            test = replace(test, not_counted=_why_not(tools, one, same))
        held += [one for one in [evidence_of(test)] if one is not None]
        weighed.append(test)
    return weighed


def _why_not(tools: Tools, one: GroupEvidence, same: Sequence[GroupEvidence]) -> str:
    """Returns why a failed switch changes no number; "" where it does."""
    base = assessed(tools.estates, tools.cache, None)
    group = group_number(base, one.group)
    if group is None:
        return NO_GROUP_THERE
    stated, minutes = _stated(tools, one.group)
    now = int(datetime.now(UTC).timestamp())
    before, after = estimate(stated, minutes, same, now), estimate(stated, minutes, [*same, one], now)
    prior = before.success if before is not None else 1.0 if math.isnan(stated) else stated
    return NOT_LOWER if after is not None and lowers_loss(base.estate.compiled, base.first, group, prior, after.success) else ""


def _stated(tools: Tools, group: str) -> tuple[float, float]:
    """Returns success and minutes that a source states of a group; NaN where none does."""
    rows: Any = tools.store.rows(tools.store.current().revision, GROUP, "key", [group])
    return float(rows["failover_success"][0]), float(rows["failover_minutes"][0])
