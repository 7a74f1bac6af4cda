"""The fault table on Nautobot."""

from __future__ import annotations

from typing import Any

import pytest

from importers.netbox.nautobot import PATHS
from tests.contract.importers.dcim import dcim_subject
from tests.contract.importers.faults import FAULTS, QUICK, Subject, run_faults
from tests.servers.nautobot import TOKEN, NautobotStub, uuid

ACTIVE = {"id": uuid("active"), "object_type": "extras.status", "name": "Active"}


def of(kind: str, name: str) -> dict[str, str]:
    return {"id": uuid(f"{kind}{name}"), "object_type": kind, "name": name}


def estate() -> NautobotStub:
    lists: dict[str, dict[str, dict[str, Any]]] = {
        path: {} for path in (*PATHS.values(), "extras/relationships", "extras/relationship-associations")
    }

    def put(kind: str, name: str, **more: Any) -> dict[str, Any]:
        row = {"id": uuid(f"{kind}{name}"), "name": name, "status": ACTIVE, **more}
        lists[PATHS[kind]][row["id"]] = row
        return row

    for n in range(5):
        put("location", f"hall{n}", location_type={"id": uuid("hall"), "name": "Building"}, parent=None)
    for n in range(5):
        put("rack", f"r{n}", location=of("location", f"hall{n}"))
        put("cluster", f"kvm{n}")
        put("powerpanel", f"panel{n}", location=of("location", f"hall{n}"))
        put("powerfeed", f"feed{n}", power_panel=of("powerpanel", f"panel{n}"))
        put("provider", f"telco{n}")
        put("circuit", f"line{n}", cid=f"line{n}", provider=of("provider", f"telco{n}"))
        put("device", f"pdu{n}", rack=of("rack", f"r{n}"), location=of("location", f"hall{n}"), clusters=[])
        put("poweroutlet", f"out{n}", device=of("device", f"pdu{n}"), power_port=of("powerport", f"in{n}"))
        feed = {**of("powerfeed", f"feed{n}"), "object_type": "dcim.powerfeed"}
        fed = {"connected_endpoint": feed, "connected_endpoint_type": "dcim.powerfeed", "connected_endpoint_reachable": True}
        put("powerport", f"in{n}", device=of("device", f"pdu{n}"), **fed)
        put("redundancygroup", f"pair{n}")
    for n in range(14):
        put(
            "device",
            f"srv{n:02}",
            rack=of("rack", f"r{n % 5}"),
            location=of("location", f"hall{n % 5}"),
            clusters=[of("cluster", f"kvm{n % 5}")],
            device_redundancy_group=of("redundancygroup", f"pair{n % 5}"),
        )
        put("virtualmachine", f"vm{n:02}", cluster=of("cluster", f"kvm{n % 5}"))
    for n in range(4):
        put("virtualchassis", f"stack{n}")
        put("providernetwork", f"net{n}", provider=of("provider", f"telco{n}"))
        put("circuittermination", f"end{n}", circuit=of("circuit", f"line{n}"), provider_network=of("providernetwork", f"net{n}"))
    uses = {"id": uuid("uses"), "key": "uses"}
    lists["extras/relationships"][uses["id"]] = uses
    for n in range(6):
        ends = {"source_type": "virtualization.virtualmachine", "destination_type": "virtualization.virtualmachine"}
        row = {
            "id": uuid(f"use{n}"),
            **ends,
            "source_id": uuid(f"virtualmachinevm{n:02}"),
            "destination_id": uuid(f"virtualmachinevm{n + 1:02}"),
        }
        lists["extras/relationship-associations"][row["id"]] = row
    return NautobotStub(lists)


def change(stub: NautobotStub) -> None:
    """A machine goes with what it uses, a server goes, another one is renamed."""
    del stub.lists[PATHS["virtualmachine"]][uuid("virtualmachinevm13")]
    del stub.lists[PATHS["device"]][uuid("devicesrv13")]
    del stub.lists["extras/relationship-associations"][uuid("use5")]
    stub.lists[PATHS["device"]][uuid("devicesrv05")]["name"] = "renamed"


def subject() -> Subject:
    stub = estate()

    return dcim_subject("nautobot", stub, lambda: change(stub), relationships={"uses": "source"})


@pytest.mark.parametrize("fault", [fault if fault in QUICK else pytest.param(fault, marks=pytest.mark.slow) for fault in FAULTS])
def test_a_fault_at_every_page(tmp_path, monkeypatch, fault):
    monkeypatch.setenv("NB_TOKEN", TOKEN)
    heard = run_faults(tmp_path, subject(), fault, True)
    assert any(heard)
