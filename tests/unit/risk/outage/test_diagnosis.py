"""The probable cause: by hand, with reports missing and false, and of a CI with very many providers."""

from __future__ import annotations

import time

import numpy as np
import pytest

from app.risk.outage.diagnosis import diagnose
from tests.builders import estate

OTHERS = "; " + "; ".join(f"x{n}" for n in range(200))  # CIs that are up: what is reported by chance is rare among them


def test_the_common_provider_explains_what_is_reported_and_a_report_apart_stays_apart() -> None:
    built = estate("S; A; B; P; C" + OTHERS, hard="A>P B>P S>A S>B")
    found = diagnose(built.compiled, built.at("A B C"))
    first = found.ranked[0]
    assert built.names([first.position]) == ["P"]
    assert (first.explained, first.missing) == (2, 2)  # P and S are not reported
    assert built.names(found.fewest) == ["P"] and built.names(found.unexplained) == ["C"]
    assert (found.tried, found.candidates) == (4, 4)


def test_two_causes_explain_what_no_single_one_does() -> None:
    built = estate("S; A; B; P; C; D; E; Q" + OTHERS, hard="A>P B>P C>Q D>Q E>Q S>A")
    found = diagnose(built.compiled, built.at("A B P C D E Q"))
    assert built.names(found.fewest) == ["P", "Q"] and not len(found.unexplained)


def test_what_redundancy_saves_is_no_cause() -> None:
    """S needs 1 of a and b: neither stops it alone, what both need does."""
    built = estate("S; T; a; b; R" + OTHERS, hard="a>R b>R T>S", groups={"S": [(1, "a b")]})
    found = diagnose(built.compiled, built.at("S T a b"))
    assert built.names([found.ranked[0].position]) == ["R"]


def test_nothing_reported_has_no_cause() -> None:
    built = estate("S; a", hard="S>a")
    found = diagnose(built.compiled, [])
    assert (found.ranked, found.fewest, len(found.unexplained), found.candidates) == ([], [], 0, 0)


def test_a_budget_of_no_time_says_that_nothing_was_examined() -> None:
    built = estate("S; a", hard="S>a")
    found = diagnose(built.compiled, built.at("S"), seconds=0.0)
    assert (found.tried, found.candidates, found.ranked) == (0, 2, [])


@pytest.mark.compiled
def test_the_cause_of_a_ci_with_100_000_providers_takes_less_than_a_second() -> None:
    """T5: by power set it would take for ever. One provider is reported with it, and is the cause. Seconds of the processor: the
    machine may be busy."""
    providers = [f"p{n}" for n in range(100_000)]
    built = estate("; ".join(["S", *providers]), hard=" ".join(f"S>{name}" for name in providers))
    built_small = estate("S; a", hard="S>a")
    diagnose(built_small.compiled, built_small.at("S"))  # compiled before the clock starts
    seen = np.concatenate([built.at("S"), built.at("p777")])
    took = []
    for _ in range(3):
        began = time.process_time()
        found = diagnose(built.compiled, seen)
        alone = diagnose(built.compiled, built.at("S"))
        took.append((time.process_time() - began) / 2)
    print(f"\ncause of a CI with 100,000 providers: {min(took):.3f} s")
    assert min(took) < 1.0
    assert built.names([found.ranked[0].position]) == ["p777"]
    assert found.tried == found.candidates == alone.tried == 100_001
