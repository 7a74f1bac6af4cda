"""The map: tiers, groups, what falls, the way to a CI, the list twin and the file."""

from __future__ import annotations

import struct
import sys
from xml.etree import ElementTree

import pytest

from tests.e2e.conftest import Service
from tests.e2e.test_page_sentences import text_of


@pytest.fixture
def tills(service: Service) -> Service:
    """A dozen tills on an array; the shop on a pair of databases, the first of which is on the array and on the rack below it."""
    names = [f"till{n:02}" for n in range(12)]
    service.csv(
        cis=[
            {"key": "shop", "name": "<b>Shop", "class": "business_service"},
            {"key": "pay", "name": "Pay", "class": "business_service"},
            *({"key": till, "name": till, "class": "business_service"} for till in names),
            {"key": "db1", "name": "db-1", "class": "database"},
            {"key": "db2", "name": "db-2", "class": "database"},
            {"key": "array", "name": "array-1", "class": "storage_array"},
            {"key": "rack", "name": "Rack 7", "class": "rack"},
        ],
        dependencies=[
            {"dependent": "db1", "provider": "array"},
            {"dependent": "db1", "provider": "rack"},
            {"dependent": "array", "provider": "rack"},
            {"dependent": "pay", "provider": "db1"},
            *({"dependent": till, "provider": "array", "kind": "soft", "weight": 0.3} for till in names),
        ],
        groups=[{"key": "dbs", "dependent": "shop", "needed": 1, "members": "db1|db2", "failover_minutes": 3}],
        services=[{"key": "shop", "customers": 100}, {"key": "pay", "customers": 10}],
    )
    return service


def test_tiers_are_the_longest_way_and_like_ones_are_grouped(tills: Service) -> None:
    answer = tills.get("/map", ci="rack", hops="3")
    bands = {node["name"]: (node["band"], node["state"], node["cis"]) for node in answer["nodes"]}
    assert bands == {
        "Rack 7": (0, "out", 1), "array-1": (-1, "down", 1), "db-1": (-2, "down", 1),
        "12 business service": (-2, "degraded", 12), "Pay": (-3, "down", 1), "<b>Shop": (-3, "interrupted", 1),
    }  # fmt: skip
    assert (answer["cis_total"], answer["cis_shown"], answer["truncated"]) == (17, 17, False)
    kinds = {
        (edge["dependent"].rpartition(":")[2], edge["provider"].rpartition(":")[2]): edge["kind"] for edge in answer["edges"]
    }
    assert (kinds["db1", "rack"], kinds["shop", "db1"]) == ("hard", "group")
    shop = next(node for node in answer["nodes"] if node["name"] == "<b>Shop")
    assert [(group["needed"], group["members"], group["left"], group["state"]) for group in shop["redundancy"]] == [
        (1, 2, 1, "used up")
    ]
    group = next(node["id"] for node in answer["nodes"] if node["cis"] == 12)
    assert len(tills.get("/map", ci="rack", hops="3", open=group)["nodes"]) == 17


def test_a_second_failure_uses_the_redundancy_up_and_a_direction_shows_one_side(tills: Service) -> None:
    both = tills.get("/map", ci="db1", also="db2", direction="above")
    assert {(node["name"], node["state"]) for node in both["nodes"]} == {
        ("db-1", "out"), ("db-2", "out"), ("Pay", "down"), ("<b>Shop", "down"),
    }  # fmt: skip
    assert both["services_down"] == 2
    quiet = tills.get("/map", ci="db1", direction="below", fails="false")
    assert {(node["name"], node["band"], node["state"]) for node in quiet["nodes"]} == {
        ("db-1", 0, "up"), ("array-1", 1, "up"), ("Rack 7", 2, "up"),
    }  # fmt: skip
    chosen = tills.get("/map", ci="rack", hops="3", select="pay")
    assert [key.rpartition(":")[2] for key in chosen["way"]] == ["rack", "db1", "pay"]
    assert [step["name"] for step in chosen["path"]][-1] == "Pay"
    assert sum(edge["on_path"] for edge in chosen["edges"]) == 2


