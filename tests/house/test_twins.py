"""Every query has its twin, `sql/<noun>/<verb>.sql` and `cypher/<noun>/<verb>.cypher`; what only one store needs says so."""

from __future__ import annotations

import re
from pathlib import Path

from app.domain.nouns import NOUNS
from app.storage.statements import CYPHER_FOLDER, SQL_FOLDER

ROOT = Path(__file__).parents[2]
SQL = sorted(SQL_FOLDER.rglob("*.sql"))
CYPHER = sorted(CYPHER_FOLDER.rglob("*.cypher"))


def names(folder: Path, ending: str) -> set[str]:
    return {f"{path.parent.name}/{path.stem}" for path in folder.glob(f"*/*.{ending}")}


def test_twins():
    assert names(SQL_FOLDER, "sql") == names(CYPHER_FOLDER, "cypher")


def test_only_the_two_folders_of_one_store_lie_deeper():
    assert {path.relative_to(SQL_FOLDER).parts[0] for path in SQL if len(path.relative_to(SQL_FOLDER).parts) > 2} == {
        "sqlite_only"
    }
    assert {path.relative_to(CYPHER_FOLDER).parts[0] for path in CYPHER if len(path.relative_to(CYPHER_FOLDER).parts) > 2} == {
        "neo4j_only"
    }


def test_every_query_says_what_it_is_for():
    for path in SQL + CYPHER:
        first = path.read_text("utf-8").splitlines()[0]
        assert re.match(r"(--|//) \S.*", first), path
        if path.parent.name != "schema":
            assert "Parameters:" in path.read_text("utf-8"), path
            assert "Returns:" in path.read_text("utf-8"), path


def test_every_query_is_used():
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "app" / "storage").rglob("*.py"))
    for path in SQL + CYPHER:
        stem = path.stem.removesuffix("_ended")
        known = f'"{path.stem}"' in code or stem.startswith("rows_by_") or (path.parent.name == "schema" and stem[0].isdigit())
        assert known, path


def test_statements_name_every_column_of_their_noun():
    for noun in NOUNS.values():
        text = (SQL_FOLDER / noun.name / "begin.sql").read_text("utf-8")
        columns = re.search(r"INSERT INTO \w+ \(([^)]*)\)", text).group(1).split(", ")
        assert columns == [*noun.names(), "since", "until"]
        text = (CYPHER_FOLDER / noun.name / "begin.cypher").read_text("utf-8")
        assert all(f"${name}[" in text for name in noun.names()), noun.name
