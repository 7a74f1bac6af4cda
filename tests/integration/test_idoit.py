"""The i-doit importer against a strict stub of its JSON-RPC (tests/servers/idoit.py), through a whole sync."""

from __future__ import annotations

import pytest

from app.domain.errors import NotAllowed
from tests.servers.desk import Desk
from tests.servers.idoit import API_KEY, PASSWORD, USER, IdoitStub


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    monkeypatch.setenv("IDOIT_PASSWORD", PASSWORD)
    monkeypatch.setenv("IDOIT_API_KEY", API_KEY)


@pytest.fixture
def desk(tmp_path):
    made = []

    def make(stub, place="one", **more):
        settings = {"user": USER, "password_env": "IDOIT_PASSWORD", "page_size": 3, "batch_size": 4} | more
        made.append(Desk(tmp_path / place, "idoit", stub, settings, lambda source: [source.lists.rest.client]))
        return made[-1]

    yield make
    for one in made:
        one.close()


def model(serial: str, maker: str) -> dict:
    return {"manufacturer": {"id": "1", "title": maker}, "title": {"id": "2", "title": "X1"}, "serial": serial}


def address(text: str, primary: str) -> dict:
    return {"hostaddress": {"ref_title": text}, "hostname": f"h{text[-1]}", "primary": {"value": primary, "title": "?"}}


def estate() -> IdoitStub:
    stub = IdoitStub()
    stub.put("PERSON_GROUP", 998, "Admin")
    for word, entry in (("C__CATG__MODEL", model("S-0", "none")), ("C__CATG__IP", address("10.0.0.9", "0"))):
        stub.category(999, word, entry)
    return stub


def chain(count: int = 14) -> IdoitStub:
    """Server n depends on server n - 1."""
    stub = estate()
    for number in range(1, count + 1):
        stub.put("SERVER", number, f"srv{99 - number}")
        stub.category(number, "C__CATG__MODEL", model(f"S{number}", "ACME"))
    stub.put("SERVER", count)
    for number in range(2, count + 1):
        stub.relate(500 + number, number - 1, number)
    return stub


NAMED = [  # master, slave: the slave depends on the master, by the vendor's words for the relation
    ("POWER_CONSUMER", ("PDU", "PDU1"), ("SERVER", "ESX1"), ("ESX1", "PDU1", "supply")),
    ("SOFTWARE", ("SERVER", "host"), ("APPLICATION", "CRM"), ("CRM", "host", "hard")),
    ("NETWORK_PORT", ("SWITCH", "sw1"), ("SERVER", "db01"), ("db01", "sw1", "hard")),
    ("VIRTUAL_MACHINE", ("SERVER", "ESX1"), ("VIRTUAL_SERVER", "vm1"), ("vm1", "ESX1", "hard")),
    ("DATABASE_INSTANCE", ("SERVER", "db01"), ("DATABASE_INSTANCE", "ORA"), ("ORA", "db01", "hard")),
    ("DATABASE_ACCESS", ("DATABASE_INSTANCE", "ORA"), ("APPLICATION", "CRM"), ("CRM", "ORA", "hard")),
    ("IT_SERVICE_COMPONENT", ("APPLICATION", "CRM"), ("IT_SERVICE", "Sales"), ("Sales", "CRM", "hard")),
    ("LOCATION", ("ROOM", "R101"), ("SERVER", "db01"), ("db01", "R101", "hard")),
    ("CLUSTER_MEMBERSHIPS", ("SERVER", "node1"), ("CLUSTER", "farm"), ("farm", "node1", "hard")),
    ("CLUSTER_SERVICE", ("CLUSTER", "farm"), ("CLUSTER_SERVICE", "mail"), ("mail", "farm", "hard")),
    ("DEFAULT", ("SERVER", "db01"), ("APPLICATION", "CRM"), ("CRM", "db01", "hard")),
    ("SOA_COMPONENTS", ("APPLICATION", "part"), ("APPLICATION", "whole"), ("whole", "part", "hard")),
    ("REPLICATION_PARTNER", ("SERVER", "first"), ("SERVER", "copy"), ("copy", "first", "soft")),
]


@pytest.mark.parametrize(("kind", "master", "slave", "need"), NAMED, ids=[row[0] for row in NAMED])
def test_the_slave_depends_on_the_master(desk, kind, master, slave, need):
    stub = estate()
    stub.relate(74, stub.put(*master[:1], 20, master[1]), stub.put(slave[0], 10, slave[1]), kind)
    place = desk(stub)
    assert place.sync().complete
    assert place.needs() == {need}