def test_page_list_and_file_show_the_same_map(tills: Service) -> None:
    page = tills.page("/map", ci="csv:ci:rack", hops="3", select="csv:ci:pay")
    assert "&lt;b&gt;Shop" in page and "<b>Shop" not in page and "used up" in page
    text = text_of(page)
    for said in ("Showing 17 of 17 CIs", "12 business service", "How it comes to fall", "Save as SVG"):
        assert said in text, said
    response = tills.client.get("/map.svg?ci=csv:ci:rack&hops=3")
    assert response.headers["Content-Disposition"] == 'attachment; filename="forestay-map-revision-1.svg"'
    drawing = ElementTree.fromstring(response.get_data(as_text=True))
    words = " ".join(drawing.itertext())
    for said in ("Rack 7", "<b>Shop", "revision 1 of", "csv 20", "Showing 17 of 17"):
        assert said in words, said
    assert "var(" not in words
    assert tills.client.get("/map?ci=nowhere").status_code == 404 and tills.client.get("/map?ci=rack&hops=9").status_code == 422
    added = tills.client.get("/map?ci=csv:ci:rack&add=db-2")
    assert added.status_code == 302 and "also=csv:ci:db2" in added.location
    assert 'href="/map?ci=csv:ci:db1">Map</a>' in tills.page("/ci", key="csv:ci:db1")


def test_redundancy_says_what_is_used_up_what_is_on_paper_only_and_that_nothing_proved_it(service: Service) -> None:
    """Both databases stand on one rack: the group is one on paper; the pair of web servers is none."""
    service.csv(
        cis=[
            {"key": "shop", "name": "Shop", "class": "business_service"},
            *({"key": name, "name": name, "class": "server"} for name in ("db1", "db2", "web1", "web2", "rack")),
        ],
        dependencies=[{"dependent": "db1", "provider": "rack"}, {"dependent": "db2", "provider": "rack"}],
        groups=[
            {"key": "dbs", "dependent": "shop", "needed": 1, "members": "db1|db2"},
            {"key": "webs", "dependent": "shop", "needed": 1, "members": "web1|web2"},
        ],
        services=[{"key": "shop", "customers": 100}],
    )
    detail = service.get("/services/csv:ci:shop")
    dbs, webs = detail["redundancy"]
    assert (dbs["needed"], dbs["members"], dbs["left"], dbs["state"]) == (1, 2, 2, "whole")
    assert (dbs["taken_by_name"], dbs["taken_by_total"], webs["taken_by_name"]) == ("rack", 1, "")
    assert {dbs["evidence"], webs["evidence"]} == {"never tested"}
    assert (detail["redundancy_total"], detail["redundancy_tried"]) == (2, True)
    assert "rack takes it" in text_of(service.page("/service", key="csv:ci:shop"))
    assert "1 of 2, 1 left: used up, never tested" in service.page("/map", ci="db1")


def test_a_map_is_a_picture_too(tills: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    response = tills.client.get("/map.png?ci=csv:ci:rack&hops=3")
    assert response.status_code == 200 and response.mimetype == "image/png", response.text
    width, height = struct.unpack(">II", response.data[16:24])  # of the header chunk
    drawing = ElementTree.fromstring(tills.client.get("/map.svg?ci=csv:ci:rack&hops=3").data)
    assert (width, height) == (2 * int(drawing.attrib["width"]), 2 * int(drawing.attrib["height"]))
    assert "/map.png?ci=csv:ci:rack" in tills.page("/map", ci="csv:ci:rack").replace("%3A", ":")
    monkeypatch.setitem(sys.modules, "typst", None)
    response = tills.client.get("/map.png?ci=csv:ci:rack", headers={"Accept": "text/html"})
    assert response.status_code == 422 and "forestay[pdf]" in response.text
