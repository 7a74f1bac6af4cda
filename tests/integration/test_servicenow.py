"""The ServiceNow importer against a strict stub of its Table API (tests/servers/servicenow.py), through a whole sync."""

from __future__ import annotations

import json

import pytest

from app.domain.errors import InvalidInput, NotAllowed
from app.storage.sqlite_store import SqliteStore
from importers.http.client import Outbound, Patience
from importers.registry import open_source
from tests.servers.desk import Desk
from tests.servers.servicenow import CLIENT, KEY, PASSWORD, USER, ServiceNowStub, Table
from tests.servers.servicenow_estate import ci, relation, sys_id, tables

LATER = "2026-11-03 09:00:00"
BOND = ci(
    "Bond Trading",
    "cmdb_ci_service",
    busines_criticality="1 - most critical",
    support_group=("9f1", "Trading IT"),
    used_for="Production",
)
PORTAL = ci("Portal", "cmdb_ci_service_auto", busines_criticality="2-somewhat critical")
APP = ci("App", "cmdb_ci_appl")
LNUX = ci("lnux100", "cmdb_ci_linux_server", serial_number="SN1", fqdn="lnux100.example", location=("77a", "Zurich"))
BLADE = ci("blade7", "u_cmdb_ci_blade", operational_status="6")
DB = ci("ora01", "cmdb_ci_db_instance")
CLUSTER = ci("farm", "cmdb_ci_cluster")
PUMP = ci("pump", "u_water_pump")
PDU = ci("pdu1", "cmdb_ci_pdu")
ALL = [BOND, PORTAL, APP, LNUX, BLADE, DB, CLUSTER, PUMP, PDU]


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    monkeypatch.setenv("SN_PASSWORD", PASSWORD)
    monkeypatch.setenv("SN_KEY", KEY)
    monkeypatch.setenv("SN_CLIENT", CLIENT[1])


def servicenow(home, stub: ServiceNowStub, **settings) -> Desk:
    given = {"user": USER, "password_env": "SN_PASSWORD", "page_size": "2"} | settings
    waits: list[float] = []
    made = Desk(home, "servicenow", stub, given, lambda source: [source.lists.client], Patience(sleep=waits.append, silence=5.0))
    made.waits = waits
    return made


