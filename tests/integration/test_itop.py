"""The iTop importer against a strict stub of its REST/JSON service (tests/servers/itop.py), through a whole sync."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from app.domain.errors import InvalidInput, NotAllowed, SourceFailed
from importers.http.client import Outbound
from importers.registry import open_source
from tests.servers.desk import Desk
from tests.servers.itop import PASSWORD, USER, ItopStub


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    monkeypatch.setenv("ITOP_PASSWORD", PASSWORD)


def itop(home, stub: ItopStub, **settings) -> Desk:
    given = {"user": USER, "password_env": "ITOP_PASSWORD", "page_size": "3", "zone": "Europe/Zurich"} | settings
    return Desk(home, "itop", stub, given, lambda source: [source.lists.rest.client])


@pytest.fixture
def desk(tmp_path):
    made = []

    def make(stub, **settings):
        made.append(itop(tmp_path, stub, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


RULES = [
    ("ApplicationSolution", "BusinessProcess"),
    ("Server", "ApplicationSolution"),
    ("Server", "DBServer"),
    ("Middleware", "MiddlewareInstance"),
    ("DBServer", "DatabaseSchema"),
    ("WebServer", "WebApplication"),
    ("NetworkDevice", "Server"),
    ("Server", "Hypervisor"),
    ("Hypervisor", "Farm"),
    ("Farm", "VirtualMachine"),
    ("Enclosure", "Server"),
    ("StorageSystem", "LogicalVolume"),
    ("LogicalVolume", "Server"),
    ("LogicalVolume", "VirtualMachine"),
    ("SANSwitch", "Server"),
    ("NAS", "NASFileSystem"),
    ("TapeLibrary", "Tape"),
]
SUPPLY = [("PowerSource", "Server"), ("PowerSource", "PDU"), ("PDU", "NetworkDevice")]


def test_the_direction_of_every_impact_rule(desk):
    """For each rule of the standard model one left thing that impacts one right thing: the right one depends on the left."""
    stub, wanted = ItopStub(), set()
    for place, (left, right) in enumerate([*RULES, *SUPPLY]):
        a, b = stub.put(left, 100 + 2 * place, name=f"left {place}"), stub.put(right, 101 + 2 * place, name=f"right {place}")
        stub.edges.add((a, b))
        wanted.add((f"right {place}", f"left {place}", "supply" if (left, right) in SUPPLY else "hard"))
    place = desk(stub)
    report = place.sync()
    assert (report.state, report.complete) == ("done", True)
    assert place.needs() == wanted


def test_a_whole_cmdb(desk):
    stub = ItopStub()
    erp = stub.put("ApplicationSolution", 1, name="ERP", status="active", redundancy="disabled", business_criticity="high")
    server = stub.put(
        "Server",
        2,
        name="srv1",
        status="production",
        location_name="Grenoble",
        brand_name="Dell",
        serialnumber="SN2",
        redundancy="1",
        business_criticity="low",
        organization_name="Demo",
    )
    stub.put("Server", 7, name="srv7", status="obsolete")
    stub.put("Team", 40, name="Helpdesk"), stub.put("Team", 41, name="Hardware support"), stub.put("Person", 42, name="Agatha")
    for number, (ci, contact) in enumerate([(2, 41), (2, 40), (2, 42), (1, 42)], 50):
        stub.put("lnkContactToFunctionalCI", number, functionalci_id=ci, contact_id=str(contact))
    stub.edges.add((server, erp))
    place = desk(stub)
    report = place.sync()
    assert (report.state, report.complete, report.created, report.rejected) == ("done", True, 3, [])
    assert all(counts.closes() for counts in report.counts.values())
    assert report.counts["dependency"].ignored == {"Person is a contact": 2, "Team is a contact": 2}
    names = ("name", "ci_class", "lifecycle", "site", "team", "supplier", "attributes")
    facts = {row[0]: row[1:] for row in place.load("ci", *names)}
    assert facts["srv1"][:5] == ("server", "active", "Grenoble", "Helpdesk", "Dell")
    assert json.loads(facts["srv1"][5]) == {
        "criticality": "low",
        "organization_name": "Demo",
        "teams": "Helpdesk, Hardware support",
    }
    assert (facts["ERP"][0], facts["ERP"][3], facts["srv7"][1]) == ("application", None, "retired")
    assert place.needs() == {("ERP", "srv1", "hard")}


@pytest.mark.parametrize(
    ("setting", "members", "needed"),
    [
        ("disabled", 4, None),
        ("1", 4, 1),
        ("3", 4, 3),
        ("50%", 5, 3),
        ("50%", 4, 2),
        ("34%", 3, 2),
        ("9", 4, None),
        ("100%", 4, None),
        ("1", 1, None),
    ],
)
def test_redundancy_is_a_group_of_those_that_suffice(desk, setting, members, needed):
    stub = ItopStub()
    farm = stub.put("Farm", 1, name="farm", redundancy=setting)
    for number in range(members):
        stub.edges.add((stub.put("Hypervisor", 10 + number, name=f"esx{number}"), farm))
    place = desk(stub)
    assert place.sync().complete
    if needed is None:
        assert place.groups() == {}
        assert place.needs() == {("farm", f"esx{number}", "hard") for number in range(members)}
    else:
        assert place.groups() == {"farm": (needed, "ordinary", members)}
        assert place.needs() == set()


def test_two_feeds_are_one_of_two_and_the_rest_stays_hard(desk):
    stub = ItopStub()
    server = stub.put("Server", 1, name="srv", redundancy="1")
    for other in (stub.put("PowerSource", 2, name="A"), stub.put("PDU", 3, name="B"), stub.put("Enclosure", 4, name="box")):
        stub.edges.add((other, server))
    place = desk(stub)
    place.sync()
    assert place.groups() == {"srv": (1, "supply", 2)}
    assert place.needs() == {("srv", "box", "hard")}


def test_a_redundancy_nobody_understands_is_refused_and_all_are_needed(desk):
    stub = ItopStub()
    farm = stub.put("Farm", 1, name="farm", redundancy="most")
    for number in (2, 3):
        stub.edges.add((stub.put("Hypervisor", number, name=f"esx{number}"), farm))
    place = desk(stub)
    report = place.sync()
    assert [(row.field, row.key) for row in report.rejected] == [("redundancy", "FunctionalCI:1")]
    assert place.needs() == {("farm", "esx2", "hard"), ("farm", "esx3", "hard")}


def chain(count: int = 20, now: datetime = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)) -> ItopStub:
    """Servers with gaps between their ids, named against their order, each impacting the next; made an hour before now."""
    stub = ItopStub(now=now - timedelta(hours=1))
    keys = [stub.put("Server", 5 + number**2, name=f"s{99 - number:02}") for number in range(count)]
    stub.edges |= set(pairwise(keys))
    stub.now = now
    return stub


def test_pages_by_id_whatever_the_order(desk):
    place = desk(chain())
    report = place.sync()
    assert (report.created, report.complete, len(place.needs())) == (20, True, 19)


def edit(stub: ItopStub) -> None:
    stub.now += timedelta(days=1)
    stub.put("Server", 9, name="renamed")
    stub.put("Server", 900, name="new")
    stub.remove("Server", 5 + 7**2)
    stub.edges.add((("Server", 900), ("Server", 9)))


def test_only_changes_are_asked_for_and_equal_a_full_read(desk, tmp_path):
    stub = chain()
    place = desk(stub)
    place.sync()
    edit(stub)
    stub.asked.clear()
    report = place.sync()
    assert (report.path, report.created, report.changed, report.retired) == ("difference", 1, 1, 1)
    assert (report.dependencies_added, report.dependencies_retired) == (1, 2)
    assert any("date >= '2026-11-20 09:55:00'" in operation["key"] for operation in stub.asked)
    changes = [one["key"] for one in stub.asked if one["class"] == "FunctionalCI" and "IN" in one["key"]]
    assert changes == ["SELECT FunctionalCI WHERE id IN (9, 54, 900)"]
    assert not any(one.get("output_fields") == "*+" for one in stub.asked)
    wanted = [one["output_fields"] for one in stub.asked if one["operation"] == "core/get" and "IN (" in one["key"]]
    assert any("name" in fields.split(",") for fields in wanted) and not any("_list" in fields for fields in wanted)
    (tmp_path / "whole").mkdir()
    whole = itop(tmp_path / "whole", stub)
    whole.sync()
    columns = ("name", "ci_class", "lifecycle", "attributes")
    assert (place.load("ci", *columns), place.needs()) == (whole.load("ci", *columns), whole.needs())
    whole.close()
    assert place.sync().state == "unchanged"


def test_a_change_in_the_hour_that_comes_twice_is_seen(desk):
    stub = chain(4, datetime(2026, 10, 25, 0, 50, tzinfo=UTC))  # 02:50 summer time
    place = desk(stub)
    place.sync()
    stub.now = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10 winter time
    stub.put("Server", 9, name="renamed")
    stub.now = datetime(2026, 10, 25, 3, 0, tzinfo=UTC)
    report = place.sync()
    assert (report.path, report.changed) == ("difference", 1)


@pytest.mark.parametrize("reason", ["forbidden", "no zone"])
def test_without_the_change_log_everything_is_read_and_said(desk, reason):
    stub = chain()
    if reason == "forbidden":
        stub.forbidden = {"CMDBChangeOp"}
    place = desk(stub, zone="" if reason == "no zone" else "Europe/Zurich")
    place.sync()
    edit(stub)
    report = place.sync()
    assert (report.created, report.changed, report.retired) == (1, 1, 1)
    assert any("everything is read each time" in text for text in report.warnings)


def test_a_wrong_zone_and_an_ignored_filter_are_noticed(desk, tmp_path):
    stub = chain()
    place = desk(stub, zone="America/New_York")
    place.sync()
    stub.now += timedelta(hours=1)
    stub.put("Server", 9, name="renamed")
    assert "is the setting zone right?" in place.sync().incomplete["FunctionalCI"]
    (tmp_path / "other").mkdir()
    other = itop(tmp_path / "other", stub)
    other.sync()
    stub.blind = True
    assert "ignores the question for changes since" in other.sync().incomplete["FunctionalCI"]
    other.close()


def test_what_a_wrong_password_and_a_forbidden_class_say(desk, monkeypatch):
    stub = chain()
    place = desk(stub)
    place.sync()
    stub.forbidden = {"LogicalVolume"}
    report = place.sync(full=True)
    assert any("not have enough permissions" in text for text in report.warnings)
    assert (report.retired, report.dependencies_retired, len(place.needs())) == (0, 0, 19)
    stub.forbidden = {"FunctionalCI"}
    with pytest.raises(SourceFailed, match="not have enough permissions"):
        place.sync(full=True)
    assert len(place.needs()) == 19
    monkeypatch.setenv("ITOP_PASSWORD", "wrong-one")
    other = open_source("itop", place.server.url, {"user": USER, "password_env": "ITOP_PASSWORD"}, Outbound(["localhost"]))
    with pytest.raises(NotAllowed, match="Invalid login") as refused:
        other.read(place.home / "other")
    assert "wrong-one" not in refused.value.message
    with pytest.raises(InvalidInput, match="no time zone"):
        open_source(
            "itop", place.server.url, {"user": USER, "password_env": "ITOP_PASSWORD", "zone": "Zurich"}, Outbound(["localhost"])
        )


def test_check_and_classes_that_are_not_there(desk):
    stub = chain()
    stub.absent = {"LogicalVolume", "Tape"}
    place = desk(stub)
    assert place.source.check() == [
        "FunctionalCI: 20 objects",
        "LogicalVolume: not there",
        "Tape: not there",
        "change log: readable",
    ]
    assert place.sync().complete


def test_an_admin_extends_the_mapping_without_code(desk, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        '[relations.impacts.types]\n"Server::Server" = { depends = "child", kind = "soft", weight = 0.25 '
        "}\n[criticality.h]\nrto_hours = 2\n"
    )
    stub = chain(3)
    stub.put("ApplicationSolution", 900, name="ERP", business_criticity="high")
    place = desk(stub, mapping=str(own))
    place.sync()
    assert {kind for _, _, kind in place.needs()} == {"soft"}
    assert place.load("exposure", "rto_hours") == [(2.0,)]
