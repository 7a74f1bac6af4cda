"""The fault table on NetBox."""

from __future__ import annotations

from typing import Any

import pytest

from importers.netbox.source import PATHS
from tests.contract.importers.dcim import dcim_subject
from tests.contract.importers.faults import FAULTS, QUICK, Subject, run_faults
from tests.servers.netbox import TOKEN, NetboxStub, ref


def estate() -> NetboxStub:
    stub = NetboxStub({path: {} for path in PATHS.values()})

    def put(kind: str, number: int, name: str, **more: Any) -> None:
        stub.lists[PATHS[kind]][number] = {"id": number, "name": name, "status": {"value": "active", "label": "Active"}, **more}

    for n in range(1, 4):
        put("site", n, f"site{n}"), put("rack", n, f"rack{n}", site=ref(n)), put("cluster", n, f"kvm{n}")
        put("provider", n, f"telco{n}"), put("circuit", n, f"line{n}", cid=f"line{n}", provider=ref(n))
        put("powerpanel", n, f"panel{n}", site=ref(n)), put("powerfeed", n, f"feed{n}", power_panel=ref(n))
        put("virtualchassis", n, f"stack{n}"), put("providernetwork", n, f"net{n}", provider=ref(n))
        put("circuittermination", n, f"end{n}", circuit=ref(n), termination_type="circuits.providernetwork", termination_id=n)
        fed = {
            "connected_endpoints": [ref(n)],
            "connected_endpoints_type": "dcim.powerfeed",
            "connected_endpoints_reachable": True,
        }
        put("device", 90 + n, f"pdu{n}", role=ref(2, "pdu"), rack=ref(n), site=ref(n))
        put("powerport", n, f"in{n}", device=ref(90 + n), **fed)
        put("poweroutlet", n, f"out{n}", device=ref(90 + n), power_port=ref(n))
        put("location", n, f"hall{n}", site=ref(n))
    for n in range(1, 15):
        put("device", n, f"srv{n:02}", role=ref(1, "server"), rack=ref(1 + n % 3), site=ref(1 + n % 3), cluster=ref(1 + n % 3))
        put("virtualmachine", n, f"vm{n:02}", cluster=ref(1 + n % 3), device=ref(n))
    return stub


def change(stub: NetboxStub) -> None:
    """A server and its machine go, another server is renamed."""
    del stub.lists[PATHS["device"]][14], stub.lists[PATHS["virtualmachine"]][14]
    stub.lists[PATHS["device"]][5]["name"] = "renamed"


def subject() -> Subject:
    stub = estate()

    return dcim_subject("netbox", stub, lambda: change(stub))


@pytest.mark.parametrize("fault", [fault if fault in QUICK else pytest.param(fault, marks=pytest.mark.slow) for fault in FAULTS])
def test_a_fault_at_every_page(tmp_path, monkeypatch, fault):
    monkeypatch.setenv("NB_TOKEN", TOKEN)
    heard = run_faults(tmp_path, subject(), fault, True)
    assert any(heard)
