"""Places in lists of CIs, against a search in them."""

from __future__ import annotations

import numpy as np

from app.risk.graph.places import place_of, places_among, places_of


def test_places_are_those_of_a_search() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        listed = np.sort(rng.choice(60, rng.integers(0, 30), replace=False)).astype(np.int32)
        wanted = np.sort(rng.choice(60, rng.integers(0, 30), replace=False)).astype(np.int32)
        assert places_among(listed, wanted).tolist() == np.searchsorted(listed, wanted).tolist()
        place = places_of(listed, 60)
        found = [place_of(listed, place, v) for v in range(60)]
        assert found == [listed.tolist().index(v) if v in listed else -1 for v in range(60)]


def test_what_lies_in_other_places_does_not_matter() -> None:
    listed, place = np.array([3, 7, 9], np.int32), np.full(10, 1, np.int32)
    place[listed] = [0, 1, 2]
    assert [place_of(listed, place, v) for v in (3, 4, 7, 9)] == [0, -1, 1, 2]
