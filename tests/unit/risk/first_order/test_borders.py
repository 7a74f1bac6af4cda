"""Loss over borders between teams, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from app.risk.first_order.borders import borders
from app.risk.first_order.sweep import first_order
from tests.builders import estate


def test_the_last_border_on_the_way_takes_the_loss() -> None:
    profile = {"failures_per_year": 1.0, "repair_hours": 10.0}
    made = estate(
        "shop; app; db; net; crm", hard="shop>app app>db db>net crm>net", services={"shop": {}, "crm": {}},
        profiles={"shop": {"failures_per_year": 0.0}, "crm": {"failures_per_year": 0.0}, "app": profile, "db": profile,
            "net": profile},
    )  # fmt: skip
    first = first_order(made.compiled)
    codes = {"shop": 0, "app": 0, "db": 1, "net": 2, "crm": 1}
    team = np.zeros(5, np.int64)
    for name, code in codes.items():
        team[made.at(name)] = code
    told = borders(made.compiled, first, team, first.pair_hours)
    rows = {
        (a, b): loss
        for a, b, loss in zip(told.provider_team.tolist(), told.dependent_team.tolist(), told.loss.tolist(), strict=True)
    }
    # db and net both enter team 0 over db -> app; net enters crm's team 1 over net -> crm; app crosses none
    assert rows == {(1, 0): pytest.approx(20.0), (2, 1): pytest.approx(10.0)}
    assert told.inside == pytest.approx(10.0) and told.left_out == 0.0 and told.interrupted == 0.0
    assert sum(rows.values()) + told.inside == pytest.approx(np.nansum(first.pair_hours))
    few = borders(made.compiled, first, team, first.pair_hours, most=1)
    assert few.left_out == pytest.approx(20.0) and few.loss.sum() == pytest.approx(20.0)


def test_what_a_failover_interrupts_has_no_path() -> None:
    made = estate(
        "S; a; b", groups={"S": [(1, "a b", {"failover_minutes": 6.0, "failover_success": 1.0})]},
        profiles={"S": {"failures_per_year": 0.0}, "a": {"failures_per_year": 2.0, "repair_hours": 4.0},
            "b": {"failures_per_year": 0.0}},
    )  # fmt: skip
    first = first_order(made.compiled)
    told = borders(made.compiled, first, np.zeros(3, np.int64), first.pair_hours)
    assert told.interrupted == pytest.approx(0.2) and told.inside == 0.0
