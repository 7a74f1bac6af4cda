"""The importer of Jira Assets against a strict stub (tests/servers/jira_assets.py), Cloud and Data Center, through a whole
sync."""

from __future__ import annotations

import pytest

from app.domain.errors import InvalidInput, NotAllowed
from tests.servers.desk import Desk
from tests.servers.jira_assets import TOKEN, USER, AssetsStub


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    monkeypatch.setenv("JIRA_TOKEN", TOKEN)


@pytest.fixture(params=["cloud", "data_center"])
def desk(tmp_path, request):
    made = []

    def make(stub, place="one", **more):
        settings = {
            "user": USER,
            "password_env": "JIRA_TOKEN",
            "page_size": 3,
            "deployment": request.param,
            "api": "{url}",
        } | more
        made.append(Desk(tmp_path / place, "jira_assets", stub, settings, lambda source: [source.lists.rest.api.client]))
        return made[-1]

    yield make
    for one in made:
        one.close()


def chain(count: int = 20) -> AssetsStub:
    stub = AssetsStub(now="2026-11-19T09:00:00.000Z")
    for number in range(1, count + 1):
        needs = {"Depends_on": [number + 1]} if number < count else {}
        stub.put("Server", number, f"srv{99 - number}", Serial_Number=f"SN{number}", **needs)
    stub.now = "2026-11-20T09:00:00.000Z"
    stub.put("Server", count)
    return stub


def test_references_by_name_and_their_direction(desk):
    stub = AssetsStub()
    stub.put("Location", 9, "Sydney")
    stub.put("Server", 1, "db01", Status="Decommissioned", Location=[9], Serial_Number="S1", Owner_Team="DBA")
    (
        stub.put("Server", 2, "esx1"),
        stub.put("Application", 3, "CRM", Depends_on=[1, 2]),
        stub.put("Application", 4, "Web", Backend=[3]),
    )
    stub.put("Virtual Machine", 5, "vm1"), stub.put("Server", 6, "esx2", Hosts=[5])
    stub.put("Business Service", 7, "Sales", Runs_on=[4], Location=[9])
    place = desk(stub)
    report = place.sync()
    assert (report.complete, report.created, report.rejected) == (True, 7, [])
    assert {(a, b) for a, b, _ in place.needs()} == {
        ("CRM", "db01"),  # "Depends on": who holds it depends
        ("CRM", "esx1"),  # the second object of the same attribute
        ("Web", "CRM"),  # an attribute of one's own, of the kind "Depends on"
        ("vm1", "esx2"),  # "Hosts": what is named depends on the holder
        ("Sales", "Web"),  # "Runs on", of the kind "Link"
    }
    assert report.counts["dependency"].ignored == {"type Link": 2}  # Location
    assert all(counts.closes() for counts in report.counts.values())
    facts = place.facts("ci_class", "lifecycle", "site", "team", "is_service")
    assert facts["db01"] == ("server", "retired", "Sydney", "DBA", 0)
    assert facts["Sales"][4] == 1


def edit(stub: AssetsStub) -> None:
    stub.now = "2026-11-21T09:00:00.000Z"
    stub.put("Server", 3, "renamed"), stub.put("Server", 90, "new", Depends_on=[3])
    del stub.objects[8]
    stub.put("Server", 7, Depends_on=[])


@pytest.mark.parametrize("zone_hours", [-8, 0, 14])
def test_only_changes_are_asked_for_and_equal_a_full_read(desk, zone_hours):
    stub = chain()
    stub.zone_hours = zone_hours
    place = desk(stub)
    assert place.sync().complete
    edit(stub)
    stub.asked.clear()
    report = place.sync()
    assert (report.path, report.created, report.retired, report.incomplete) == ("difference", 1, 1, {})
    assert (report.dependencies_added, report.dependencies_retired) == (1, 2)
    assert any('Updated >= "2026-11-19 18:55"' in aql for aql in stub.asked)
    whole = desk(stub, "two")
    whole.sync()
    assert (place.load("ci", "name", "ci_class"), place.needs()) == (whole.load("ci", "name", "ci_class"), whole.needs())
    assert place.sync().state == "unchanged"


def test_a_capped_total_and_short_pages_are_no_end(desk):
    stub = chain(40)
    stub.longest = 2
    assert desk(stub, page_size=50).sync().created == 40


def test_a_list_that_loses_a_row_while_it_is_read_is_read_again(desk):
    stub = chain()
    honest, gone = stub.shown, []

    def moving(number, attributes):
        if number == 3 and attributes and not gone:
            gone.append(stub.objects.pop(11))
        return honest(number, attributes)

    stub.shown = moving
    report = desk(stub).sync()
    assert (report.created, report.complete) == (19, True)


def test_a_forbidden_type_keeps_what_is_known(desk):
    stub = chain()
    stub.put("Application", 50, "CRM", Depends_on=[1])
    place = desk(stub)
    place.sync()
    stub.forbidden = {"Server"}
    report = place.sync(full=True)
    assert "not allowed" in report.incomplete["Server"] and report.retired == 0 and len(place.needs()) == 20


def test_a_wrong_token_is_said_without_it(desk, monkeypatch):
    monkeypatch.setenv("JIRA_TOKEN", "wrong-token")
    with pytest.raises(NotAllowed, match="401") as refused:
        desk(chain()).sync()
    assert "wrong-token" not in refused.value.message


def test_a_deployment_is_cloud_or_data_center(desk):
    with pytest.raises(InvalidInput, match="deployment"):
        desk(chain(), deployment="server")
