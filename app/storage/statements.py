"""Reads queries; each lies in a file of its own: `app/storage/sql/<noun>/<verb>.sql`, `cypher/<noun>/<verb>.cypher`.

Both folders lie beside the code in a checkout and in a wheel (`cypher` is packed as a top-level folder), so a path is enough.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

SQL_FOLDER = Path(__file__).parent / "sql"
CYPHER_FOLDER = Path(__file__).parents[2] / "cypher"


def _read(folder: Path, noun: str, verb: str, ending: str, comment: str) -> str:
    text = (folder / noun / f"{verb}.{ending}").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith(comment)).strip()


@cache
def sql(noun: str, verb: str) -> str:
    return _read(SQL_FOLDER, noun, verb, "sql", "--")


@cache
def cypher(noun: str, verb: str) -> str:
    return _read(CYPHER_FOLDER, noun, verb, "cypher", "//")
