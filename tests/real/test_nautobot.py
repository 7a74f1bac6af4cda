"""A real Nautobot: generated data and a rack of our own, imported, changed, imported again; the numbers are its own
(scripts/nautobot/with-server)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import requests

from app.bootstrap import Forestay, assemble_service
from app.domain.errors import NotAllowed
from app.settings import load_settings
from app.usecases.answers.blast import blast_radius
from app.usecases.keep.sources import add_source
from app.usecases.run_sync import SyncRequest, run_sync
from importers.netbox.nautobot import PATHS
from importers.registry import open_source

pytestmark = [pytest.mark.real, pytest.mark.timeout(280)]
URL, TOKEN = os.environ.get("FORESTAY_TEST_NAUTOBOT_URL", ""), os.environ.get("FORESTAY_TEST_NAUTOBOT_TOKEN", "")
ACTIVE = {"name": "Active"}


class Api:
    def __init__(self) -> None:
        assert URL and TOKEN, "run it by scripts/nautobot/with-server"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update({"Authorization": f"Token {TOKEN}", "Accept": "application/json"})

    def ask(self, method: str, path: str, **more: Any) -> Any:
        answer = self.session.request(method, f"{URL}/api/{path}/", timeout=60, **more)
        assert answer.status_code < 300, (path, answer.status_code, answer.text[:500])
        return answer.json() if answer.content else None

    def make(self, path: str, **body: Any) -> str:
        return str(self.ask("POST", path, json=body)["id"])

    def count(self, path: str) -> int:
        return int(self.ask("GET", path, params={"limit": 1})["count"])


@pytest.fixture(scope="module")
def room() -> dict[str, str]:
    """A server with two supplies on two PDUs, each on a feed of its own panel; a cluster on it, with a machine; the PDUs as a
    redundancy group."""
    api, made = Api(), {}
    place = api.make(
        "dcim/location-types",
        name="Data Center",
        content_types=["dcim.device", "dcim.rack", "dcim.powerpanel", "virtualization.cluster"],
    )
    made["oslo"] = api.make("dcim/locations", name="DC Oslo", location_type=place, status=ACTIVE)
    kind = api.make("dcim/device-types", manufacturer=api.make("dcim/manufacturers", name="Acme"), model="Box", u_height=1)
    roles = {name: api.make("extras/roles", name=name, content_types=["dcim.device"]) for name in ("Rack Server", "Rack PDU")}
    for name, role in (("srv1", "Rack Server"), ("pdu-a", "Rack PDU"), ("pdu-b", "Rack PDU")):
        made[name] = api.make("dcim/devices", name=name, device_type=kind, role=roles[role], location=made["oslo"], status=ACTIVE)
    for side in "ab":
        made[f"panel-{side}"] = api.make("dcim/power-panels", name=f"Panel {side}", location=made["oslo"])
        made[f"feed-{side}"] = api.make("dcim/power-feeds", name=f"Feed {side}", power_panel=made[f"panel-{side}"], status=ACTIVE)
        made[f"inlet-{side}"] = api.make("dcim/power-ports", device=made[f"pdu-{side}"], name="in")
        made[f"outlet-{side}"] = api.make(
            "dcim/power-outlets", device=made[f"pdu-{side}"], name="out", power_port=made[f"inlet-{side}"]
        )
        made[f"supply-{side}"] = api.make("dcim/power-ports", device=made["srv1"], name=f"PSU {side}")
        for a, b in ((f"inlet-{side}", f"feed-{side}"), (f"supply-{side}", f"outlet-{side}")):
            far = "dcim.powerfeed" if b.startswith("feed") else "dcim.poweroutlet"
            ends = {"termination_a_type": "dcim.powerport", "termination_a_id": made[a], "termination_b_type": far}
            made[f"cable {a}"] = api.make("dcim/cables", **ends, termination_b_id=made[b], status={"name": "Connected"})
    cluster = api.make(
        "virtualization/clusters", name="kvm", cluster_type=api.make("virtualization/cluster-types", name="KVM of ours")
    )
    made["kvm"] = cluster
    api.make("dcim/device-cluster-assignments", device=made["srv1"], cluster=cluster)
    for name in ("vm1", "vm2", "vm3"):
        made[name] = api.make("virtualization/virtual-machines", name=name, cluster=cluster, status=ACTIVE)
    made["pair"] = api.make("dcim/device-redundancy-groups", name="pdu pair", status=ACTIVE, failover_strategy="active-active")
    for side in "ab":
        api.ask("PATCH", f"dcim/devices/{made[f'pdu-{side}']}", json={"device_redundancy_group": made["pair"]})
    ends = {"source_type": "virtualization.virtualmachine", "destination_type": "virtualization.virtualmachine"}
    uses = api.make("extras/relationships", label="uses", key="vm_uses_vm", type="many-to-many", **ends)
    for name in ("vm2", "vm3"):
        api.make("extras/relationship-associations", relationship=uses, source_id=made["vm1"], destination_id=made[name], **ends)
    return made


@pytest.fixture
def forestay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Forestay:
    monkeypatch.setenv("NAUTOBOT_TOKEN", TOKEN)
    service = assemble_service(load_settings(environment={"FORESTAY_OUTBOUND_HOSTS": "127.0.0.1"}, data_folder=tmp_path))
    add_source(
        service.documents, "nautobot", "nautobot", URL, settings={"relationships": {"vm_uses_vm": "source"}, "page_size": 25}
    )
    return service


def falls_with(forestay: Forestay, kind: str, room: dict[str, str], *names: str) -> set[str]:
    keys = [f"nautobot:{kind}:{room[name]}" for name in names]
    found = blast_radius(forestay, keys)
    return {fallen.name for fallen in found.fallen if fallen.state == "down"}


def test_import_change_import(room: dict[str, str], forestay: Forestay) -> None:
    api = Api()
    report = run_sync(forestay, SyncRequest("nautobot", apply=True))
    assert report.state == "done" and report.complete, (report.proof, report.incomplete, report.warnings)
    assert all(counts.closes() for counts in report.counts.values())
    revision = forestay.store.current().revision
    records = forestay.store.load_columns(revision, "source_record")
    held: dict[str, int] = {}
    for row in range(len(records["source_key"])):
        name = records["source_key"][row].partition(":")[0]
        held[name] = held.get(name, 0) + 1
    for name, path in PATHS.items():
        if name not in ("poweroutlet", "circuittermination", "powerport"):  # no CIs, or only the fed ones
            assert held.get(name, 0) == api.count(path), name
    assert held["powerport"] >= 4

    # who falls with whom; turned round, each of these is false
    assert falls_with(forestay, "cluster", room, "kvm") == {"kvm", "vm1", "vm2", "vm3"}
    assert falls_with(forestay, "virtualmachine", room, "vm2") == {"vm2", "vm1"}  # vm1 uses vm2
    assert falls_with(forestay, "device", room, "srv1") == {"srv1", "kvm", "vm1", "vm2", "vm3"}
    assert "srv1" not in falls_with(forestay, "powerpanel", room, "panel-a")
    assert "srv1" not in falls_with(forestay, "device", room, "pdu-a")
    assert {"srv1", "kvm", "vm1"} <= falls_with(forestay, "powerpanel", room, "panel-a", "panel-b")
    assert {"srv1", "pdu pair"} <= falls_with(forestay, "device", room, "pdu-a", "pdu-b")
    assert "pdu pair" not in falls_with(forestay, "device", room, "pdu-a")
    assert {"srv1", "vm2"} <= falls_with(forestay, "location", room, "oslo")
    assert run_sync(forestay, SyncRequest("nautobot")).state == "unchanged"

    # a machine goes, a device is renamed, a cable is pulled
    api.ask("DELETE", f"virtualization/virtual-machines/{room['vm2']}")
    api.ask("PATCH", f"dcim/devices/{room['srv1']}", json={"name": "server one"})
    api.ask("DELETE", f"dcim/cables/{room['cable supply-b']}")
    report = run_sync(forestay, SyncRequest("nautobot", approve=True))
    assert (report.state, report.complete) == ("done", True), (report.proof, report.incomplete, report.warnings)
    assert report.retired == 2  # the machine, and the inlet that nothing feeds any more
    assert falls_with(forestay, "cluster", room, "kvm") == {"kvm", "vm1", "vm3"}
    assert "server one" in falls_with(forestay, "device", room, "pdu-a")  # its only supply now
    assert report.counts["ci"].read == sum(counts for counts in held.values()) - 2

    # a list that is empty all at once is no proof that its rows ended: nothing of it is ended
    api.ask("DELETE", f"virtualization/virtual-machines/{room['vm3']}")
    report = run_sync(forestay, SyncRequest("nautobot", approve=True))
    assert report.state == "partial" and not report.complete
    assert any("vm_uses_vm" in reason for reason in report.incomplete)


def test_a_wrong_token_is_said_and_changes_nothing(
    room: dict[str, str], forestay: Forestay, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_sync(forestay, SyncRequest("nautobot", approve=True)).complete
    before = forestay.store.current().revision
    assert open_source("nautobot", URL, {}, forestay.settings.outbound).check()[0].startswith("Nautobot 3.")
    monkeypatch.setenv("NAUTOBOT_TOKEN", "0" * 40)
    with pytest.raises(NotAllowed, match="Invalid token"):
        run_sync(forestay, SyncRequest("nautobot"))
    assert forestay.store.current().revision == before
