"""What a source proves list by list, and what therefore may be retired."""

from __future__ import annotations

import pytest

from app.domain.completeness import PAGES, SAID, Evidence, Part, judge

SERVERS, RACKS = Part("servers", 5, 5, proves=("ci:server",)), Part("racks", 3, 3, proves=("ci:rack",))
NEEDS = Part("relations", 9, 9, proves=("dependency",))


def judged(*parts, said=False):
    return judge(Evidence(PAGES, parts), said)


def test_all_lists_whole_prove_everything_other_classes_too():
    found = judged(SERVERS, RACKS, NEEDS)
    assert (found.complete, found.ends_class("gone from the mapping"), found.ends("group")) == (True, True, True)


@pytest.mark.parametrize(
    "bad",
    [
        Part("racks", 2, 3, proves=("ci:rack",)),
        Part("racks", 3, None, False, proves=("ci:rack",)),
        Part("racks", 3, 3, proves=("ci:rack",), problem="refused (403)"),
        Part("racks", 0, 0, proves=("ci:rack",), known=3),
    ],
)
def test_one_list_that_fails_keeps_its_class_and_nothing_else(bad):
    found = judged(SERVERS, bad, NEEDS)
    assert not found.complete
    assert (found.ends_class("server"), found.ends_class("rack"), found.ends("dependency")) == (True, False, True)
    assert found.ends_class("unheard of") is False
    assert list(found.reasons) == ["racks"]


def test_a_kind_ends_only_where_every_list_it_comes_from_is_whole():
    carrying = Part("racks", 2, 3, proves=("ci:rack", "dependency"))
    assert judged(SERVERS, carrying, NEEDS).ends("dependency") is False
    assert judged(SERVERS, RACKS).ends("dependency") is True  # complete, so there are none


def test_an_emptied_list_needs_a_person():
    emptied = Part("racks", 0, 0, proves=("ci:rack",), known=3)
    assert "sync with --full and --complete" in judged(SERVERS, emptied).reasons["racks"]
    assert judged(SERVERS, emptied, said=True).ends_class("rack") is True


def test_nothing_proven_and_nothing_received_is_a_failure():
    assert judged(Part("servers", 0, None, False, proves=("ci:server",), problem="401")).nothing_proven()
    assert not judged(Part("servers", 4, None, False, proves=("ci:server",), problem="500")).nothing_proven()
    assert not judge(Evidence(SAID, (Part("cis", 0),)), False).nothing_proven()


def test_a_later_look_must_still_prove_what_an_earlier_one_did():
    early, late = judged(SERVERS, RACKS), judged(SERVERS, Part("racks", 2, 3, proves=("ci:rack",)))
    assert not early.within(late)
    assert late.within(early) and late.within(late)