@pytest.fixture
def desk(tmp_path):
    made = []

    def make(stub, **settings):
        made.append(servicenow(tmp_path, stub, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_whole_cmdb(desk):
    relations = [
        relation(BOND, "Depends on::Used by", LNUX),
        relation(BOND, "Contains::Contained by", DB),
        relation(LNUX, "Contains::Contained by", DB),
        relation(LNUX, "Powered by::Powers", PDU),
        relation(APP, "Frobs::Frobbed by", PUMP),
        relation(LNUX, "Owned by::Owns", BOND),
    ]
    members = [
        {
            "sys_id": sys_id("m1"),
            "service_id": (PORTAL["sys_id"], "Portal"),
            "ci_id": (APP["sys_id"], "App"),
            "sys_updated_on": ("time", LATER),
        }
    ]
    assets = [
        {
            "sys_id": sys_id("a1"),
            "item": (BOND["sys_id"], "Bond Trading"),
            "item_table": "cmdb_ci_service",
            "sys_updated_on": ("time", LATER),
            "recovery_time_objective": ("t4", "4 hours"),
            "recovery_point_objective": ("t1", "1 day"),
        },
        {
            "sys_id": sys_id("a2"),
            "item": ("b1", "Head office"),
            "item_table": "cmn_building",
            "sys_updated_on": ("time", LATER),
            "recovery_time_objective": ("t9", "1 week"),
            "recovery_point_objective": ("", ""),
        },
    ]
    place = desk(ServiceNowStub(tables(ALL, relations, svc_ci_assoc=members, sn_bcp_plan_asset=assets)))
    report = place.sync()
    assert (report.state, report.complete, report.created) == ("done", True, 9)
    assert all(counts.closes() for counts in report.counts.values())
    classes = dict(place.load("ci", "name", "ci_class"))
    assert classes == {
        "Bond Trading": "business_service",
        "Portal": "application_service",
        "App": "application",
        "lnux100": "server",
        "blade7": "server",
        "ora01": "database",
        "farm": "cluster",
        "pump": "other",
        "pdu1": "pdu",
    }
    assert report.unknown_classes == {"u_water_pump": 1}
    facts = {
        row[0]: row[1:]
        for row in place.load("ci", "name", "site", "team", "lifecycle", "environment", "is_service", "attributes")
    }
    assert facts["Bond Trading"][1:5] == ("Trading IT", "active", "production", 1)
    assert json.loads(facts["Bond Trading"][5])["criticality"] == "1 - most critical"
    assert (facts["lnux100"][0], facts["blade7"][2], facts["Portal"][4]) == ("Zurich", "retired", 0)
    assert place.needs() == {
        ("Bond Trading", "lnux100", "hard"),
        ("Bond Trading", "ora01", "hard"),
        ("ora01", "lnux100", "hard"),
        ("lnux100", "pdu1", "supply"),
        ("App", "pump", "hard"),
        ("Portal", "App", "hard"),
    }
    relations_said = [word for (word,) in place.load("dependency", "relation")]
    assert "unknown type: Frobs::Frobbed by" in relations_said
    assert any("1 dependencies of unknown type: Frobs::Frobbed by" in text for text in report.warnings)
    assert report.counts["dependency"].ignored == {"type Owned by::Owns": 1}
    assert place.load("exposure", "rto_hours", "rpo_hours") == [(4.0, 24.0)]
    assert report.counts["service"].ignored == {"sn_bcp_plan_asset: item_table is cmn_building": 1}


def test_tables_that_are_not_there_are_said_and_are_no_failure(desk):
    report = desk(ServiceNowStub(tables(ALL))).sync()
    assert (report.state, report.complete, report.incomplete) == ("done", True, {})
    assert [text.split(" ")[0] for text in report.warnings] == ["sn_bcp_plan_asset", "svc_ci_assoc"]


TYPES = [
    ("Depends on::Used by", "parent"),
    ("Uses::Used by", "parent"),
    ("Runs on::Runs", "parent"),
    ("Hosted on::Hosts", "parent"),
    ("Virtualized by::Virtualizes", "parent"),
    ("Consumes::Consumed by", "parent"),
    ("Registered on::Has registered", "parent"),
    ("Provided by::Provides", "parent"),
    ("Use End Point To::Use End Point From", "parent"),
    ("Powered by::Powers", "parent"),
    ("Allocated from::Allocated to", "parent"),
    ("Used by::Uses", "child"),
    ("Runs::Runs on", "child"),
    ("Hosts::Hosted on", "child"),
    ("Provides::Provided by", "child"),
    ("Powers::Powered by", "child"),
    ("Cools::Cooled By", "child"),
    ("USED BY::depends ON", "child"),
    ("Contains::Contained by", "child"),
    ("Contains::Contained By", "child"),
    ("Contained by::Contains", "parent"),
    ("Members::Member of", "child"),
    ("Cluster of::Cluster", "child"),
    ("Exchanges data with::Exchanges data with", "none"),
    ("Connects to::Connected by", "none"),
    ("Owns::Owned by", "none"),
    ("Managed by::Manages", "none"),
    ("Protected by::Protects", "none"),
    ("Provisioned From::Provisioned", "none"),
    ("Replicates to::Replicated by", "none"),
    ("Depends On::Discovered From", "none"),
    ("Frobs::Frobbed by", "parent"),
]


def test_direction_of_every_relation_type(desk):
    """One server named as parent, one database as child, for each type: who depends is pinned."""
    cis, relations, wanted = [], [], set()
    for number, (kind, side) in enumerate(TYPES):
        parent, child = ci(f"lnux-{number}", "cmdb_ci_linux_server"), ci(f"ora-{number}", "cmdb_ci_db_instance")
        cis += [parent, child]
        relations.append({**relation(parent, kind, child), "sys_id": sys_id(f"rel {number}")})
        if side != "none":
            ends = (parent["name"], child["name"])
            wanted.add(ends if side == "parent" else ends[::-1])
    place = desk(ServiceNowStub(tables(cis, relations)))
    place.sync()
    assert {(a, b) for a, b, _ in place.needs()} == wanted


def test_contains_goes_by_the_class_of_what_contains(desk):
    relations = [
        relation(BOND, "Contains::Contained by", LNUX),
        relation(LNUX, "Contained by::Contains", PORTAL),
        relation(CLUSTER, "Members::Member of", LNUX),
        relation(LNUX, "Member of::Members", CLUSTER),
        relation(BLADE, "Contains::Contained by", DB),
        relation(APP, "Contained by::Contains", BLADE),
    ]
    place = desk(ServiceNowStub(tables(ALL, relations)))
    place.sync()
    assert {(a, b) for a, b, _ in place.needs()} == {
        ("Bond Trading", "lnux100"), ("Portal", "lnux100"), ("farm", "lnux100"), ("ora01", "blade7"), ("App", "blade7"),
    }  # fmt: skip


@pytest.mark.parametrize("shape", ["all", "false", "true"])
def test_the_three_value_shapes_give_the_same_ids_and_classes(desk, shape):
    place = desk(ServiceNowStub(tables(ALL, [relation(BOND, "Depends on::Used by", LNUX)]), shape=shape))
    report = place.sync()
    assert (report.created, place.needs()) == (9, {("Bond Trading", "lnux100", "hard")})
    assert dict(place.load("ci", "name", "site"))["lnux100"] == ("Zurich" if shape == "all" else None)


def test_short_and_empty_pages_are_not_the_end_and_hidden_rows_are_missed(desk):
    cis = [ci(f"s{number:02}", "cmdb_ci_linux_server") for number in range(12)]
    stub = ServiceNowStub(tables(cis))
    place = desk(stub)
    assert place.sync().created == 12
    stub.hidden = {row["sys_id"] for row in cis[2:7]}
    report = place.sync(full=True)
    assert (report.retired, report.state) == (0, "partial")
    assert report.incomplete["cmdb_ci_computer"] == "cmdb_ci_computer: 7 rows read, 12 expected"
    fresh = desk(ServiceNowStub(tables(cis), hidden=stub.hidden))
    fresh.store.close()
    fresh.store = SqliteStore(fresh.home / "other.db")
    assert fresh.sync(full=True).created == 7  # pages beyond the hidden ones were read


def test_only_changes_are_asked_for_and_deletes_are_found(desk):
    cis = [ci(f"s{number:02}", "cmdb_ci_linux_server") for number in range(20)]
    relations = [relation(cis[n], "Depends on::Used by", cis[n + 1]) for n in range(19)]
    stub = ServiceNowStub(tables(cis, relations))
    place = desk(stub, page_size="5")
    place.sync()
    stub.asked.clear()
    for name in ("cmdb_ci_computer", "cmdb_ci"):
        rows = stub.tables[name].rows
        rows[cis[3]["sys_id"]] = {**cis[3], "name": "renamed", "sys_updated_on": ("time", LATER)}
        del rows[cis[9]["sys_id"]]
    for gone in (relations[8], relations[9]):
        del stub.tables["cmdb_rel_ci"].rows[gone["sys_id"]]
    extra = relation(cis[0], "Uses::Used by", cis[5], LATER)  # a relation alone changed: no CI's time moved
    stub.tables["cmdb_rel_ci"].rows[extra["sys_id"]] = extra
    report = place.sync()
    assert (report.path, report.changed, report.retired) == ("difference", 1, 1)
    assert (report.dependencies_added, report.dependencies_retired, report.warnings) == (1, 2, report.warnings)
    assert any("sys_updated_on>=2026-11-02 08:06:04" in request.args["sysparm_query"] for request in stub.asked)
    again = place.sync()
    assert (again.state, again.path) == ("unchanged", "difference")


def test_the_audit_of_deletes_spares_the_search(desk):
    cis = [ci(f"s{number:02}", "cmdb_ci_linux_server") for number in range(20)]
    stub = ServiceNowStub(tables(cis, sys_audit_delete=[]))
    place = desk(stub, page_size="5")
    place.sync()
    stub.asked.clear()
    row = {
        "sys_id": "d1",
        "tablename": "cmdb_ci_linux_server",
        "documentkey": cis[9]["sys_id"],
        "sys_created_on": ("time", LATER),
    }
    stub.tables["sys_audit_delete"] = Table([row])
    for name in ("cmdb_ci_computer", "cmdb_ci"):
        del stub.tables[name].rows[cis[9]["sys_id"]]
    report = place.sync()
    assert (report.path, report.retired) == ("difference", 1)
    assert not any("sys_id<=" in request.args["sysparm_query"] for request in stub.asked)


def test_a_filter_that_is_ignored_is_noticed(desk):
    rows = [ci(f"s{number:02}", "cmdb_ci_linux_server") for number in range(4)] + [
        ci("new", "cmdb_ci_linux_server", "2026-11-20 00:00:00")
    ]
    stub = ServiceNowStub(tables(rows))
    place = desk(stub)
    place.sync()
    stub.ignores_filters = True
    report = place.sync()
    assert "ignores the question for rows changed since 2026-11-19 23:55:00" in report.incomplete["cmdb_ci_computer"]
    assert report.retired == 0


def test_an_error_inside_a_200_is_a_failure(desk):
    stub = ServiceNowStub(tables(ALL, [relation(BOND, "Depends on::Used by", LNUX), relation(APP, "Depends on::Used by", LNUX)]))
    place = desk(stub)
    place.sync()
    stub.error_inside = {"cmdb_rel_ci"}
    report = place.sync(full=True)
    assert "maximum execution time exceeded" in report.incomplete["cmdb_rel_ci"]
    assert len(place.needs()) == 2


@pytest.mark.parametrize("by_date", [False, True])
def test_a_busy_instance_is_waited_for(desk, by_date):
    place = desk(ServiceNowStub(tables(ALL), busy=2, busy_by_date=by_date))
    assert place.sync().state == "done"
    assert len(place.waits) == 2
    assert all(0 <= wait <= 2 for wait in place.waits)


def test_a_token_that_ends_in_the_middle(desk):
    stub = ServiceNowStub(tables(ALL), token_lasts=7)
    place = desk(stub, client_id=CLIENT[0], client_secret_env="SN_CLIENT")
    assert place.sync().state == "done"
    assert stub.grants[:2] == ["password", "refresh_token"]


def test_sign_in_by_key_and_what_a_wrong_one_says(desk, monkeypatch):
    place = desk(ServiceNowStub(tables(ALL)), user="", password_env="", token_env="SN_KEY")
    assert place.source.check()[0] == "cmdb_ci_service: 2 rows"
    assert place.sync().state == "done"
    monkeypatch.setenv("SN_KEY", "wrong-key")
    other = open_source("servicenow", place.server.url, {"token_env": "SN_KEY"}, Outbound(["localhost"]))
    place.stub.asked.clear()
    with pytest.raises(NotAllowed, match="User Not Authenticated") as refused:
        other.read(place.home / "spool")
    assert "wrong-key" not in refused.value.message
    with pytest.raises(InvalidInput, match="no sign-in"):
        open_source("servicenow", place.server.url, {}, Outbound(["localhost"]))


def test_an_older_instance_answers_404_for_an_empty_list(desk):
    assert desk(ServiceNowStub(tables(ALL), v1=True)).sync().complete


def test_an_admin_extends_the_mapping_without_code(desk, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        '[classes]\nu_water_pump = "cooling"\n[relations.cmdb_rel_ci.types]\n"Frobs::Frobbed by" = { depends = "child", kind = '
        '"soft", weight = 0.25 }\n'
        "[criticality.1]\nrto_hours = 2\nmtpd_hours = 8\n[lists]\nsn_bcp_plan_asset = false\n",
        "utf-8",
    )
    place = desk(ServiceNowStub(tables(ALL, [relation(APP, "Frobs::Frobbed by", PUMP)])), mapping=str(own))
    report = place.sync()
    assert dict(place.load("ci", "name", "ci_class"))["pump"] == "cooling"
    assert place.needs() == {("pump", "App", "soft")}
    assert place.load("exposure", "rto_hours", "mtpd_hours") == [(2.0, 8.0)]
    assert [text.split(" ")[0] for text in report.warnings] == ["svc_ci_assoc"]
    own.write_text('[lists.cmdb_ci_appl]\nclass = "spaceship"\n', "utf-8")
    with pytest.raises(InvalidInput, match=r"lists\.cmdb_ci_appl\.value\.class: Must be one of"):
        open_source("servicenow", place.server.url, {"token_env": "SN_KEY", "mapping": str(own)}, Outbound(["localhost"]))


def test_one_class_is_forbidden(desk):
    stub = ServiceNowStub(tables(ALL, [relation(BOND, "Depends on::Used by", LNUX)]))
    place = desk(stub)
    place.sync()
    stub.forbidden = {"cmdb_ci_computer"}
    del stub.tables["cmdb_ci_appl"].rows[DB["sys_id"]], stub.tables["cmdb_ci"].rows[DB["sys_id"]]
    for full in (False, True):
        report = place.sync(full=full)
        assert "User Not Authorized" in report.incomplete["cmdb_ci_computer"]
        assert report.retired == (0 if full else 1)
    assert {"lnux100", "blade7", "pump"} <= {name for (name,) in place.load("ci", "name")}
    assert place.needs() == {("Bond Trading", "lnux100", "hard")}


@pytest.mark.parametrize("word", ["Depends On::Discovered From", "Discovered From::Depends On"])
def test_what_something_was_discovered_from_is_no_need_in_either_order(desk, word):
    place = desk(ServiceNowStub(tables([APP, LNUX], [relation(APP, word, LNUX)])))
    report = place.sync()
    assert report.dependencies_added == 0 and report.counts["dependency"].ignored == {f"type {word}": 1}


def test_half_a_character_refuses_one_record_and_not_the_run(desk):
    whole = ci("broken", "cmdb_ci_linux_server")
    relations = [relation(APP, "Depends on::Used by", LNUX), relation(APP, "Depends on::Used by", whole)]
    place = desk(ServiceNowStub(tables([APP, LNUX, whole | {"name": "caf\ud83d"}], relations)))
    report = place.sync()
    assert (report.created, report.counts["ci"].rejected) == (2, 1)
    assert [row.reason for row in report.rejected if row.kind == "ci"] == ["is not valid Unicode"]
    assert report.dependencies_added == 1 and report.open_needs == 2  # the record, and the relation that names it
    assert place.sync().created == 0
