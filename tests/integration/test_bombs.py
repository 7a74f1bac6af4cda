"""60 files that are made to hurt whoever reads them: each is refused with a sentence or read as what it is, within seconds, by
every file source."""

from __future__ import annotations

import io
import json
import time
import zipfile
from itertools import count
from pathlib import Path

import pytest

from app.domain.errors import ForestayError
from app.settings import OutboundSettings
from importers.csv.settings import CsvSettings
from importers.csv.source import CsvSource
from importers.registry import open_source

MEGA = 1_000_000
SECONDS = 5.0


def zipped(entries: dict[str, bytes], lie: int = 0) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue() if not lie else buffer.getvalue().replace(lie.to_bytes(4, "little"), (1).to_bytes(4, "little"))


def laughs(levels: int, times: int) -> bytes:
    entities = ['<!ENTITY a0 "ha">', *(f'<!ENTITY a{n} "{f"&a{n - 1};" * times}">' for n in range(1, levels))]
    return f'<?xml version="1.0"?><!DOCTYPE x [{"".join(entities)}]><x>&a{levels - 1};</x>'.encode()


JSON: dict[str, bytes] = {
    "deep lists": b'{"cis": ' + b"[" * MEGA,
    "deep objects": b'{"a":' * 200_000,
    "deep and closed": b'{"cis": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "escaped quotes": b'{"a":"' + b'\\"' * MEGA,
    "escaped quotes, closed": b'{"cis": [{"key": "' + b'\\"' * MEGA + b'"}]}',
    "quotes": b'"' * MEGA,
    "backslashes": b'{"a":"' + b"\\" * MEGA,
    "one key many times": b'{"cis": [], ' + b",".join([b'"cis": []'] * 100_000) + b"}",
    "many unknown keys": b"{" + b",".join(b'"k%d": 0' % n for n in range(200_000)) + b"}",
    "a number without end": b'{"cis": [{"key": "a", "repair_hours": ' + b"9" * MEGA + b"}]}",
    "a fraction without end": b'{"cis": [{"key": "a", "repair_hours": 0.' + b"9" * MEGA + b"}]}",
    "an exponent": b'{"cis": [{"key": "a", "repair_hours": 1e999999999}]}',
    "NaN": b'{"cis": [{"key": "a", "repair_hours": NaN}]}',
    "digits of another script": '{"cis": [{"key": "a", "repair_hours": １２}]}'.encode(),
    "a digit group": b'{"cis": [{"key": "a", "repair_hours": 1_000}]}',
    "UTF-16": '{"cis": []}'.encode("utf-16"),
    "UTF-32": '{"cis": []}'.encode("utf-32"),
    "no text": bytes(range(256)) * 4000,
    "nothing": b"",
    "NULs": b"\x00" * MEGA,
    "a NUL in a key": b'{"cis": [{"key": "a\\u0000b"}]}',
    "half a character": b'{"cis": [{"key": "\\ud800"}]}',
    "a key without end": b'{"cis": [{"key": "' + b"k" * 3_000_000 + b'"}]}',
    "a list": b"[]",
    "a list of lists": b"[" + b"[]," * 300_000 + b"[]]",
    "commas": b"[" + b"," * MEGA + b"]",
    "cut": b'{"cis": [{"key": "a"}',
    "two documents": b'{"cis": []}{"cis": []}',
    "members without end": json.dumps(
        {"cis": [{"key": "a"}], "groups": [{"key": "g", "dependent": "a", "needed": 1, "members": ["a"] * 200_000}]}
    ).encode(),
}
HEAD = b"key,name,class\n"
CSV: dict[str, bytes] = {
    "20,000 columns": b"key," + b",".join(b"c%d" % n for n in range(20_000)) + b"\na\n",
    "2,000 columns": b"key," + b",".join(b"c%d" % n for n in range(1_990)) + b"\na\n",
    "one name in every column": b"key," + b",".join([b"x"] * 5_000) + b"\na\n",
    "columns without a name": b"key" + b"," * 300_000 + b"\na\n",
    "a cell of ten megabytes": HEAD + b"a," + b"x" * 10 * MEGA + b",server\n",
    "a quoted cell of ten megabytes": HEAD + b'a,"' + b"x" * 10 * MEGA + b'",server\n',
    "a header of ten megabytes": b"key," + b"x" * 10 * MEGA + b"\na,1\n",
    "a quote without end": HEAD + b'a,"' + b"line\n" * 200_000,
    "quotes": HEAD + b'"' * MEGA,
    "pairs of quotes": HEAD + b'""' * MEGA,
    "a row without end": HEAD + b"a," * MEGA,
    "blank lines": HEAD + b"\n" * 300_000,
    "carriage returns": HEAD + b"\r" * 300_000,
    "NULs": HEAD + b"\x00" * MEGA,
    "UTF-16": "key,name\na,b\n".encode("utf-16"),
    "only quotes": b'"' * 100_001,
    "a digit group": b"key,repair_hours\na,1_000\n",
    "digits of another script": "key,repair_hours\na,１２\n".encode(),
    "numbers that overflow": b"key,repair_hours\na,1e999\nb," + b"9" * 100_000 + b"\n",
    "nothing": b"",
}
SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
XLSX: dict[str, bytes] = {
    "no archive": b"PK\x03\x04" + b"x" * 1000,
    "nothing": b"",
    "an empty archive": zipped({}),
    "zeros": zipped({"xl/workbook.xml": b"\x00" * 100 * MEGA}),
    "a sheet of blanks": zipped({"xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": SHEET + b" " * 100 * MEGA}),
    "another archive": zipped({"a.txt": b"hello"}),
    "laughs in it": zipped({"xl/workbook.xml": laughs(20, 20), "[Content_Types].xml": b"<Types/>"}),
    "rows without end": zipped({"xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": SHEET + b"<row/>" * 2 * MEGA}),
}
XML: dict[str, bytes] = {
    "laughs": laughs(20, 20),
    "an entity of a file": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>',
    "an outside definition": b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x/>',
    "one long entity many times": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "'
    + b"a" * 50_000
    + b'">]><x>'
    + b"&a;" * 50_000
    + b"</x>",
    "deep": b"<a>" * 200_000,
    "attributes": b"<a " + b" ".join(b'b%d="1"' % n for n in range(100_000)) + b"/>",
    "nothing": b"",
    "no text": bytes(range(256)) * 1000,
}
BOMBS = [
    *(
        (kind, name, content)
        for kind, named in (("json", JSON), ("csv", CSV), ("xlsx", XLSX), ("archimate", XML))
        for name, content in named.items()
    )
]


def read_whole(kind: str, path: Path) -> int:
    """Read a source to its end, as a run does; how many records it had."""
    source = (
        CsvSource(path, CsvSettings())
        if kind in ("csv", "xlsx")
        else open_source(kind, str(path), {}, outbound=OutboundSettings())
    )
    snapshot = source.read()
    records = count()
    for blocks in (
        snapshot.cis(),
        snapshot.dependencies(),
        *(snapshot.small(kind) for kind in ("group", "service", "incident", "observation")),
    ):
        for block in blocks:
            for _ in block.positions:
                next(records)
    snapshot.evidence()
    snapshot.warnings()
    return next(records)


def test_there_are_sixty_of_them() -> None:
    assert len({(kind, name) for kind, name, _ in BOMBS}) >= 65


@pytest.mark.parametrize(("kind", "name", "content"), BOMBS, ids=[f"{kind}: {name}" for kind, name, _ in BOMBS])
def test_a_bomb_hurts_nobody(tmp_path: Path, kind: str, name: str, content: bytes) -> None:
    path = tmp_path / {"csv": "cis.csv", "json": "e.json", "xlsx": "e.xlsx", "archimate": "e.xml"}[kind]
    path.write_bytes(content)
    started = time.process_time()
    try:
        records = read_whole(kind, tmp_path if kind == "csv" else path)
    except ForestayError as error:
        records = 0
        said = error.message
    else:
        said = ""
    assert time.process_time() - started < SECONDS
    assert len(said) < 1000 and records < 1000
    assert "root:" not in said
