"""A real OpenLDAP (scripts/slapd/with-server): groups made, imported as teams in pages over verified TLS, changed, imported
again."""

from __future__ import annotations

import json
import os
import ssl
from pathlib import Path
from typing import Any

import ldap3
import pytest

from app.domain.errors import ForestayError, InvalidInput, NotAllowed, SourceFailed
from app.storage.sqlite_store import SqliteStore
from app.storage.workbench import LocalWorkbench
from app.usecases.sync_source import Bench, SyncSettings, Terms, sync_source
from importers.http.client import Outbound, Unreachable
from importers.registry import open_source
from tests.contract.importers.faults import FAULTS
from tests.servers.ldap_way import LdapWay

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]
URL, SECURE = os.environ.get("FORESTAY_TEST_LDAP_URL", ""), os.environ.get("FORESTAY_TEST_LDAPS_URL", "")
PASSWORD = os.environ.get("FORESTAY_TEST_LDAP_PASSWORD", "")
TLS = Path(__file__).parents[1] / "servers" / "tls"
ROOT = "dc=example,dc=com"
TEAMS = f"ou=teams,{ROOT}"


@pytest.fixture
def admin():
    tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, version=ssl.PROTOCOL_TLS_CLIENT, ca_certs_file=str(TLS / "ca.pem"))
    port = int(SECURE.rpartition(":")[2])
    connection = ldap3.Connection(
        ldap3.Server("localhost", port, use_ssl=True, tls=tls),
        f"cn=admin,{ROOT}",
        PASSWORD,
        auto_bind=True,
        raise_exceptions=True,
    )
    connection.add(TEAMS, "organizationalUnit"), connection.add(f"ou=people,{ROOT}", "organizationalUnit")
    yield connection
    connection.search(ROOT, "(|(ou=*)(objectClass=groupOfNames)(objectClass=posixGroup))", attributes=[], paged_size=400)
    for entry in sorted(connection.response, key=lambda one: -len(one["dn"].split(","))):
        connection.delete(entry["dn"])
    connection.unbind()


class Place:
    def __init__(self, home: Path, url: str = SECURE, **settings: Any) -> None:
        self.home, self.number, self.store = home, 0, SqliteStore(home / "store.db")
        given = {
            "user": f"cn=reader,{ROOT}",
            "password_env": "LDAP_PASSWORD",
            "base": TEAMS,
            "ca_file": str(TLS / "ca.pem"),
            "page_size": 7,
        }
        self.source = open_source("ldap", url, {k: v for k, v in (given | settings).items() if v}, Outbound(["localhost"]))

    def sync(self) -> Any:
        self.number += 1
        bench = Bench(self.store, LocalWorkbench(), self.home / "staging", self.home / "spool")
        return sync_source(bench, self.source, SyncSettings("ldap", 1, str(self.number)), Terms(approve=True))

    def teams(self) -> dict[str, dict[str, str]]:
        columns = self.store.load_columns(self.store.current().revision, "source_record")
        records = [json.loads(columns["payload"][row]) for row in range(len(columns["payload"]))]
        return {record["name"]: record["attributes"] for record in records}


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("LDAP_PASSWORD", PASSWORD)
    made = []

    def make(**settings: Any) -> Place:
        made.append(Place(tmp_path, **settings))
        return made[-1]

    yield make
    for one in made:
        one.store.close()


def group(admin: Any, name: str, *members: str, **more: Any) -> None:
    members = tuple(f"cn={one},ou=people,{ROOT}" for one in members) or (f"cn={name},{TEAMS}",)
    admin.add(f"cn={name},{TEAMS}", "groupOfNames", {"member": list(members), **more})


