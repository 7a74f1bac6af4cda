"""Texts found by bytes of a whole column are those found text by text, case aside, wherever letters lie."""

from __future__ import annotations

import random

import numpy as np
import pytest

from app.domain.columns import Texts
from app.usecases.answers.text_match import folded, rows_with


@pytest.mark.parametrize("letters", ["aAbB-", "aÄäßé-", "x"])
def test_rows_found_are_those_that_hold_the_text(letters: str) -> None:
    rng = random.Random(letters)
    for _ in range(200):
        texts = ["".join(rng.choices(letters, k=rng.randint(0, 4))) for _ in range(rng.randint(1, 12))]
        raw = [text.encode() for text in texts]
        ends = np.cumsum([0, *map(len, raw)]).astype(np.int64)
        column = folded(Texts(np.frombuffer(b"".join(raw), np.uint8), ends))
        wanted = "".join(rng.choices(letters, k=rng.randint(1, 3)))
        assert rows_with(column, wanted).tolist() == [wanted.casefold() in text.casefold() for text in texts]
