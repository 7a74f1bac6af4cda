"""The neutral document: published schema, strictness, and what is refused record by record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import importers.json
from app.domain.errors import InvalidInput, LimitExceeded
from importers.json.document import json_schema
from importers.json.source import read_document


def test_the_published_schema_is_that_of_the_structs():
    path = Path(importers.json.__file__).with_name("schema.json")
    assert json.loads(path.read_text("utf-8")) == json.loads(json.dumps(json_schema()))


@pytest.mark.parametrize(
    "text", ['{"cis": [{"key": "a", "key": "b"}]}', '{"cis": [{"key": "a", "repair_hours": NaN}]}', "[]", "{", '{"x": 1}']
)
def test_what_is_no_document(text):
    with pytest.raises(InvalidInput):
        read_document(text.encode(), "d")


def test_depth_is_limited_before_parsing():
    with pytest.raises(LimitExceeded):
        read_document(b"[" * 100_000, "d")


def test_a_bad_cell_costs_the_cell_and_a_bad_record_is_refused_alone():
    found = read_document(
        b'{"cis": [{"key": "a"}, {"key": "b", "unavailability": 2}, {"key": "c", "repair_hours": 1e400}, {"key": 4}]}', "d"
    )
    assert [record.source_id for record in found.ci_records] == ["a", "b", "c"]
    assert [(r.key, r.where) for r in found.cells["ci"]] == [("b", "d cis[1]"), ("c", "d cis[2]")]
    assert [r.where for r in found.rejected["ci"]] == ["d cis[3]"]


def test_every_field_arrives():
    text = json.dumps(
        {
            "cis": [
                {
                    "key": "a",
                    "class": "server",
                    "repair_median_hours": 2,
                    "repair_distribution": {"kind": "lognormal", "sigma": 1},
                    "identifiers": {"fqdn": "a.example"},
                    "attributes": {"n": 1},
                }
            ],
            "groups": [{"key": "g", "dependent": "a", "needed": 1, "members": ["b", "c"], "supply": True, "shares": [0.5, 0.5]}],
            "services": [{"key": "a", "customers": 5, "impact": {"money": [[0, 0], [4, 100]]}}],
            "incidents": [{"key": "i", "ci": "a", "started_at": "2026-11-20T10:00:00Z", "ended_at": 1795200000}],
            "observations": [{"scope": "*", "observed_from": 1, "observed_until": 2}],
            "rows": {"cis": 1},
        }
    )
    found = read_document(text.encode(), "d")
    assert found.ci_records[0].repair_hours == pytest.approx(3.2974425)
    assert found.ci_records[0].attributes == {"n": "1"}
    assert (found.small_records["group"][0].kind, found.small_records["group"][0].shares) == ("supply", (0.5, 0.5))
    assert found.small_records["service"][0].impact == {"money": ((0.0, 0.0), (4.0, 100.0))}
    assert found.small_records["incident"][0].started_at == 1795168800
    assert found.evidence().kind == "manifest"