def test_fields_of_categories_teams_and_what_people_are(desk):
    stub = estate()
    stub.put("SERVER", 1, "db01"), stub.put("IT_SERVICE", 2, "Sales"), stub.put("SERVER", 3, "old", cmdb_status_title="scrapped")
    stub.put("PERSON_GROUP", 50, "Unix team"), stub.put("PERSON", 40, "Anna")
    stub.category(1, "C__CATG__MODEL", model("S-77", "ACME"))
    stub.category(1, "C__CATG__IP", address("10.0.0.1", "0"), address("10.0.0.2", "1"))
    stub.relate(70, 40, 1, "ADMIN"), stub.relate(71, 50, 1, "ADMIN"), stub.relate(72, 40, 2, "USER")
    stub.relate(73, 1, 2, "IT_SERVICE_COMPONENT", 8), stub.relate(74, 3, 2, "FROBS"), stub.relate(75, 1, 40, "SOFTWARE")
    place = desk(stub)
    report = place.sync()
    assert (report.created, report.rejected, report.complete) == (3, [], True)
    facts = place.facts("ci_class", "lifecycle", "team", "supplier", "is_service")
    assert facts["db01"] == ("server", "active", "Unix team", "ACME", 0)
    assert (facts["Sales"][0], facts["Sales"][4], facts["old"][1]) == ("business_service", 1, "retired")
    assert place.needs() == {("Sales", "db01", "soft"), ("Sales", "old", "hard")}
    assert place.weights()["Sales", "db01"] == pytest.approx(0.3)  # 8 of 10: (11 - 8) / 10
    ignored = report.counts["dependency"].ignored
    assert ignored["type C__RELATION_TYPE__ADMIN"] == 2 and ignored["type C__RELATION_TYPE__USER"] == 1
    assert ignored["type C__RELATION_TYPE__SOFTWARE: its slave is of a type that no list reads"] == 1
    assert all(counts.closes() for counts in report.counts.values())
    assert any("FROBS" in text and "low confidence" in text for text in report.warnings)
    assert stub.sessions == {}  # the session was ended
    said = next(payload for name, payload in place.load("source_record", "source_key", "payload") if name.endswith("SERVER:1"))
    assert "10.0.0.2" in said and "10.0.0.1" not in said and "S-77" in said


def test_a_cluster_of_several_nodes_needs_one_of_them(desk):
    stub = estate()
    stub.put("CLUSTER", 1, "farm")
    for number in (2, 3, 4):
        stub.relate(70 + number, stub.put("SERVER", number, f"node{number}"), 1, "CLUSTER_MEMBERSHIPS")
    place = desk(stub)
    place.sync()
    assert place.groups() == {"farm": (1, "ordinary", 3)} and place.needs() == set()
    del stub.relations[73], stub.relations[74]
    place.sync()
    assert place.groups() == {} and place.needs() == {("farm", "node2", "hard")}


def edit(stub: IdoitStub) -> None:
    stub.now = "2026-11-21 09:00:00"
    stub.put("SERVER", 3, "renamed"), stub.put("SERVER", 90, "new"), stub.archive(8)
    stub.relate(600, 90, 3)


def test_only_changed_objects_have_their_categories_read_and_equal_a_full_read(desk):
    stub = chain()
    place = desk(stub)
    assert place.sync().complete
    edit(stub)
    stub.asked.clear()
    report = place.sync()
    assert (report.path, report.created, report.changed, report.retired) == ("difference", 1, 1, 1)
    assert (report.dependencies_added, report.dependencies_retired, report.incomplete) == (1, 2, {})
    models = {int(one["objID"]) for one in stub.asked if one.get("category") == "C__CATG__MODEL"}
    # 3 was changed, 14 lies within the overlap; those without a time of change could have changed at any time
    assert {3, 90} <= models
    whole = desk(stub, "two")
    whole.sync()
    assert (place.load("ci", "name", "ci_class"), place.needs()) == (whole.load("ci", "name", "ci_class"), whole.needs())
    assert place.sync().state == "unchanged"


def test_categories_of_dated_objects_are_not_read_again(desk):
    stub = chain()
    for number in range(1, 14):
        stub.put("SERVER", number)
    stub.now = "2026-11-20 12:00:00"
    stub.put("SERVER", 14)
    place = desk(stub)
    place.sync()
    stub.asked.clear()
    assert place.sync().state == "unchanged"
    assert {int(one["objID"]) for one in stub.asked if one.get("category") == "C__CATG__MODEL"} == {14}


def test_a_list_that_moves_while_it_is_read_is_read_again(desk):
    stub = chain()
    honest, moved = stub.list_objects, []

    def moving(given):
        page = honest(given)
        if given["filter"]["type"] == "C__OBJTYPE__SERVER" and given["limit"].startswith("2,") and not moved:
            moved.append(stub.archive(2))
        return page

    stub.list_objects = moving
    place = desk(stub)
    report = place.sync()
    assert (report.created, report.complete) == (13, True)


def test_a_session_that_ends_in_the_middle_is_opened_again(desk):
    stub = chain()
    stub.lasts = 30
    assert desk(stub).sync().complete
    assert stub.opened > 2


def test_a_relation_that_stands_at_one_end_only_ends_nothing(desk):
    stub = chain()
    stub.relate(700, stub.put("SWITCH", 30, "sw"), 1, "NETWORK_PORT")
    place = desk(stub)
    place.sync()
    honest = stub.entries
    stub.entries = lambda given: [] if given["category"] == "C__CATG__RELATION" and int(given["objID"]) < 20 else honest(given)
    report = place.sync()
    assert "relation 700" in report.incomplete["relation C__OBJTYPE__SERVER"]
    assert report.dependencies_retired == 0


def test_a_forbidden_type_keeps_what_is_known(desk):
    stub = chain()
    place = desk(stub)
    place.sync()
    edit(stub)
    stub.forbidden = {"C__OBJTYPE__SERVER"}
    stub.put("SWITCH", 30, "sw")
    report = place.sync(full=True)
    assert "permission denied" in report.incomplete["C__OBJTYPE__SERVER"]
    assert (report.retired, report.dependencies_retired) == (0, 0)


@pytest.mark.parametrize(("name", "said"), [("IDOIT_PASSWORD", "credentials"), ("IDOIT_API_KEY", "API key")])
def test_a_refused_sign_in_is_said_without_its_secrets(desk, monkeypatch, name, said):
    monkeypatch.setenv(name, "wrong-secret")
    with pytest.raises(NotAllowed, match=said) as refused:
        desk(chain()).sync()
    assert "wrong-secret" not in refused.value.message
    assert refused.value.details["answered"] == 401
