"""The GLPI importer against a strict stub of its REST API (tests/servers/glpi.py), through a whole sync."""

from __future__ import annotations

from urllib.parse import unquote_plus

import pytest

from app.domain.errors import NotAllowed
from tests.servers.desk import Desk
from tests.servers.glpi import APP, PASSWORD, TOKEN, USER, GlpiStub

RELATIONS = ("ImpactRelation", "Appliance_Item", "ItemVirtualMachine", "Item_Rack")
NAMED = ("State", "Location", "Group", "Manufacturer", "ComputerType", "NetworkEquipmentType", "Entity")


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    for name, value in {"GLPI_TOKEN": TOKEN, "GLPI_APP": APP, "GLPI_PASSWORD": PASSWORD}.items():
        monkeypatch.setenv(name, value)


class GlpiDesk(Desk):
    def __init__(self, home, stub: GlpiStub, **settings) -> None:
        given = {"token_env": "GLPI_TOKEN", "app_token_env": "GLPI_APP", "page_size": "3"} | settings
        super().__init__(home, "glpi", stub, given, lambda source: [source.lists.rest.client])

    def needs(self) -> set[tuple[str, str]]:
        return {(dependent, provider) for dependent, provider, _ in super().needs()}


@pytest.fixture
def desk(tmp_path):
    made = []

    def make(stub, place="one", **settings):
        made.append(GlpiDesk(tmp_path / place, stub, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


def empty() -> GlpiStub:
    return GlpiStub({name: {} for name in ("Computer", "NetworkEquipment", "Appliance", "Rack", *RELATIONS, *NAMED)})


def chain(count: int = 20) -> GlpiStub:
    stub = empty()
    stub.now = "2026-11-19 09:00:00"
    for number in range(1, count + 1):
        stub.put("Computer", number, name=f"pc{99 - number}", serial=f"SN{number}")
    stub.now = "2026-11-20 09:00:00"
    stub.put("Computer", count)
    for number in range(1, count):
        stub.impact(number, ("Computer", number), ("Computer", number + 1))
    return stub


def test_a_whole_cmdb_and_the_direction_of_every_relation(desk):
    stub = empty()
    stub.put("State", 1, name="Production"), stub.put("State", 2, name="Réformé"), stub.put("Group", 3, name="Unix team")
    stub.put("Location", 4, name="DC1", completename="Zurich > DC1"), stub.put("ComputerType", 5, name="VM")
    stub.put("Computer", 34, name="srv-db1", uuid="AA-1", states_id=1, locations_id=4, groups_id_tech=3, serial="S34")
    stub.put("Computer", 35, name="esx1", states_id=2), stub.put("Computer", 36, name="template", is_template=1)
    stub.put("Computer", 37, name="binned", is_deleted=1), stub.put("Computer", 38, name="vm1", uuid="bb-2", computertypes_id=5)
    stub.put("Appliance", 2, name="Shop"), stub.put("Rack", 9, name="R9"), stub.put("NetworkEquipment", 34, name="switch1")
    stub.impact(1, ("Computer", 34), ("Appliance", 2))
    stub.impact(2, ("NetworkEquipment", 34), ("Computer", 35))
    stub.put("Appliance_Item", 1, appliances_id=2, itemtype="Computer", items_id=38)
    stub.put("ItemVirtualMachine", 1, itemtype="Computer", items_id=35, name="vm1", uuid="BB-2")
    stub.put("ItemVirtualMachine", 2, itemtype="Computer", items_id=35, name="ghost", uuid="cc-3")
    stub.put("Item_Rack", 1, racks_id=9, itemtype="Computer", items_id=35)
    place = desk(stub)
    report = place.sync()
    assert (report.state, report.complete, report.created, report.rejected) == ("done", True, 6, [])
    assert all(counts.closes() for counts in report.counts.values())
    assert place.needs() == {("Shop", "srv-db1"), ("esx1", "switch1"), ("Shop", "vm1"), ("vm1", "esx1"), ("esx1", "R9")}
    assert report.counts["dependency"].ignored == {"ItemVirtualMachine: no computer has its uuid": 1}
    assert report.counts["ci"].ignored == {"Computer: is_template is 1": 1, "Computer: is_deleted is 1": 1}
    facts = {row[0]: row[1:] for row in place.load("ci", "name", "ci_class", "lifecycle", "site", "team")}
    assert facts["srv-db1"] == ("server", "active", "Zurich > DC1", "Unix team")
    assert (facts["esx1"][1], facts["vm1"][0], facts["Shop"][0]) == ("retired", "virtual_machine", "application")
    assert stub.sessions == {}  # every session was ended


def edit(stub: GlpiStub) -> None:
    stub.now = "2026-11-21 09:00:00"
    stub.put("Computer", 3, name="renamed"), stub.put("Computer", 5, is_deleted=1), stub.put("Computer", 90, name="new")
    del stub.items["Computer"][8]
    for number in (4, 5, 7, 8):
        del stub.items["ImpactRelation"][number]
    stub.impact(50, ("Computer", 90), ("Computer", 3))


@pytest.mark.parametrize("by_id", [False, True])
def test_only_changes_are_asked_for_and_equal_a_full_read(desk, by_id):
    stub = chain()
    stub.by_id = by_id
    place = desk(stub)
    assert place.sync().complete
    edit(stub)
    stub.asked.clear()
    report = place.sync()
    assert (report.path, report.created, report.changed, report.retired) == ("difference", 1, 1, 2)
    assert (report.dependencies_added, report.dependencies_retired, report.incomplete) == (1, 4, {})
    searched = [unquote_plus(path) for path in stub.asked if "search/Computer" in path]
    assert len(searched) == 2  # what changed, and the dustbin
    assert all("[field]=44" in path and "[value]=2026-11-20 07:55:00" in path for path in searched)
    whole = desk(stub, "two")
    whole.sync()
    assert (place.load("ci", "name", "ci_class"), place.needs()) == (whole.load("ci", "name", "ci_class"), whole.needs())
    assert place.sync().state == "unchanged"


def test_a_session_that_ends_in_the_middle_is_opened_again(desk):
    stub = chain()
    stub.lasts = 9
    assert desk(stub).sync().complete
    assert stub.opened > 2


def test_a_forbidden_type_keeps_what_is_known(desk):
    stub = chain()
    place = desk(stub, token_env="", user=USER, password_env="GLPI_PASSWORD")
    place.sync()
    edit(stub)
    stub.forbidden = {"ImpactRelation"}
    report = place.sync()
    assert "ERROR_RIGHT_MISSING" in report.incomplete["ImpactRelation"]
    stub.forbidden = {"Computer"}
    report = place.sync(full=True)
    assert report.retired == 0


def test_a_wrong_token_is_said_without_the_token(desk, monkeypatch):
    monkeypatch.setenv("GLPI_TOKEN", "wrong-token")
    with pytest.raises(NotAllowed, match="ERROR_GLPI_LOGIN_USER_TOKEN") as refused:
        desk(chain()).source.check()
    assert "wrong-token" not in refused.value.message
