"""What the documents show is true: their examples run, their tables come from the code."""

import doctest
from pathlib import Path

import numpy as np
import pytest

from app.risk.outage.propagation import outage
from tests.builders import estate

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["model.md"])
def test_the_examples_run(name: str) -> None:
    result = doctest.testfile(str(DOCS / name), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted > 5
    assert result.failed == 0


def test_the_k_of_n_table_is_what_the_engine_does() -> None:
    """Trap T4: text and code of k of n differ elsewhere; here the table is made by asking for each outage."""
    lines = (DOCS / "model.md").read_text().split("<!-- k-of-n table")[1].split("<!-- end of table -->")[0].splitlines()
    rows = [tuple(int(cell) for cell in line.strip("| ").split("|")) for line in lines if line.startswith("| ")]
    assert len(rows) == 15  # every k of every n up to 5
    for members, needed, fails_at in rows:
        names = [f"m{i}" for i in range(members)]
        built = estate("; ".join(["S", *names]), groups={"S": [(needed, " ".join(names))]})
        service = int(built.at("S")[0])
        first = next(
            count
            for count in range(1, members + 1)
            if service in outage(built.compiled, built.at(" ".join(names[:count]))).failed
        )
        assert first == fails_at
    assert np.unique([row[:2] for row in rows], axis=0).shape[0] == len(rows)
