"""Tests of stability that are kept, each with the revisions between which it is evidence.

A test that changes a number is written together with the pointer of a revision of its own, so every answer at a revision knows
the same tests, before and after a crash. It is never deleted: who takes it back ends it with another revision.
"""

from __future__ import annotations

from datetime import datetime

from app.domain.stability_tests import FAILED, FAILOVER, GAME_DAY, NO_PROOF, PASSED, GroupEvidence, StabilityTest
from app.ports.documents import Documents
from app.ports.records import Records

SWITCHES = (FAILOVER, GAME_DAY)  # kinds that try whether a group switches; a restore from backup shows nothing of that
TESTS = Records("stability_test", StabilityTest, "test")


def every_test(documents: Documents) -> list[StabilityTest]:
    """Returns all tests, the newest first."""
    tests = [kept.value for kept in TESTS.every(documents)]
    return sorted(tests, key=lambda test: (test.started_at, test.kept_at, test.test), reverse=True)


def holds_at(test: StabilityTest, revision: int) -> bool:
    """Whether a test is evidence at a revision."""
    return 0 < test.since <= revision and (test.until is None or revision < test.until)


def evidence_of(test: StabilityTest) -> GroupEvidence | None:
    """Returns what a test says of its group; None where it says nothing that changes a number."""
    if not test.group or test.not_counted or test.outcome == NO_PROOF:
        return None
    at = int(datetime.fromisoformat(test.started_at).timestamp())
    if test.capacity_share is not None:
        return GroupEvidence(test.group, at, None, None, test.ci, test.capacity_share)
    if test.outcome not in (PASSED, FAILED) or test.kind not in SWITCHES:
        return None
    return GroupEvidence(test.group, at, test.outcome == PASSED, test.failover_minutes)


def evidence_at(documents: Documents, revision: int) -> tuple[GroupEvidence, ...]:
    """Returns the evidence that holds at a revision, in order of the tests' ids."""
    held = sorted((kept.value for kept in TESTS.every(documents)), key=lambda test: test.test)
    found = (evidence_of(test) for test in held if holds_at(test, revision))
    return tuple(one for one in found if one is not None)
