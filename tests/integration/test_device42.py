"""The Device42 importer against a strict stub of DOQL (tests/servers/device42.py), through a whole sync."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.errors import InvalidInput, NotAllowed
from importers.device42.doql import View
from tests.servers.desk import Desk
from tests.servers.device42 import PASSWORD, USER, Device42Stub

SEEN = datetime.now(UTC).isoformat()
LONG_AGO = (datetime.now(UTC) - timedelta(days=61)).isoformat()


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    monkeypatch.setenv("D42_PASSWORD", PASSWORD)


@pytest.fixture
def desk(tmp_path):
    made = []

    def make(stub, place="one", **more):
        settings = {"user": USER, "password_env": "D42_PASSWORD", "page_size": 3} | more
        made.append(Desk(tmp_path / place, "device42", stub, settings, lambda source: [source.lists.doql.client]))
        return made[-1]

    yield make
    for one in made:
        one.close()


def talk(stub: Device42Stub, client: int, listener: int, seen: str = SEEN, port: int = 443) -> None:
    number = len(stub.rows["view_servicecommunication_v2"]) + 1
    stub.add("view_servicecommunication_v2", servicecommunication_pk=number, client_device_fk=client, listener_device_fk=listener,
             port=port, last_found=seen)  # fmt: skip


def chain(count: int = 20) -> Device42Stub:
    stub = Device42Stub(now="2026-11-19T09:00:00")
    for number in range(1, count + 1):
        stub.device(number, f"srv{99 - number}", serial_no=f"SN{number}")
    stub.now = "2026-11-20T09:00:00"
    stub.device(count)
    for number in range(1, count):
        stub.add("view_affinity_dependency_data_v1", dependent_device_fk=number, dependency_device_fk=number + 1)
    return stub


def test_a_whole_cmdb_and_the_direction_of_every_relation(desk):
    stub = Device42Stub()
    stub.device(1, "vm1", type="virtual", virtual_host_device_fk=2), stub.device(2, "esx1"), stub.device(3, "db01")
    stub.device(4, "old", in_service=False, service_level="Test")
    stub.add("view_appcomp_v1", appcomp_pk=1, name="postgres", device_fk=3)
    stub.add("view_businessapplication_v1", businessapplication_pk=1, name="Shop", description="sells")
    stub.add("view_businessapplicationelement_v1", businessapplicationelement_pk=9, businessapplication_fk=1, device_fk=1)
    stub.add("view_affinity_dependency_data_v1", dependent_device_fk=2, dependency_device_fk=4)
    stub.add("view_affinity_dependency_data_v1", dependent_device_fk=2, dependency_device_fk=2)
    talk(stub, 1, 3), talk(stub, 1, 3, port=5432), talk(stub, 3, 3), talk(stub, 4, 3, LONG_AGO), talk(stub, None, 3)
    place = desk(stub)
    report = place.sync()
    assert (report.complete, report.created, report.rejected) == (True, 6, [])
    assert {(a, b) for a, b, _ in place.needs()} == {
        ("vm1", "esx1"),  # virtual_host_device_fk
        ("postgres", "db01"),  # appcomp
        ("Shop", "vm1"),  # element of a business application
        ("esx1", "old"),  # dependent on dependency
        ("vm1", "db01"),  # client on listener
    }
    assert all(counts.closes() for counts in report.counts.values())
    assert report.counts["dependency"].duplicate == 0  # two ports are one pair
    facts = place.facts("ci_class", "lifecycle", "environment", "is_service")
    assert facts["vm1"] == ("virtual_machine", "active", "production", 0)
    assert (facts["old"][1], facts["old"][2], facts["Shop"][3]) == ("retired", "Test", 1)


def edit(stub: Device42Stub) -> None:
    stub.now = "2026-11-21T09:00:00"
    stub.device(3, "renamed"), stub.device(90, "new")
    stub.drop("view_device_v2", device_pk=8)
    (
        stub.drop("view_affinity_dependency_data_v1", dependent_device_fk=7),
        stub.drop("view_affinity_dependency_data_v1", dependent_device_fk=8),
    )
    stub.add("view_affinity_dependency_data_v1", dependent_device_fk=90, dependency_device_fk=3)


@pytest.mark.parametrize(("zone", "since"), [("+00:00", "2026-11-20T08:55:00+00:00"), ("", "2026-11-20T07:55:00")])
def test_only_changes_are_asked_for_and_equal_a_full_read(desk, zone, since):
    stub = chain()
    for row in stub.rows["view_device_v2"]:
        row["last_edited"] = row["last_edited"].replace("+00:00", zone)
    stub.zone = zone
    place = desk(stub)
    assert place.sync().complete
    edit(stub)
    stub.asked.clear()
    report = place.sync()
    assert (report.path, report.created, report.changed, report.retired) == ("difference", 1, 1, 1)
    assert (report.dependencies_added, report.dependencies_retired, report.incomplete) == (1, 2, {})
    assert any(f"last_edited >= '{since}'" in query for query in stub.asked)
    assert not any("last_edited" in query and "view_device_v2 ORDER" in query for query in stub.asked)  # not read whole
    whole = desk(stub, "two")
    whole.sync()
    assert (place.load("ci", "name", "ci_class"), place.needs()) == (whole.load("ci", "name", "ci_class"), whole.needs())
    assert place.sync().state == "unchanged"


def test_short_pages_are_no_end(desk):
    stub = chain()
    stub.short = 2
    assert desk(stub).sync().created == 20


def test_a_connection_that_was_not_seen_for_long_ends(desk):
    stub = chain()
    talk(stub, 1, 9), talk(stub, 1, 12)
    place = desk(stub)
    place.sync()
    stub.rows["view_servicecommunication_v2"][0]["last_found"] = LONG_AGO
    report = place.sync()
    assert report.dependencies_retired == 1
    assert ("srv98", "srv90", "hard") not in place.needs() and ("srv98", "srv87", "hard") in place.needs()


def test_a_forbidden_view_keeps_what_is_known(desk):
    stub = chain()
    place = desk(stub)
    place.sync()
    edit(stub)
    stub.forbidden = {"view_affinity_dependency_data_v1"}
    report = place.sync()
    assert "permission denied" in report.incomplete["view_affinity_dependency_data_v1"]
    assert (report.dependencies_retired, len(place.needs())) == (2, 17)  # of the device that went, and no other


def test_a_wrong_password_is_said_without_it(desk, monkeypatch):
    monkeypatch.setenv("D42_PASSWORD", "wrong-secret")
    with pytest.raises(NotAllowed, match="401") as refused:
        desk(chain()).source.check()
    assert "wrong-secret" not in refused.value.message


def test_a_mapping_cannot_put_other_sql_where_a_name_belongs():
    with pytest.raises(InvalidInput, match="no name of a view"):
        View("view_device_v2; DROP TABLE x", ("device_pk",))
