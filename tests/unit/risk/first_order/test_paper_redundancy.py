"""Redundancy only on paper, by hand and against every outage tried one by one."""

from __future__ import annotations

import random

import numpy as np
import pytest

from app.risk.first_order.paper_redundancy import in_one_place, paper_redundancy
from app.risk.intake.compile import compile_graph
from app.risk.outage.propagation import outage, workspace
from tests.builders import Built, estate
from tests.unit.risk.build import graph_of, random_estate


def pairs(built: Built) -> list[tuple[str, int, int]]:
    found = paper_redundancy(built.compiled)
    assert found.examined == len(built.compiled)
    return sorted(
        (built.names([int(p)])[0], int(lost), int(members))
        for p, lost, members in zip(found.shared, found.lost, found.members, strict=True)
    )


def test_a_pair_that_hangs_on_one_array() -> None:
    built = estate("S; a; b; d; p; q", hard="a>d b>d d>p b>q", groups={"S": [(1, "a b")]})
    assert pairs(built) == [("d", 2, 2), ("p", 2, 2)]
    apart = estate("S; a; b; d; p; q", hard="a>d b>q d>p", groups={"S": [(1, "a b")]})
    assert pairs(apart) == []


def test_more_than_the_group_can_lose_is_enough() -> None:
    built = estate("S; a; b; c; rack", hard="a>rack b>rack", groups={"S": [(2, "a b c")]})
    assert pairs(built) == [("rack", 2, 3)]
    assert pairs(estate("S; a; b; c; rack", hard="a>rack b>rack", groups={"S": [(1, "a b c")]})) == []
    assert pairs(estate("S; a; b; rack", hard="a>rack b>rack", groups={"S": [(2, "a b")]})) == []  # 2 of 2 is no redundancy


def test_a_redundant_provider_of_both_is_none() -> None:
    """Both members need the pair p, q: neither p nor q alone takes them, the feed below both does."""
    built = estate("S; a; b; p; q; feed", hard="p>feed q>feed", groups={"S": [(1, "a b")], "a": [(1, "p q")], "b": [(1, "p q")]})
    assert pairs(built) == [("feed", 2, 2)] * 3


def test_one_site_for_all() -> None:
    built = estate("S; a; b; c", groups={"S": [(1, "a b")]})
    codes = np.full(4, -1, np.int32)
    codes[built.at("a b")] = 3
    groups, places = in_one_place(built.compiled, codes)
    assert (groups.tolist(), places.tolist()) == ([0], [3])
    codes[built.at("b")] = -1
    assert len(in_one_place(built.compiled, codes)[0]) == 0


@pytest.mark.parametrize("seed", range(4))
def test_random_estates(seed: int) -> None:
    rng, some = random.Random(7000 + seed), 0
    for _ in range(200):
        compiled = compile_graph(graph_of(random_estate(rng, rng.randint(4, 14))))
        flat, space = compiled.flat, workspace(compiled)
        want = set()
        for v in set(range(len(compiled))) - set(compiled.rest_down.tolist()):
            failed = set(outage(compiled, np.array([v], np.int32), space).failed.tolist())
            for g in range(len(flat.group_kind)):
                members = flat.member[flat.member_ptr[g] : flat.member_ptr[g + 1]].tolist()
                lost = len(failed & set(members))
                if v not in members and lost >= 2 and flat.group_left[g] > 1 and lost >= flat.group_left[g]:
                    want.add((g, v, lost))
        found = paper_redundancy(compiled)
        assert set(zip(found.group.tolist(), found.shared.tolist(), found.lost.tolist(), strict=True)) == want
        some += len(want)
    assert some > 50
