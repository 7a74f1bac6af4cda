"""OpenSLO files: which objectives become goals, and what is said of those that do not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.domain.errors import InvalidInput
from app.domain.goals import AVAILABILITY, ERROR_RATE, Terms
from importers.goals.openslo import read_openslo

SHARED = Path(os.environ.get("FORESTAY_SHARED") or Path(__file__).parents[3].parent / "shared")
DOCUMENT = """
apiVersion: openslo/v1
kind: SLO
metadata: {{name: one}}
spec:
  service: shop
  indicator: {{spec: {{{indicator}: {{}}}}}}
  timeWindow: [{window}]
  budgetingMethod: {method}
  objectives: {objectives}
"""
ROLLING = "{duration: 28d, isRolling: true}"
MONTH = "{duration: 1M, isRolling: false, calendar: {startTime: %s, timeZone: %s}}"


def read(method: str = "Timeslices", window: str = ROLLING, objectives: str = "[{target: 0.99}]", indicator: str = "ratioMetric"):
    return read_openslo(
        "a.yaml", DOCUMENT.format(method=method, window=window, objectives=objectives, indicator=indicator).encode()
    )


@pytest.mark.parametrize(
    ("asked", "kind", "target", "terms"),
    [
        ({}, AVAILABILITY, 0.99, Terms("28d")),
        ({"method": "RatioTimeslices", "objectives": "[{targetPercent: 99.95}]"}, AVAILABILITY, 0.9995, Terms("28d")),
        ({"method": "Occurrences"}, ERROR_RATE, 0.01, Terms("28d")),
        ({"window": "{duration: 4w, isRolling: true}"}, AVAILABILITY, 0.99, Terms("28d")),
        ({"window": "{duration: 48h, isRolling: true}"}, AVAILABILITY, 0.99, Terms("2d")),
        ({"window": MONTH % ("2026-01-01 00:00:00", "Europe/Berlin")}, AVAILABILITY, 0.99, Terms("month", "Europe/Berlin")),
        ({"objectives": "[{target: 0.9}, {target: 0.999}, {displayName: x}]"}, AVAILABILITY, 0.999, Terms("28d")),
    ],
)
def test_an_objective_is_a_goal(asked: dict[str, str], kind: str, target: float, terms: Terms) -> None:
    (one,) = read(**asked).read
    assert (one.service, one.goal.kind, one.goal.target, one.goal.terms) == ("shop", kind, target, terms)
    assert one.goal.origin == "file a.yaml" and one.record == "document 1: one"


@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({"indicator": "thresholdMetric"}, "spec.indicator", "a threshold"),
        ({"method": "Occurrences", "indicator": "x"}, "spec.indicator", "what is counted"),
        ({"method": "Nothing"}, "spec.budgetingMethod", "Nothing is unknown"),
        ({"window": ""}, "spec.timeWindow", "is not one window"),
        ({"window": f"{ROLLING}, {ROLLING}"}, "spec.timeWindow", "is not one window"),
        ({"window": "{duration: 1M, isRolling: true}"}, "spec.timeWindow.duration", "rolls over 1M"),
        ({"window": "{duration: 5h, isRolling: true}"}, "spec.timeWindow.duration", "rolls over 5h"),
        ({"window": "{duration: 1m, isRolling: false}"}, "spec.timeWindow.duration", "m means minutes"),
        ({"window": "{duration: 1w, isRolling: false}"}, "spec.timeWindow.duration", "calendar window of 1w"),
        ({"window": MONTH % ("2026-01-01 12:00:00", "UTC")}, "spec.timeWindow.calendar.startTime", "first midnight"),
        ({"window": MONTH % ("2026-01-01 00:00:00", "Mars/X")}, "spec.timeWindow.calendar.timeZone", "IANA"),
        ({"objectives": "[{target: 1}]"}, "spec.objectives", "no objective"),
        ({"objectives": "[{targetPercent: 100}, {target: true}]"}, "spec.objectives", "no objective"),
        ({"objectives": "none"}, "spec.objectives", "no objective"),
    ],
)
def test_what_is_no_goal_is_listed_with_its_field(asked: dict[str, str], field: str, said: str) -> None:
    found = read(**asked)
    assert found.read == []
    ((row),) = found.unread
    assert (row.record, row.field) == ("document 1: one", field) and said in row.reason and row.remedy


def test_other_documents_are_passed_by_or_listed() -> None:
    body = "apiVersion: openslo/v1\nkind: SLI\n---\nkind: SLO\n---\n---\n[1]\n---\napiVersion: openslo/v2\nkind: SLO\n"
    found = read_openslo("b.yaml", body.encode())
    assert [(row.record, row.field) for row in found.unread] == [
        ("document 2", "apiVersion"), ("document 4", "apiVersion"), ("document 5", "kind"),
    ]  # fmt: skip
    for broken in (b"a: [", b"a: &x 1\nb: *x", b"\x80", b"{" * 3000):
        with pytest.raises(InvalidInput):
            read_openslo("c.yaml", broken)


@pytest.mark.shared
def test_the_examples_of_openslo_itself() -> None:
    folder = SHARED / "data" / "openslo-examples"
    found = {path.name: read_openslo(path.name, path.read_bytes()) for path in sorted(folder.glob("*.yaml"))}
    assert len(found) == 4
    read_of = {
        name: [(row.service, row.goal.kind, row.goal.target, row.goal.terms.window) for row in file.read]
        for name, file in found.items()
    }
    assert {name: rows for name, rows in read_of.items() if rows} == {
        "budgeting-method_ratio-timeslices.yaml": [("web-shop", AVAILABILITY, 0.99, "14d")]
    }
    assert {name: [row.field for row in file.unread] for name, file in found.items() if file.unread} == {
        "budgeting-method_occurences-slo.yaml": ["spec.indicator"],
        "budgeting-method_timeslices-slo.yaml": ["spec.timeWindow.duration"],
        "treat-low-traffic-as-equally-important_timeslices-slo.yaml": ["spec.timeWindow.duration"],
    }
