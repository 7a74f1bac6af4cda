"""What the documents show is true: their examples run, their tables come from the code."""

import doctest
import re
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


ROOT = DOCS.parent
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "importers" / "README.md"])
FILES = {
    path.relative_to(ROOT).as_posix()
    for room in ("app", "importers", "tests", "benchmarks", "scripts")
    for path in (ROOT / room).rglob("*.*")
}
FILE_NAME = re.compile(r"(?<![\w<>/*-])(?:app/|tests/|importers/)?[\w/]+\.(?:py|toml)\b")
OUTSIDE = {"pyproject.toml", "forestay.toml", "config.toml"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_files_that_a_page_names_are_there(page: Path) -> None:
    """A path in a page is the end of a path in the tree; the examples of other projects in house.md are theirs."""
    text = page.read_text("utf-8").split("## Examples to follow")[0]
    gone = {
        name
        for name in FILE_NAME.findall(text)
        if name not in OUTSIDE and not any(f"/{file}".endswith(f"/{name}") for file in FILES)
    }
    assert not gone


def test_the_house_names_every_room() -> None:
    text = (DOCS / "house.md").read_text("utf-8").split("## Rooms")[1].split("## Import rule")[0]
    rooms = {
        path.name for path in (*(ROOT / "app").iterdir(), *(ROOT / "app" / "risk").iterdir()) if (path / "__init__.py").is_file()
    }
    rooms |= {path.name for path in (ROOT / "app" / "usecases").iterdir() if (path / "__init__.py").is_file()} | {
        "http",
        "lists",
        "mapping",
        "files",
    }
    assert {room for room in rooms if f"{room}/" not in text} == set()
