"""Known answers of Random123, and that a stream is a function of its name alone."""

from __future__ import annotations

import numpy as np
import pytest

from app.domain.errors import InvalidInput
from app.risk.sampling.streams import check_blocks, open_unit, philox, seed_word, two_words

KNOWN = (  # kat_vectors of Random123 1.14: counter, key, answer
    "00000000 00000000 00000000 00000000 00000000 00000000 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 408f276d 41c83b0e a20bc7c6 6d5451fd",
    "243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1",
)


@pytest.mark.parametrize("row", KNOWN)
def test_known_answers(row: str) -> None:
    words = [int(word, 16) for word in row.split()]
    assert [int(word) for word in philox(*(np.uint64(word) for word in words[:6]))] == words[6:]


def test_names_that_differ_in_one_part_give_other_words() -> None:
    names = [
        (1, 2, 0, 3, 4),
        (2, 2, 0, 3, 4),
        (1, 3, 0, 3, 4),
        (1, 2, 1, 3, 4),
        (1, 2, 0, 4, 4),
        (1, 2, 0, 3, 5),
        (1, -2, 0, 3, 4),
    ]
    got = {two_words(seed_word(seed), np.int64(key), *rest) for seed, key, *rest in names}
    assert len(got) == len(names)


def test_the_unit_interval_is_open_below_and_closed_above() -> None:
    assert open_unit(np.uint64(0)) == 2.0**-53
    assert open_unit(np.uint64(2**64 - 1)) == 1.0


def test_words_are_uniform_bit_by_bit() -> None:
    pairs = [two_words(seed_word(7), np.int64(key), 0, 5, index) for key in range(100) for index in range(40)]
    words = np.array(pairs, np.uint64).reshape(-1)
    ones = np.array([((words >> np.uint64(bit)) & np.uint64(1)).sum() for bit in range(64)]).astype(float)
    assert (np.abs(ones - 4000) < 4.5 * np.sqrt(2000)).all()


def test_blocks_outside_their_room_are_refused() -> None:
    for first, last in ((-1, 2), (3, 2), (0, 2**28 + 1)):
        with pytest.raises(InvalidInput):
            check_blocks(first, last)
