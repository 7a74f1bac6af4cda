"""200 bodies at the edge of JSON and beyond, over the operations that take one: each is refused with a problem document, and
nothing changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest

from app.bootstrap import assemble_service
from app.settings import load_settings
from tests.e2e.conftest import Service

Case = tuple[str, str, bytes]  # method, path and body

NUMBERS = [
    "1_000",
    '"1_000"',
    "１２",
    '"１２"',
    "1e308",
    "1e999",
    "-1",
    "NaN",
    "Infinity",
    "-Infinity",
    "true",
    '"5e"',
    '" 5"',
    '"0x10"',
    "[1]",
    "{}",
    '""',
    '"NaN"',
    "01",
    "+1",
    ".5",
    "1.",
    "9" * 400,
    "0x1F",
    "1e",
    "--1",
    '"１"',
    "1,5",
    "1 000",
    "٣",
]
NUMBERED = [  # where a number stands
    ("PUT", "/services/shop", '{"customers": %s}'),
    ("PATCH", "/services/shop", '{"rto_hours": %s}'),
    ("PUT", "/services/shop", '{"impact": {"money": [[0, 0], [1, %s]]}}'),
    ("POST", "/simulations", '{"cis": ["db"], "duration_hours": %s}'),
    ("POST", "/studies", '{"worlds": %s}'),
    ("POST", "/sources", '{"name": "new", "kind": "json", "priority": %s}'),
    ("POST", "/keys", '{"name": "new", "role": "viewer", "days": %s}'),
]
TEXTS = ['""', '"\\u0000"', '"%s"' % ("x" * 5000), "7", "[]", "{}", "null", '"\\ud800"', '"\\udfff x"', "true"]
NAMED = [  # where a text stands
    ("POST", "/keys", '{"role": "viewer", "name": %s}'),
    ("POST", "/sources", '{"kind": "json", "name": %s}'),
    ("POST", "/decisions/merge", '{"b": "db", "a": %s}'),
    ("POST", "/decisions/split", '{"records": ["cmdb:ci:db"], "ci": %s}'),
    ("POST", "/simulations", '{"cis": [%s]}'),
]
NEEDING = ["/simulations", "/sources", "/keys", "/decisions/merge", "/decisions/split"]  # POST; they cannot do without a body
SHAPES: list[bytes] = [
    b"",
    b" ",
    b"null",
    b"[]",
    b'"x"',
    b"1",
    b"true",
    b"{",
    b"}",
    b"{}{}",
    b'{"a": 1,}',
    b"{,}",
    b"{'a': 1}",
    b"{a: 1}",
    b'{"a" 1}',
    b'{"a": }',
    b'// no\n{"a": 1}',
    b'/* no */{"a": 1}',
    b'{"a": 1} x',
    b"\xef\xbb\xbf{}",
    '{"a": 1}'.encode("utf-16"),
    '{"a": 1}'.encode("utf-32"),
    '{"é": 1}'.encode("latin-1"),
    b"\x00",
    b'{"a": "\x00"}',
    b'{"a": "\n"}',
    b'{"a": "\\x41"}',
    b'{"a": "\\u12"}',
    b'{"a": "\\ud800"}',
    b'{"\\ud800": 1}',
    b'{"a": "\xed\xa0\x80"}',
    b'{"a": "\xc0\xaf"}',
    b'{"a": "\xf0\x9f\x98"}',
    b'{"a":' * 17 + b"1" + b"}" * 17,
    b'{"a":' * 100_000,
    b"[" * 100_000,
    b'{"a": [' + b"0," * 50_001 + b"0]}",
    b'{"a": 1, "a": 2}',
    b'{"a": 1, "\\u0061": 2}',
    b'{"a": {"b": 1, "b": 1}}',
    b'{"__proto__": {}}',
    b'{"": 1}',
    b'{"%s": 1}' % (b"k" * 100_000),
    b'{"a": tru}',
    b'{"a": undefined}',
    b"\xff\xfe",
    b'{"a": "' + b'\\"' * 100_000,
    b"%PDF-1.4",
    b"<a/>",
    b"a=1&b=2",
]
CASES: list[Case] = [
    *((method, path, (body % number).encode()) for method, path, body in NUMBERED for number in NUMBERS),
    *((method, path, (body % text).encode()) for method, path, body in NAMED for text in TEXTS),
    *(("POST", path, shape) for shape, path in zip(SHAPES, cycle(NEEDING), strict=False)),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("service")
    settings = load_settings(environment={"FORESTAY_WEB_REQUESTS_PER_MINUTE": "1000000"}, data_folder=folder / "data")
    service = Service(folder, assemble_service(settings))
    service.csv(
        "cmdb",
        cis=[{"key": "shop", "class": "business_service"}, {"key": "db"}],
        dependencies=[{"dependent": "shop", "provider": "db"}],
        services=[{"key": "shop", "customers": 1000, "rto_hours": 4}],
    )
    yield service
    service.forestay.close()


def kept(service: Service) -> str:
    """All that the bodies could have changed."""
    paths = ("/services/shop", "/keys", "/sources", "/jobs", "/simulations", "/audit", "/health")
    found = [service.get(path) for path in paths]
    found[0].pop("stamp"), [source.pop("age_seconds") for source in found[-1]["sources"]]
    found[5]["items"] = [entry for entry in found[5]["items"] if not entry["action"].startswith("read ")]
    return json.dumps(found, sort_keys=True)


def test_each_of_200_bodies_and_more_is_refused_and_changes_nothing(shop: Service) -> None:
    assert len(set(CASES)) >= 200
    before, wrong = kept(shop), []
    for method, path, body in CASES:
        answer = shop.client.open(
            f"/api/v1{path}", method=method, data=body, content_type="application/json", headers={"If-Match": "*"}
        )
        problem = answer.get_json(silent=True, force=True) or {}
        told = answer.status_code in (400, 413, 422) and answer.mimetype == "application/problem+json" and problem.get("detail")
        if not told or len(answer.data) > 10_000:
            wrong.append((method, path, body[:80], answer.status_code, answer.text[:200]))
    print(f"{len(set(CASES))} bodies")
    assert wrong == []
    assert kept(shop) == before
