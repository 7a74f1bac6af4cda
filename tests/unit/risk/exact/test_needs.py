"""A group asked on its own."""

from __future__ import annotations

import pytest

from app.risk.exact.answers.needs import exact_group
from tests.builders import estate


def test_other_needs_and_own_failures_are_left_out() -> None:
    q = {"S": 0.5, "a": 0.1, "b": 0.2, "c": 0.3, "d": 0.4}
    made = estate(
        "S; a; b; c; d",
        hard="S>c",
        groups={"S": [(1, "a b"), (1, "c d")]},
        profiles={name: {"unavailability": value} for name, value in q.items()},
    )
    found = sorted(exact_group(made.compiled, group).q for group in range(2))
    assert found == pytest.approx([0.02, 0.12])
    down = sorted(exact_group(made.compiled, group, forced=[int(p) for p in made.at("a")]).q for group in range(2))
    assert down == pytest.approx([0.12, 0.2])
