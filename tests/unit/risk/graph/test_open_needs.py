"""What was not read, by position, and what hangs on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.domain.graph import OpenNeedColumns
from app.risk.graph.open_needs import incomplete, incomplete_services, needs_below_services, open_needs_below
from app.risk.graph.subestate import subestate_of
from app.risk.intake.compile import compile_graph, recompiled
from tests.builders import estate


def marked(graph, **needs: int):
    """Compiled with so many needs of CIs, by key, not read."""
    cis = graph.cis
    ids = {cis.key[row]: int(cis.ci_id[row]) for row in range(len(cis.ci_id))}
    columns = OpenNeedColumns(np.array([ids[key] for key in needs], np.int64), np.array(list(needs.values()), np.int64))
    return compile_graph(replace(graph, open_needs=columns)), ids


def test_a_mark_goes_up_every_kind_of_need_and_not_down():
    built = estate(
        "S; T; U; A; B; C; D",
        hard="S>A",
        soft="T>A:0.5",
        groups={"U": [(1, "A B")]},
        services={"S": {}, "T": {}, "U": {}, "D": {}},
    )
    compiled, ids = marked(built.graph, A=2, C=1)
    told = {key: bool(incomplete(compiled)[compiled.position_of(ci_id)]) for key, ci_id in ids.items()}
    assert told == {"S": True, "T": True, "U": True, "A": True, "B": False, "C": True, "D": False}
    assert len(incomplete_services(compiled, incomplete(compiled))) == 3
    assert needs_below_services(compiled) == 2  # no service leans on C
    assert open_needs_below(compiled, compiled.position_of(ids["U"])) == 2
    assert subestate_of(compiled, compiled.position_of(ids["U"])).compiled.open_needs.sum() == 2


def test_needs_of_what_is_not_assessed_are_open():
    built = estate("S; A; B; C", hard="S>A", groups={"S": [(1, "B C")]})
    assessed = np.array(built.graph.cis.assessed)
    ids = {built.graph.cis.key[row]: row for row in range(4)}
    for gone, needs in ((["A"], 1), (["B"], 1), (["A", "B"], 2), (["B", "C"], 1), (["S"], 0)):
        left = assessed.copy()
        left[[ids[key] for key in gone]] = False
        compiled = compile_graph(replace(built.graph, cis=replace(built.graph.cis, assessed=left)))
        assert compiled.open_needs.sum() == needs, gone


def test_needs_that_change_are_compiled_again():
    built = estate("S; A", hard="S>A")
    compiled, _ = marked(built.graph, A=1)
    after = replace(built.graph, open_needs=OpenNeedColumns(np.zeros(0, np.int64), np.zeros(0, np.int64)))
    assert recompiled(compiled, built.graph, after) is None
    assert not compile_graph(after).open_needs.any()
