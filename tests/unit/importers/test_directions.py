"""Which side depends: one named example for each importer, whose reversal fails."""

from __future__ import annotations

import json

from importers.archimate.source import read_model
from importers.callgraph.source import CallCsv
from importers.csv.source import CsvSource
from importers.json.folder import map_folder, mapping_of
from importers.json.source import read_document
from importers.netbox.source import DumpSource


def pairs(found) -> set[tuple[str, str]]:
    return {(row.dependent, row.provider) for row in found.dependency_records}


def test_csv_the_dependent_column_depends(tmp_path):
    (tmp_path / "dependencies.csv").write_text("provider;dependent\nmainframe;web shop\n", "utf-8")
    block = next(CsvSource(tmp_path).read().dependencies())
    assert (block.dependents, block.providers) == (["web shop"], ["mainframe"])


def test_json_the_dependent_depends():
    assert pairs(read_document(b'{"dependencies": [{"provider": "mainframe", "dependent": "web shop"}]}', "d")) == {
        ("web shop", "mainframe")
    }


def relation(folder, kind, parent_class="u_product", child_class="cmdb_ci_server"):
    row = {"parent": "Bond Trading", "parentClass": parent_class, "child": "lnux100", "childClass": child_class, "type": kind}
    (folder / "core").mkdir(exist_ok=True)
    for name in ("core/server", "core/database", "core/product", "service", "infrastructure/virtual-machine"):
        path = folder / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text("[]")
    (folder / "core/relationships.json").write_text(json.dumps([row]))
    return map_folder(folder, mapping_of("cmdb-kit"))


def test_servicenow_bond_trading_depends_on_lnux100(tmp_path):
    assert pairs(relation(tmp_path, "Depends on::Used by")) == {("u_product:Bond Trading", "cmdb_ci_server:lnux100")}
    assert pairs(relation(tmp_path, "used by::depends ON")) == {("cmdb_ci_server:lnux100", "u_product:Bond Trading")}


def test_servicenow_contains_goes_by_class(tmp_path):
    box = relation(tmp_path, "Contains::Contained by", "cmdb_ci_server", "cmdb_ci_database")
    assert pairs(box) == {("cmdb_ci_database:lnux100", "cmdb_ci_server:Bond Trading")}
    service = relation(tmp_path, "Contains::Contained by", "cmdb_ci_service", "cmdb_ci_server")
    assert pairs(service) == {("cmdb_ci_service:Bond Trading", "cmdb_ci_server:lnux100")}


def test_servicenow_an_unknown_type_is_parent_and_said(tmp_path):
    found = relation(tmp_path, "Frobs::Frobbed by")
    assert pairs(found) == {("u_product:Bond Trading", "cmdb_ci_server:lnux100")}
    assert "Frobs" in found.notes[0]
    assert relation(tmp_path, "Owns::Owned by").ignored == {"dependency": {"type Owns::Owned by": 1}}


def test_callgraph_the_caller_depends(tmp_path):
    path = tmp_path / "calls.csv"
    path.write_text("caller,callee,kind\nfrontend,checkout,http\ncheckout,orders,kafka\n", "utf-8")
    found = CallCsv(path).read()
    assert pairs(found) == {("service:frontend", "service:checkout"), ("service:checkout", "service:orders")}
    assert [row.kind for row in found.dependency_records] == ["hard", "soft"]


MODEL = """<model xmlns="http://www.opengroup.org/xsd/archimate/3.0/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<elements><element identifier="crm" xsi:type="ApplicationComponent"><name>CRM</name></element>
<element identifier="sales" xsi:type="BusinessProcess"><name>Sales</name></element>
<element identifier="customers" xsi:type="DataObject"><name>Customers</name></element></elements>
<relationships>{0}</relationships></model>"""


def archimate(kind, source, target):
    row = f'<relationship identifier="r" source="{source}" target="{target}" xsi:type="{kind}"/>'
    return pairs(read_model(MODEL.format(row).encode(), "m"))


def test_archimate_what_is_served_depends_on_what_serves():
    assert archimate("Serving", "crm", "sales") == {("sales", "crm")}
    assert archimate("Access", "crm", "customers") == {("crm", "customers")}
    assert archimate("Composition", "sales", "crm") == {("sales", "crm")}
    assert archimate("Association", "sales", "crm") == set()


def dump(tmp_path, *objects):
    rows = [{"model": model, "pk": pk, "fields": body} for model, pk, body in objects]
    path = tmp_path / "dump.json"
    path.write_text(json.dumps(rows), "utf-8")
    return DumpSource(path).read()


def test_netbox_a_machine_depends_on_its_host_and_a_device_on_its_rack(tmp_path):
    site = {"name": "S", "status": "active"}
    found = dump(
        tmp_path,
        ("dcim.site", 1, site),
        ("dcim.rack", 2, {"name": "R", "site": 1}),
        ("dcim.device", 3, {"name": "host", "rack": 2, "site": 1, "cluster": 5}),
        ("dcim.device", 4, {"name": "host2", "rack": 2, "site": 1, "cluster": 5}),
        ("virtualization.cluster", 5, {"name": "C"}),
        ("virtualization.virtualmachine", 6, {"name": "vm", "cluster": 5}),
        ("virtualization.virtualmachine", 7, {"name": "pinned", "cluster": 5, "device": 3}),
        ("virtualization.virtualmachine", 8, {"name": "placed", "site": 1}),
        ("virtualization.virtualmachine", 9, {"name": "hosted", "site": 1, "cluster": 5}),
    )
    assert {
        ("virtualmachine:6", "cluster:5"), ("virtualmachine:7", "device:3"), ("device:3", "rack:2"), ("rack:2", "site:1"),
    } <= pairs(found)  # fmt: skip
    assert ("virtualmachine:8", "site:1") in pairs(found) and ("virtualmachine:9", "site:1") not in pairs(found)
    group = found.small_records["group"][0]
    assert (group.dependent, group.members, group.needed) == ("cluster:5", ("device:3", "device:4"), 1)


def test_netbox_two_inlets_on_one_panel_share_it(tmp_path):
    cables = []
    for cable, (outlet, port) in enumerate([(11, 21), (12, 22)], start=31):
        cables += [("dcim.cable", cable, {"status": "connected"})]
        for number, (end, kind, pk) in enumerate((("A", "poweroutlet", outlet), ("B", "powerport", port))):
            body = {"cable": cable, "cable_end": end, "termination_type": ["dcim", kind], "termination_id": pk}
            cables.append(("dcim.cabletermination", cable * 10 + number, body))
    found = dump(
        tmp_path,
        ("dcim.device", 1, {"name": "pdu"}),
        ("dcim.device", 2, {"name": "server"}),
        ("dcim.poweroutlet", 11, {"device": 1, "name": "o1"}),
        ("dcim.poweroutlet", 12, {"device": 1, "name": "o2"}),
        ("dcim.powerport", 21, {"device": 2, "name": "p1"}),
        ("dcim.powerport", 22, {"device": 2, "name": "p2"}),
        *cables,
    )
    group = found.small_records["group"][0]
    assert (group.dependent, group.kind, group.members) == ("device:2", "supply", ("powerport:21", "powerport:22"))
    assert pairs(found) == {("powerport:21", "device:1"), ("powerport:22", "device:1")}