@pytest.mark.parametrize("url", [SECURE, URL], ids=["ldaps", "StartTLS"])
def test_groups_are_teams_with_the_number_of_their_members(admin, place, url):
    group(admin, "Unix team", "anna", "beat", "carla", owner=f"cn=Muster\\, Anna,ou=people,{ROOT}", description="runs the hosts")
    group(admin, "Nobody")
    admin.add(f"cn=dba,{TEAMS}", "posixGroup", {"gidNumber": 9, "memberUid": ["anna", "dora"]})
    for number in range(40):  # more than the server gives without pages
        group(admin, f"team {number:02}", "anna")
    desk = place(url=url)
    assert desk.source.check() == ["group: 43 groups"]
    report = desk.sync()
    assert (report.complete, report.created, report.rejected) == (True, 43, [])
    teams = desk.teams()
    assert (teams["Unix team"]["members"], teams["Unix team"]["owner_name"]) == ("3", "Muster, Anna")
    assert (teams["Nobody"]["members"], teams["dba"]["members"]) == ("0", "2")
    admin.delete(f"cn=team 07,{TEAMS}")
    admin.modify_dn(f"cn=dba,{TEAMS}", "cn=Data team")
    admin.modify(f"cn=Unix team,{TEAMS}", {"member": [(ldap3.MODIFY_ADD, [f"cn=dora,ou=people,{ROOT}"])]})
    report = desk.sync()
    assert (report.path, report.created, report.changed, report.retired) == ("difference", 0, 2, 1)  # renamed is not another team
    assert desk.teams()["Unix team"]["members"] == "4" and "Data team" in desk.teams()
    assert desk.sync().state == "unchanged"


def test_a_base_that_went_or_is_hidden_ends_nothing(admin, place):
    group(admin, "Unix team", "anna")
    desk = place()
    desk.sync()
    moved = place(base=f"ou=gone,{ROOT}")
    with pytest.raises(SourceFailed, match="noSuchObject"):
        moved.sync()
    admin.delete(f"cn=Unix team,{TEAMS}")
    with pytest.raises(SourceFailed, match="none of its 1 known rows"):
        desk.sync()
    assert list(desk.teams()) == ["Unix team"]


def test_a_refused_sign_in_is_said_without_its_password(admin, place, monkeypatch):
    monkeypatch.setenv("LDAP_PASSWORD", "wrong-secret")
    with pytest.raises(NotAllowed, match="refuses the sign-in") as refused:
        place().source.check()
    assert "wrong-secret" not in refused.value.message


@pytest.mark.parametrize("url", [SECURE, URL], ids=["ldaps", "StartTLS"])
def test_a_certificate_of_another_authority_is_refused(place, url):
    with pytest.raises(Unreachable, match=r"(?i)certificate|tls"):
        place(url=url, ca_file=str(TLS / "other.pem")).source.check()


def test_a_name_that_is_not_in_the_certificate_is_refused(place, monkeypatch):
    desk = place()
    with pytest.raises(NotAllowed, match=r"outbound\.hosts"):
        place(url=SECURE.replace("localhost", "127.0.0.1"))
    source = open_source(
        "ldap",
        SECURE.replace("localhost", "127.0.0.1"),
        {"user": "cn=x", "base": ROOT, "ca_file": str(TLS / "ca.pem")},
        Outbound(["127.0.0.1"]),
    )
    with pytest.raises(Unreachable):
        source.check()
    assert desk.source is not source


def test_what_is_no_ldap_address_is_refused(place):
    with pytest.raises(InvalidInput, match="ldaps://"):
        place(url="http://localhost/")


def outcome(desk: Place) -> str:
    """What a run said that ended nothing: its error, or why its list is not whole."""
    try:
        report = desk.sync()
    except ForestayError as error:
        return error.message
    assert (report.retired, report.complete) == (0, False)
    return report.incomplete["group"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_every_page_ends_nothing(admin, place, monkeypatch, fault):
    """The fault table, with the results that a directory gives for what HTTP says with a status."""
    for number in range(40):
        group(admin, f"team {number:02}", "anna")
    monkeypatch.setattr("importers.ldap.directory.SECONDS", 1)
    desk, port = place(page_size=2), int(SECURE.rpartition(":")[2])
    before, teams = desk.sync().revision, desk.teams()
    admin.delete(f"cn=team 07,{TEAMS}")
    for at in range(1, 22):  # 20 pages, and one for how many there are
        way = LdapWay(port, fault, at)
        said = (
            outcome(place(url=f"ldaps://localhost:{way.port}", page_size=2)) if (fault, at) != ("missing last page", 21) else "-"
        )
        way.close()
        assert said and (way.felt or said == "-"), (fault, at)
        assert (desk.store.current().revision, desk.teams()) == (before, teams), (fault, at, said)
    assert desk.sync().retired == 1
